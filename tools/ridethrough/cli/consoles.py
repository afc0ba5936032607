"""What commands share that talk to a board's console."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from ridethrough.boards.releases import release_of, too_old, warning
from ridethrough.devices.port import ConsoleLink
from ridethrough.headend import client
from ridethrough.images import inspect_image
from ridethrough.images.layout import IMAGE_BYTES_MAX
from ridethrough.support.errors import BadInput
from ridethrough.support.files import read_bounded

EXAMPLES = """examples:
  ridethrough push build/v2.img --port /dev/ttyACM0                  send and verify; nothing is activated
  ridethrough push build/v2.img --port /dev/ttyACM0 --activate now   and wait for what comes of it
  ridethrough push build/v2.img --port build/board --activate 2026-12-01T02:00:00Z
  ridethrough status --port build/board
  ridethrough log --port build/board

exit status: 0 done, 1 the board refused or the activation failed, 2 bad input or no board"""


def add_port(parser: argparse.ArgumentParser) -> None:
    """Where the board is."""
    parser.add_argument("--port", metavar="PORT", required=True, help="a serial port, or a virtual board's link")


def add_keys(parser: argparse.ArgumentParser) -> None:
    """Whose commands a board takes."""
    parser.add_argument(
        "--keys", metavar="DIR", type=Path, default=Path("keys"), help="with supplier.pem (default: keys)"
    )


def image_in(path: Path) -> bytes:
    """An image that can be pushed; BadInput if the file holds none."""
    image = read_bounded(path, IMAGE_BYTES_MAX, "image")
    report = inspect_image(image, None, None)
    if not report.image:
        raise BadInput(f"{path}: {report.problems[0]}")
    return image


def release_notes(hello: dict[str, str]) -> Iterator[str]:
    """What is to be said of the MicroPython that a board runs, by what it says of itself; nothing of one that says
    nothing."""
    release = release_of(hello.get("micropython", ""))
    if release is None:
        return
    why = too_old(release) or warning(release)
    if why:
        yield why


def answer(link: ConsoleLink, line: str) -> str:
    """What the board answers to `line`; BadInput if it refuses."""
    try:
        return link.perform(client.ask(line, timeout_us=client.HELLO_TIMEOUT_US))
    except client.Refused as e:
        raise BadInput(f"'{line}': the board refused: {e}; does it run this firmware?") from e
