"""`ridethrough rules draft`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ridethrough.cli.commands import Command
from ridethrough.cli.rules import examples_of
from ridethrough.cli.terminal import say
from ridethrough.reports.draft import add_draft
from ridethrough.reports.page import Page
from ridethrough.rules import Rule
from ridethrough.support.errors import BadInput


def add(parser: Command) -> None:
    """Adds its arguments."""
    parser.epilog = examples_of(parser)
    parser.add_argument("rule", metavar="RULE")
    parser.add_argument("-o", "--output", metavar="FILE", type=Path, required=True)
    parser.set_defaults(call=call)


def call(arguments: argparse.Namespace) -> int:
    """Writes the page."""
    rule = Rule.load(arguments.rule)
    if arguments.output.suffix not in (".html", ".htm"):
        raise BadInput(f"-o {arguments.output}: a name that ends in .html, please: it is a page")
    page = Page(f"Requirement {rule.id}")
    add_draft(page, rule)
    page.write(arguments.output)
    undecided = f", not ready: {len(rule.open_keys)} keys not decided" if rule.open_keys else ""
    say(f"{arguments.output}: requirement, criteria and decisions of {rule.id}{undecided}")
    say("Open it in a browser and paste it into a word processor.")
    return 0
