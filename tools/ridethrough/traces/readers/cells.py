"""What a cell of a table says: a number, a level, or that the instrument does not know."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

UNKNOWN = frozenset(
    "nan -nan +nan inf +inf -inf infinity -infinity ∞ -∞ +∞ x z u w ? ol -ol o.l 0l ovld ovfl over overflow +overflow "
    "-overflow underflow overload overrange ovrflw open n/a na #n/a #n/a! null none bad err error invalid "
    "1.#inf -1.#inf 1.#qnan 1.#ind -1.#ind".split()
) | {"over range", "over flow", *(mark * n for mark in "-*" for n in range(1, 25))}
"""Written by instruments for a sample that is none: out of range, open, not taken."""
LEVELS = dict.fromkeys(("0", "0.0", "low", "l", "off", "false"), 0.0)
LEVELS |= dict.fromkeys(("1", "1.0", "high", "h", "on", "true"), 1.0)
SENTINEL = 9e36
"""Numbers at and above this stand for an overload (9.9E+37 in SCPI)."""
_NUMBER = re.compile(r"[-+]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][-+]?\d+)?")
_TIME = re.compile(
    r"[\d:T\-/., ZUCGMTAPamp+]*\d[\d:T\-/., ZUCGMTAPamp+]*"
    r"|\d{1,2}[- ][A-Za-z]{3,9}[- ,]+\d{4}.*|[A-Za-z]{3,9} \d{1,2}, \d{4}.*"
)


def is_data(cell: str) -> bool:
    """May it stand in a row of data?"""
    word = cell.lower()
    return bool(_NUMBER.fullmatch(cell)) or word in UNKNOWN or word in LEVELS or bool(_TIME.fullmatch(cell[:40]))


def number(cell: str) -> float | None:
    """The number of a cell; None if the instrument did not know it. ValueError if it is neither."""
    try:
        value = float(cell)
    except ValueError:
        if cell.strip().lower() in UNKNOWN:
            return None
        raise
    return value if math.isfinite(value) and abs(value) < SENTINEL else None


def separator_of(lines: Sequence[str]) -> str:
    """What stands between the cells. A comma may stand within numbers beside another separator, not the other way
    round."""
    for separator in "\t;":
        if 2 * sum(separator in line for line in lines[-20:]) > len(lines[-20:]):
            return separator
    return max(",;\t", key=lambda s: sum(line.count(s) for line in lines))
