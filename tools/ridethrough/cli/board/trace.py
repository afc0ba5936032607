"""`ridethrough board trace`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ridethrough.cli.board import EXAMPLES, add_link, ask_served
from ridethrough.cli.commands import Command
from ridethrough.cli.rule_names import RULE


def add(parser: Command) -> None:
    """Adds its arguments."""
    parser.epilog = EXAMPLES
    parser.add_argument("--vcd", metavar="FILE", type=Path, help="write it as VCD")
    parser.add_argument("--rule", metavar="RULE", default=RULE, help=f"default: {RULE}")
    add_link(parser)
    parser.set_defaults(call=call)


def call(arguments: argparse.Namespace) -> int:
    """Asks for the trace; the verdict's exit status."""
    vcd = str(arguments.vcd.resolve()) if arguments.vcd else ""
    # the server has a folder of its own
    rule = str(Path(arguments.rule).resolve()) if "/" in arguments.rule else arguments.rule
    found = ask_served(arguments.link, do="trace", vcd=vcd, rule=rule)
    print(found["sentence"])
    return int(found["exit_status"])
