"""The terminal that a command prints to."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Rich would end the process with a status of its own."""
        raise BrokenPipeError


@contextmanager
def terminal() -> Iterator[Console]:
    """A console to print to. Whoever reads our output may leave: that changes nothing about the result."""
    try:
        yield _Console()
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say(console: Console, *rows: Text | str) -> None:
    """Prints each row as it is: not wrapped, and nothing in it taken for markup."""
    for row in rows:
        console.print(row, soft_wrap=True, highlight=False, markup=False)
