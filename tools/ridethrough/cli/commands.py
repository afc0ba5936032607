"""Commands by name. What a command takes stands in its own module, which is imported when the command is chosen."""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from _typeshed import SupportsWrite


EVERY_COMMAND = "exit status of every command: 70 a defect of Ridethrough's, with a file that says more; 130 Ctrl-C"
"""Stands below each help."""


class _Help(argparse.RawDescriptionHelpFormatter):
    # argparse would import half of the standard library to find the width
    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_width() - 2)


def _width() -> int:
    try:
        return int(os.environ.get("COLUMNS", "")) or 80
    except ValueError:
        pass
    try:
        return os.get_terminal_size(1).columns or 80
    except OSError:
        return 80


class Command(argparse.ArgumentParser):
    """A parser that `add(parser)` of the module `named` fills as soon as it has something to parse."""

    def __init__(self, named: str = "", **how: Any) -> None:
        super().__init__(formatter_class=_Help, **how)
        self._named = named

    @property
    def name(self) -> str:
        """Its own word on the command line."""
        return self.prog.split()[-1]

    def parse_known_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:  # type: ignore[override]
        """Fills itself first."""
        named, self._named = self._named, ""
        if named:
            import_module(named).add(self)
            self.epilog = f"{self.epilog}\n{EVERY_COMMAND}"
        return super().parse_known_args(args, namespace)

    def _print_message(self, message: str, file: SupportsWrite[str] | None = None) -> None:
        # argparse takes an output that is full for one that was written; and what was typed may be obeyed by a terminal
        if not message.replace("\n", "").isprintable():
            from ridethrough.support.text import shown

            message = shown(message)
        (file or sys.stderr).write(message)


def add_commands(
    parser: argparse.ArgumentParser, package: str, commands: Mapping[str, str | tuple[str, str]], what: str
) -> None:
    """Adds sub-commands to `parser`: name -> its line of help, or module and help where the module in `package`
    has another name. `what`: command or action."""
    found = parser.add_subparsers(dest=what, required=True, metavar=what.upper(), parser_class=Command)
    for name, entry in commands.items():
        module, text = (name, entry) if isinstance(entry, str) else entry
        found.add_parser(name, help=text, named=f"{package}.{module}")
