"""`ridethrough image build`."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from ridethrough.boards import Board
from ridethrough.cli.commands import Command
from ridethrough.cli.image import EXAMPLES
from ridethrough.cli.terminal import say
from ridethrough.images import ImageSpec, Keys, build_image
from ridethrough.images.build import application_files
from ridethrough.support.errors import BadInput
from ridethrough.support.files import write_atomically
from ridethrough.support.paths import FIRMWARE


def add(parser: Command) -> None:
    """Adds its arguments."""
    parser.epilog = EXAMPLES
    parser.add_argument("--app", metavar="DIR", type=Path, default=FIRMWARE / "app", help="default: the reference's")
    parser.add_argument("--keys", metavar="DIR", type=Path, required=True, help="maker.pem and supplier.pem")
    parser.add_argument("--board", metavar="NAME|DIR", required=True, help="whose hardware id goes in")
    parser.add_argument("--version", type=_u32, required=True)
    parser.add_argument("--counter", type=_u32, default=1, help="security counter, never below the last (default: 1)")
    parser.add_argument("--follows", metavar="A..B", default="0..4294967295", help="versions that it may replace")
    parser.add_argument("--size", type=_u32, default=0, help="fill up to this many bytes")
    parser.add_argument("-o", "--output", metavar="FILE", type=Path, required=True)
    parser.set_defaults(call=call)


def _u32(text: str) -> int:
    value = int(text, 0)
    if not 0 <= value < 2**32:
        raise argparse.ArgumentTypeError(f"{text} is not within 0 to {2**32 - 1}")
    return value


_u32.__name__ = "number"  # what argparse calls it in its messages


def call(arguments: argparse.Namespace) -> int:
    """Builds, signs, writes."""
    low, _, high = arguments.follows.partition("..")
    if not re.fullmatch(r"[0-9]{1,10}\.\.[0-9]{1,10}", arguments.follows) or not int(low) <= int(high) < 2**32:
        raise BadInput(f"--follows {arguments.follows[:40]}: write it like 1..3")
    if not arguments.app.is_dir():
        raise BadInput(f"{arguments.app}: no such directory")
    board = Board.load(arguments.board)
    spec = ImageSpec(arguments.version, board.hardware, arguments.counter, (int(low), int(high)))
    image = build_image(application_files(arguments.app), spec, Keys.load(arguments.keys), arguments.size)
    if len(image) > board.slot_bytes:
        raise BadInput(f"the image is {len(image)} bytes, a slot of {board.name} holds {board.slot_bytes}")
    write_atomically(arguments.output, image)
    say(f"{arguments.output}: version {spec.version} for {board.name}, {len(image)} bytes")
    return 0
