"""`ridethrough log`: a board's event log."""

from __future__ import annotations

import argparse

from ridethrough.cli.commands import Command
from ridethrough.cli.consoles import EXAMPLES, add_port, answer
from ridethrough.cli.terminal import say
from ridethrough.devices.port import ConsoleLink

_ENTRIES_MAX = 512


def add(parser: Command) -> None:
    """Adds its arguments."""
    parser.epilog = EXAMPLES
    add_port(parser)
    parser.set_defaults(call=call)


def call(arguments: argparse.Namespace) -> int:
    """Asks for one entry after the other."""
    entries: list[str] = []
    with ConsoleLink(arguments.port) as link:
        link.begin()
        while len(entries) < _ENTRIES_MAX:
            entry = answer(link, f"log {len(entries)}")
            if not entry:
                break
            entries.append(entry)
    say("\n".join(reversed(entries)))
    return 0
