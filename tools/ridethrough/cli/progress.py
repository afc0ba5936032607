"""A bar for long work: on a terminal only."""

from __future__ import annotations

import sys
from typing import Any

from ridethrough.support.text import shown


class Progress:
    """`show(what, done, total)`, counted in `unit`: "bytes", "items", or "" for neither."""

    def __init__(self, what: str = "", unit: str = "bytes") -> None:
        self._bar: Any = None
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
