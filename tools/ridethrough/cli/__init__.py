"""The command line: one thin file a command. Arguments in, a call, an exit status out."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from ridethrough.cli import board, check, demo, flash, image, push, record, rules, run, scenarios, sweep, trial
from ridethrough.errors import BadInput
from ridethrough.version import VERSION


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command. 2 for bad input, with one line on standard error that says what and where."""
    parser = argparse.ArgumentParser(
        prog="ridethrough",
        description="Keep a Communications Hub powered while its electricity meter reboots, and prove it.",
        epilog="Each command has its own --help with examples.",
    )
    parser.add_argument("--version", action="version", version=f"ridethrough {VERSION}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in (run, demo, check, rules, sweep, scenarios, image, board, flash, push, record, trial):
        module.add(commands)
    arguments = parser.parse_args(argv)
    try:
        return int(arguments.call(arguments))
    except BadInput as e:
        print(f"ridethrough: {e}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except OSError as e:
        # nothing that a path or a pipe can do to us deserves a traceback
        print(f"ridethrough: {e.filename or 'output'}: {e.strerror or e}", file=sys.stderr)
        return 2
