"""`ridethrough status`: how a board stands."""

from __future__ import annotations

import argparse
import json

from ridethrough.cli.commands import Command
from ridethrough.cli.consoles import EXAMPLES, add_port, answer
from ridethrough.cli.terminal import say
from ridethrough.devices.port import ConsoleLink
from ridethrough.headend.client import words


def add(parser: Command) -> None:
    """Adds its arguments."""
    parser.epilog = EXAMPLES
    parser.add_argument("--json", action="store_true", help="print it as JSON, nothing else")
    add_port(parser)
    parser.set_defaults(call=call)


def call(arguments: argparse.Namespace) -> int:
    """Asks the board who it is and how it is."""
    with ConsoleLink(arguments.port) as link:
        link.begin()
        found = words(answer(link, "hello")) | words(answer(link, "status"))
    if arguments.json:
        print(json.dumps(found, indent=2))
    else:
        for name, value in found.items():
            say(f"{name:<10} {value}")
    return 0
