"""Run a scenario and judge it: what several commands do."""

from __future__ import annotations

from collections.abc import Callable

from ridethrough.boards import Board
from ridethrough.boards.firmware import Firmware
from ridethrough.cli.rule_names import RULE
from ridethrough.reports.summary import Summary, summarise
from ridethrough.rules import Rule
from ridethrough.runner import run_scenario
from ridethrough.scenarios import Scenario
from ridethrough.traces import Trace
from ridethrough.world.calls import Call
from ridethrough.world.mcu import Guest


def perform(
    scenario: Scenario,
    board: Board | None = None,
    firmware: Firmware | None = None,
    guest: Guest | None = None,
    rule: Rule | None = None,
    calls: Callable[[Call], None] | None = None,
) -> tuple[Trace, Summary]:
    """A scenario's run and its figures, judged by `rule` (default: RULE). `calls` hears the firmware's calls to the
    hardware."""
    trace = run_scenario(scenario, board, firmware, guest, calls)
    return trace, summarise(trace, rule or Rule.load(RULE))
