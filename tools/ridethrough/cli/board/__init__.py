"""`ridethrough board`: the boards there are; a virtual one, and the hands around it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ridethrough.cli.commands import Command, add_commands
from ridethrough.support.errors import BadInput

LINK = Path("build") / "board"
ACTIONS: dict[str, str | tuple[str, str]] = {
    "serve": "run a board behind a pseudo-terminal until Ctrl-C",
    "mains": ("hands", "switch the consumer's mains"),
    "hub": ("hands", "plug the hub in or pull it out"),
    "reset": ("hands", "press the board's reset button"),
    "status": ("hands", "how things stand"),
    "stop": ("hands", "end the server"),
    "trace": "what has been seen since the board was served, judged",
    "list": "the boards that come with it",
    "show": "a board's facts, and its wiring",
    "check": "is a board's description sound, and does the firmware run on it?",
}
EXAMPLES = """examples:
  ridethrough board list                               the boards that come with it
  ridethrough board show rpi_pico --svg wiring.svg     its facts, and its wiring as a drawing
  ridethrough board check ./my_board                   is a description of my own sound? does the firmware run on it?
  ridethrough board serve                              a Pico with the reference firmware, at build/board
  mpremote connect build/board ls                      from another terminal, like any board
  ridethrough board serve --blank --flash my.flash     a new Pico: MicroPython, and an empty file system
  ridethrough board serve --board latch_pico --link /tmp/latch --speed max
  ridethrough board serve --witness build/witness      and a second board that watches its rail: record, hil
  ridethrough board mains off                          and: mains on, hub out, hub in, reset, status, stop
  ridethrough board trace --vcd seen.vcd               what the world saw, and whether the rule was kept"""


def add(parser: Command) -> None:
    """Adds the actions."""
    parser.epilog = EXAMPLES
    add_commands(parser, __name__, ACTIONS, "action")


def add_link(parser: argparse.ArgumentParser) -> None:
    """Which virtual board."""
    parser.add_argument("--link", metavar="PATH", type=Path, default=LINK, help=f"where it is (default: {LINK})")


def ask_served(link: Path, **request: Any) -> dict[str, Any]:
    """Asks the board that is served at `link`; BadInput if there is none or it refuses."""
    from ridethrough.virtual.control import NotServed, ask

    try:
        return ask(link, **request)
    except NotServed as e:
        raise BadInput(*e.args, f" (start one with: ridethrough board serve --link {link})") from e
