"""Sets of time: sorted, disjoint, non-adjoining half-open intervals [from, to) in microseconds.

Written for millions of them: each function is one pass over its arguments.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from operator import itemgetter

Interval = tuple[int, int]
_FROM = itemgetter(0)
_TO = itemgetter(1)


def overlap_us(one: Interval, many: Sequence[Interval]) -> int:
    """How much of `one` lies in `many`."""
    return sum(min(one[1], b) - max(one[0], a) for a, b in _near(one, many))


def touches(one: Interval, many: Sequence[Interval]) -> bool:
    """Do `one` and any of `many` share a moment? An empty interval is a moment."""
    return any(one[0] < max(b, a + 1) and a < max(one[1], one[0] + 1) for a, b in many)


def touching(many: Sequence[Interval], spans: Sequence[Interval]) -> Sequence[Interval]:
    """Those of `many` that share a moment with any of `spans`; an empty span is a moment."""
    found: list[Interval] = []
    at = 0
    for a, b in spans:
        first = max(at, bisect_right(many, a, key=_TO))
        at = max(first, bisect_left(many, max(b, a + 1), key=_FROM))
        if len(spans) == 1:
            # as it is: it may be millions, in arrays
            return many[first:at]
        found += many[first:at]
    return found


def merged(many: Sequence[Interval]) -> Sequence[Interval]:
    """Overlapping and adjoining intervals made one."""
    return joined(sorted(many), 0)


def joined(many: Sequence[Interval], gap_us: int) -> Sequence[Interval]:
    """`many`, sorted, with those made one that are no more than `gap_us` apart."""
    result: list[Interval] = []
    for a, b in many:
        if result and a <= result[-1][1] + gap_us:
            result[-1] = (result[-1][0], max(b, result[-1][1]))
        else:
            result.append((a, b))
    return result


def outside(many: Sequence[Interval], end_us: int) -> Sequence[Interval]:
    """The gaps between sorted, disjoint intervals, from 0 to `end_us`."""
    gaps, at = [], 0
    for a, b in many:
        if a > at:
            gaps.append((at, a))
        at = b
    return gaps + ([(at, end_us)] if at < end_us else [])


def common(one: Sequence[Interval], other: Sequence[Interval]) -> Sequence[Interval]:
    """Where both hold."""
    found: list[Interval] = []
    i = j = 0
    while i < len(one) and j < len(other):
        a, b = one[i]
        c, d = other[j]
        if (low := max(a, c)) < (high := min(b, d)):
            found.append((low, high))
        if b < d:
            i += 1
        else:
            j += 1
    return found


def without(one: Sequence[Interval], other: Sequence[Interval]) -> Sequence[Interval]:
    """Where `one` holds and `other` does not."""
    if not other or not one:
        return one
    return common(one, outside(other, max(one[-1][1], other[-1][1])))


def covers(many: Sequence[Interval], t_us: int) -> bool:
    """Does any of `many` hold at `t_us`?"""
    i = bisect_right(many, t_us, key=_FROM) - 1
    return i >= 0 and t_us < many[i][1]


def _near(one: Interval, many: Sequence[Interval]) -> Sequence[Interval]:
    return many[bisect_right(many, one[0], key=_TO) : bisect_left(many, one[1], key=_FROM)]
