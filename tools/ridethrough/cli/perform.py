"""Run a scenario and judge it: what several commands do."""

from __future__ import annotations

from ridethrough.boards import Board
from ridethrough.boards.firmware import Firmware
from ridethrough.cli.rule_names import RULE
from ridethrough.reports.summary import Summary, summarise
from ridethrough.rules import Rule
from ridethrough.runner import run_scenario
from ridethrough.scenarios import Scenario
from ridethrough.traces import Trace
from ridethrough.world.mcu import Guest


def perform(
    scenario: Scenario,
    board: Board | None = None,
    firmware: Firmware | None = None,
    guest: Guest | None = None,
    rule: Rule | None = None,
) -> tuple[Trace, Summary]:
    """A scenario's run and its figures, judged by `rule` (default: RULE)."""
    trace = run_scenario(scenario, board, firmware, guest)
    return trace, summarise(trace, rule or Rule.load(RULE))
