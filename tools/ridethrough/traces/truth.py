"""When something holds, as far as a trace shows it: surely, and at most.

A run knows everything, and both are the same. A capture does not: between two samples, at a probe's
threshold, where an instrument shows x, and for a signal that nobody recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ridethrough.traces.intervals import Interval, common, joined, merged, outside, without


@dataclass(frozen=True)
class Truth:
    """`sure` lies within `may`; `why` says what keeps them apart. `apart_us`: it rests on samples that are so far
    apart; 0 for what records each change."""

    sure: Sequence[Interval]
    may: Sequence[Interval]
    why: str = ""
    apart_us: int = 0

    @classmethod
    def exactly(cls, intervals: Sequence[Interval]) -> Truth:
        return cls(intervals, intervals)

    @classmethod
    def unknown(cls, end_us: int, why: str) -> Truth:
        return cls([], [(0, end_us)] if end_us else [], why)

    @property
    def exact(self) -> bool:
        return self.sure is self.may

    def _both(self, f: Callable[[Sequence[Interval]], Sequence[Interval]]) -> Truth:
        sure = f(self.sure)
        return Truth(sure, sure if self.exact else f(self.may), self.why, self.apart_us)

    def otherwise(self, end_us: int) -> Truth:
        """When it does not hold."""
        sure = outside(self.may, end_us)
        return Truth(sure, sure if self.exact else outside(self.sure, end_us), self.why, self.apart_us)

    def and_(self, other: Truth) -> Truth:
        """When both hold."""
        sure = common(self.sure, other.sure)
        may = sure if self.exact and other.exact else common(self.may, other.may)
        return Truth(sure, may, self.why or other.why, max(self.apart_us, other.apart_us))

    def or_(self, other: Truth) -> Truth:
        """When either holds."""
        sure = merged([*self.sure, *other.sure])
        may = sure if self.exact and other.exact else merged([*self.may, *other.may])
        return Truth(sure, may, self.why or other.why, max(self.apart_us, other.apart_us))

    def lasted(self, for_us: int) -> Truth:
        """From when it has held for `for_us` on, until it ends."""
        return self._both(lambda many: [(max(a + for_us, 0), b) for a, b in many if max(a + for_us, 0) < b])

    def lasting_at_most(self, most_us: int, end_us: int) -> Truth:
        """While it holds in one piece that is no longer than `most_us`. One that goes on when the trace ends may be."""
        short = [(a, b) for a, b in self.may if b - a <= most_us and b < end_us]
        long = [(a, b) for a, b in self.sure if b - a > most_us]
        sure = common(self.sure, short)
        may = without(self.may, long)
        if sure == may:
            return Truth(sure, sure, self.why, self.apart_us)
        return Truth(sure, may, self.why or "the trace ends before it is over", self.apart_us)

    def after(self, events: Truth, within_us: int, end_us: int) -> Truth:
        """While this holds and one of `events` was at most `within_us` before. Where the trace ends sooner than that
        after an event, it may still come to hold."""
        found = self.and_(events.lately(within_us, end_us))
        last_us = max((b - 1 for _, b in events.may), default=-1)
        if last_us < 0 or last_us + within_us < end_us:
            return found
        may = merged([*found.may, (end_us - 1, end_us)])
        return Truth(found.sure, may, found.why or "the trace ends before the time for it is over", found.apart_us)

    def unmet(self, wanted: Truth, within_us: int, end_us: int) -> Truth:
        """The moments that are `within_us` after one of these (of moments), if `wanted` held at no time from that one
        on until then. One that is due after the end of the trace may come to be."""
        lately = wanted.lately(within_us, end_us).otherwise(end_us)
        sure = common(_later(self.sure, within_us, end_us), lately.sure)
        may = common(_later(self.may, within_us, end_us), lately.may)
        last_us = max((b - 1 for _, b in self.may), default=-1)
        if last_us + within_us >= end_us and not common(wanted.sure, [(max(0, last_us), end_us)]):
            may = merged([*may, (end_us - 1, end_us)])
        if sure == may:
            return Truth(sure, sure, "", max(self.apart_us, wanted.apart_us))
        why = wanted.why or self.why or "the trace ends before the time for it is over"
        return Truth(sure, may, why, max(self.apart_us, wanted.apart_us))

    def lately(self, within_us: int, end_us: int) -> Truth:
        """While it holds and for `within_us` after."""
        return self._both(lambda many: joined([(max(a, 0), min(b + within_us, end_us)) for a, b in many], 0))


def _later(moments: Sequence[Interval], by_us: int, end_us: int) -> Sequence[Interval]:
    found = [(max(0, a + by_us), min(b + by_us, end_us)) for a, b in moments]
    return [(a, b) for a, b in found if a < b]
