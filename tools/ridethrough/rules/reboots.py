"""When the reboots of a trace began and ended, at the least and at the most.

A run knows its resets. In a capture an edge has been somewhere in a sample period, a kind may be unknown, a
command may not have been recorded: on the side of the most a reboot is then as long as it may have been.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise

from ridethrough.rules.cuts import FOR_EVER
from ridethrough.rules.evidence import Evidence
from ridethrough.rules.keys import UNPLANNED
from ridethrough.rules.reading import Reading
from ridethrough.rules.side import Side
from ridethrough.traces import Event, Interval, Trace, Truth
from ridethrough.traces.intervals import merged


def spans(evidence: Evidence, reading: Reading, side: Side) -> Sequence[Interval]:
    """The reboots that the reading speaks about, sorted; they do not overlap."""
    back = reading.forbid.text if reading.to == "power back" else ""
    key = ("spans", reading.during, reading.from_, reading.to, back, side.most)
    return evidence.once(key, lambda: merged(_reboots(evidence, side).spans(reading, evidence)))


def spans_number(evidence: Evidence, reading: Reading, side: Side) -> int:
    """A number that is the same for readings with the same spans."""
    key = ("spans number", reading.which, side.most)
    return evidence.once(key, lambda: evidence.number(tuple(spans(evidence, reading, side))))


def updates(evidence: Evidence, side: Side) -> Sequence[Interval]:
    """From one command to the next: the reboots in between belong to one update. Where commands were not captured,
    everything may be one."""
    trace = evidence.trace

    def find() -> Sequence[Interval]:
        if not trace.knows("command"):
            return [(0, FOR_EVER)] if side.most else []
        return list(pairwise([*(e.t_us for e in trace.events("command")), FOR_EVER]))

    return evidence.once(("updates", side.most), find)


def _reboots(evidence: Evidence, side: Side) -> _Reboots:
    return evidence.once(("reboots", side.most), lambda: _Reboots(evidence.trace, side))


class _Reboots:
    # of one trace, on one side

    def __init__(self, trace: Trace, side: Side) -> None:
        self._trace = trace
        self._most = side.most
        self._events: dict[str, list[Event]] = {}

    def _named(self, name: str) -> list[Event]:
        # each reboot asks for the same few
        if name not in self._events:
            self._events[name] = self._trace.events(name)
        return self._events[name]

    @cached_property
    def _resets(self) -> list[Event]:
        return self._named("reset")

    @cached_property
    def _kinds_known(self) -> bool:
        if not self._resets:
            return self._trace.knows("reset kind")
        return self._trace.knows("reset kind") and all(e.data.get("kind") for e in self._resets)

    def spans(self, reading: Reading, evidence: Evidence) -> Sequence[Interval]:
        """The reboots that the reading speaks about, in the order of their resets."""
        trace = self._trace
        if reading.always:
            return [(0, trace.end_us)]
        starts = [e.t_us for e in self._named(reading.from_)]
        spans, earlier_us = [], -1
        for reset in self._resets:
            if (reset.sure or self._most) and self._speaks_about(reading, reset, earlier_us):
                # a start belongs to the first reset after it
                first_us = reset.t_us - reset.early_us if self._most else reset.t_us
                if reading.begins is not None:
                    begin = self._begun_us(evidence.truth(reading.begins), earlier_us, reset, first_us)
                elif self._most and not trace.knows(reading.from_):
                    begin = earlier_us + 1
                else:
                    begin = max((t for t in starts if earlier_us < t <= reset.t_us), default=first_us)
                end = self._end_us(reading, evidence, reset)
                spans.append((min(begin, end), end))
            if reset.sure:
                earlier_us = reset.t_us
        if self._most and not trace.knows("reset"):
            spans.append((0, trace.end_us))
        return spans

    def _begun_us(self, truth: Truth, earlier_us: int, reset: Event, first_us: int) -> int:
        # When the condition last began to hold, after the reset before this one.
        if truth.exact:
            return max((a for a, _ in truth.sure if earlier_us < a <= reset.t_us), default=first_us)
        if not self._most:
            return first_us
        maybe = (max(a, earlier_us + 1) for a, b in truth.may if a <= reset.t_us and b > earlier_us + 1)
        return min(maybe, default=first_us)

    def _speaks_about(self, reading: Reading, reset: Event, earlier_us: int) -> bool:
        if self._trace.is_own_start(reset):
            return False
        if reading.any_start:
            return True
        kind = str(reset.data.get("kind", ""))
        if not kind and not self._kinds_known:
            if self._most:
                return True
            # no reading without a list speaks about a power-up; and it may have been one
            return reading.any_reboot and not self._trace.may_be_power_up(reset, earlier_us)
        if kind == "power-up":
            return "power-up" in reading.during
        if reading.any_reboot or kind in reading.during:
            return True
        # a kind that nobody knows counts as unplanned
        return reading.during == UNPLANNED and kind not in ("activation", "commanded")

    def _end_us(self, reading: Reading, evidence: Evidence, reset: Event) -> int:
        if reading.ends is not None:
            truth = evidence.truth(reading.ends)
            after_us = reset.t_us + 1
            holds = truth.sure if self._most else truth.may
            return next((max(a, after_us) for a, b in holds if b > after_us), self._trace.end_us)
        if reading.to == "power back":
            return self._power_back_us(evidence.truth(reading.forbid), reset)
        return self._reached_us(reading.to, reset)

    def _reached_us(self, to: str, reset: Event) -> int:
        trace, reset_us = self._trace, reset.t_us
        ends = self._times(to, reset_us)
        known = trace.knows(to)
        if to == "outcome":
            surely, maybe = self._activating(reset)
            # nothing will report an outcome of another reboot: that is over when an application runs again
            if not (maybe if self._most else surely):
                ends += self._times("application", reset_us)
                known = known and trace.knows("application")
        if not known and not self._most:
            return reset_us
        return min(ends, default=trace.end_us)

    def _times(self, name: str, after_us: int) -> list[int]:
        events = self._named(name)
        if self._most:
            return [e.t_us for e in events if e.sure and e.t_us > after_us]
        return [max(after_us, e.t_us - e.early_us) for e in events if e.t_us > after_us]

    def _activating(self, reset: Event) -> tuple[bool, bool]:
        # Surely, and maybe: has an activation begun, up to this reset, whose outcome was not reported before it?
        until = [e for e in self._resets if e.t_us <= reset.t_us]
        reported_us = max((e.t_us for e in self._named("outcome") if e.t_us <= reset.t_us), default=-1)
        reported = self._trace.knows("outcome")
        pending = [e for e in until if e.t_us > reported_us]
        last = next((e for e in reversed(pending) if e.data.get("kind") == "activation"), None)
        surely = last is not None and last.sure and (reported or last is reset)
        unknown = any(not e.data.get("kind") for e in pending) and not self._kinds_known
        return surely, last is not None or unknown or not self._trace.knows("reset")

    def _power_back_us(self, forbidden: Truth, reset: Event) -> int:
        # The end of the first cut that is not over at the reset, unless the reboot is over before it begins.
        reset_us = reset.t_us - reset.early_us if self._most else reset.t_us
        over_us = self._reached_us("outcome", reset)
        sure, may = ([i for i in x if i[1] > reset_us and i[0] < over_us] for x in (forbidden.sure, forbidden.may))
        if not self._most:
            # what may be before it may be a cut of its own
            certain = sure and sure[0][0] <= max(reset_us, may[0][0])
            return sure[0][1] if certain else reset_us
        if not sure:
            return may[-1][1] if may else reset_us
        return next(b for a, b in may if a <= sure[0][0] < b)
