"""`ridethrough rules curve`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ridethrough.cli.commands import Command
from ridethrough.cli.progress import Progress
from ridethrough.cli.rules import examples_of, listed
from ridethrough.cli.terminal import terminal
from ridethrough.reports.curve import as_csv, lines, write_svg
from ridethrough.rules import Rule
from ridethrough.scenarios.loader import specimens
from ridethrough.support.files import write_atomically
from ridethrough.support.text import utf8
from ridethrough.workbench.curve import curve, values
from ridethrough.workbench.specimens import run_specimen


def add(parser: Command) -> None:
    """Adds its arguments."""
    parser.epilog = examples_of(parser)
    parser.add_argument("rule", metavar="RULE")
    parser.add_argument("key", metavar="KEY", help="lasting, times, per, ends_when, tolerance, forbid, unless")
    parser.add_argument("range", metavar="A..B", help="1min..10min, 60%%..95%%, 1..5")
    parser.add_argument("--steps", metavar="N", type=int, help="into how many steps it is divided (default: 10)")
    parser.add_argument("--specimens", metavar="LIST", default="", help="default: all")
    parser.add_argument("--svg", metavar="FILE", type=Path, help="draw it")
    parser.add_argument("--csv", metavar="FILE", type=Path, help="write it for a spreadsheet")
    parser.set_defaults(call=call)


def call(arguments: argparse.Namespace) -> int:
    """The rule at each value, on each meter."""
    rule = Rule.load(arguments.rule)
    wanted = values(arguments.key, arguments.range, arguments.steps)
    # what is wrong with the key is said before the meters run
    curve(rule, arguments.key, wanted, ())
    chosen = listed(arguments.specimens, specimens(), "specimens", files=True)
    with Progress("meters", "items") as progress:
        run = []
        for i, name in enumerate(chosen):
            progress.show("meters", i, len(chosen))
            run.append(run_specimen(name))
        found = curve(rule, arguments.key, wanted, run, lambda done, total: progress.show("values", done, total))
    if arguments.svg:
        write_svg(found, arguments.svg)
    if arguments.csv:
        write_atomically(arguments.csv, utf8(as_csv(found)))
    with terminal() as console:
        console.say(*lines(found))
    return 0
