"""Millions of intervals in two columns, NumPy's if it is there: what a list of pairs is asked, without the pairs."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from copy import copy
from functools import cached_property
from itertools import chain, compress
from operator import is_not, itemgetter, sub
from typing import Any, overload

from ridethrough.traces.intervals import Interval

_BEGIN, _END = itemgetter(0), itemgetter(1)


class Spans(Sequence[Interval]):
    """Sorted, disjoint intervals: `begins` and `ends` in us: both int64 arrays of NumPy, or both lists."""

    def __init__(self, begins: Any, ends: Any) -> None:
        self.begins, self.ends = begins, ends

    def __len__(self) -> int:
        return len(self.begins)

    @overload
    def __getitem__(self, at: int) -> Interval: ...
    @overload
    def __getitem__(self, at: slice) -> Spans: ...
    def __getitem__(self, at: int | slice) -> Interval | Spans:
        if isinstance(at, slice):
            # both sides of what is known exactly ask for the same: what it found is kept
            return self if at.indices(len(self)) == (0, len(self), 1) else Spans(self.begins[at], self.ends[at])
        return int(self.begins[at]), int(self.ends[at])

    def __iter__(self) -> Iterator[Interval]:
        begins, ends = (x if isinstance(x, list) else x.tolist() for x in (self.begins, self.ends))
        return zip(begins, ends, strict=True)

    @cached_property
    def longest(self) -> Interval:
        """The first of the longest; there is at least one."""
        if isinstance(self.begins, list):
            lengths = list(map(sub, self.ends, self.begins))
            return self[lengths.index(max(lengths))]
        return self[int((self.ends.astype("float64") - self.begins).argmax())]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and all(map(tuple.__eq__, self, other))

    __hash__ = None  # type: ignore[assignment]


def longest(many: Sequence[Interval]) -> Interval:
    """The first of the longest of `many`, which is not empty."""
    if isinstance(many, Spans):
        return many.longest
    lengths = list(map(sub, map(_END, many), map(_BEGIN, many)))
    return many[lengths.index(max(lengths))]


def reaching(many: Sequence[Interval], begin_us: int, end_us: int) -> Sequence[Interval]:
    """`many`, but that the first begins and the last ends there; there is at least one."""
    if (many[0][0], many[-1][1]) == (begin_us, end_us):
        return many
    if isinstance(many, Spans):
        begins, ends = copy(many.begins), copy(many.ends)
        begins[0], ends[-1] = begin_us, end_us
        return Spans(begins, ends)
    reached = list(many)
    reached[0] = (begin_us, reached[0][1])
    reached[-1] = (reached[-1][0], end_us)
    return reached


def spans_below(times_us: array[int], bounds: array[float], limit: float, end_us: int) -> Spans:
    """When a value is below `limit`: `bounds` holds from `times_us` on (both arrays of the array module)."""
    low = [value < limit for value in bounds]
    moments = list(compress(times_us, map(is_not, low, chain((False,), low))))
    if len(moments) % 2 and moments[-1] < end_us:
        moments.append(end_us)
    ends = moments[1::2]
    return Spans(moments[: 2 * len(ends) : 2], ends)


def many_below(times_us: array[int], bounds: array[float], limit: float, end_us: int) -> Spans:
    """The same with NumPy."""
    import numpy as np

    times = np.frombuffer(times_us, dtype=np.int64)
    low = np.frombuffer(bounds, dtype=np.float64) < limit
    turns = np.flatnonzero(low[1:] != low[:-1]) + 1
    if low[0]:
        turns = np.concatenate(([0], turns))
    moments = times[turns]
    if len(moments) % 2:
        moments = np.concatenate((moments, [end_us])) if moments[-1] < end_us else moments[:-1]
    return Spans(moments[::2], moments[1::2])
