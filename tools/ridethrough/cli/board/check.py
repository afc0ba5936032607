"""`ridethrough board check`."""

from __future__ import annotations

import argparse

from ridethrough.boards import Board
from ridethrough.boards.check import constants, problems
from ridethrough.cli.board import EXAMPLES
from ridethrough.cli.board.used_pins import UsedPins
from ridethrough.cli.commands import Command
from ridethrough.cli.perform import perform
from ridethrough.cli.terminal import say
from ridethrough.reports.watch import tracebacks
from ridethrough.scenarios import Scenario


def add(parser: Command) -> None:
    """Adds its arguments."""
    parser.epilog = EXAMPLES
    parser.add_argument("board", metavar="NAME|DIR")
    parser.set_defaults(call=call)


def call(arguments: argparse.Namespace) -> int:
    """0 if it is sound, and an update on it ends as it should."""
    board = Board.load(arguments.board)
    found = list(problems(board))
    for problem in found:
        say(f"{board.directory}: {problem}")
    if found:
        return 1
    # what the figures say is one thing, whether the firmware runs with them another
    scenario = Scenario.load("update", str(board.name))
    used = UsedPins(board)
    trace, summary = perform(scenario, board, calls=used.hear)
    if not trace.events("application"):
        raised = tracebacks(trace.notes["lost"] + trace.notes["console"])
        why = raised[0][-1][1] if raised else "it raises nothing, and no application is announced"
        say(f"{board.directory}: the firmware does not start on it: {why}")
        return 1
    found = [f"{problem}: one of the two is wrong" for problem in used.problems()]
    undriven_us, stated_us = (
        used.undriven_us([e.t_us for e in trace.events("reset")]),
        constants(board).get("BOOT_US", 0),
    )
    if undriven_us > stated_us:
        found.append(
            f"board.py: BOOT_US is {stated_us}, and in the emulator boot.py drives ch_enable {undriven_us} us after a "
            "reset: round it up, or keep boot.py short"
        )
    for problem in found:
        say(f"{board.directory}: {problem}")
    if found:
        return 1
    misses = summary.misses(scenario.shows) if board.hold != "none" else []
    for miss in misses:
        say(
            f"{board.directory}: an update does not end as it should: {miss} "
            f"(ridethrough run --board {arguments.board})"
        )
    if board.hold == "none":
        say(f"{board.name}: nothing holds the rail through a reset: the firmware will refuse to activate on it")
    if misses:
        return 1
    say(f"{board.name}: sound; an update in the emulator: {summary.verdict.sentence()}")
    return 0
