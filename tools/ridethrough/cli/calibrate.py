"""`ridethrough calibrate`: what things cost in time on a board, beside its board.toml."""

from __future__ import annotations

import argparse
import json

from ridethrough.boards import Board
from ridethrough.calibrate import measure
from ridethrough.cli.chosen import DEFAULT_BOARD
from ridethrough.cli.commands import Command
from ridethrough.cli.progress import Progress
from ridethrough.cli.terminal import terminal
from ridethrough.guests.named import guest_named, is_program
from ridethrough.reports.calibration import as_json, lines
from ridethrough.reports.lines import styled
from ridethrough.support.errors import BadInput

_DRIFT_PERCENT = 25
_EXAMPLES = """examples:
  ridethrough calibrate --guest chip:RPI_PICO.uf2           every figure of rpi_pico's [cost], on the emulated chip
  ridethrough calibrate --guest chip-misses:RPI_PICO.uf2    the upper side, with a model of cache misses
  ridethrough calibrate --guest chip:RPI_PICO.uf2 --drift 10 --json
  ridethrough calibrate --guest micropython                 does the emulator charge what board.toml says?

exit status: 0 every figure of [cost] is within the drift, and no bound that was seen is broken; 1 some are not; 2 bad
input; 3 none is off, but some of [cost] were not measured"""


def add(parser: Command) -> None:
    """Adds its arguments."""
    parser.epilog = _EXAMPLES
    parser.add_argument("--guest", metavar="NAME", required=True, help="what executes the measuring program (see run)")
    parser.add_argument("--board", metavar="NAME|DIR", default=DEFAULT_BOARD, help=f"default: {DEFAULT_BOARD}")
    parser.add_argument(
        "--drift", metavar="PERCENT", type=int, default=_DRIFT_PERCENT,
        help=f"how far a figure may be off, in either direction (default: {_DRIFT_PERCENT})",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print the figures as JSON, nothing else")
    parser.set_defaults(call=call)


def call(arguments: argparse.Namespace) -> int:
    """Measures and prints; 1 if a figure drifts."""
    if arguments.drift < 0:
        raise BadInput(f"--drift {arguments.drift}: a percentage of 0 or more expected")
    if is_program(arguments.guest):
        raise BadInput(
            f"--guest {arguments.guest}: it executes no file of a firmware, so nothing can be measured on it"
        )
    board, guest = Board.load(arguments.board), guest_named(arguments.guest)
    with Progress("costs", "") as progress:
        figures = measure(board, guest, lambda what: progress.show(what, 0, 0))
    most = arguments.drift / 100
    with terminal() as console:
        if arguments.json:
            print(json.dumps({"board": board.name, "guest": guest.about or arguments.guest, **as_json(figures, most)}))
        else:
            console.say(styled(f"{board.name} on {guest.about or arguments.guest}", "bold"), *lines(figures, most))
    if any(figure.drifts(most) for figure in figures):
        return 1
    return 3 if any(figure.measured is None and not figure.limit for figure in figures) else 0
