"""Sets of time: sorted, disjoint half-open intervals [from, to) in microseconds."""

from __future__ import annotations

Interval = tuple[int, int]


def overlap_us(one: Interval, many: list[Interval]) -> int:
    """How much of `one` lies in `many`."""
    return sum(max(0, min(one[1], b) - max(one[0], a)) for a, b in many)


def touches(one: Interval, many: list[Interval]) -> bool:
    """Do `one` and any of `many` share a moment? An empty interval is a moment."""
    return any(one[0] < max(b, a + 1) and a < max(one[1], one[0] + 1) for a, b in many)


def merged(many: list[Interval]) -> list[Interval]:
    """Overlapping and adjoining intervals made one."""
    result: list[Interval] = []
    for a, b in sorted(many):
        if result and a <= result[-1][1]:
            result[-1] = (result[-1][0], max(b, result[-1][1]))
        else:
            result.append((a, b))
    return result


def outside(many: list[Interval], end_us: int) -> list[Interval]:
    """The gaps between sorted, disjoint intervals, from 0 to `end_us`."""
    gaps, at = [], 0
    for a, b in many:
        if a > at:
            gaps.append((at, a))
        at = b
    return gaps + ([(at, end_us)] if at < end_us else [])
