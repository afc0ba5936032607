"""Compare what a trace shows with one reading: the amounts, at least and at most, and the verdict.

In the order of docs/rules.md: cuts, the reboots that they touch, exemptions, sums, comparison.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from ridethrough.quantities import show_time
from ridethrough.rules.evidence import Evidence, length_us
from ridethrough.rules.reading import Reading
from ridethrough.rules.verdict import Verdict, Witness
from ridethrough.traces import Interval
from ridethrough.traces.intervals import touching


@dataclass(frozen=True)
class _Cut:
    # a cut and how long it counts, in us
    at: Interval
    us: float


@dataclass(frozen=True)
class _Worst:
    # The worst case on one side: an amount in us, or a count, and the cuts that make it up.
    amount: float
    cuts: tuple[_Cut, ...] = ()


_AMOUNT_KEYS = ("forbid", "lasting", "times", "per", "ends_when", "unless", "tolerance")


def judge(rule_id: str, reading: Reading, evidence: Evidence) -> Verdict:
    """The verdict of one reading."""
    # readings that differ only in words that come to the same reboots here have the same verdict
    what = tuple(str(reading.raw.get(key)) for key in _AMOUNT_KEYS)
    when = tuple(evidence.same_spans(evidence.spans(reading, most)) for most in (False, True))
    key = ("verdict", rule_id, reading.name, what, when, reading.always)
    return evidence.once(key, lambda: _judge(rule_id, reading, evidence))


def _judge(rule_id: str, reading: Reading, evidence: Evidence) -> Verdict:
    most = _worst(reading, evidence, most=True)
    if most is None:
        return Verdict(rule_id, "vacuous", cause="the trace holds nothing that the rule speaks about")
    least = _worst(reading, evidence, most=False)
    boundary = reading.boundary
    if least is not None and boundary.broken_by(least.amount):
        witness = _witness(reading, least, evidence)
        beyond = int(least.amount) - boundary.limit
        return Verdict(rule_id, "fail", witness, beyond, reading.forbid.text, reading.name, bool(reading.times))
    if least is not None and not boundary.broken_by(most.amount):
        witness = _witness(reading, most, evidence)
        margin = boundary.limit - int(most.amount)
        return Verdict(rule_id, "pass", witness, margin, "", reading.name, bool(reading.times))
    cause = _cause(reading, evidence, least, most)
    witness = _witness(reading, least or most, evidence)
    return Verdict(rule_id, "undecided", witness, None, cause, reading.name, bool(reading.times))


def _worst(reading: Reading, evidence: Evidence, most: bool) -> _Worst | None:
    spans = evidence.spans(reading, most)
    if not spans and not (most and _heading_for_one(reading, evidence)):
        return None
    off = evidence.taken_off(reading, most)
    every = evidence.cuts(reading, most)
    if not spans:
        spans = [(evidence.trace.end_us - 1, evidence.trace.end_us)]
    slack = reading.tolerance_us if most else -reading.tolerance_us
    if not reading.window_us and not reading.times and reading.per == "cut":
        return _longest(reading, evidence, every if reading.always else touching(every, spans), off, most, slack)
    each = slack if reading.times else 0
    worst = _Worst(0)
    for group in _groups(reading, evidence, every, spans, most):
        counted = [i for cut in group for i in evidence.counted(reading, cut, most)]
        found = _amount(reading, evidence, [_Cut(cut, length_us(cut, off) + each) for cut in counted], off, most)
        if found.amount > worst.amount or not worst.cuts:
            worst = found
    return _Worst(max(0, worst.amount + slack - each), worst.cuts)


def _longest(
    reading: Reading, evidence: Evidence, cuts: list[Interval], off: list[Interval], most: bool, slack: int
) -> _Worst:
    # The common case, in one pass: there may be millions.
    if any(evidence.exempts(x, most) for x in reading.unless):
        cuts = [i for cut in cuts for i in evidence.counted(reading, cut, most)]
    if not cuts:
        return _Worst(0)
    if off:
        worst = max(cuts, key=_less(off))
    else:
        worst = max(cuts, key=lambda cut: cut[1] - cut[0])
    us = length_us(worst, off)
    return _Worst(max(0, us + slack), (_Cut(worst, us),))


def _less(off: list[Interval]):  # type: ignore[no-untyped-def]
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
    reading: Reading, evidence: Evidence, every: list[Interval], spans: list[Interval], most: bool
) -> Iterator[list[Interval]]:
    # The cuts that are added up together.
    if reading.window_us or reading.always or reading.per == "cut":
        yield every if reading.always else touching(every, spans)
        return
    if reading.per == "reboot":
        for span in spans:
            yield touching(every, [span])
        return
    updates = evidence.updates(most)
    for begin_us, end_us in updates:
        yield touching(every, [s for s in spans if begin_us <= s[0] < end_us])
    first_us = updates[0][0] if updates else math.inf
    for span in spans:
        if span[0] < first_us:
            yield touching(every, [span])


def _amount(reading: Reading, evidence: Evidence, cuts: list[_Cut], off: list[Interval], most: bool) -> _Worst:
    if reading.times:
        long = [cut for cut in cuts if reading.duration.broken_by(cut.us)]
        if not most:
            # what may be one cut counts as one
            long = list({evidence.at_most(reading, cut.at): cut for cut in long}.values())
        if reading.window_us:
            long = _most_in_a_window(long, reading.window_us)
        elif reading.per == "cut":
            long = long[:1]
        return _Worst(len(long) + (_unseen(reading, evidence, cuts) if most else 0), tuple(long))
    if reading.window_us:
        return _window(reading, cuts, off)
    if reading.per == "cut":
        longest = max(cuts, key=lambda c: c.us, default=None)
        return _Worst(longest.us, (longest,)) if longest else _Worst(0)
    return _Worst(sum(c.us for c in cuts), tuple(cuts))


def _unseen(reading: Reading, evidence: Evidence, cuts: list[_Cut]) -> float:
    # How many cuts may hide where it is not known whether there is one.
    forbidden = evidence.holds(reading.forbid)
    if forbidden.exact:
        return 0
    shortest_us = max(reading.duration.limit, evidence.trace.period_us + 1)
    sure = sum(b - a for a, b in forbidden.sure)
    unknown = sum(min(c.at[1], evidence.trace.end_us) - max(c.at[0], 0) for c in cuts) - sure
    return max(0, unknown) // shortest_us


def _most_in_a_window(cuts: list[_Cut], window_us: int) -> list[_Cut]:
    # The most cuts that begin within one window.
    best: list[_Cut] = []
    first = 0
    for last in range(len(cuts)):
        while cuts[last].at[0] - cuts[first].at[0] >= window_us:
            first += 1
        if last + 1 - first > len(best):
            best = cuts[first : last + 1]
    return best


def _window(reading: Reading, cuts: list[_Cut], off: list[Interval]) -> _Worst:
    # The most time in any window: one that begins with a counted stretch, or ends with one, is the worst.
    stretches = [s for cut in cuts for s in _counted(cut.at, off)]
    window_us = reading.window_us
    before = list(accumulate((b - a for a, b in stretches), initial=0))

    def until(t_us: int) -> int:
        # how much is counted before t_us
        i = bisect_right(stretches, t_us, key=lambda s: s[0]) - 1
        return before[i] + min(t_us, stretches[i][1]) - stretches[i][0] if i >= 0 else 0

    begins = [a for a, _ in stretches] + [b - window_us for _, b in stretches]
    begin_us = max(begins, key=lambda t: until(t + window_us) - until(t), default=0)
    inside = [(max(a, begin_us), min(b, begin_us + window_us)) for a, b in stretches]
    parts = tuple(_Cut((a, b), b - a) for a, b in inside if a < b)
    return _Worst(sum(part.us for part in parts), parts)


def _counted(cut: Interval, off: list[Interval]) -> Iterator[Interval]:
    at = cut[0]
    for a, b in off:
        if b <= cut[0] or a >= cut[1]:
            continue
        if a > at:
            yield at, a
        at = b
    if at < cut[1]:
        yield at, cut[1]


def _witness(reading: Reading, worst: _Worst | None, evidence: Evidence) -> Witness | None:
    if worst is None or not worst.cuts:
        return None
    end_us = evidence.trace.end_us
    first, last = max(0, worst.cuts[0].at[0]), min(worst.cuts[-1].at[1], end_us)
    amount = worst.amount if worst.amount < math.inf else last - first
    return Witness(first, last, int(amount), len(worst.cuts))


def _heading_for_one(reading: Reading, evidence: Evidence) -> bool:
    # A command or shutdown without its reset, and a cut that is still open.
    trace = evidence.trace
    announced = [e.t_us for e in trace.log if e.name in ("command", "shutdown")]
    resets = [e.t_us for e in trace.events("reset")]
    cuts = evidence.holds(reading.forbid).may
    return bool(cuts) and cuts[-1][1] >= trace.end_us and bool(announced) and max(announced) > max(resets, default=-1)


def _cause(reading: Reading, evidence: Evidence, least: _Worst | None, most: _Worst) -> str:
    trace = evidence.trace
    if least is None:
        if evidence.spans(reading, most=True) and trace.knows("reset"):
            return (
                "the kind of the reset was not captured: --at activation=TIME, or another kind, says it; mains, "
                "captured or with --assume 'mains on', says that it was no power-up"
            )
        if trace.wire("reset", 1).may != [(0, trace.end_us)]:
            return f"samples are {show_time(trace.period_us)} apart: shorter resets may have been missed"
        if evidence.spans(reading, most=True):
            return "no reset was captured: --at reset=TIME says when there was one"
        return "the trace ends in a cut, before the reset that was announced"
    cuts, end_us = evidence.cuts(reading, most=False), trace.end_us
    if cuts and cuts[-1][1] >= end_us:
        return f"the trace ends in a cut that began at {show_time(cuts[-1][0])}"
    if cuts and cuts[0][0] == 0 and not trace.begins_known:
        return "the capture begins in a cut"
    why = evidence.why(reading)
    if why:
        return why
    if reading.tolerance_us and abs(least.amount - reading.boundary.limit) <= 2 * reading.tolerance_us:
        return f"within the tolerance of {show_time(reading.tolerance_us)} of the limit"
    if any(cut.us == math.inf for cut in most.cuts) and cuts:
        return f"the trace ends within {show_time(reading.back_us)} of the cut that began at {show_time(cuts[-1][0])}"
    return "the end of the reboot was not captured"
