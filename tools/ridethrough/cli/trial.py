"""`ridethrough trial`: the old name of `ridethrough hil`, for one release."""

from __future__ import annotations

import argparse
import sys

from ridethrough.cli import hil
from ridethrough.cli.commands import Command


def add(parser: Command) -> None:
    """Adds the arguments of hil; its files are called as they were."""
    hil.add(parser, "trial")
    parser.set_defaults(call=call)


def call(arguments: argparse.Namespace) -> int:
    """Says so, and does what hil does."""
    print("ridethrough trial is now ridethrough hil; the old name goes with the next release", file=sys.stderr)
    return hil.call(arguments)
