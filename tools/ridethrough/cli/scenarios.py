"""`ridethrough scenarios`: run them all, on every board, and say which do not end as they state."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ridethrough.boards import Board
from ridethrough.cli.commands import Command
from ridethrough.cli.perform import perform
from ridethrough.cli.terminal import say
from ridethrough.reports.table import markdown
from ridethrough.scenarios import Scenario, names
from ridethrough.support.files import write_atomically
from ridethrough.support.paths import BOARDS
from ridethrough.support.text import shown, utf8


def add(parser: Command) -> None:
    """Adds its arguments."""
    parser.epilog = (
        "examples:\n  ridethrough scenarios\n  ridethrough scenarios clocks:slow bad_link:breaks\n"
        "  ridethrough scenarios --board ./my_board\n  ridethrough scenarios --table scenario-table.md\n\n"
        "exit status: 0 all ended as their files state, 1 some did not, 2 bad input"
    )
    parser.add_argument("scenario", nargs="*", help="names (default: all that come with the project)")
    parser.add_argument("--board", metavar="NAME|DIR", action="append", help="only on this board; may be repeated")
    parser.add_argument("--table", metavar="FILE", type=Path, help="write the results as Markdown")
    parser.set_defaults(call=call)


def call(arguments: argparse.Namespace) -> int:
    """Runs, reports the misses; 0 if there are none."""
    results, missed = [], 0
    names_of_boards = arguments.board or [p.parent.name for p in sorted(BOARDS.glob("*/board.toml"))]
    boards = [Board.load(name) for name in names_of_boards]
    wanted = arguments.scenario or names()
    for i, name in enumerate(wanted):
        if sys.stderr.isatty():
            print(f"\r\x1b[K{i + 1}/{len(wanted)} {shown(name)}", end="", file=sys.stderr, flush=True)
        for board in boards:
            scenario = Scenario.load(name, board.name)
            _, summary = perform(scenario, board)
            results.append((scenario, board.name, summary))
            for miss in summary.misses(scenario.shows):
                missed += 1
                say(f"{name} on {board.name}: {miss} (see: ridethrough run {name} --board {board.name})")
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr)
    if arguments.table:
        write_atomically(arguments.table, utf8("\n".join(markdown(results)) + "\n"))
    say(f"{len(results)} runs, {missed} not as stated")
    return 1 if missed else 0
