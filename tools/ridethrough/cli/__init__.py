"""The command line: one thin file a command. Arguments in, a call, an exit status out."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from typing import TextIO

    from ridethrough.support.errors import BadInput

COMMANDS = {
    "run": "run a scenario and judge it",
    "demo": "a legacy meter's false alert, then the reference riding through",
    "check": "judge captures of real meters: VCD, Saleae CSV, sigrok .sr, plain CSV",
    "verify": "does a verdict file still say what its files say?",
    "rules": "read, write, compare and audit reboot rules",
    "workbench": "the same in a browser, on this machine alone",
    "sweep": "cut the power everywhere, and see that no fault can brick the board or darken the hub",
    "campaign": "sweep every scenario on every board, and say what is new since the last time",
    "rollout": "what the reboots of many meters do to everybody's alerts, beside real outages",
    "compare": "every scenario on several guests: do they do the same?",
    "calibrate": "measure what things cost on a board, beside its board.toml",
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
BAD_INPUT, DEFECT, STOPPED = 2, 70, 130
"""Exit statuses of every command, beside its own. DEFECT is sysexits' EX_SOFTWARE: 1 would be a verdict."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; its exit status. Nothing but Python's own start lies outside, not even an import."""
    try:
        return _guarded(argv)
    except KeyboardInterrupt:
        _settle()
        return STOPPED


def _guarded(argv: Sequence[str] | None) -> int:
    try:
        _open_streams()
        status = _reported(argv)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as e:
        status = _defect(e, argv)
    _settle()
    return status


def _reported(argv: Sequence[str] | None) -> int:
    # 2 for bad input, with one line on standard error that says what and where
    from ridethrough.support.errors import BadInput

    try:
        status = _called(_parsed(argv), argv)
        _flush()
        return status
    except BadInput as e:
        complain(_spelled(e))
        return BAD_INPUT
    except OSError as e:
        # nothing that a path or a pipe can do to us deserves a traceback
        complain(f"{e.filename or 'output'}: {e.strerror or e}")
        return BAD_INPUT


def _parsed(argv: Sequence[str] | None) -> argparse.Namespace:
    from ridethrough.cli.commands import EVERY_COMMAND, Command, add_commands
    from ridethrough.version import VERSION

    parser = Command(
        prog="ridethrough",
        description="Keep a Communications Hub powered while its electricity meter reboots, and prove it.",
        epilog=f"Each command has its own --help with examples.\n\n{EVERY_COMMAND}",
    )
    parser.add_argument("--version", action="version", version=f"ridethrough {VERSION}")
    add_commands(parser, __name__, COMMANDS, "command")
    try:
        return parser.parse_args(argv)
    except SystemExit:
        # --help, or a line that cannot be parsed
        _flush()
        raise


def _called(arguments: argparse.Namespace, argv: Sequence[str] | None) -> int:
    # runs the command itself
    from ridethrough.cli.threads import ThreadsWatched

    threads = ThreadsWatched(lambda e: _defect(e, argv))
    try:
        with threads:
            status = int(arguments.call(arguments))
    except BaseException as e:
        if threads.died:
            return DEFECT
        if isinstance(e, SystemExit):
            raise RuntimeError(f"a command was ended by SystemExit({e.code!r})") from e
        raise
    return DEFECT if threads.died else status


def _spelled(e: BadInput) -> str:
    # a list of rules needs no spelling of a port
    from ridethrough.cli.spelling import message

    return message(e)


def complain(text: str) -> None:
    """One line on standard error, and the place in a file that it may show; never fails."""
    from ridethrough.support.text import message

    try:
        print(f"ridethrough: {message(text)}", file=sys.stderr, flush=True)
    except (OSError, ValueError):
        _mute(sys.stderr)


def _defect(e: BaseException, argv: Sequence[str] | None) -> int:
    try:
        from ridethrough.cli.crash import tell

        tell(e, argv)
    except BaseException:
        # whatever else is wrong, the status must be right
        complain(f"a defect of Ridethrough's, no verdict: {type(e).__name__}")
    return DEFECT


def _open_streams() -> None:
    # One that whoever called us has closed is opened on nothing, before a file of ours gets its number; what standard
    # output cannot encode is written out, and what standard input holds that is no text.
    for name in ("stdin", "stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, _ended() if name == "stdin" else os.fdopen(os.open(os.devnull, os.O_RDWR), "w"))
        elif getattr(stream, "errors", "backslashreplace") != "backslashreplace" and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _ended() -> TextIO:
    # A pipe that nobody writes to: /dev/null may be no device, but a file that somebody with the rights put there.
    ours, theirs = os.pipe()
    os.close(theirs)
    return os.fdopen(ours)


def _flush() -> None:
    # What was printed goes out now: later nobody could say that it did not.
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # whoever reads our output may leave: that changes nothing about the result
        _mute(sys.stdout)


def _settle() -> None:
    # What a stream still holds and cannot take would be tried again when Python ends, and change the exit status.
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            _mute(stream)


def _mute(stream: TextIO) -> None:
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except (OSError, ValueError):
        pass
