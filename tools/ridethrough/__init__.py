"""Ridethrough: keep a Communications Hub powered while its meter reboots, and prove it.

The public library::

    from ridethrough import Board, Firmware, Rule, World, run

    trace = run(Firmware.load(), Board.load("rpi_pico"), World())
    trace.dark_us(), trace.events("ad1")
    verdict = Rule.load("mp102-wg-2020-04").check(trace)

Each name is imported when it is first used: who judges a capture needs nothing of the emulator.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

import hypothesis_ridethrough as _types

from ridethrough.version import VERSION

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
_WHERE = {
    "BadInput": "support.errors",
    "Board": "boards.board",
    "ClockError": "world.world",
    "Event": "traces",
    "Firmware": "boards.firmware",
    "HubParams": "world.hub_params",
    "Rule": "rules",
    "Scenario": "scenarios",
    "Trace": "traces",
    "Verdict": "rules",
    "World": "world.world",
    "run": "runner",
    "run_scenario": "runner",
    "write_vcd": "traces.vcd_out",
}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'ridethrough' has no attribute '{name}'")
    value = globals()[name] = getattr(import_module(f"ridethrough.{_WHERE[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


_types.register()
