"""An invariant that did not hold."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Violation:
    """An invariant that did not hold, at `t_us` of the boot that `path` ends with."""

    invariant: str
    text: str
    t_us: int
    path: tuple[str, ...] = ()

    @property
    def ident(self) -> str:
        """What a replay takes."""
        return "-".join(self.path)
