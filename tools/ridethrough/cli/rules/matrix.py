"""`ridethrough rules matrix`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from ridethrough.cli.commands import Command
from ridethrough.cli.progress import Progress
from ridethrough.cli.rule_names import named_apart
from ridethrough.cli.rules import examples_of, listed
from ridethrough.cli.terminal import terminal
from ridethrough.reports import matrix as report
from ridethrough.reports.page import Page
from ridethrough.rules import Rule
from ridethrough.rules.library import literal_first
from ridethrough.scenarios.loader import specimens
from ridethrough.support.files import write_atomically
from ridethrough.support.text import utf8
from ridethrough.workbench.matrix import matrix
from ridethrough.workbench.specimens import run_specimen


def add(parser: Command) -> None:
    """Adds its arguments."""
    parser.epilog = examples_of(parser)
    parser.add_argument("--rules", metavar="LIST", default="", help="default: those of the library that are decided")
    parser.add_argument("--specimens", metavar="LIST", default="", help="default: all")
    parser.add_argument("--html", metavar="FILE", type=Path, help="write it as a page")
    parser.add_argument("--csv", metavar="FILE", type=Path, help="write it for a spreadsheet")
    parser.add_argument("--json", action="store_true", help="print it as JSON, nothing else")
    parser.set_defaults(call=call)


def call(arguments: argparse.Namespace) -> int:
    """Each rule on each meter."""
    decided = [name for name in literal_first() if not Rule.load(name).open_keys]
    rules = named_apart(listed(arguments.rules, decided, "rules", files=True))
    wanted = listed(arguments.specimens, specimens(), "specimens", files=True)
    with Progress("meters", "items") as progress:
        run = [run_specimen(name) for name in wanted]
        found = matrix(rules, run, lambda done, total: progress.show("meters", done, total))
    if arguments.html:
        page = Page("Reboot rules against meters")
        report.add_matrix(page, found)
        page.write(arguments.html)
    if arguments.csv:
        write_atomically(arguments.csv, utf8(report.as_csv(found)))
    with terminal() as console:
        if arguments.json:
            print(json.dumps(list(report.rows(found)), indent=2))
        else:
            console.say(*report.terminal(found))
    return 0
