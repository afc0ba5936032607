"""`ridethrough compare`: every scenario on several guests, side by side."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

from ridethrough.boards import Board
from ridethrough.calibrate.compare import Compared, compare
from ridethrough.cli.chosen import DEFAULT_BOARD
from ridethrough.cli.commands import Command
from ridethrough.cli.progress import Progress
from ridethrough.cli.rule_names import RULE
from ridethrough.cli.terminal import terminal
from ridethrough.cli.workers import check_jobs
from ridethrough.crews.named import crews
from ridethrough.guests.named import guest_named
from ridethrough.reports.comparison import as_json, comparison_page, lines
from ridethrough.reports.lines import styled
from ridethrough.reports.page import Page
from ridethrough.reports.summary import summarise
from ridethrough.rules import Rule
from ridethrough.scenarios import Scenario, names
from ridethrough.support.errors import BadInput
from ridethrough.support.files import check_writable
from ridethrough.traces import Trace

_WITHIN_PERCENT = 5
_EXAMPLES = """examples:
  ridethrough compare                                               cpython beside the MicroPython VM
  ridethrough compare --guest cpython --guest micropython --guest chip:RPI_PICO.uf2 --html compared.html
  ridethrough compare update slow_boot --guest cpython --guest chip:RPI_PICO.uf2

exit status: 0 every scenario ended as stated on each guest, in the same order, in times within --within; 1 not;
2 bad input"""


def add(parser: Command) -> None:
    """Adds its arguments."""
    parser.epilog = _EXAMPLES
    parser.add_argument("scenario", nargs="*", help="names (default: all that come with the project)")
    parser.add_argument(
        "--guest", metavar="NAME", action="append", help="two or more; the first is what the others stand beside"
    )
    parser.add_argument("--board", metavar="NAME|DIR", default=DEFAULT_BOARD, help=f"default: {DEFAULT_BOARD}")
    parser.add_argument(
        "--within", metavar="PERCENT", type=int, default=_WITHIN_PERCENT,
        help=f"of a time since the reset before it (default: {_WITHIN_PERCENT})",
    )  # fmt: skip
    parser.add_argument("--jobs", metavar="N", type=int, default=os.cpu_count() or 1, help="processes (default: all)")
    parser.add_argument("--html", metavar="FILE", type=Path, help="write it as one page")
    parser.add_argument("--json", action="store_true", help="print the rows as JSON, nothing else")
    parser.set_defaults(call=call)


def missed(scenario: Scenario, trace: Trace) -> list[str]:
    """What did not end as the scenario states."""
    return summarise(trace, Rule.load(RULE)).misses(scenario.shows)


def call(arguments: argparse.Namespace) -> int:
    """Runs, compares, prints; 1 if something differs."""
    guests = arguments.guest or ["cpython", "micropython"]
    if len(guests) < 2 or len(set(guests)) < len(guests):
        raise BadInput("--guest: two guests or more expected, each once")
    if arguments.within < 0:
        raise BadInput(f"--within {arguments.within}: a percentage of 0 or more expected")
    check_jobs(arguments.jobs)
    if arguments.html:
        check_writable(arguments.html)
    board = Board.load(arguments.board)
    about = [guest_named(name).about or name for name in guests]
    wanted = list(dict.fromkeys(arguments.scenario)) or names()
    for name in wanted:
        Scenario.load(name, board.name)
    found: dict[str, list[Compared]] = {}
    with crews(arguments.jobs) as crew, Progress("the first scenario", "items") as progress:
        for rows in compare(wanted, arguments.board, guests, missed, crew):
            found[rows[0].scenario] = rows
            progress.show(rows[0].scenario, len(found), len(wanted))
    ordered = [row for name in wanted for row in found[name]]
    most = arguments.within / 100
    if arguments.html:
        page = Page(f"The same firmware on {len(guests)} guests")
        comparison_page(page, board.name, about, ordered, most)
        page.write(arguments.html)
    with terminal() as console:
        if arguments.json:
            print(json.dumps({"board": board.name, "guests": about, "rows": as_json(ordered, most)}))
        else:
            console.say(styled(f"{board.name}: {'; '.join(about)}", "bold"), *lines(ordered, most))
    return 1 if any(row.bad(most) for row in ordered) else 0
