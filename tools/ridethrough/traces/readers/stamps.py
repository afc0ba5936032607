"""Times as instruments write them -> microseconds: numbers, ISO 8601, dates, times of day.

A reader asks `stamp_of` for the form of a column's cells once, and then calls it for each cell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple

from ridethrough.support.errors import BadInput

DAY_US = 86_400 * 10**6
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2})(?:[.,:](\d{1,9}))?(?: ?([AaPp])\.?[Mm]\.?)?")
_DATE = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})|(\d{1,2})([-/.])(\d{1,2})\5(\d{4}|\d{2})")
_NAMED = re.compile(r"(\d{1,2})[- ]([A-Za-z]{3})[a-z]*[- ,]+(\d{4})|([A-Za-z]{3})[a-z]* (\d{1,2}),? (\d{4})")
_ZONE = re.compile(r"(Z|UTC|GMT|[+-]\d{2}:?\d{2})$")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_EPOCH_LEAST_US = 3 * 10**14
"""Numbers above this are seconds since 1970: nobody counts from nine years ago [assumed]."""


class Stamp(NamedTuple):
    """`us(cell)`: microseconds, ValueError if the cell is no such time. `absolute`: of an epoch that a calendar knows;
    `of_day`: since midnight, so that it may begin anew; `zoned`: of a date that says its time zone."""

    us: Callable[[str], float]
    absolute: bool = False
    of_day: bool = False
    zoned: bool = False


def number_stamp(unit_us: float, first: float) -> Stamp:
    """Numbers in a unit. Those that can only be seconds since 1970 are absolute."""
    return Stamp(lambda cell: float(cell) * unit_us, first * unit_us >= _EPOCH_LEAST_US, zoned=True)


def stamp_of(cells: Sequence[str]) -> Stamp | None:
    """The form of written times; None if the cells are none. BadInput if their dates read two ways."""
    head = [cell.strip() for cell in cells if cell.strip()]
    if not head:
        return None
    if all(_CLOCK.fullmatch(cell) for cell in head):
        return Stamp(_of_day_us, of_day=True)
    if not all(_date_and_rest(cell) for cell in head):
        return None
    order = _order(head)
    zoned = all(_ZONE.search(cell) for cell in head)
    return Stamp(lambda cell: _date_us(cell.strip(), order), absolute=True, zoned=zoned)


def _of_day_us(cell: str) -> float:
    match = _CLOCK.fullmatch(cell.strip())
    if match is None:
        raise ValueError
    hours, minutes, seconds = int(match[1] or 0), int(match[2]), int(match[3])
    if match[5]:
        hours = hours % 12 + (12 if match[5] in "pP" else 0)
    fraction = int((match[4] or "0").ljust(9, "0")) / 1000
    return (hours * 3600 + minutes * 60 + seconds) * 1e6 + fraction


def _date_and_rest(cell: str) -> tuple[re.Match[str], str] | None:
    match = _DATE.match(cell) or _NAMED.match(cell)
    if match is None:
        return None
    rest = cell[match.end() :].lstrip("T ,;")
    clock = _ZONE.sub("", rest).strip()
    return (match, rest) if not clock or _CLOCK.fullmatch(clock) or re.fullmatch(r"\d{1,2}:\d{2}", clock) else None


def _order(cells: Sequence[str]) -> str:
    # of a date such as 02/03/2026: day first or month first? Points say day first; slashes say nothing
    pairs = {(int(m[4]), int(m[6])) for cell in cells if (m := _DATE.match(cell)) and m[4]}
    points = any(m[5] == "." for cell in cells if (m := _DATE.match(cell)) and m[4])
    if points or any(a > 12 for a, _ in pairs):
        return "day"
    if any(b > 12 for _, b in pairs) or len(pairs) <= 1:
        return "month"
    a, b = next(iter(pairs))
    raise BadInput(f"dates such as {a:02}/{b:02} read two ways: write them as 2026-03-01 (ISO 8601)")


def _date_us(cell: str, order: str) -> float:
    found = _date_and_rest(cell)
    if found is None:
        raise ValueError
    match, rest = found
    if match.re is _NAMED:
        day, month, year = (match[1], match[2], match[3]) if match[1] else (match[5], match[4], match[6])
        if month.lower() not in _MONTHS:
            raise ValueError
        y, m, d = int(year), _MONTHS.index(month.lower()) + 1, int(day)
    elif match[1]:
        y, m, d = int(match[1]), int(match[2]), int(match[3])
    else:
        one, two = int(match[4]), int(match[6])
        d, m = (one, two) if order == "day" else (two, one)
        y = int(match[7]) + (2000 if len(match[7]) == 2 else 0)
    zone = _ZONE.search(rest)
    clock = _ZONE.sub("", rest).strip()
    if clock and clock.count(":") == 1:
        clock += ":00"
    midnight = datetime(y, m, d, tzinfo=_zone(zone[1]) if zone else UTC)
    return (midnight - _EPOCH) // timedelta(microseconds=1) + (_of_day_us(clock) if clock else 0)


def _zone(text: str) -> timezone:
    if text[0] not in "+-":
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


def absolute_us(text: str) -> float | None:
    """A moment that somebody writes: a date with a time, or seconds since 1970; None if it is none."""
    found = _date_and_rest(text.strip())
    if found and found[1]:
        return _date_us(text.strip(), _order([text.strip()]))
    return float(text) * 1e6 if re.fullmatch(r"\d{9,11}(?:\.\d+)?", text.strip()) else None


def of_day_us(text: str) -> float | None:
    """A time of day that somebody writes; None if it is none."""
    return _of_day_us(text) if _CLOCK.fullmatch(text.strip()) else None
