"""`ridethrough rules record`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ridethrough.cli.commands import Command
from ridethrough.cli.progress import Progress
from ridethrough.cli.rules import examples_of, listed
from ridethrough.cli.terminal import say
from ridethrough.reports.page import Page
from ridethrough.reports.record import add_record
from ridethrough.rules import Rule
from ridethrough.rules.rule import sha256_of
from ridethrough.scenarios.loader import specimens
from ridethrough.support.errors import BadInput
from ridethrough.workbench.specimens import run_specimen


def add(parser: Command) -> None:
    """Adds its arguments."""
    parser.epilog = examples_of(parser)
    parser.add_argument("rule", metavar="RULE")
    parser.add_argument("-o", "--output", metavar="FILE", type=Path, required=True)
    parser.add_argument("--specimens", metavar="LIST", default="", help="default: all")
    parser.set_defaults(call=call)


def call(arguments: argparse.Namespace) -> int:
    """Judges the meters, writes the page."""
    rule = Rule.load(arguments.rule)
    if arguments.output.suffix not in (".html", ".htm"):
        raise BadInput(f"-o {arguments.output}: a name that ends in .html, please: it is a page")
    chosen = listed(arguments.specimens, specimens(), "specimens", files=True)
    page = Page(f"Record of {rule.id}")
    with Progress("meters", "items") as progress:
        meters = []
        for i, name in enumerate(chosen):
            progress.show("meters", i, len(chosen))
            meters.append(run_specimen(name))
        add_record(page, rule, meters)
    page.write(arguments.output)
    n = len(rule.decisions)
    counted = f"{n} decision{'' if n == 1 else 's'}"
    say(f"{arguments.output}: record of {rule.id}, SHA-256 {sha256_of(rule)[:16]}..., {counted}")
    return 0
