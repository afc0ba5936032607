"""What `unless` takes off: time, or whole cuts."""

from __future__ import annotations

from collections.abc import Sequence

from ridethrough.rules.cuts import at_most, cuts, exact
from ridethrough.rules.evidence import Evidence
from ridethrough.rules.reading import Exemption, Reading
from ridethrough.rules.side import AT_LEAST, Side
from ridethrough.traces import Interval, Truth
from ridethrough.traces.intervals import common, covers, merged, without

_BEGAN = "when it began"


def taken_off(evidence: Evidence, reading: Reading, side: Side) -> Sequence[Interval]:
    """The time that does not count."""
    conditions = [x.condition for x in reading.unless if not x.scope]
    key = ("off", tuple(c.text for c in conditions), side.most)

    def find() -> Sequence[Interval]:
        many = [side.excused(evidence.truth(c)) for c in conditions]
        return many[0] if len(many) == 1 else merged([i for one in many for i in one])

    return evidence.once(key, find) if conditions else []


def drops_cuts(evidence: Evidence, exemption: Exemption, side: Side) -> bool:
    """Can it drop a whole cut of this trace at all?"""
    if not exemption.scope:
        return False
    before = not side.most and exemption.scope == _BEGAN and not evidence.trace.begins_known
    return before or bool(side.excused(evidence.truth(exemption.condition)))


def counted(evidence: Evidence, reading: Reading, cut: Interval, side: Side) -> Sequence[Interval]:
    """What is left of a cut where whole cuts are exempt: all of it or nothing; or, where it is not certain that it is
    one cut, what is not certain to be exempt."""
    left = [cut]
    for exemption in reading.unless:
        if drops_cuts(evidence, exemption, side):
            truth = evidence.truth(exemption.condition)
            began = exemption.scope == _BEGAN
            if not side.most:
                if _may_be_exempt(evidence, reading, truth, cut, began):
                    return []
            else:
                parts = _surely_exempt(evidence, reading, truth, cut, began)
                left = [i for one in left for i in _less(one, parts)]
    return left


def _may_be_exempt(evidence: Evidence, reading: Reading, truth: Truth, cut: Interval, began: bool) -> bool:
    whole = at_most(evidence, reading, cut)
    if not began:
        return bool(common([whole], truth.may))
    # not sure not to have held when the cut began
    if cut[0] <= 0 and not evidence.trace.begins_known:
        return True
    if exact(evidence, reading):
        return covers(truth.may, cut[0])
    return whole[0] < 0 or bool(common([(whole[0], cut[0] + 1)], truth.may))


def _surely_exempt(
    evidence: Evidence, reading: Reading, truth: Truth, cut: Interval, began: bool
) -> Sequence[Interval]:
    # the parts of the cut that are; where nothing is uncertain about it but when it ends, it is one part
    parts = [cut] if exact(evidence, reading) else common([cut], cuts(evidence, reading, AT_LEAST))
    if not began:
        return [part for part in parts if common([part], truth.sure)]
    return parts[:1] if _surely_held_at_its_beginning(evidence, reading, truth, cut) else []


def _surely_held_at_its_beginning(evidence: Evidence, reading: Reading, truth: Truth, cut: Interval) -> bool:
    begin_us = cut[0]
    if begin_us <= 0 and not evidence.trace.begins_known:
        return False
    if exact(evidence, reading):
        return covers(truth.sure, begin_us)
    forbidden = evidence.truth(reading.forbid)
    latest_us = next((a for a, _ in forbidden.sure if a >= begin_us), cut[1])
    return not without([(begin_us, latest_us + 1)], truth.sure)


def _less(one: Interval, parts: Sequence[Interval]) -> Sequence[Interval]:
    # `one` without the parts that lie in it; it may begin before 0
    left, at = [], one[0]
    for a, b in parts:
        if at < a:
            left.append((at, a))
        at = max(at, b)
    return [*left, (at, one[1])] if at < one[1] else left


def why_uncertain(evidence: Evidence, reading: Reading) -> str:
    """What is not certain about this reading's inputs, if anything is."""
    conditions = [x.condition for x in reading.unless]
    if reading.until is not None:
        conditions.append(reading.until)
    conditions.append(reading.forbid)
    return next((t.why for t in map(evidence.truth, conditions) if not t.exact and t.sure != t.may), "")
