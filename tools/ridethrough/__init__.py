"""Ridethrough: keep a Communications Hub powered while its meter reboots, and prove it.

The public library::

    from ridethrough import Board, Firmware, Rule, World, run

    trace = run(Firmware.load(), Board.load("rpi_pico"), World())
    trace.dark_us(), trace.events("ad1")
    verdict = Rule.load("mp102-wg-2020-04").check(trace)

Each name is imported when it is first used: who judges a capture needs nothing of the emulator.
"""

import sys

from ridethrough.support.lazy import lazily
from ridethrough.version import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ridethrough.boards.board import Board
    from ridethrough.boards.firmware import Firmware
    from ridethrough.rules import Rule, Verdict
    from ridethrough.runner import run, run_scenario
    from ridethrough.scenarios import Scenario
    from ridethrough.support.errors import BadInput
    from ridethrough.traces import Event, Trace
    from ridethrough.traces.vcd_out import write_vcd
    from ridethrough.world.hub_params import HubParams
    from ridethrough.world.world import ClockError, World

__version__ = VERSION
__all__ = [
    "BadInput",
    "Board",
    "ClockError",
    "Event",
    "Firmware",
    "HubParams",
    "Rule",
    "Scenario",
    "Trace",
    "Verdict",
    "World",
    "run",
    "run_scenario",
    "write_vcd",
]
__getattr__ = lazily(
    __name__,
    {
        "BadInput": "ridethrough.support.errors",
        "Board": "ridethrough.boards.board",
        "ClockError": "ridethrough.world.world",
        "Event": "ridethrough.traces",
        "Firmware": "ridethrough.boards.firmware",
        "HubParams": "ridethrough.world.hub_params",
        "Rule": "ridethrough.rules",
        "Scenario": "ridethrough.scenarios",
        "Trace": "ridethrough.traces",
        "Verdict": "ridethrough.rules",
        "World": "ridethrough.world.world",
        "run": "ridethrough.runner",
        "run_scenario": "ridethrough.runner",
        "write_vcd": "ridethrough.traces.vcd_out",
    },
)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


if "hypothesis" in sys.modules:
    import hypothesis_ridethrough

    hypothesis_ridethrough.register()
