"""`ridethrough image sign`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ridethrough.cli.commands import Command
from ridethrough.cli.image import EXAMPLES
from ridethrough.cli.terminal import say
from ridethrough.images import KeyPair
from ridethrough.images.build import resign
from ridethrough.images.layout import IMAGE_BYTES_MAX
from ridethrough.support.files import read_bounded, write_atomically


def add(parser: Command) -> None:
    """Adds its arguments."""
    parser.epilog = EXAMPLES
    parser.add_argument("image", metavar="FILE", type=Path)
    parser.add_argument("--key", metavar="PEM", type=Path, required=True, help="the supplier's private key")
    parser.add_argument("-o", "--output", metavar="FILE", type=Path, required=True)
    parser.set_defaults(call=call)


def call(arguments: argparse.Namespace) -> int:
    """Signs anew."""
    image = resign(
        read_bounded(arguments.image, IMAGE_BYTES_MAX, "image"), KeyPair.load(arguments.key), str(arguments.image)
    )
    write_atomically(arguments.output, image)
    say(f"{arguments.output}: signed, {len(image)} bytes")
    return 0
