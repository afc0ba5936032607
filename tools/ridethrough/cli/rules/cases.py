"""`ridethrough rules cases`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ridethrough.cli.commands import Command
from ridethrough.cli.progress import Progress
from ridethrough.cli.rules import examples_of
from ridethrough.cli.terminal import terminal
from ridethrough.reports.cases import files_of, lines
from ridethrough.rules import Rule
from ridethrough.support.files import write_atomically
from ridethrough.support.text import utf8
from ridethrough.traces.vcd_out import write_vcd
from ridethrough.workbench.cases import cases


def add(parser: Command) -> None:
    """Adds its arguments."""
    parser.epilog = examples_of(parser)
    parser.add_argument("rule", metavar="RULE")
    parser.add_argument("-o", "--output", metavar="DIR", type=Path, help="write tables, VCDs, JSON and a pytest file")
    parser.add_argument("--json", action="store_true", help="print it as JSON, nothing else")
    parser.set_defaults(call=call)


def call(arguments: argparse.Namespace) -> int:
    """Finds, prints, writes."""
    rule = Rule.load(arguments.rule)
    with Progress("cases", "items", lines=True) as progress:
        found = cases(rule, progress.show)
    texts = files_of(rule, found)
    if arguments.output:
        folder: Path = arguments.output
        for case in found:
            write_vcd(case.trace, folder / f"{case.name}.vcd")
        for path, text in texts.items():
            write_atomically(folder / path, utf8(text))
    with terminal() as console:
        if arguments.json:
            print(texts["cases.json"], end="")
        else:
            console.say(*lines(found))
            if arguments.output:
                said = f"{len(found)} cases: {', '.join(name for name in texts if name != 'rule.toml')}, and a VCD each"
                console.say("", f"{arguments.output}: {said}")
    return 0
