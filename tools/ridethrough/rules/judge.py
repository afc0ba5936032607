"""Compare what a trace shows with one reading: the verdict.

In the order of docs/rules.md: cuts, the reboots that they touch, exemptions, sums, comparison; each has a module.
"""

from __future__ import annotations

import math
from dataclasses import replace

from ridethrough.rules.amounts import Amount, amount, counted_alike
from ridethrough.rules.cuts import cuts
from ridethrough.rules.evidence import Evidence
from ridethrough.rules.exemptions import why_uncertain
from ridethrough.rules.reading import Reading
from ridethrough.rules.reboots import spans, spans_number
from ridethrough.rules.side import AT_LEAST, AT_MOST
from ridethrough.rules.verdict import Verdict, Worst
from ridethrough.support.errors import Param
from ridethrough.support.quantities import show_time
from ridethrough.traces import Trace
from ridethrough.traces.doubt import Doubt, cures_of

_MAINS = (Param("channels", "mains=CHANNEL"), Param("assumed", "mains on"))
_STATED = ("command", "shutdown", "reset", "boot", "application", "confirm", "outcome")
"""Events that somebody may state."""
_NOTHING = "the trace holds nothing that the rule speaks about"


def judge(rule_id: str, reading: Reading, evidence: Evidence) -> Verdict:
    """The verdict of one reading."""
    key = ("verdict", rule_id, reading.name, reading.what, when(reading, evidence))
    return evidence.once(key, lambda: _judge(rule_id, reading, evidence))


def when(reading: Reading, evidence: Evidence) -> tuple[int, int, bool]:
    """The same for readings that come to the same reboots here, whatever their words: with the same `what` they have
    the same verdict."""
    least, most = (spans_number(evidence, reading, side) for side in (AT_LEAST, AT_MOST))
    return least, most, reading.always


def what(reading: Reading, evidence: Evidence) -> tuple[object, ...]:
    """The same for readings of which the same is counted here: with the same `when` they are kept, or broken, alike.
    What is undecided may have another cause."""
    sides = (counted_alike(evidence, reading, side) for side in (AT_LEAST, AT_MOST))
    return reading.name, reading.forbid.text, _too_coarse(evidence, reading), *sides


def _judge(rule_id: str, reading: Reading, evidence: Evidence) -> Verdict:
    if reading.calendar and isinstance(unknown := evidence.trace.calendar(reading.calendar), str):
        return Verdict(rule_id, "undecided", cause=str(unknown), limit=reading.name, cures=cures_of(unknown))
    most = amount(evidence, reading, AT_MOST)
    if most is None:
        return Verdict(rule_id, "vacuous", cause=_NOTHING + _but_power_ups(evidence, reading))
    least = amount(evidence, reading, AT_LEAST)
    if coarse := _too_coarse(evidence, reading):
        worst = _witness(evidence, least or most)
        return Verdict(rule_id, "undecided", worst, None, coarse, reading.name, bool(reading.times))
    boundary = reading.boundary
    if least is not None and boundary.broken_by(least.size):
        beyond = int(least.size) - boundary.limit
        worst = _witness(evidence, least)
        return Verdict(rule_id, "fail", worst, beyond, reading.forbid.text, reading.name, bool(reading.times))
    doubt = next(iter(evidence.trace.doubts), "")
    if least is not None and not boundary.broken_by(most.size) and not doubt:
        margin = boundary.limit - int(most.size)
        return Verdict(rule_id, "pass", _witness(evidence, most), margin, "", reading.name, bool(reading.times))
    kept = least is not None and not boundary.broken_by(most.size)
    cause = doubt if kept else _cause(evidence, reading, least, most)
    worst = _witness(evidence, least or most)
    return Verdict(
        rule_id, "undecided", worst, None, str(cause), reading.name, bool(reading.times), cures=cures_of(cause)
    )


def _but_power_ups(evidence: Evidence, reading: Reading) -> str:
    kinds = {e.data.get("kind") for e in evidence.trace.events("reset") if not evidence.trace.is_own_start(e)}
    if reading.any_reboot and kinds == {"power-up"}:
        return ": its resets are power-ups, which are no reboots (`any start` speaks of them)"
    return ""


def _too_coarse(evidence: Evidence, reading: Reading) -> str:
    # samples so far apart that a cut which decides fits between two that agree
    apart_us = max(evidence.truth(condition).apart_us for condition in reading.conditions)
    # what a condition itself asks for lasts no longer than its own time
    named_us = [us for condition in reading.conditions for us in condition.times_us]
    shortest_us = reading.decides_us or (0 if reading.times else reading.forbid.lasts_us) or evidence.blip_us
    decides_us = min([shortest_us, *named_us])
    if apart_us < decides_us:
        return ""
    apart, decides = show_time(apart_us), show_time(decides_us)
    if reading.decides_us or named_us:
        return f"samples are {apart} apart: a cut of {decides} fits between two"
    return f"samples are {apart} apart, and every cut counts: only blips shorter than {decides} are passed over"


def _witness(evidence: Evidence, worst: Amount | None) -> Worst | None:
    if worst is None or not worst.cuts:
        return None
    end_us = evidence.trace.end_us
    first, last = max(0, worst.cuts[0].at[0]), min(worst.cuts[-1].at[1], end_us)
    amount = worst.size if worst.size < math.inf else last - first
    return Worst(first, last, int(amount), len(worst.cuts))


def _cause(evidence: Evidence, reading: Reading, least: Amount | None, most: Amount) -> str:
    trace = evidence.trace
    events = reading.forbid.speaks_of(trace) if reading.forbid.speaks_of is not None else None
    if events is not None and not events.sure:
        # nobody knows whether there was any of the events that it is about
        name = reading.forbid.event
        return Doubt(events.why, Param("stated", f"{name}=TIME")) if name in _STATED else events.why
    if least is None:
        if spans(evidence, reading, AT_MOST) and trace.knows("reset"):
            # who knows that mains was on knows that it was no power-up
            return Doubt("the kind of the reset was not captured", Param("stated", "activation=TIME"), *_MAINS)
        if trace.wire("reset", 1).may != [(0, trace.end_us)]:
            return f"samples are {show_time(trace.period_us)} apart: shorter resets may have been missed"
        if spans(evidence, reading, AT_MOST):
            return Doubt("no reset was captured", Param("stated", "reset=TIME"))
        return "the trace ends in a cut, before the reset that was announced"
    sure, end_us = cuts(evidence, reading, AT_LEAST), trace.end_us
    if sure and sure[-1][1] >= end_us:
        return f"the trace ends in a cut that began at {show_time(sure[-1][0])}"
    if sure and sure[0][0] == 0 and not trace.begins_known:
        return "the capture begins in a cut"
    # what alone would decide it comes first: better samples would not
    if reading.tolerance_us and _decided(evidence, replace(reading, tolerance_us=0)):
        return f"within the tolerance of {show_time(reading.tolerance_us)} of the limit"
    throughout = replace(reading, during=(), tolerance_us=0)
    if not _end_known(trace, reading) and _decided(evidence, throughout):
        return _no_end(reading)
    why = why_uncertain(evidence, reading)
    if why:
        return why
    if any(cut.us == math.inf for cut in most.cuts) and sure:
        return f"the trace ends within {show_time(reading.back_us)} of the cut that began at {show_time(sure[-1][0])}"
    return _no_end(reading)


def _decided(evidence: Evidence, reading: Reading) -> bool:
    sizes = [found.size for side in (AT_LEAST, AT_MOST) if (found := amount(evidence, reading, side)) is not None]
    return len({reading.boundary.broken_by(size) for size in sizes}) == 1 and len(sizes) > 1


def _end_known(trace: Trace, reading: Reading) -> bool:
    return reading.always or reading.ends is not None or trace.knows(reading.to)


def _no_end(reading: Reading) -> Doubt:
    return Doubt("the end of the reboot was not captured", Param("stated", f"{reading.to.replace(' ', '_')}=TIME"))
