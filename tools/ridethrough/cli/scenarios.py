"""`ridethrough scenarios`: run them all, on every board, and say which do not end as they state."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ridethrough.boards import Board
from ridethrough.boards.board import board_names
from ridethrough.cli.commands import Command
from ridethrough.cli.perform import perform
from ridethrough.cli.terminal import say
from ridethrough.cli.workers import add_evidence, check_evidence
from ridethrough.guests.named import guest_named
from ridethrough.reports.evidence import run_suites, runs_page
from ridethrough.reports.junit import write_junit
from ridethrough.reports.page import Page
from ridethrough.reports.table import markdown
from ridethrough.scenarios import Scenario, names
from ridethrough.support.files import write_atomically
from ridethrough.support.text import shown, utf8
from ridethrough.sweep.facts import versions


def add(parser: Command) -> None:
    """Adds its arguments."""
    parser.epilog = (
        "examples:\n  ridethrough scenarios\n  ridethrough scenarios clocks:slow bad_link:breaks\n"
        "  ridethrough scenarios --board ./my_board\n  ridethrough scenarios --table scenario-table.md\n"
        "  ridethrough scenarios --board rpi_pico --guest chip:RPI_PICO.uf2\n"
        "  ridethrough scenarios --junit scenarios.xml --html scenarios.html\n\n"
        "exit status: 0 all ended as their files state, 1 some did not, 2 bad input"
    )
    parser.add_argument("scenario", nargs="*", help="names (default: all that come with the project)")
    parser.add_argument("--board", metavar="NAME|DIR", action="append", help="only on this board; may be repeated")
    parser.add_argument("--table", metavar="FILE", type=Path, help="write the results as Markdown")
    parser.add_argument("--guest", metavar="NAME", default="cpython", help="what executes the firmware (see run)")
    add_evidence(parser)
    parser.set_defaults(call=call)


def call(arguments: argparse.Namespace) -> int:
    """Runs, reports the misses; 0 if there are none."""
    results, missed = [], 0
    guest = guest_named(arguments.guest)
    again = "" if arguments.guest == "cpython" else f" --guest {arguments.guest}"
    if guest.about:
        say(guest.about)
    check_evidence(arguments)
    names_of_boards = arguments.board or board_names()
    boards = [Board.load(name) for name in names_of_boards]
    wanted = arguments.scenario or names()
    for i, name in enumerate(wanted):
        if sys.stderr.isatty():
            print(f"\r\x1b[K{i + 1}/{len(wanted)} {shown(name)}", end="", file=sys.stderr, flush=True)
        for board in boards:
            scenario = Scenario.load(name, board.name)
            _, summary = perform(scenario, board, guest=guest)
            results.append((scenario, board.name, summary))
            for miss in summary.misses(scenario.shows):
                missed += 1
                say(f"{name} on {board.name}: {miss} (see: ridethrough run {name} --board {board.name}{again})")
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr)
    if arguments.table:
        write_atomically(arguments.table, utf8("\n".join(markdown(results)) + "\n"))
    if arguments.html:
        page = Page("Every scenario on every board")
        runs_page(page, results, versions())
        page.write(arguments.html)
    if arguments.junit:
        write_junit(arguments.junit, "ridethrough scenarios", run_suites(results, versions()))
    say(f"{len(results)} runs, {missed} not as stated")
    return 1 if missed else 0
