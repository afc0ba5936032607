"""The timeline that is dragged: what a meter, the street and an installer do, as plain lists of changes.

As JSON: `end_us`; `mains`, `ch_mv` and `fitted`, each a list of [t_us, value] that begins at 0; `events`, a list of
[t_us, name, kind]. Edges are sharp and the hub hangs directly on the rail, as in workbench.behaviour.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter
from typing import Any

from ridethrough.rules.forms import KINDS
from ridethrough.support.errors import BadInput
from ridethrough.traces import Trace
from ridethrough.workbench.behaviour import CALM_US, FULL_MV, MARKS, Behaviour, Step, trace_of_steps
from ridethrough.world.hub_params import HubParams

CHANGES_MAX = 400
"""Of a timeline: more edges than this nobody drags."""
END_MAX_US = 40 * 86_400 * 10**6
MV_MAX = 20_000
_LEVELS_MV = (9_000, 10_800, 13_200)
_STEP_MV = 100
_RAMP_US = 100_000
"""What is shorter, between two levels, is an edge that takes its time."""
Changes = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Timeline:
    """Changes are (t_us, value), in order, the first at 0; `events` are (t_us, name, kind of a reset or "")."""

    end_us: int
    mains: Changes
    ch_mv: Changes
    fitted: Changes
    events: tuple[tuple[int, str, str], ...]

    @classmethod
    def of_json(cls, data: Any) -> Timeline:
        """BadInput if it is none: a link may hold anything."""
        if not isinstance(data, dict):
            raise BadInput("a timeline is an object")
        end_us = _number(data.get("end_us"), 1, END_MAX_US, "end_us")
        events = data.get("events")
        if not isinstance(events, list) or len(events) > CHANGES_MAX:
            raise BadInput(f"events: a list of at most {CHANGES_MAX} expected")
        return cls(
            end_us,
            _changes(data, "mains", end_us, 1),
            _changes(data, "ch_mv", end_us, MV_MAX),
            _changes(data, "fitted", end_us, 1),
            tuple(sorted((_event(one, end_us) for one in events), key=itemgetter(0))),
        )

    @classmethod
    def of_behaviour(cls, behaviour: Behaviour) -> Timeline:
        """What a search has found, with the calm before and after it."""
        at, mains, ch, fitted, events = 0, [(0, 1)], [(0, FULL_MV)], [(0, 1)], []
        for step in (Step(CALM_US), *behaviour, Step(CALM_US)):
            _change(mains, at, int(step.mains))
            # without mains there is none, whatever the meter would do
            _change(ch, at, step.ch_mv)
            _change(fitted, at, int(step.fitted))
            if step.event:
                is_reset = step.event in KINDS
                events.append((at, "reset", step.event) if is_reset else (at, step.event, ""))
            at += step.for_us
        return cls(at, tuple(mains), tuple(ch), tuple(fitted), tuple(events))

    @classmethod
    def of_trace(cls, trace: Trace) -> Timeline | None:
        """An emulated meter's trace with its edges made sharp; None if it has too many to be dragged."""
        ch = _levels(trace)
        mains, fitted = _wire(trace, "mains"), _wire(trace, "ch_present")
        events = [
            (e.t_us, e.name, str(e.data.get("kind", "")) if e.name == "reset" else "")
            for e in trace.log
            if e.name in (*MARKS, "reset") and not trace.is_own_start(e)
        ]
        if max(len(ch), len(mains), len(fitted), len(events)) > CHANGES_MAX:
            return None
        return cls(trace.end_us, tuple(mains), tuple(ch), tuple(fitted), tuple(events))

    def as_json(self) -> dict[str, Any]:
        """For the page."""
        return {
            "end_us": self.end_us,
            "mains": [list(c) for c in self.mains],
            "ch_mv": [list(c) for c in self.ch_mv],
            "fitted": [list(c) for c in self.fitted],
            "events": [list(e) for e in self.events],
        }

    def trace(self, hub: HubParams) -> Trace:
        """The trace, with what a hub with these figures does."""
        return trace_of_steps(tuple(self._steps()), hub)

    def _steps(self) -> Iterator[Step]:
        times = {t for changes in (self.mains, self.ch_mv, self.fitted) for t, _ in changes}
        moments = sorted(times | {t for t, _, _ in self.events} | {self.end_us})
        events = list(self.events)
        for at, until in pairwise(moments):
            level = Step(until - at, _at(self.ch_mv, at), "", bool(_at(self.mains, at)), bool(_at(self.fitted, at)))
            here = [kind or name for t, name, kind in events if t == at]
            # several events in one moment: each but the last takes no time
            for event in here[:-1]:
                yield Step(0, level.ch_mv, event, level.mains, level.fitted)
            yield Step(level.for_us, level.ch_mv, here[-1] if here else "", level.mains, level.fitted)


def _number(value: Any, least: int, most: int, what: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise BadInput(f"{what}: a whole number from {least} to {most} expected")
    return value


def _changes(data: Mapping[str, Any], name: str, end_us: int, most: int) -> Changes:
    raw = data.get(name)
    if not isinstance(raw, list) or not 1 <= len(raw) <= CHANGES_MAX:
        raise BadInput(f"{name}: a list of 1 to {CHANGES_MAX} changes expected")
    found: list[tuple[int, int]] = []
    for one in raw:
        if not isinstance(one, list) or len(one) != 2:
            raise BadInput(f"{name}: each change is [t_us, value]")
        t_us, value = _number(one[0], 0, end_us, f"{name}: t_us"), _number(one[1], 0, most, name)
        if found and t_us < found[-1][0]:
            raise BadInput(f"{name}: {t_us} comes before {found[-1][0]}")
        _change(found, t_us, value)
    if found[0][0]:
        raise BadInput(f"{name}: the first change stands at 0")
    return tuple(found)


def _event(one: Any, end_us: int) -> tuple[int, str, str]:
    if not isinstance(one, list) or len(one) != 3 or not all(isinstance(x, str) for x in one[1:]):
        raise BadInput("events: each is [t_us, name, kind]")
    t_us, name, kind = _number(one[0], 0, end_us, "events: t_us"), one[1], one[2]
    if name == "reset" and kind not in KINDS:
        raise BadInput(f"events: '{kind[:40]}' is no kind of reset; known: {', '.join(KINDS)}")
    if name != "reset" and (name not in MARKS or kind):
        raise BadInput(f"events: '{name[:40]}' is no event; known: reset, {', '.join(MARKS)}")
    return t_us, name, kind


def _change(changes: list[tuple[int, int]], at: int, value: int) -> None:
    if changes and changes[-1][0] == at:
        changes.pop()
    if not changes or changes[-1][1] != value:
        changes.append((at, value))


def _at(changes: Sequence[tuple[int, int]], t_us: int) -> int:
    return next(value for t, value in reversed(changes) if t <= t_us)


def _wire(trace: Trace, name: str) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for t_us, level in trace.wires[name]:
        # it begins as it soon is: a simulation has to switch everything on first
        _change(found, t_us if found else 0, level)
    return found or [(0, 1)]


def _levels(trace: Trace) -> list[tuple[int, int]]:
    # Between the moments at which it passes a level that something hangs on, CH power is one voltage.
    voltage, end_us = trace.voltages["ch_mv"], trace.end_us
    crossings = {t for mv in _LEVELS_MV for span in voltage.below(mv, end_us) for t in span if 0 < t < end_us}
    moments = [0, *sorted(crossings), end_us]
    pieces = [
        (at, until, round(voltage.mv_at((at + until) // 2) / _STEP_MV) * _STEP_MV) for at, until in pairwise(moments)
    ]
    found: list[tuple[int, int]] = []
    for i, (at, until, mv) in enumerate(pieces):
        if found and until - at < _RAMP_US and i + 1 < len(pieces):
            before, after = found[-1][1], pieces[i + 1][2]
            if min(before, after) <= mv <= max(before, after):
                # an edge that takes its time is low from its beginning, or until its end
                _change(found, at, min(before, after))
                continue
        _change(found, at, mv)
    if len(found) > 1 and found[0][1] == 0:
        # the emulated world was switched on a moment ago
        found = [(0, found[1][1]), *found[2:]]
    return found
