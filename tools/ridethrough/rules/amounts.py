"""The amount of one reading on one side: the worst cut, sum, count or window, and the cuts that make it up."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from ridethrough.rules.cuts import at_most, cuts, cuts_number, length_us
from ridethrough.rules.evidence import Evidence
from ridethrough.rules.exemptions import counted, drops_cuts, taken_off
from ridethrough.rules.reading import Reading
from ridethrough.rules.reboots import spans, spans_number, updates
from ridethrough.rules.side import Side
from ridethrough.traces import Interval
from ridethrough.traces.intervals import touching
from ridethrough.traces.spans import longest


@dataclass(frozen=True)
class CountedCut:
    """A cut, and how long it counts in us."""

    at: Interval
    us: float


@dataclass(frozen=True)
class Amount:
    """`size`: us, or a count; `cuts`: those that make it up."""

    size: float
    cuts: tuple[CountedCut, ...] = ()


def amount(evidence: Evidence, reading: Reading, side: Side) -> Amount | None:
    """The worst that the trace shows on this side; None if it holds nothing that the reading speaks about."""
    about = spans(evidence, reading, side)
    if reading.forbid.speaks_of is not None and not side.counted(reading.forbid.speaks_of(evidence.trace)):
        return None
    if not about:
        if not (side.most and heading_for_a_reboot(evidence, reading)):
            return None
        about = [(evidence.trace.end_us - 1, evidence.trace.end_us)]
    key = ("amount", counted_alike(evidence, reading, side), reading.always, spans_number(evidence, reading, side))
    return evidence.once(key, lambda: _amount(evidence, reading, side, about))


def counted_alike(evidence: Evidence, reading: Reading, side: Side) -> tuple[object, ...]:
    """The same for readings whose words come to the same cuts and exemptions here, and that add up and compare alike:
    over the same reboots they have the same amount."""
    off = taken_off(evidence, reading, side)
    off_number = evidence.once(("off number", id(off)), lambda: (evidence.number(tuple(off)), off))[0] if off else -1
    drops = tuple(x for x in reading.unless if drops_cuts(evidence, x, side))
    # where whole cuts are dropped, or cuts are counted, it matters what was forbidden, and how surely
    words = (reading.forbid.text, reading.raw.get("ends_when"), drops) if drops or reading.times else ()
    return (
        side.most, cuts_number(evidence, reading, side), off_number, words, reading.per, reading.times,
        reading.duration, reading.tolerance_us,
    )  # fmt: skip


def _amount(evidence: Evidence, reading: Reading, side: Side, about: Sequence[Interval]) -> Amount:
    off = taken_off(evidence, reading, side)
    every = cuts(evidence, reading, side)
    slack = reading.tolerance_us if side.most else -reading.tolerance_us
    if not reading.window_us and not reading.times and reading.per == "cut":
        return _longest(evidence, reading, side, every if reading.always else touching(every, about), off, slack)
    each = slack if reading.times else 0
    worst = Amount(0)
    for group in _groups(evidence, reading, side, every, about):
        left = [i for cut in group for i in counted(evidence, reading, cut, side)]
        found = _sum(evidence, reading, side, [CountedCut(cut, length_us(cut, off) + each) for cut in left], off)
        if found.size > worst.size or not worst.cuts:
            worst = found
    return Amount(max(0, worst.size + slack - each), worst.cuts)


def heading_for_a_reboot(evidence: Evidence, reading: Reading) -> bool:
    """Is there a command or a shutdown without its reset, and a cut that is still open?"""
    trace = evidence.trace
    announced = [e.t_us for e in trace.log if e.name in ("command", "shutdown")]
    resets = [e.t_us for e in trace.events("reset")]
    cuts = evidence.truth(reading.forbid).may
    return bool(cuts) and cuts[-1][1] >= trace.end_us and bool(announced) and max(announced) > max(resets, default=-1)


def _longest(
    evidence: Evidence, reading: Reading, side: Side, about: Sequence[Interval], off: Sequence[Interval], slack: int
) -> Amount:
    # The common case, in one pass: there may be millions.
    if any(drops_cuts(evidence, x, side) for x in reading.unless):
        about = [i for cut in about for i in counted(evidence, reading, cut, side)]
    if not about:
        return Amount(0)
    if off:
        worst = max(about, key=_less(off))
    else:
        worst = longest(about)
    us = length_us(worst, off)
    return Amount(max(0, us + slack), (CountedCut(worst, us),))


def _less(off: Sequence[Interval]) -> Callable[[Interval], float]:
    at = 0

    def length(cut: Interval) -> float:
        # cuts come in order of time: what lies before this one will not be looked at again
        nonlocal at
        while at < len(off) and off[at][1] <= cut[0]:
            at += 1
        if at == len(off) or off[at][0] >= cut[1]:
            return length_us(cut, [])
        i = at
        while i < len(off) and off[i][0] < cut[1]:
            i += 1
        return length_us(cut, off[at:i])

    return length


def _groups(
    evidence: Evidence, reading: Reading, side: Side, every: Sequence[Interval], about: Sequence[Interval]
) -> Iterator[Sequence[Interval]]:
    # The cuts that are added up together.
    if reading.window_us or reading.calendar or reading.always or reading.per == "cut":
        yield every if reading.always else touching(every, about)
        return
    if reading.per == "reboot":
        for span in about:
            yield touching(every, [span])
        return
    periods = updates(evidence, side)
    for begin_us, end_us in periods:
        yield touching(every, [s for s in about if begin_us <= s[0] < end_us])
    first_us = periods[0][0] if periods else math.inf
    for span in about:
        if span[0] < first_us:
            yield touching(every, [span])


def _sum(evidence: Evidence, reading: Reading, side: Side, left: list[CountedCut], off: Sequence[Interval]) -> Amount:
    if reading.times:
        long = [cut for cut in left if reading.duration.broken_by(cut.us)]
        if not side.most:
            # what may be one cut counts as one
            long = list({at_most(evidence, reading, cut.at): cut for cut in long}.values())
        if reading.window_us:
            long = _most_in_a_window(long, reading.window_us)
        elif reading.calendar:
            periods = calendar(evidence, reading)
            long = max(([c for c in long if a <= c.at[0] < b] for a, b in periods), key=len, default=[])
        elif reading.per == "cut":
            long = long[:1]
        return Amount(len(long) + (_unseen(evidence, reading, left) if side.most else 0), tuple(long))
    if reading.window_us:
        return _window(reading, left, off)
    if reading.calendar:
        return _period(evidence, reading, left, off)
    if reading.per == "cut":
        longest = max(left, key=lambda c: c.us, default=None)
        return Amount(longest.us, (longest,)) if longest else Amount(0)
    return Amount(sum(c.us for c in left), tuple(left))


def _unseen(evidence: Evidence, reading: Reading, left: list[CountedCut]) -> float:
    # How many cuts may hide where it is not known whether there is one.
    forbidden = evidence.truth(reading.forbid)
    if forbidden.exact:
        return 0
    shortest_us = max(reading.duration.limit, evidence.trace.period_us + 1)
    sure = sum(b - a for a, b in forbidden.sure)
    unknown = sum(min(c.at[1], evidence.trace.end_us) - max(c.at[0], 0) for c in left) - sure
    return max(0, unknown) // shortest_us


def _most_in_a_window(left: list[CountedCut], window_us: int) -> list[CountedCut]:
    # The most left that begin within one window.
    best: list[CountedCut] = []
    first = 0
    for last in range(len(left)):
        while left[last].at[0] - left[first].at[0] >= window_us:
            first += 1
        if last + 1 - first > len(best):
            best = left[first : last + 1]
    return best


def _window(reading: Reading, left: list[CountedCut], off: Sequence[Interval]) -> Amount:
    # The most time in any window: one that begins with a counted stretch, or ends with one, is the worst.
    stretches = [s for cut in left for s in _stretches(cut.at, off)]
    window_us = reading.window_us
    before = list(accumulate((b - a for a, b in stretches), initial=0))

    def until(t_us: int) -> int:
        # how much is counted before t_us
        i = bisect_right(stretches, t_us, key=lambda s: s[0]) - 1
        return before[i] + min(t_us, stretches[i][1]) - stretches[i][0] if i >= 0 else 0

    begins = [a for a, _ in stretches] + [b - window_us for _, b in stretches]
    begin_us = max(begins, key=lambda t: until(t + window_us) - until(t), default=0)
    inside = [(max(a, begin_us), min(b, begin_us + window_us)) for a, b in stretches]
    parts = tuple(CountedCut((a, b), b - a) for a, b in inside if a < b)
    return Amount(sum(part.us for part in parts), parts)


def calendar(evidence: Evidence, reading: Reading) -> Sequence[Interval]:
    """The days or months of `per`, of a trace that knows them."""
    found = evidence.trace.calendar(reading.calendar)
    return [] if isinstance(found, str) else found


def _period(evidence: Evidence, reading: Reading, left: list[CountedCut], off: Sequence[Interval]) -> Amount:
    # The most time in any day or month.
    stretches = [s for cut in left for s in _stretches(cut.at, off)]
    worst: tuple[CountedCut, ...] = ()
    for begin_us, end_us in calendar(evidence, reading):
        inside = [(max(a, begin_us), min(b, end_us)) for a, b in stretches]
        parts = tuple(CountedCut((a, b), b - a) for a, b in inside if a < b)
        if sum(part.us for part in parts) > sum(part.us for part in worst):
            worst = parts
    return Amount(sum(part.us for part in worst), worst)


def _stretches(cut: Interval, off: Sequence[Interval]) -> Iterator[Interval]:
    at = cut[0]
    for a, b in off:
        if b <= cut[0] or a >= cut[1]:
            continue
        if a > at:
            yield at, a
        at = b
    if at < cut[1]:
        yield at, cut[1]
