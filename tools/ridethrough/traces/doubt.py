"""Why something is not certain, and what would end the doubt."""

from __future__ import annotations

from ridethrough.support.errors import Param


class Doubt(str):
    """The reason in words. `cures`: parameters that would end it, any one of them, each with the value to give."""

    __slots__ = ("cures",)
    cures: tuple[Param, ...]

    def __new__(cls, text: str, *cures: Param) -> Doubt:
        doubt = super().__new__(cls, text)
        doubt.cures = cures
        return doubt


def cures_of(why: str) -> tuple[Param, ...]:
    """Those of a doubt; none of a plain text."""
    return why.cures if isinstance(why, Doubt) else ()
