"""What a trace shows to rules, each question answered once: many readings ask the same ones."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable
from functools import cached_property
from itertools import pairwise
from typing import Any, TypeVar

from ridethrough.rules.conditions import Condition
from ridethrough.rules.reading import Exemption, Reading
from ridethrough.rules.reboots import Reboots
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
        return self.once(key, lambda: merged(self.reboots.spans(reading, self.holds(reading.forbid), most)))

    @cached_property
    def reboots(self) -> Reboots:
        """The trace's resets, and when each reboot begins and ends."""
        return Reboots(self.trace)

    def same_spans(self, spans: list[Interval]) -> int:
        """A number that is the same for equal spans."""
        return self.once(("same", tuple(spans)), lambda: len(self._found))

    def updates(self, most: bool) -> list[Interval]:
        """From one command to the next: the reboots in between belong to one update. Where commands were not
        captured, everything may be one."""
        return self.once(("updates", most), lambda: self._updates(most))

    def _updates(self, most: bool) -> list[Interval]:
        if not self.trace.knows("command"):
            return [(0, FOR_EVER)] if most else []
        commands = [e.t_us for e in self.trace.events("command")]
        return list(pairwise([*commands, FOR_EVER]))

    def counted(self, reading: Reading, cut: Interval, most: bool) -> list[Interval]:
        """What is left of a cut where whole cuts are exempt: all of it or nothing; or, where it is not certain
        that it is one cut, what is not certain to be exempt."""
        left = [cut]
        for exemption in reading.unless:
            if not self.exempts(exemption, most):
                continue
            holds = self.holds(exemption.condition)
            began = exemption.scope == "when it began"
            if not most:
                within = [self.at_most(reading, cut)]
                if self._when_it_began(reading, holds, cut, most) if began else common(within, holds.may):
                    return []
                continue
            parts = common([cut], self.cuts(reading, most=False))
            if self._cuts_exact(reading):
                # nothing is uncertain about the cut but when it ends
                parts = [cut]
            if began:
                parts = parts[:1] if self._when_it_began(reading, holds, cut, most) else []
            else:
                parts = [part for part in parts if common([part], holds.sure)]
            left = [i for one in left for i in _less(one, parts)]
        return left

    def exempts(self, exemption: Exemption, most: bool) -> bool:
        """Can it drop a cut of this trace at all?"""
        if not exemption.scope:
            return False
        holds = self.holds(exemption.condition)
        before = exemption.scope == "when it began" and not self.trace.begins_known
        return bool(holds.sure if most else holds.may or before)

    def _cuts_exact(self, reading: Reading) -> bool:
        until = reading.until
        return self.holds(reading.forbid).exact and (until is None or self.holds(until).exact)

    def at_most(self, reading: Reading, cut: Interval) -> Interval:
        """What `cut`, of the least side, is at most: several may be parts of one."""
        cuts = self.cuts(reading, most=True)
        i = bisect_right(cuts, cut[0], key=lambda x: x[0]) - 1
        return cuts[i] if i >= 0 and cut[1] <= cuts[i][1] else cut

    def _when_it_began(self, reading: Reading, holds: Holds, cut: Interval, most: bool) -> bool:
        # Sure to have held when the cut began, or, for the least side, not sure not to have.
        forbidden, begin_us = self.holds(reading.forbid), cut[0]
        if begin_us <= 0 and not self.trace.begins_known:
            return not most
        if self._cuts_exact(reading):
            return covers(holds.sure if most else holds.may, begin_us)
        if most:
            latest_us = next((a for a, _ in forbidden.sure if a >= begin_us), cut[1])
            return not without([(begin_us, latest_us + 1)], holds.sure)
        earliest_us = self.at_most(reading, cut)[0]
        if earliest_us < 0:
            return True
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


def _less(one: Interval, parts: list[Interval]) -> list[Interval]:
    # `one` without the parts that lie in it; it may begin before 0
    left, at = [], one[0]
    for a, b in parts:
        if at < a:
            left.append((at, a))
        at = max(at, b)
    return [*left, (at, one[1])] if at < one[1] else left


def length_us(cut: Interval, off: list[Interval]) -> float:
    """How long a cut counts, less `off`; infinite if the trace may not show it whole."""
    a, b = cut
    if a < 0 or b >= FOR_EVER:
        return math.inf
    return b - a - sum(min(b, d) - max(a, c) for c, d in off if c < b and d > a)
