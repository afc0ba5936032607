"""`ridethrough rules audit`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ridethrough.cli.commands import Command
from ridethrough.cli.progress import Progress
from ridethrough.cli.rule_names import named_apart
from ridethrough.cli.rules import examples_of
from ridethrough.cli.terminal import terminal
from ridethrough.reports.audit import add_audit, audit_head, find_lines, numbered, ranked, set_lines, set_words
from ridethrough.reports.page import Page
from ridethrough.reports.timeline import Glyphs
from ridethrough.traces.vcd_out import write_vcd
from ridethrough.workbench.audit import AUDIT_MOST, Find, audit
from ridethrough.workbench.sets import adds, conflicts, decided


def add(parser: Command) -> None:
    """Adds its arguments."""
    parser.epilog = examples_of(parser)
    parser.add_argument("rules", metavar="RULE", nargs="+", help="several are one requirement: kept when each is")
    parser.add_argument("--html", metavar="FILE", type=Path, help="write it as a page, with timelines")
    parser.add_argument("--output", metavar="DIR", type=Path, default=Path("build"), help="for VCDs (default: build)")
    parser.set_defaults(call=call)


def call(arguments: argparse.Namespace) -> int:
    """0 if nothing was found."""
    rules = named_apart(arguments.rules)
    decided(rules)
    found: list[Find] = []
    with Progress("searching", "items", lines=True) as progress:

        def show(wanted: str, kind: str) -> None:
            progress.show(f"{wanted} {kind}", len(found), AUDIT_MOST)

        for find in audit(rules, progress=show):
            found.append(find)
        several = len(rules) > 1
        what_they_add, apart = (list(adds(rules)), list(conflicts(rules))) if several else ([], [])
    found = ranked(found)
    name = "+".join(rule.id for rule in rules)
    again = " ".join(f"--rule {rule}" for rule in arguments.rules)
    with terminal() as console:
        console.say(*audit_head(rules, found))
        if several:
            for line in set_lines(what_they_add, apart):
                console.say(line)
        for number, twins in numbered(found):
            for i, find in enumerate(twins, 1):
                write_vcd(find.trace, _vcd(arguments.output, name, number, i))
            console.say(*find_lines(twins, number, console.width, Glyphs.for_encoding(console.encoding)))
            console.say(f"  again: ridethrough check {_vcd(arguments.output, name, number, 1)} {again}", "")
    if arguments.html:
        page = Page(f"Audit of {' + '.join(rule.id for rule in rules)}")
        if several:
            page.heading("As one requirement")
            page.bullets(set_words(what_they_add, apart))
            page.heading("What is let through when all are kept")
        add_audit(page, rules, found, 3 if several else 2)
        page.write(arguments.html)
    return 1 if found or apart else 0


def _vcd(folder: Path, name: str, number: int, way: int) -> Path:
    return folder / f"audit-{name}-{number}{f'-{way}' if way > 1 else ''}.vcd"
