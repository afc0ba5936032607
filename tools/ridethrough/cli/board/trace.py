"""`ridethrough board trace`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ridethrough.cli.board import EXAMPLES, add_link, ask_served
from ridethrough.cli.commands import Command
from ridethrough.cli.rule_names import RULE
from ridethrough.cli.terminal import say
from ridethrough.support.errors import BadInput


def add(parser: Command) -> None:
    """Adds its arguments."""
    parser.epilog = EXAMPLES
    parser.add_argument("--vcd", metavar="FILE", type=Path, help="write it as VCD")
    parser.add_argument("--rule", metavar="RULE", default=RULE, help=f"default: {RULE}")
    add_link(parser)
    parser.set_defaults(call=call)


def call(arguments: argparse.Namespace) -> int:
    """Asks for the trace; the verdict's exit status."""
    vcd = str(arguments.vcd.absolute()) if arguments.vcd else ""
    # the server has a folder of its own
    rule = str(Path(arguments.rule).absolute()) if "/" in arguments.rule else arguments.rule
    found = ask_served(arguments.link, do="trace", vcd=vcd, rule=rule)
    sentence, status = found.get("sentence"), found.get("exit_status")
    if not isinstance(sentence, str) or status not in (0, 1, 3):
        raise BadInput(f"{arguments.link}: what is served there is no board of this version")
    say(sentence)
    return int(status)
