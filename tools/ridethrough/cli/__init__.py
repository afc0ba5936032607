"""The command line: one thin file a command. Arguments in, a call, an exit status out."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ridethrough.cli.commands import Command, add_commands
from ridethrough.support.errors import BadInput
from ridethrough.version import VERSION

COMMANDS = {
    "run": "run a scenario and judge it",
    "demo": "a legacy meter's false alert, then the reference riding through",
    "check": "judge captures of real meters: VCD, Saleae CSV, sigrok .sr, plain CSV",
    "rules": "read, write, compare and audit reboot rules",
    "sweep": "cut the power everywhere, and see that no fault can brick the board or darken the hub",
    "scenarios": "run scenarios on every board and check what they state",
    "image": "build, sign and inspect OTA images; make keys",
    "board": "boards: list, show, check; serve a virtual one, switch its mains, pull its hub",
    "flash": "put the firmware on a board over its MicroPython prompt",
    "push": "send an image to a board, and activate it",
    "status": "how a board stands",
    "log": "a board's event log, oldest first",
    "record": "write down what a witness sees, as VCD for check",
    "hil": "update a board on the desk, have a witness watch it, and file the result",
    "trial": "the old name of hil, for this release",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command. 2 for bad input, with one line on standard error that says what and where."""
    parser = Command(
        prog="ridethrough",
        description="Keep a Communications Hub powered while its electricity meter reboots, and prove it.",
        epilog="Each command has its own --help with examples.",
    )
    parser.add_argument("--version", action="version", version=f"ridethrough {VERSION}")
    add_commands(parser, __name__, COMMANDS, "command")
    arguments = parser.parse_args(argv)
    try:
        return int(arguments.call(arguments))
    except BadInput as e:
        print(f"ridethrough: {_spelled(e)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except OSError as e:
        # nothing that a path or a pipe can do to us deserves a traceback
        print(f"ridethrough: {e.filename or 'output'}: {e.strerror or e}", file=sys.stderr)
        return 2


def _spelled(e: BadInput) -> str:
    # a list of rules needs no spelling of a port
    from ridethrough.cli.spelling import message

    return message(e)
