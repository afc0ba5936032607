"""The terminal that a command prints to. Rich does the colours; it is loaded only where there are any, or where a
width is asked for: half of a short command's time would go into that.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from functools import cached_property

from ridethrough.reports.lines import Line
from ridethrough.support.text import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console


class Terminal:
    """Standard output."""

    @cached_property
    def rich(self) -> Console:
        """Rich's console, for what is more than lines."""
        from rich.console import Console

        class Piped(Console):
            def on_broken_pipe(self) -> None:
                """Rich would end the process with a status of its own."""
                raise BrokenPipeError

        return Piped()

    @cached_property
    def _coloured(self) -> bool:
        return sys.stdout.isatty() or bool(os.environ.get("FORCE_COLOR"))

    @property
    def width(self) -> int:
        """In characters."""
        return self.rich.width

    @property
    def encoding(self) -> str:
        """Of what it shows."""
        return getattr(sys.stdout, "encoding", None) or "utf-8"

    def say(self, *rows: Line | str, keep: str = "\n") -> None:
        """Prints each row as it is: not wrapped, nothing in it taken for markup, and nothing obeyed by a terminal: what
        is no text is written out, but for what is in `keep`."""
        for row in rows:
            parts = ((row, ""),) if isinstance(row, str) else row.parts
            line = Line(tuple((shown(text, keep), style) for text, style in parts))
            if self._coloured:
                from rich.text import Text

                self.rich.print(Text.assemble(*line.parts), soft_wrap=True, highlight=False, markup=False)
            else:
                print(line.plain)

    def wrap(self, text: str, style: str = "") -> None:
        """Prints a paragraph, wrapped."""
        self.rich.print(shown(text), style=style or None, highlight=False, markup=False)


@contextmanager
def terminal() -> Iterator[Terminal]:
    """A terminal to print to. Whoever reads our output may leave: that changes nothing about the result."""
    try:
        yield Terminal()
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say(*rows: Line | str) -> None:
    """The same for a command that has a line or two to say."""
    with terminal() as console:
        console.say(*rows)
