"""What a command is about: scenario, board and firmware."""

from __future__ import annotations

import argparse

from ridethrough.boards import Board
from ridethrough.boards.firmware import Firmware
from ridethrough.scenarios import Scenario

DEFAULT = "update"
DEFAULT_BOARD = "rpi_pico"


def add_chosen(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments that choose it."""
    parser.add_argument("scenario", nargs="?", help="a scenario's name or file (default: update)")
    parser.add_argument("--board", metavar="NAME|DIR", help="instead of the scenario's board")
    parser.add_argument("--firmware", metavar="DIR", help="instead of the scenario's firmware")
    parser.add_argument(
        "--guest",
        metavar="NAME",
        default="cpython",
        help="what executes the firmware: cpython (default), micropython (the real VM), exec:PATH (a program), "
        "chip:FILE.uf2 (a build on an emulated RP2040)",
    )


def chosen(arguments: argparse.Namespace) -> tuple[Scenario, Board, Firmware]:
    """What was chosen, loaded."""
    scenario = Scenario.load(arguments.scenario or DEFAULT, arguments.board or "")
    board = Board.load(arguments.board or scenario.board)
    return scenario, board, chosen_firmware(arguments, scenario.firmware)


def chosen_firmware(arguments: argparse.Namespace, otherwise: str = "") -> Firmware:
    """On the command line a firmware is always a directory; specimens are scenarios."""
    directory = arguments.firmware
    if directory and "/" not in directory:
        directory = f"./{directory}"
    return Firmware.load(directory or otherwise)
