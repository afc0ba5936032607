"""`ridethrough board list`."""

from __future__ import annotations

import argparse

from ridethrough.boards import Board
from ridethrough.boards.board import board_names
from ridethrough.cli.board import EXAMPLES
from ridethrough.cli.commands import Command
from ridethrough.cli.terminal import terminal


def add(parser: Command) -> None:
    """Adds its arguments."""
    parser.epilog = EXAMPLES
    parser.set_defaults(call=call)


def call(arguments: argparse.Namespace) -> int:
    """One line each."""
    with terminal() as console:
        for board in map(Board.load, board_names()):
            console.say(f"{board.name:<14} hold: {board.hold:<6} {board.port:<6} {board.title}")
    return 0
