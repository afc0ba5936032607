"""`ridethrough board serve`."""

from __future__ import annotations

import argparse
import signal
from pathlib import Path

from ridethrough.boards import Board
from ridethrough.boards.firmware import Firmware
from ridethrough.cli.board import EXAMPLES, add_link
from ridethrough.cli.commands import Command
from ridethrough.cli.terminal import say, terminal
from ridethrough.guests.flashfs import fresh_flash
from ridethrough.guests.named import guest_named
from ridethrough.reports.timeline import Glyphs, happenings, strip
from ridethrough.support.errors import BadInput

_SPEED_MAX = 1000.0


def add(parser: Command) -> None:
    """Adds its arguments."""
    parser.epilog = EXAMPLES
    parser.add_argument("--board", metavar="NAME|DIR", default="rpi_pico", help="default: rpi_pico")
    parser.add_argument("--flash", metavar="FILE", type=Path, help="its flash, kept (default: LINK.flash)")
    fresh = parser.add_mutually_exclusive_group()
    fresh.add_argument("--blank", action="store_true", help="a new flash file is empty: as the port formats it")
    fresh.add_argument("--firmware", metavar="DIR", default="", help="what a new flash file holds, not the reference")
    parser.add_argument(
        "--guest", metavar="chip:FILE", default="", help="a stock build on an emulated RP2040 runs it, not the VM"
    )
    parser.add_argument("--witness", metavar="PATH", type=Path, help="a witness watches it, and is served there")
    parser.add_argument("--speed", metavar="N|max", default="1", help="its seconds in one of ours (default: 1)")
    add_link(parser)
    parser.set_defaults(call=call)


def call(arguments: argparse.Namespace) -> int:
    """Serves it until it is stopped, and shows what was seen."""
    try:
        from ridethrough.virtual.board import VirtualBoard
        from ridethrough.virtual.flash_file import FlashFile
        from ridethrough.virtual.pty import check_link
    except ImportError as e:
        raise BadInput(f"a virtual board needs pseudo-terminals: Linux or macOS ({e.name} is missing)") from e
    speed = _speed(arguments.speed)
    guest = guest_named(arguments.guest) if arguments.guest else None
    if guest and not guest.own_time:
        raise BadInput(f"--guest {arguments.guest}: the MicroPython VM runs a virtual board, or chip:FILE.uf2 does")
    board = Board.load(arguments.board)
    firmware = Firmware("", {}, {}) if arguments.blank else Firmware.load(arguments.firmware)
    fresh = fresh_flash(firmware, board, blank=arguments.blank)
    link, witness_link = arguments.link, arguments.witness
    if witness_link and witness_link.absolute() == link.absolute():
        raise BadInput(
            f"--witness {witness_link}: the board itself is served there: give the witness a link of its own"
        )
    for path in (link, witness_link) if witness_link else (link,):
        check_link(path)
    drawer = FlashFile(arguments.flash or link.with_name(link.name + ".flash"), board, fresh)
    try:
        served = VirtualBoard(board, drawer, link, speed, witness_link, guest)
    except BadInput:
        drawer.close()
        raise

    # not by an exception: it would be raised in the middle of the firmware, as the board's own Ctrl-C
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: served.stop())
    watched = f", its witness at {witness_link}" if witness_link else ""
    say(f"{board.name} at {link} ({served.port}){watched}; Ctrl-C ends it")
    try:
        served.serve()
    finally:
        trace = served.trace()
        served.close()
    with terminal() as console:
        console.say(*strip(trace, console.width, Glyphs.for_encoding(console.encoding)), "", *happenings(trace))
    return 0


def _speed(text: str) -> float | None:
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0.01 <= speed <= _SPEED_MAX:
        raise BadInput(f"--speed {text}: 0.01 to {_SPEED_MAX:g} expected, or max")
    return speed
