"""`ridethrough rules list`."""

from __future__ import annotations

import argparse

from ridethrough.cli.commands import Command
from ridethrough.cli.rules import examples_of
from ridethrough.cli.terminal import terminal
from ridethrough.reports.lines import joined
from ridethrough.rules.library import glance, names


def add(parser: Command) -> None:
    """Adds its arguments."""
    parser.epilog = examples_of(parser)
    parser.set_defaults(call=call)


def call(arguments: argparse.Namespace) -> int:
    """Each rule's id, and what it is."""
    with terminal() as console:
        for name in names():
            n, what = glance(name)
            console.say(joined((name, "bold"), f"  {n} readings" if n > 1 else ""), f"    {what}")
    return 0
