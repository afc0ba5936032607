"""`ridethrough board mains | hub | reset | status | stop`."""

from __future__ import annotations

import argparse
import json

from ridethrough.cli.board import EXAMPLES, add_link, ask_served
from ridethrough.cli.commands import Command
from ridethrough.cli.terminal import say

_VALUES = {"mains": ("on", "off"), "hub": ("in", "out")}


def add(parser: Command) -> None:
    """Adds its arguments."""
    parser.epilog = EXAMPLES
    if parser.name in _VALUES:
        parser.add_argument("value", choices=_VALUES[parser.name])
    parser.add_argument("--json", action="store_true", help="print it as JSON, nothing else")
    add_link(parser)
    parser.set_defaults(call=call)


def call(arguments: argparse.Namespace) -> int:
    """Asks the server; what it says of itself comes back."""
    status = ask_served(arguments.link, do=arguments.action, value=getattr(arguments, "value", None))
    if arguments.json:
        print(json.dumps(status, indent=2))
    elif arguments.action == "status":
        for name, value in status.items():
            say(f"{name:<15} {value}")
    return 0
