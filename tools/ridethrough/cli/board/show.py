"""`ridethrough board show`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ridethrough.boards import Board
from ridethrough.cli.board import EXAMPLES
from ridethrough.cli.commands import Command
from ridethrough.cli.terminal import say, terminal
from ridethrough.reports.lines import styled
from ridethrough.reports.wiring import write_wiring
from ridethrough.support.quantities import show_time


def add(parser: Command) -> None:
    """Adds its arguments."""
    parser.epilog = EXAMPLES
    parser.add_argument("board", metavar="NAME|DIR")
    parser.add_argument("--svg", metavar="FILE", type=Path, help="draw the wiring")
    parser.set_defaults(call=call)


def call(arguments: argparse.Namespace) -> int:
    """Facts, and the drawing."""
    board = Board.load(arguments.board)
    with terminal() as console:
        console.say(styled(f"{board.name}: {board.title}", "bold"), f"  hold {board.hold}, port {board.port}", "")
        for role, pin in board.pins.items():
            pull = f", {pin.pull_up_ohm} Ohm up" if pin.pull_up_ohm else ""
            divided = f", divided by {pin.divider}" if pin.divider > 1 else ""
            console.say(f"  {role:<14} gpio {pin.gpio:<3} {pin.label}{pull}{divided}")
        flash_kib = board.flash_bytes // 1024
        console.say(
            "",
            f"  start          {show_time(board.start_us)} from reset to boot.py",
            f"  watchdog       at most {show_time(board.wdt_ms_max * 1000)}",
            f"  flash          {flash_kib} KiB, two slots of {board.slot_bytes // 1024} KiB",
            f"  facts          {board.directory / 'board.toml'}, each with its source",
        )
    if arguments.svg:
        write_wiring(board, arguments.svg)
        say(f"wiring           {arguments.svg}")
    return 0
