"""`ridethrough rules new`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ridethrough.cli.commands import Command
from ridethrough.cli.rules import examples_of
from ridethrough.cli.terminal import say
from ridethrough.rules import Rule
from ridethrough.rules.questionnaire import ask_rule
from ridethrough.rules.rule import is_id
from ridethrough.support.errors import BadInput
from ridethrough.support.files import write_atomically
from ridethrough.support.text import shown


def add(parser: Command) -> None:
    """Adds its arguments."""
    parser.epilog = examples_of(parser)
    parser.add_argument("file", metavar="FILE", type=Path, help="a name that ends in .toml")
    parser.set_defaults(call=call)


def call(arguments: argparse.Namespace) -> int:
    """Asks, writes."""
    if arguments.file.suffix != ".toml" or arguments.file.exists():
        raise BadInput(f"{arguments.file}: a name that ends in .toml and does not exist yet, please")
    if shown(arguments.file.stem) != arguments.file.stem or not is_id(arguments.file.stem):
        raise BadInput(f"{arguments.file}: it names the rule: letters, digits, dots and hyphens expected")
    text = ask_rule(arguments.file.stem, _answer, say)
    write_atomically(arguments.file, text.encode())
    n = Rule.load(arguments.file).count
    say(f"{arguments.file}: {n} reading{'s' if n > 1 else ''}; next: ridethrough rules explain {arguments.file}")
    return 0


def _answer(prompt: str) -> str:
    try:
        return input(prompt)
    except EOFError as e:
        raise BadInput("the answers ended before the questions: nothing was written") from e
