"""`ridethrough flash`: the resident firmware onto a board, real or virtual."""

from __future__ import annotations

import argparse
import re
import time
from pathlib import Path

from ridethrough.boards import Board
from ridethrough.boards.firmware import BUILD, PRODUCT, Firmware
from ridethrough.boards.releases import refusal, warning
from ridethrough.cli.commands import Command
from ridethrough.cli.progress import Progress
from ridethrough.cli.terminal import say
from ridethrough.devices.flashing import LOST, Flasher
from ridethrough.devices.port import ConsoleLink
from ridethrough.images import ImageSpec, Keys, build_image, generate_keys
from ridethrough.support.errors import BadInput

_START_S = 40.0
_RECORD, _SLOTS, _ANCHORS = "/boot.rec", ("/slot_a.img", "/slot_b.img"), ("/esme/maker.pub", "/esme/supplier.pub")
_EXAMPLES = """examples:
  ridethrough flash --board rpi_pico --port /dev/ttyACM0     keys/ is made if it is not there
  ridethrough flash --board rpi_pico --port build/board      a virtual board
  make flash BOARD=rpi_pico PORT=/dev/ttyACM0                the same
  ridethrough flash --board rpi_pico --port /dev/ttyACM0 --product   Ctrl-C leads nowhere (docs/trust.md)
  ridethrough flash --board rpi_pico --port /dev/ttyACM0 --keys other --anew   other trust anchors, first image anew

exit status: 0 the board runs it, 1 it was written and does not start, 2 bad input or no board"""


def add(parser: Command) -> None:
    """Adds its arguments."""
    parser.epilog = _EXAMPLES
    parser.add_argument("--board", metavar="NAME|DIR", required=True)
    parser.add_argument("--port", metavar="PORT", required=True, help="a serial port, or a virtual board's link")
    parser.add_argument("--keys", metavar="DIR", type=Path, default=Path("keys"), help="default: keys")
    parser.add_argument(
        "--anew", action="store_true", help="as a new board: other keys or another board.py, and its images go"
    )
    parser.add_argument(
        "--product", action="store_true", help="without a way to the MicroPython prompt: the last flash over this port"
    )
    parser.add_argument("--backup", metavar="DIR", type=Path, default=Path("build") / "backup")
    parser.set_defaults(call=call)


def call(arguments: argparse.Namespace) -> int:
    """Flashes, restarts, waits until the application runs."""
    board, firmware = Board.load(arguments.board), Firmware.load()
    flasher = Flasher(arguments.port)
    try:
        platform, release = flasher.runs()
        if why := refusal(board.port, platform, release):
            raise BadInput(f"--port {arguments.port}: {why}; nothing on it has changed")
        if note := warning(release):
            say(note)
        ident = flasher.unique_id()
        if not arguments.keys.exists():
            generate_keys(arguments.keys)
            say(f"{arguments.keys}: made maker.pem and supplier.pem, development keys, readable by you only")
        files = _files(flasher, board, firmware, Keys.load(arguments.keys), arguments.anew)
        if arguments.product:
            files[BUILD] = PRODUCT
        backup = arguments.backup / f"{ident}-{time.strftime('%Y%m%d-%H%M%S')}"
        with Progress() as progress:
            gone = [_RECORD, _RECORD + ".new", _SLOTS[1]] if arguments.anew else []
            done = flasher.flash(files, backup, gone, progress.show)
    except LOST as e:
        raise BadInput(f"--port {arguments.port}: the link was lost; nothing on the board has changed") from e
    finally:
        flasher.leave()
    if done.finished:
        say("an earlier flash had stopped half-way: completed")
    kept = f"; what was there is in {done.backup}" if done.backup else ""
    say(f"board {ident}: {done.written} files written and verified, {done.same} were there already{kept}")
    with ConsoleLink(arguments.port) as link:
        for line in link.lines(_START_S):
            if line.startswith("* application "):
                version = line.split()[-1]
                if version == "0":
                    say("no application runs: the board is in recovery, and takes an image with ridethrough push")
                    return 1
                say(f"version {version} runs")
                return 0
    say(f"the application has not started within {_START_S:.0f} s: mpremote connect {arguments.port} repl shows why")
    return 1


def _files(flasher: Flasher, board: Board, firmware: Firmware, keys: Keys, anew: bool) -> dict[str, bytes]:
    # The resident files; and on a board that has none yet, trust anchors and a first image.
    files = dict(firmware.files) | board.files()
    anchors = dict(zip(_ANCHORS, (keys.maker.public, keys.supplier.public), strict=True))
    sizes = flasher.sizes([*_ANCHORS, *_SLOTS, "/board.py"])
    for path, key in anchors.items():
        if sizes[path] >= 0 and not anew and (sizes[path] != len(key) or flasher.read(path) != key):
            raise BadInput(
                f"the board trusts other keys ({path}): give --keys the folder they are in, or --anew to replace "
                "them together with its images"
            )
    files |= anchors
    there = _hardware(flasher.read("/board.py")) if sizes["/board.py"] >= 0 else ""
    ours = _hardware(files["/board.py"])
    if there and there != ours and not anew:
        raise BadInput(f"the board holds a board.py for hardware {there}, {board.name} is {ours}: --anew replaces it")
    if anew or all(sizes[path] < 0 for path in _SLOTS):
        spec = ImageSpec(version=1, hardware=board.hardware)
        files[_SLOTS[0]] = build_image(firmware.application, spec, keys)
    return files


def _hardware(board_py: bytes) -> str:
    found = re.search(rb"^HARDWARE = (0x[0-9A-Fa-f]+)", board_py, re.MULTILINE)
    return found[1].decode() if found else ""
