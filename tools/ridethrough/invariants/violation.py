"""An invariant that did not hold."""

from __future__ import annotations

import re
from dataclasses import dataclass

_AMOUNT = re.compile(r"\d+(\.\d+)? (min \d+(\.\d+)? s|min|s|ms|us|mWh|bytes)\b")


@dataclass(frozen=True)
class Violation:
    """An invariant that did not hold, at `t_us` of the boot that `path` ends with."""

    invariant: str
    text: str
    t_us: int
    path: tuple[str, ...] = ()
    console: tuple[str, ...] = ()
    """What the board had said last, where that may say why."""

    @property
    def ident(self) -> str:
        """What a replay takes."""
        return "-".join(self.path)

    @property
    def kind(self) -> str:
        """Equal for violations that differ in amounts only (times, energies, bytes)."""
        return f"{self.invariant}: {_AMOUNT.sub('...', self.text)}"
