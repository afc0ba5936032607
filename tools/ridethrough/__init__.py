"""Ridethrough: keep a Communications Hub powered while its meter reboots, and prove it.

The public library::

    from ridethrough import Board, Firmware, Rule, World, run

    trace = run(Firmware.load(), Board.load("rpi_pico"), World())
    trace.dark_us(), trace.events("ad1")
    verdict = Rule.load("mp102-wg-2020-04").check(trace)
"""

import hypothesis_ridethrough as _types

from ridethrough.boards import Board
from ridethrough.errors import BadInput
from ridethrough.firmware import Firmware
from ridethrough.rules import Rule, Verdict
from ridethrough.runner import run, run_scenario
from ridethrough.scenarios import Scenario
from ridethrough.traces import Event, Trace
from ridethrough.version import VERSION
from ridethrough.world.hub import HubParams
from ridethrough.world.surroundings import World

__version__ = VERSION
_types.register()
__all__ = [
    "BadInput",
    "Board",
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
]
