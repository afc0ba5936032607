"""What a command is about: scenario, board and firmware, or rules."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace

from ridethrough.boards import Board
from ridethrough.boards.firmware import Firmware
from ridethrough.rules import Rule
from ridethrough.rules.library import LITERAL
from ridethrough.scenarios import Scenario

RULE = LITERAL


def add_chosen(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments that choose it."""
    parser.add_argument("scenario", nargs="?", default="update", help="a scenario's name or file (default: update)")
    parser.add_argument("--board", metavar="NAME|DIR", help="instead of the scenario's board")
    parser.add_argument("--firmware", metavar="DIR", help="instead of the scenario's firmware")
    parser.add_argument(
        "--guest",
        metavar="NAME",
        default="cpython",
        help="what executes the firmware: cpython (default), micropython (the real VM), exec:PATH (a program)",
    )


def chosen(arguments: argparse.Namespace) -> tuple[Scenario, Board, Firmware]:
    """What was chosen, loaded. On the command line a firmware is always a directory; specimens are scenarios."""
    scenario = Scenario.load(arguments.scenario, arguments.board or "")
    board = Board.load(arguments.board or scenario.board)
    directory = arguments.firmware
    if directory and "/" not in directory:
        directory = f"./{directory}"
    return scenario, board, Firmware.load(directory or scenario.firmware)


def named_apart(names: Sequence[str]) -> list[Rule]:
    """The rules, each with an id of its own: of files that have the same one, the file's name is told."""
    rules = [Rule.load(name) for name in names]
    ids = [rule.id for rule in rules]
    return [replace(rule, id=name) if ids.count(rule.id) > 1 else rule for name, rule in zip(names, rules, strict=True)]
