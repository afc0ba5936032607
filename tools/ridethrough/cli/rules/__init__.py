"""`ridethrough rules`: the library, what a rule says, how open it is, and how it does on meters."""

from __future__ import annotations

from pathlib import Path

from ridethrough.cli.commands import Command, add_commands
from ridethrough.rules.library import names
from ridethrough.support.errors import BadInput, suggestion

ACTIONS = {
    "list": "the rules of the library",
    "show": "a rule as it is written",
    "explain": "a rule in plain English, and where its keys fight each other",
    "open": "how many readings it has, and which key to decide first",
    "matrix": "each rule on each meter",
    "compare": "the simplest behaviour on which two rules differ",
    "audit": "what a rule, or several as one requirement, lets through, and what it forbids for nothing",
    "curve": "a rule with one of its numbers at many values",
    "gallery": "library, meters, matrix and audits on one page (takes minutes)",
    "new": "write a rule by answering questions",
    "cases": "test cases on either side of each key: switchings, VCDs, JSON, a pytest file",
    "decide": "write down who has decided a key of a rule file, and when",
    "record": "a rule's record of decisions with its verdicts, as HTML, to be filed",
    "draft": "numbered requirement text with acceptance criteria, as HTML",
}
_EXAMPLES = """examples:
  ridethrough rules list                             the library
  ridethrough rules show mp102-wg-2020-04            a rule as it is written, to begin with
  ridethrough rules explain mp102-wg-2020-04         a rule in plain English
  ridethrough rules open mp102-open                  how much of it is open, and what to decide first
  ridethrough rules new my-rule.toml                 write a rule by answering questions
  ridethrough rules draft my-rule.toml -o draft.html numbered requirement text, for a word processor
  ridethrough rules decide my-rule.toml per cut --by 'MP102 Working Group' --on 2026-11-26
  ridethrough rules record my-rule.toml -o record.html    what was decided, by whom, and what it says of the meters
  ridethrough rules cases my-rule.toml -o build/cases    test cases for a test house, and for your own firmware
  ridethrough rules matrix --html matrix.html        every rule on every meter
  ridethrough rules matrix --rules mp102-wg-2020-04,design-target --specimens chatter,sag
  ridethrough rules compare mp102-wg-2020-04 mp102-per-reboot    the smallest behaviour on which they differ
  ridethrough rules gallery -o gallery.html          all of it on one page, to send to others
  ridethrough rules audit mp102-wg-2020-04           what it lets through, and what it forbids for nothing
  ridethrough rules audit mp102-wg-2020-04 hub-in-service    both as one requirement, and what each adds
  ridethrough rules curve mp102-wg-2020-04 lasting 1min..10min --svg curve.svg    at which limit does which meter fail?
"""
_RULE = """A RULE is the id of one in the library, or a file whose name ends in .toml.

exit status: 0 done, 2 bad input; compare and audit: 1 when something was found"""


def add(parser: Command) -> None:
    """Adds the actions."""
    parser.epilog = f"{_EXAMPLES}\n{_RULE}"
    add_commands(parser, __name__, ACTIONS, "action")


def examples_of(parser: Command) -> str:
    """The epilog of one action."""
    own = "\n".join(line for line in _EXAMPLES.splitlines() if line.startswith(f"  ridethrough rules {parser.name} "))
    return f"examples:\n{own}\n\n{_RULE}"


def listed(text: str, known: list[str], what: str, files: bool = False) -> list[str]:
    """The names in a list such as `chatter,sag`, or all that are `known`. BadInput if there is no such."""
    chosen = [name.strip() for name in text.split(",") if name.strip()]
    for name in chosen:
        if name not in known and not (files and name.endswith(".toml")) and not (what == "rules" and name in names()):
            beside = f"; the file beside you is '{name}.toml'" if files and Path(f"{name}.toml").is_file() else ""
            raise BadInput(f"--{what}: no '{name}'{beside or suggestion(name, known)}")
    return chosen or known
