"""The cuts of a reading: each from when `forbid` becomes true until `ends_when`."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence

from ridethrough.rules.evidence import Evidence
from ridethrough.rules.reading import Reading
from ridethrough.rules.side import AT_MOST, Side
from ridethrough.traces import Interval
from ridethrough.traces.intervals import joined, without
from ridethrough.traces.spans import reaching

FOR_EVER = 2**62
_COMPARED_MOST = 10_000


def cuts(evidence: Evidence, reading: Reading, side: Side) -> Sequence[Interval]:
    """Each cut, in order of time. One that the trace may not show whole begins before 0 or ends at `FOR_EVER`, on the
    side of the most."""
    key = ("cuts", reading.forbid.text, reading.back_us, reading.until and reading.until.text, side.most)
    return evidence.once(key, lambda: _cuts(evidence, reading, side))


def cuts_number(evidence: Evidence, reading: Reading, side: Side) -> int:
    """A number that is the same for readings with the same cuts."""
    key = ("cuts number", reading.forbid.text, reading.back_us, reading.until and reading.until.text, side.most)

    def find() -> int:
        found = cuts(evidence, reading, side)
        # millions of them, in an array of a capture, are compared with nothing
        return evidence.number(tuple(found) if len(found) < _COMPARED_MOST else key)

    return evidence.once(key, find)


def _cuts(evidence: Evidence, reading: Reading, side: Side) -> Sequence[Interval]:
    trace = evidence.trace
    forbidden = evidence.truth(reading.forbid)
    many = side.counted(forbidden)
    own = side.excused(forbidden)[:1]
    if trace.starts_itself and own and own[0][0] == 0:
        # what is there before anything was switched on is no cut
        many = without(many, own)
    if reading.until is not None:
        many = _until(many, without(side.excused(evidence.truth(reading.until)), many), trace.end_us)
    elif reading.back_us:
        # a return that is as long as asked for ends the cut
        many = joined(many, reading.back_us - 1)
    if not side.most or not many:
        return many
    begin_us = -FOR_EVER if many[0][0] == 0 and not trace.begins_known else many[0][0]
    end_us = FOR_EVER if many[-1][1] + max(0, reading.back_us - 1) >= trace.end_us else many[-1][1]
    return reaching(many, begin_us, end_us)


def _until(many: Sequence[Interval], over: Sequence[Interval], end_us: int) -> Sequence[Interval]:
    # A cut goes on until what ends it holds, whatever was forbidden meanwhile.
    cuts: list[Interval] = []
    i = 0
    for a, b in many:
        if cuts and a < cuts[-1][1]:
            continue
        while i < len(over) and over[i][1] <= b:
            i += 1
        cuts.append((a, max(b, over[i][0]) if i < len(over) else max(end_us, b)))
    return cuts


def exact(evidence: Evidence, reading: Reading) -> bool:
    """Is it certain when each cut began and ended?"""
    until = reading.until
    return evidence.truth(reading.forbid).exact and (until is None or evidence.truth(until).exact)


def at_most(evidence: Evidence, reading: Reading, cut: Interval) -> Interval:
    """What `cut`, of the side of the least, is at most: several may be parts of one."""
    many = cuts(evidence, reading, AT_MOST)
    i = bisect_right(many, cut[0], key=lambda x: x[0]) - 1
    return many[i] if i >= 0 and cut[1] <= many[i][1] else cut


def length_us(cut: Interval, off: Sequence[Interval]) -> float:
    """How long a cut counts, less `off`; infinite if the trace may not show it whole."""
    a, b = cut
    if a < 0 or b >= FOR_EVER:
        return math.inf
    return b - a - sum(min(b, d) - max(a, c) for c, d in off if c < b and d > a)
