"""A bar for long work on a terminal; elsewhere a line now and then, if it is asked for."""

from __future__ import annotations

import sys
from typing import Any

from ridethrough.support.text import shown

_LINES = 4


class Progress:
    """`show(what, done, total)`, counted in `unit`: "bytes", "items", or "" for neither. With `lines`, what is no
    terminal gets a line for each quarter of the work."""

    def __init__(self, what: str = "", unit: str = "bytes", lines: bool = False) -> None:
        self._bar: Any = None
        self._lines = lines
        self._said = 0
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
            from rich.progress import Progress as Bar

            count = {"bytes": DownloadColumn(), "items": MofNCompleteColumn()}.get(unit, TextColumn(""))
            columns = (TextColumn("{task.description}", markup=False), BarColumn(), count, TimeElapsedColumn())
            self._bar = Bar(*columns, console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task(shown(what, keep=""), total=None)

    def __enter__(self) -> Progress:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._bar:
            self._bar.stop()

    def show(self, what: str, done: int, total: int) -> None:
        """How far it is."""
        if self._bar:
            self._bar.update(self._task, description=shown(what, keep=""), completed=done, total=total)
        elif self._lines and total and (part := done * _LINES // total) > self._said:
            self._said = part
            print(f"{shown(what, keep='')}: {done} of {total}", file=sys.stderr, flush=True)
