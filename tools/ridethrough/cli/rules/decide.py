"""`ridethrough rules decide`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ridethrough.cli.commands import Command
from ridethrough.cli.rules import examples_of
from ridethrough.cli.terminal import say
from ridethrough.rules import Rule
from ridethrough.rules.decisions import NOTHING, Decision, date_of, decided, who
from ridethrough.support.errors import BadInput
from ridethrough.support.files import read_bounded, write_atomically
from ridethrough.support.text import utf8
from ridethrough.support.toml import FILE_BYTES_MAX, Table


def add(parser: Command) -> None:
    """Adds its arguments."""
    parser.epilog = examples_of(parser)
    parser.add_argument("file", metavar="FILE", type=Path, help="a rule file; it is changed")
    parser.add_argument("key", metavar="KEY")
    parser.add_argument("value", metavar="VALUE", help=f"in the rule language; '{NOTHING}' leaves the key out")
    parser.add_argument("--by", metavar="WHO", default="", help="who has decided it: asked for if it is not given")
    parser.add_argument("--on", metavar="DATE", default="", help="when, as 2026-11-26: asked for if it is not given")
    parser.set_defaults(call=call)


def call(arguments: argparse.Namespace) -> int:
    """Asks, writes."""
    path: Path = arguments.file
    before = Rule.load(path) if path.suffix == ".toml" else None
    if before is None:
        raise BadInput(f"{path}: a rule file of your own, whose name ends in .toml, please: the library stays as it is")
    by, on = (
        who(arguments.by or _ask("Who has decided it?\n> ")),
        date_of(arguments.on or _ask("When? (2026-11-26)\n> ")),
    )
    written = read_bounded(path, FILE_BYTES_MAX, "file of ours").decode("utf-8-sig")
    text = written.replace("\r\n", "\n")
    new, was = decided(text, path, Decision(arguments.key, arguments.value, by, on))
    # what is written must be a rule still
    after = Rule.of(Table.of_text(path, new))
    said = {str(limit.raw.get(arguments.key, NOTHING)) for limit in after.limits}
    untouched = (before.text, before.source, before.note) == (after.text, after.source, after.note)
    if arguments.value not in said or not untouched:
        raise BadInput(f"{path}: it is not plain to see where `{arguments.key}` stands: decide it there by hand")
    write_atomically(path, utf8(new.replace("\n", "\r\n") if "\r\n" in written else new))
    n = (
        f"{before.count} readings before, {after.count} now"
        if before.count != after.count
        else f"{after.count} reading{'' if after.count == 1 else 's'}"
    )
    say(f"{path}: {arguments.key} = {arguments.value} (was: {was}), by {by} on {on}; {n}")
    return 0


def _ask(prompt: str) -> str:
    try:
        return input(prompt).strip()
    except EOFError as e:
        raise BadInput("nobody has answered: nothing was written") from e
