"""`ridethrough image`: build, sign, inspect, keygen."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.table import Table

from ridethrough.boards import Board
from ridethrough.cli.terminal import terminal
from ridethrough.errors import BadInput
from ridethrough.images import ImageSpec, KeyPair, Keys, build_image, generate_keys, inspect_image, load_public_key
from ridethrough.images.build import application_files, resign
from ridethrough.images.layout import IMAGE_BYTES_MAX
from ridethrough.paths import FIRMWARE
from ridethrough.whole import read_whole, write_whole

_EXAMPLES = """examples:
  ridethrough image keygen keys
  ridethrough image build --keys keys --board rpi_pico --version 2 -o build/v2.img
  ridethrough image build --app ./my_app --keys keys --board rpi_pico --version 3 --follows 2..2 -o build/v3.img
  ridethrough image inspect build/v2.img --key keys/supplier.pem
  ridethrough image sign build/v2.img --key new-supplier/supplier.pem -o build/v2-new-supplier.img"""


def add(commands: Any) -> None:
    """Adds the command and its sub-commands to the parser."""
    how: dict[str, Any] = {"epilog": _EXAMPLES, "formatter_class": argparse.RawDescriptionHelpFormatter}
    parser = commands.add_parser("image", help="build, sign and inspect OTA images; make keys", **how)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    build = actions.add_parser("build", help="an image from an application's files", **how)
    build.add_argument("--app", metavar="DIR", type=Path, default=FIRMWARE / "app", help="default: the reference's")
    build.add_argument("--keys", metavar="DIR", type=Path, required=True, help="maker.pem and supplier.pem")
    build.add_argument("--board", metavar="NAME|DIR", required=True, help="whose hardware id goes in")
    build.add_argument("--version", type=_u32, required=True)
    build.add_argument("--counter", type=_u32, default=1, help="security counter, never below the last (default: 1)")
    build.add_argument("--follows", metavar="A..B", default="0..4294967295", help="versions that it may replace")
    build.add_argument("--size", type=_u32, default=0, help="fill up to this many bytes")
    build.add_argument("-o", "--output", metavar="FILE", type=Path, required=True)
    build.set_defaults(call=_build)

    sign = actions.add_parser("sign", help="replace the supplier's signature, after a change of supplier", **how)
    sign.add_argument("image", metavar="FILE", type=Path)
    sign.add_argument("--key", metavar="PEM", type=Path, required=True, help="the supplier's private key")
    sign.add_argument("-o", "--output", metavar="FILE", type=Path, required=True)
    sign.set_defaults(call=_sign)

    inspect = actions.add_parser(
        "inspect", help="explain a file, field by field (0 sound, 1 something does not hold, 2 no image)", **how
    )
    inspect.add_argument("image", metavar="FILE", type=Path)
    inspect.add_argument("--key", metavar="PEM", type=Path, help="check the supplier's signature with this key")
    inspect.add_argument("--maker", metavar="PEM", type=Path, help="check the maker's signature with this key")
    inspect.add_argument("--json", action="store_true")
    inspect.set_defaults(call=_inspect)

    keygen = actions.add_parser("keygen", help="make a maker's and a supplier's key, for development", **how)
    keygen.add_argument("directory", metavar="DIR", type=Path)
    keygen.set_defaults(call=_keygen)


def _u32(text: str) -> int:
    value = int(text, 0)
    if not 0 <= value < 2**32:
        raise argparse.ArgumentTypeError(f"{text} is not within 0 to {2**32 - 1}")
    return value


_u32.__name__ = "number"  # what argparse calls it in its messages


def _build(arguments: argparse.Namespace) -> int:
    low, dots, high = arguments.follows.partition("..")
    if not dots or not low.isdecimal() or not high.isdecimal() or not int(low) <= int(high) < 2**32:
        raise BadInput(f"--follows {arguments.follows}: write it like 1..3")
    if not arguments.app.is_dir():
        raise BadInput(f"{arguments.app}: no such directory")
    board = Board.load(arguments.board)
    spec = ImageSpec(arguments.version, board.hardware, arguments.counter, (int(low), int(high)))
    image = build_image(application_files(arguments.app), spec, Keys.load(arguments.keys), arguments.size)
    if len(image) > board.slot_bytes:
        raise BadInput(f"the image is {len(image)} bytes, a slot of {board.name} holds {board.slot_bytes}")
    write_whole(arguments.output, image)
    print(f"{arguments.output}: version {spec.version} for {board.name}, {len(image)} bytes")
    return 0


def _sign(arguments: argparse.Namespace) -> int:
    image = resign(
        read_whole(arguments.image, IMAGE_BYTES_MAX, "image"), KeyPair.load(arguments.key), str(arguments.image)
    )
    write_whole(arguments.output, image)
    print(f"{arguments.output}: signed, {len(image)} bytes")
    return 0


def _inspect(arguments: argparse.Namespace) -> int:
    report = inspect_image(
        read_whole(arguments.image, IMAGE_BYTES_MAX, "image"),
        load_public_key(arguments.key) if arguments.key else None,
        load_public_key(arguments.maker) if arguments.maker else None,
    )
    if not report.image:
        raise BadInput(f"{arguments.image}: {report.problems[0]}")
    if arguments.json:
        print(json.dumps(asdict(report) | {"status": report.status}, indent=2))
        return report.status
    table = Table(box=None, pad_edge=False)
    table.add_column("at", justify="right")
    table.add_column("bytes", justify="right")
    table.add_column("field")
    table.add_column("value", overflow="fold")
    for f in report.fields:
        table.add_row(str(f.at), str(f.size), f.name, f.value)
    with terminal() as console:
        console.print(table, highlight=False, markup=False)
        if report.signed_by_everybody:
            console.print("signed with the emulated supplier's key, which everybody knows", style="yellow")
        for name, holds in report.verdicts.items():
            console.print(f"{name}: {'holds' if holds else 'DOES NOT HOLD'}", style="green" if holds else "bold red")
        for problem in report.problems:
            console.print(f"problem: {problem}", style="bold red", highlight=False, markup=False)
    return report.status


def _keygen(arguments: argparse.Namespace) -> int:
    generate_keys(arguments.directory)
    print(
        f"{arguments.directory}: maker.pem and supplier.pem, for development: readable by you only, kept by nobody else"
    )
    return 0
