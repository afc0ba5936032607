"""`ridethrough rules audit`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ridethrough.cli.commands import Command
from ridethrough.cli.progress import Progress
from ridethrough.cli.rules import examples_of
from ridethrough.cli.terminal import terminal
from ridethrough.reports.audit import add_audit, audit_head, find_lines, ranked
from ridethrough.reports.page import Page
from ridethrough.reports.timeline import Glyphs
from ridethrough.rules import Rule
from ridethrough.traces.vcd_out import write_vcd
from ridethrough.workbench.audit import AUDIT_MOST, Find, audit


def add(parser: Command) -> None:
    """Adds its arguments."""
    parser.epilog = examples_of(parser)
    parser.add_argument("rule", metavar="RULE")
    parser.add_argument("--html", metavar="FILE", type=Path, help="write it as a page, with timelines")
    parser.add_argument("--output", metavar="DIR", type=Path, default=Path("build"), help="for VCDs (default: build)")
    parser.set_defaults(call=call)


def call(arguments: argparse.Namespace) -> int:
    """0 if nothing was found."""
    rule = Rule.load(arguments.rule)
    found: list[Find] = []
    with Progress("searching", "items") as progress:

        def show(wanted: str, kind: str) -> None:
            progress.show(f"{wanted} {kind}", len(found), AUDIT_MOST)

        for find in audit(rule, progress=show):
            found.append(find)
    found = ranked(found)
    with terminal() as console:
        console.say(*audit_head(rule, found))
        for i, find in enumerate(found, 1):
            vcd = arguments.output / f"audit-{rule.id}-{i}.vcd"
            write_vcd(find.trace, vcd)
            console.say(*find_lines(find, i, console.width, Glyphs.for_encoding(console.encoding)))
            console.say(f"  again: ridethrough check {vcd} --rule {arguments.rule}", "")
    if arguments.html:
        page = Page(f"Audit of {rule.id}")
        add_audit(page, rule, found)
        page.write(arguments.html)
    return 1 if found else 0
