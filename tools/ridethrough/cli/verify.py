"""`ridethrough verify`: a verdict file against the files that it speaks of."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ridethrough.cli.check import judged_by
from ridethrough.cli.commands import Command
from ridethrough.cli.terminal import terminal
from ridethrough.reports.lines import joined, styled
from ridethrough.reports.verdict_file import Entry, load, said, sha256_of_file
from ridethrough.rules import Rule
from ridethrough.rules.rule import sha256_of
from ridethrough.version import VERSION

_EXAMPLES = """examples:
  ridethrough check rail.csv --map ch_mv=CH1 --scale 6 --verdict rail.verdict.json
  ridethrough verify rail.verdict.json              the same files, and the same verdict?

exit status: 0 all is as the file says; 1 something is not; 2 bad input"""


def add(parser: Command) -> None:
    """Adds its arguments."""
    parser.epilog = _EXAMPLES
    parser.add_argument("file", metavar="FILE", type=Path, help="what `check --verdict` or `run --verdict` has written")
    parser.set_defaults(call=call)


def call(arguments: argparse.Namespace) -> int:
    """Compares hashes, judges again, says what is not the same."""
    path: Path = arguments.file
    tool, options, entries = load(path)
    wrong = 0
    with terminal() as console:
        if tool != f"ridethrough {VERSION}":
            console.say(styled(f"written by {tool}; this is ridethrough {VERSION}", "dim"))
        for entry in entries:
            problems = list(_problems(path.parent, entry, options))
            wrong += bool(problems)
            mark = ("DIFFERS", "bold red") if problems else ("as it says", "bold green")
            console.say(joined(f"{entry.capture}  {entry.rule}: {entry.said['status']}  ", mark))
            console.say(*(f"    {problem}" for problem in problems))
    return int(wrong > 0)


def _problems(folder: Path, entry: Entry, options: Mapping[str, Any]) -> Iterator[str]:
    capture = folder / entry.capture
    name = str(folder / entry.rule) if entry.rule.endswith(".toml") else entry.rule
    rule = Rule.load(name)
    changed = False
    for what, now, then in (
        (entry.capture, sha256_of_file(capture), entry.capture_sha256),
        (entry.rule, sha256_of(rule), entry.rule_sha256),
    ):
        if now != then:
            changed = True
            yield f"{what} is another file now: SHA-256 {now[:16]}..., then {then[:16]}..."
    found = said(rule, judged_by(rule, capture, options))
    for key, then in entry.said.items():
        if found[key] != then:
            yield f"{key}: {found[key]} now, {then} in the file{'' if changed else ', of the same files'}"
