"""What a trace shows to rules, each question answered once: many readings ask the same ones."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any, TypeVar

from ridethrough.rules.conditions import Condition
from ridethrough.rules.reading import UNPLANNED, Reading
from ridethrough.traces import Holds, Interval, Trace
from ridethrough.traces.intervals import common, covers, joined, merged, without

T = TypeVar("T")
FOR_EVER = 2**62


class Evidence:
    """A trace and what was found in it. Of everything that is not certain there are two sides: `least`, with
    which a rule is broken last, and `most`."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self._found: dict[Any, Any] = {}

    def once(self, key: Any, find: Callable[[], T]) -> T:
        """What `find` returns, found once for each `key`."""
        if key not in self._found:
            self._found[key] = find()
        found: T = self._found[key]
        return found

    def holds(self, condition: Condition) -> Holds:
        """When `condition` holds."""
        return self.once(condition.text, lambda: condition.holds(self.trace))

    def cuts(self, reading: Reading, most: bool) -> list[Interval]:
        """Each cut, from when `forbid` becomes true until `ends_when`. One that the trace may not show whole
        begins before 0 or ends at `FOR_EVER`, on the side of `most`."""
        key = ("cuts", reading.forbid.text, reading.back_us, reading.until and reading.until.text, most)
        return self.once(key, lambda: self._cuts(reading, most))

    def _cuts(self, reading: Reading, most: bool) -> list[Interval]:
        forbidden, end_us = self.holds(reading.forbid), self.trace.end_us
        many = forbidden.may if most else forbidden.sure
        if reading.until is not None:
            until = self.holds(reading.until)
            many = _until(many, without(until.sure if most else until.may, many), end_us)
        elif reading.back_us:
            # a return that is as long as asked for ends the cut
            many = joined(many, reading.back_us - 1)
        if not most or not many:
            return many
        many = list(many)
        if many[0][0] == 0 and not self.trace.begins_known:
            many[0] = (-FOR_EVER, many[0][1])
        if many[-1][1] + max(0, reading.back_us - 1) >= end_us:
            many[-1] = (many[-1][0], FOR_EVER)
        return many

    def spans(self, reading: Reading, most: bool) -> list[Interval]:
        """The reboots that the reading speaks about, sorted; they do not overlap."""
        back = reading.forbid.text if reading.to == "power back" else ""
        key = ("spans", reading.during, reading.from_, reading.to, back, most)
        return self.once(key, lambda: self._spans(reading, most))

    def same_spans(self, spans: list[Interval]) -> int:
        """A number that is the same for equal spans."""
        return self.once(("same", tuple(spans)), lambda: len(self._found))

    def _spans(self, reading: Reading, most: bool) -> list[Interval]:
        trace = self.trace
        if reading.always:
            return [(0, trace.end_us)]
        starts = [e.t_us for e in trace.events(reading.from_)]
        spans, earlier_us = [], -1
        for reset in trace.events("reset"):
            if _speaks_about(reading, str(reset.data.get("kind", "")), trace.knows("reset kind"), most):
                # a start belongs to the first reset after it
                begin = max((t for t in starts if earlier_us < t <= reset.t_us), default=reset.t_us)
                spans.append((begin, self._end_us(reading, reset.t_us, most)))
            earlier_us = reset.t_us
        if most and not trace.knows("reset"):
            spans.append((0, trace.end_us))
        return merged(spans)

    def _end_us(self, reading: Reading, reset_us: int, most: bool) -> int:
        to = reading.to
        if to == "power back":
            return self._power_back_us(reading, reset_us, most)
        return self._reached_us(to, reset_us, most)

    def _reached_us(self, to: str, reset_us: int, most: bool) -> int:
        trace = self.trace
        ends = [e.t_us for e in trace.events(to) if e.t_us > reset_us]
        if to == "outcome" and not _activating(trace, reset_us):
            # nothing will report an outcome of this reboot: it is over when an application runs again
            ends += [e.t_us for e in trace.events("application") if e.t_us > reset_us]
            to = "application" if not trace.knows("outcome") else to
        unseen = not ends and not trace.knows(to)
        return min(ends, default=reset_us if unseen and not most else trace.end_us)

    def _power_back_us(self, reading: Reading, reset_us: int, most: bool) -> int:
        # The end of the first cut that is not over at the reset, unless the reboot is over before it begins.
        over_us = self._reached_us("outcome", reset_us, most)
        holds = self.holds(reading.forbid)
        sure, may = ([i for i in many if i[1] > reset_us and i[0] < over_us] for many in (holds.sure, holds.may))
        if not most:
            certain = may and sure and may[0][0] <= sure[0][0] < may[0][1]
            return sure[0][1] if certain else reset_us
        if not sure:
            return may[-1][1] if may else reset_us
        return next(b for a, b in may if a <= sure[0][0] < b)

    def updates(self) -> list[Interval]:
        """From one command to the next: the reboots in between belong to one update."""
        return self.once("updates", self._updates)

    def _updates(self) -> list[Interval]:
        commands = [e.t_us for e in self.trace.events("command")]
        return list(pairwise([*commands, FOR_EVER]))

    def exempt(self, reading: Reading, cut: Interval, most: bool) -> bool:
        """Is the whole cut dropped?"""
        for exemption in reading.unless:
            if not exemption.scope:
                continue
            holds = self.holds(exemption.condition)
            if exemption.scope == "when it began":
                dropped = self._when_it_began(holds, self.holds(reading.forbid), cut, most)
            else:
                dropped = bool(common([cut], holds.sure if most else holds.may))
            if dropped:
                return True
        return False

    def _when_it_began(self, holds: Holds, forbidden: Holds, cut: Interval, most: bool) -> bool:
        # Sure to have held when the cut began, or, for the least side, not sure not to have.
        begin_us = cut[0]
        if begin_us <= 0 and not self.trace.begins_known:
            return not most
        if forbidden.exact:
            return covers(holds.sure if most else holds.may, begin_us)
        if most:
            latest_us = next((a for a, _ in forbidden.sure if a >= begin_us), cut[1])
            return not without([(begin_us, latest_us + 1)], holds.sure)
        earliest_us = next((a for a, b in forbidden.may if a <= begin_us < b), begin_us)
        return bool(common([(earliest_us, begin_us + 1)], holds.may))

    def taken_off(self, reading: Reading, most: bool) -> list[Interval]:
        """The time that does not count."""
        conditions = [x.condition for x in reading.unless if not x.scope]
        key = ("off", tuple(c.text for c in conditions), most)

        def find() -> list[Interval]:
            holds = [self.holds(c) for c in conditions]
            many = [(h.sure if most else h.may) for h in holds]
            return many[0] if len(many) == 1 else merged([i for one in many for i in one])

        return self.once(key, find) if conditions else []

    def why(self, reading: Reading) -> str:
        """What is not certain about this reading's inputs, if anything is."""
        conditions = [x.condition for x in reading.unless]
        if reading.until is not None:
            conditions.append(reading.until)
        conditions.append(reading.forbid)
        return next((h.why for h in map(self.holds, conditions) if not h.exact and h.sure != h.may), "")


def _until(many: list[Interval], over: list[Interval], end_us: int) -> list[Interval]:
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


def _speaks_about(reading: Reading, kind: str, kinds_known: bool, most: bool) -> bool:
    if kind == "power-up":
        return "power-up" in reading.during
    if reading.any_reboot or kind in reading.during:
        return True
    if not kind and not kinds_known:
        return most
    # a kind that nobody knows counts as unplanned
    return reading.during == UNPLANNED and kind not in ("activation", "commanded")


def _activating(trace: Trace, reset_us: int) -> bool:
    # Has an activation begun, up to this reset, whose outcome was not reported before it?
    kinds = [e for e in trace.events("reset") if e.t_us <= reset_us and e.data.get("kind") == "activation"]
    outcomes = [e.t_us for e in trace.events("outcome") if e.t_us <= reset_us]
    return bool(kinds) and kinds[-1].t_us > max(outcomes, default=-1)


def length_us(cut: Interval, off: list[Interval]) -> float:
    """How long a cut counts, less `off`; infinite if the trace may not show it whole."""
    a, b = cut
    if a < 0 or b >= FOR_EVER:
        return math.inf
    return b - a - sum(min(b, d) - max(a, c) for c, d in off if c < b and d > a)
