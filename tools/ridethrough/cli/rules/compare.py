"""`ridethrough rules compare`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ridethrough.cli.commands import Command
from ridethrough.cli.progress import Progress
from ridethrough.cli.rule_names import named_apart
from ridethrough.cli.rules import examples_of
from ridethrough.cli.terminal import terminal
from ridethrough.reports.audit import difference_lines
from ridethrough.reports.timeline import Glyphs
from ridethrough.support.errors import BadInput
from ridethrough.traces.vcd_out import write_vcd
from ridethrough.workbench.compare import compare
from ridethrough.workbench.search import TRIES


def add(parser: Command) -> None:
    """Adds its arguments."""
    parser.epilog = examples_of(parser)
    parser.add_argument("rule", metavar="RULE")
    parser.add_argument("other", metavar="RULE")
    parser.add_argument("--tries", metavar="N", type=int, default=TRIES, help=f"behaviours to try (default: {TRIES})")
    parser.add_argument("--vcd", metavar="FILE", type=Path, help="default: build/compare.vcd")
    parser.set_defaults(call=call)


def call(arguments: argparse.Namespace) -> int:
    """0 if none was found, 1 with the simplest that was."""
    rules = named_apart([arguments.rule, arguments.other])
    if not 1 <= arguments.tries <= 10**6:
        raise BadInput(f"--tries {arguments.tries}: 1 to {10**6} expected")
    with Progress("searching"):
        found = compare(rules[0], rules[1], tries=arguments.tries)
    with terminal() as console:
        if found is None:
            n = arguments.tries
            tried = f"{n} tries over behaviours of up to some ten steps, and {n} with loops"
            console.say(f"No difference found in {tried}.")
            return 0
        vcd = arguments.vcd or Path("build") / "compare.vcd"
        write_vcd(found.trace, vcd)
        glyphs = Glyphs.for_encoding(console.encoding)
        console.say(*difference_lines(found, (rules[0], rules[1]), console.width, glyphs), f"  trace  {vcd}")
    return 1
