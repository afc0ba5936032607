"""`ridethrough rules open`."""

from __future__ import annotations

import argparse
import json

from ridethrough.cli.commands import Command
from ridethrough.cli.progress import Progress
from ridethrough.cli.rules import examples_of, listed
from ridethrough.cli.terminal import terminal
from ridethrough.reports.openness import openness_lines
from ridethrough.rules import Rule
from ridethrough.scenarios.loader import specimens
from ridethrough.workbench.openness import openness
from ridethrough.workbench.specimens import run_specimen


def add(parser: Command) -> None:
    """Adds its arguments."""
    parser.epilog = examples_of(parser)
    parser.add_argument("rule", metavar="RULE")
    parser.add_argument("--specimens", metavar="LIST", default="", help="only on these (default: all)")
    parser.add_argument("--json", action="store_true", help="print it as JSON, nothing else")
    parser.set_defaults(call=call)


def call(arguments: argparse.Namespace) -> int:
    """Every reading of the rule on every meter."""
    rule = Rule.load(arguments.rule)
    wanted = listed(arguments.specimens, specimens(), "specimens")
    with Progress("readings", "items", lines=True) as progress:
        meters = (run_specimen(name) for name in wanted)
        found = openness(rule, meters, lambda done: progress.show("readings", done, len(wanted)))
    with terminal() as console:
        if arguments.json:
            print(json.dumps(found.as_json(), indent=2))
        else:
            console.say(*openness_lines(found))
    return 0
