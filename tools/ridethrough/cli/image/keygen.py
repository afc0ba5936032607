"""`ridethrough image keygen`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ridethrough.cli.commands import Command
from ridethrough.cli.image import EXAMPLES
from ridethrough.cli.terminal import say
from ridethrough.images import generate_keys


def add(parser: Command) -> None:
    """Adds its arguments."""
    parser.epilog = EXAMPLES
    parser.add_argument("directory", metavar="DIR", type=Path)
    parser.set_defaults(call=call)


def call(arguments: argparse.Namespace) -> int:
    """Makes both."""
    generate_keys(arguments.directory)
    say(
        f"{arguments.directory}: maker.pem and supplier.pem, for development: readable by you only, kept by nobody else"
    )
    return 0
