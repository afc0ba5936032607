"""`ridethrough rules`: the library, what a rule says, how open it is, and how it does on meters."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from rich.progress import MofNCompleteColumn
from rich.text import Text

from ridethrough.cli.progress import Progress
from ridethrough.cli.terminal import say, terminal
from ridethrough.errors import BadInput, suggestion
from ridethrough.reports import matrix as matrix_report
from ridethrough.reports.openness import openness_lines
from ridethrough.reports.page import Page
from ridethrough.rules import Rule
from ridethrough.rules.explain import explain, warnings
from ridethrough.rules.open import count
from ridethrough.rules.rule import names
from ridethrough.scenarios.loader import specimens
from ridethrough.whole import write_whole
from ridethrough.workbench.matrix import Specimen, matrix
from ridethrough.workbench.openness import openness

_EXAMPLES = """examples:
  ridethrough rules list                             the library
  ridethrough rules explain mp102-wg-2020-04         a rule in plain English
  ridethrough rules open mp102-open                  how much of it is open, and what to decide first
  ridethrough rules new my-rule.toml                 write a rule by answering questions
  ridethrough rules draft my-rule.toml -o draft.html numbered requirement text, for a word processor
  ridethrough rules matrix --html matrix.html        every rule on every meter
  ridethrough rules matrix --rules mp102-wg-2020-04,design-target --specimens chatter,sag
  ridethrough rules compare mp102-wg-2020-04 mp102-per-reboot    the smallest behaviour on which they differ
  ridethrough rules audit mp102-wg-2020-04           what it lets through, and what it forbids for nothing

A RULE is the id of one in the library, or a file whose name ends in .toml."""


def add(commands: Any) -> None:
    """Adds the command and its sub-commands to the parser."""
    how: dict[str, Any] = {"epilog": _EXAMPLES, "formatter_class": argparse.RawDescriptionHelpFormatter}
    parser = commands.add_parser("rules", help="read, write, compare and audit reboot rules", **how)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    one = actions.add_parser("list", help="the rules of the library", **how)
    one.set_defaults(call=_list)
    for name, text, call in (
        ("show", "a rule as it is written", _show),
        ("explain", "a rule in plain English, and where its keys fight each other", _explain),
        ("open", "how many readings it has, and which key to decide first", _open),
    ):
        one = actions.add_parser(name, help=text, **how)
        one.add_argument("rule", metavar="RULE")
        one.set_defaults(call=call)
    one.add_argument("--specimens", metavar="LIST", default="", help="only on these (default: all)")
    one.add_argument("--json", action="store_true", help="print it as JSON, nothing else")

    table = actions.add_parser("matrix", help="each rule on each meter", **how)
    table.add_argument("--rules", metavar="LIST", default="", help="default: those of the library that are decided")
    table.add_argument("--specimens", metavar="LIST", default="", help="default: all")
    table.add_argument("--html", metavar="FILE", type=Path, help="write it as a page")
    table.add_argument("--csv", metavar="FILE", type=Path, help="write it for a spreadsheet")
    table.add_argument("--json", action="store_true", help="print it as JSON, nothing else")
    table.set_defaults(call=_matrix)


def _list(arguments: argparse.Namespace) -> int:
    with terminal() as console:
        for name in names():
            rule = Rule.load(name)
            n = count(rule)
            say(
                console,
                Text.assemble((name, "bold"), f"  {n} readings" if n > 1 else ""),
                f"    {rule.note or rule.text}",
            )
    return 0


def _show(arguments: argparse.Namespace) -> int:
    rule = Rule.load(arguments.rule)
    with terminal() as console:
        say(console, rule.written.rstrip("\n"))
    return 0


def _explain(arguments: argparse.Namespace) -> int:
    rule = Rule.load(arguments.rule)
    with terminal() as console:
        say(console, Text(rule.id, "bold"), Text(f'"{rule.text}" ({rule.source})', "italic"), "")
        say(console, *([rule.note, ""] if rule.note else []))
        for paragraph in explain(rule):
            console.print(paragraph, highlight=False, markup=False)
        for warning in warnings(rule):
            console.print(f"Warning: {warning}.", style="yellow", highlight=False, markup=False)
    return 0


def _open(arguments: argparse.Namespace) -> int:
    rule = Rule.load(arguments.rule)
    wanted = _chosen(arguments.specimens, specimens(), "specimens")
    with Progress("readings", MofNCompleteColumn()) as progress:
        found = openness(rule, wanted, lambda done, total: progress.show("readings", done, total))
    with terminal() as console:
        if arguments.json:
            print(json.dumps(found.as_json(), indent=2))
        else:
            say(console, *openness_lines(found))
    return 0


def _matrix(arguments: argparse.Namespace) -> int:
    decided = [name for name in names() if not Rule.load(name).open_keys]
    rules = [Rule.load(name) for name in _chosen(arguments.rules, decided, "rules", files=True)]
    wanted = _chosen(arguments.specimens, specimens(), "specimens", files=True)
    with Progress("meters", MofNCompleteColumn()) as progress:
        run = [Specimen.run(name) for name in wanted]
        found = matrix(rules, run, lambda done, total: progress.show("meters", done, total))
    if arguments.html:
        page = Page("Reboot rules against meters")
        matrix_report.add_matrix(page, found)
        page.write(arguments.html)
    if arguments.csv:
        write_whole(arguments.csv, matrix_report.as_csv(found).encode())
    with terminal() as console:
        if arguments.json:
            print(json.dumps(list(matrix_report.rows(found)), indent=2))
        else:
            say(console, *matrix_report.terminal(found))
    return 0


def _chosen(text: str, known: list[str], what: str, files: bool = False) -> list[str]:
    chosen = [name.strip() for name in text.split(",") if name.strip()]
    for name in chosen:
        if name not in known and not (files and name.endswith(".toml")) and not (what == "rules" and name in names()):
            raise BadInput(f"--{what}: no '{name}'{suggestion(name, known)}")
    return chosen or known
