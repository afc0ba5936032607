"""`ridethrough rules`: the library, what a rule says, how open it is, and how it does on meters."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.progress import MofNCompleteColumn
from rich.text import Text

from ridethrough.cli.chosen import named_apart
from ridethrough.cli.progress import Progress
from ridethrough.cli.terminal import say, terminal
from ridethrough.errors import BadInput, suggestion
from ridethrough.reports import matrix as matrix_report
from ridethrough.reports.draft import add_draft
from ridethrough.reports.finds import add_audit, audit_head, find_lines, parting_lines, ranked
from ridethrough.reports.gallery import add_gallery, literal_first
from ridethrough.reports.openness import openness_lines
from ridethrough.reports.page import Page
from ridethrough.reports.timeline import Glyphs
from ridethrough.rules import Rule
from ridethrough.rules.ask import ask_rule
from ridethrough.rules.explain import explain, keys, warnings
from ridethrough.rules.open import count
from ridethrough.rules.rule import names
from ridethrough.scenarios.loader import specimens
from ridethrough.whole import write_whole
from ridethrough.workbench.audit import AUDIT_MOST, Find, audit
from ridethrough.workbench.compare import compare
from ridethrough.workbench.matrix import Specimen, matrix
from ridethrough.workbench.openness import openness
from ridethrough.workbench.search import TRIES

_EXAMPLES = """examples:
  ridethrough rules list                             the library
  ridethrough rules show mp102-wg-2020-04            a rule as it is written, to begin with
  ridethrough rules explain mp102-wg-2020-04         a rule in plain English
  ridethrough rules open mp102-open                  how much of it is open, and what to decide first
  ridethrough rules new my-rule.toml                 write a rule by answering questions
  ridethrough rules draft my-rule.toml -o draft.html numbered requirement text, for a word processor
  ridethrough rules matrix --html matrix.html        every rule on every meter
  ridethrough rules matrix --rules mp102-wg-2020-04,design-target --specimens chatter,sag
  ridethrough rules compare mp102-wg-2020-04 mp102-per-reboot    the smallest behaviour on which they differ
  ridethrough rules gallery -o gallery.html          all of it on one page, to send to others
  ridethrough rules audit mp102-wg-2020-04           what it lets through, and what it forbids for nothing
"""
_RULE = """A RULE is the id of one in the library, or a file whose name ends in .toml.

exit status: 0 done, 2 bad input; compare and audit: 1 when something was found"""


def add(commands: Any) -> None:
    """Adds the command and its sub-commands to the parser."""
    how: dict[str, Any] = {"epilog": f"{_EXAMPLES}\n{_RULE}", "formatter_class": argparse.RawDescriptionHelpFormatter}
    parser = commands.add_parser("rules", help="read, write, compare and audit reboot rules", **how)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    def action(name: str, text: str, call: Callable[[argparse.Namespace], int]) -> Any:
        own = "\n".join(line for line in _EXAMPLES.splitlines() if line.startswith(f"  ridethrough rules {name} "))
        epilog = f"examples:\n{own}\n\n{_RULE}"
        one = actions.add_parser(name, help=text, epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter)
        one.set_defaults(call=call)
        return one

    action("list", "the rules of the library", _list)
    for name, text, call in (
        ("show", "a rule as it is written", _show),
        ("explain", "a rule in plain English, and where its keys fight each other", _explain),
        ("open", "how many readings it has, and which key to decide first", _open),
    ):
        one = action(name, text, call)
        one.add_argument("rule", metavar="RULE")
    one.add_argument("--specimens", metavar="LIST", default="", help="only on these (default: all)")
    one.add_argument("--json", action="store_true", help="print it as JSON, nothing else")

    table = action("matrix", "each rule on each meter", _matrix)
    table.add_argument("--rules", metavar="LIST", default="", help="default: those of the library that are decided")
    table.add_argument("--specimens", metavar="LIST", default="", help="default: all")
    table.add_argument("--html", metavar="FILE", type=Path, help="write it as a page")
    table.add_argument("--csv", metavar="FILE", type=Path, help="write it for a spreadsheet")
    table.add_argument("--json", action="store_true", help="print it as JSON, nothing else")

    two = action("compare", "the simplest behaviour on which two rules differ", _compare)
    two.add_argument("rule", metavar="RULE")
    two.add_argument("other", metavar="RULE")
    two.add_argument("--tries", metavar="N", type=int, default=TRIES, help=f"behaviours to try (default: {TRIES})")
    two.add_argument("--vcd", metavar="FILE", type=Path, help="default: build/compare.vcd")

    one = action("audit", "what a rule lets through, and what it forbids for nothing", _audit)
    one.add_argument("rule", metavar="RULE")
    one.add_argument("--html", metavar="FILE", type=Path, help="write it as a page, with timelines")
    one.add_argument("--output", metavar="DIR", type=Path, default=Path("build"), help="for VCDs (default: build)")

    one = action("gallery", "library, meters, matrix and audits on one page (takes minutes)", _gallery)
    one.add_argument("-o", "--output", metavar="FILE", type=Path, required=True)

    one = action("new", "write a rule by answering questions", _new)
    one.add_argument("file", metavar="FILE", type=Path, help="a name that ends in .toml")

    one = action("draft", "numbered requirement text with acceptance criteria, as HTML", _draft)
    one.add_argument("rule", metavar="RULE")
    one.add_argument("-o", "--output", metavar="FILE", type=Path, required=True)


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
        for limit in rule.limits:
            name = f"{limit.name}: " if limit.name else ""
            console.print(name + keys(limit), style="dim", highlight=False, markup=False)
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
    decided = [name for name in literal_first(names()) if not Rule.load(name).open_keys]
    rules = named_apart(_chosen(arguments.rules, decided, "rules", files=True))
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


def _compare(arguments: argparse.Namespace) -> int:
    rules = named_apart([arguments.rule, arguments.other])
    if not 1 <= arguments.tries <= 10**6:
        raise BadInput(f"--tries {arguments.tries}: 1 to {10**6} expected")
    with Progress("searching"):
        found = compare(rules[0], rules[1], tries=arguments.tries)
    with terminal() as console:
        if found is None:
            n = arguments.tries
            say(
                console,
                f"No difference found in {n} tries over behaviours of up to some ten steps, and {n} with loops.",
            )
            return 0
        vcd = arguments.vcd or Path("build") / "compare.vcd"
        found.trace.write_vcd(vcd)
        say(
            console,
            *parting_lines(found, (rules[0], rules[1]), console.width, Glyphs.for_encoding(console.encoding)),
            f"  trace  {vcd}",
        )
    return 1


def _audit(arguments: argparse.Namespace) -> int:
    rule = Rule.load(arguments.rule)
    found: list[Find] = []
    with Progress("searching") as progress:
        for find in audit(rule, told=lambda wanted, kind: progress.show(f"{wanted} {kind}", len(found), AUDIT_MOST)):
            found.append(find)
    found = ranked(found)
    with terminal() as console:
        say(console, *audit_head(rule, found))
        for i, find in enumerate(found, 1):
            vcd = arguments.output / f"audit-{rule.id}-{i}.vcd"
            find.trace.write_vcd(vcd)
            say(console, *find_lines(find, i, console.width, Glyphs.for_encoding(console.encoding)))
            say(console, f"  again: ridethrough check {vcd} --rule {arguments.rule}", "")
    if arguments.html:
        page = Page(f"Audit of {rule.id}")
        add_audit(page, rule, found)
        page.write(arguments.html)
    return 1 if found else 0


def _gallery(arguments: argparse.Namespace) -> int:
    page = Page("Reboot rules, and the meters that they meet")
    with Progress("gallery", MofNCompleteColumn()) as progress:
        add_gallery(page, progress.show)
    page.write(arguments.output)
    print(f"{arguments.output}: one page, no network; send it to whoever has to agree")
    return 0


def _new(arguments: argparse.Namespace) -> int:
    if arguments.file.suffix != ".toml" or arguments.file.exists():
        raise BadInput(f"{arguments.file}: a name that ends in .toml and does not exist yet, please")
    text = ask_rule(arguments.file.stem, _answer, print)
    write_whole(arguments.file, text.encode())
    n = count(Rule.load(arguments.file))
    print(f"{arguments.file}: {n} reading{'s' if n > 1 else ''}; next: ridethrough rules explain {arguments.file}")
    return 0


def _answer(prompt: str) -> str:
    try:
        return input(prompt)
    except EOFError as e:
        raise BadInput("the answers ended before the questions: nothing was written") from e


def _draft(arguments: argparse.Namespace) -> int:
    rule = Rule.load(arguments.rule)
    if arguments.output.suffix not in (".html", ".htm"):
        raise BadInput(f"-o {arguments.output}: a name that ends in .html, please: it is a page")
    page = Page(f"Requirement {rule.id}")
    add_draft(page, rule)
    page.write(arguments.output)
    undecided = f", not ready: {len(rule.open_keys)} keys not decided" if rule.open_keys else ""
    print(f"{arguments.output}: requirement, criteria and decisions of {rule.id}{undecided}")
    print("Open it in a browser and paste it into a word processor.")
    return 0


def _chosen(text: str, known: list[str], what: str, files: bool = False) -> list[str]:
    chosen = [name.strip() for name in text.split(",") if name.strip()]
    for name in chosen:
        if name not in known and not (files and name.endswith(".toml")) and not (what == "rules" and name in names()):
            raise BadInput(f"--{what}: no '{name}'{suggestion(name, known)}")
    return chosen or known
