"""`ridethrough rules show`."""

from __future__ import annotations

import argparse

from ridethrough.cli.commands import Command
from ridethrough.cli.rules import examples_of
from ridethrough.cli.terminal import terminal
from ridethrough.rules import Rule


def add(parser: Command) -> None:
    """Adds its arguments."""
    parser.epilog = examples_of(parser)
    parser.add_argument("rule", metavar="RULE")
    parser.set_defaults(call=call)


def call(arguments: argparse.Namespace) -> int:
    """The file's own text."""
    rule = Rule.load(arguments.rule)
    with terminal() as console:
        console.say(rule.written.rstrip("\n"), keep="\n\t")
    return 0
