"""A capture of a real meter as a trace: what was recorded, between what bounds, and what somebody stated.

It answers what rules ask of a trace, less surely: whatever nobody recorded is not known.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ridethrough.support.errors import Param
from ridethrough.traces.bands import Bands
from ridethrough.traces.doubt import Doubt
from ridethrough.traces.intervals import Interval, common, covers, without
from ridethrough.traces.segments import Segment
from ridethrough.traces.trace import VOLTAGES, WIRES, Event, Trace
from ridethrough.traces.truth import Truth

_LONG_AGO_US = -(2**62)
_DRAWN_MAX = 3000
_LEVEL = 0.5
OFF_MV = 1_000
"""Below this CH power is off [assumed]."""
_PULSE_US = 1_000
"""A reset is held for at least this [assumed]: samples further apart may miss one."""
ASSUMED = {"mains": "mains on", "ch_present": "CH fitted", "ac_lost": "ac ok"}
"""What somebody may know of a wire that nobody recorded, in the words for it."""
_UNPOWERED = "running_n is low without power as well"
_EVENT_NAMES = (
    "command",
    "shutdown",
    "reset",
    "boot",
    "application",
    "confirm",
    "outcome",
    "ad1",
    "missed_ad1",
    "gbcs",
)


@dataclass
class Capture(Trace):
    """`bands`: what was recorded of wires and voltages. `known`: the events that would be in it if they had
    happened (`reset kind`: and of which kind they were); everything, if it is a run's own VCD. `rests_on`:
    for people, where each signal comes from."""

    bands: dict[str, Bands] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    complete: bool = False
    rests_on: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)  # type: ignore[misc]
    period_us: int = 0
    first_us: int = 0
    """What the capture's own clock shows where ours is 0."""
    of_day_us: int | None = None
    """The same in us since midnight, where it knows the time of day alone."""

    @property
    def begins_known(self) -> bool:  # type: ignore[override]
        return self.complete

    def _missing(self, name: str) -> Truth:
        if name not in (*WIRES, *VOLTAGES):
            return Truth.unknown(self.end_us, f"{name} was not captured: it is in no capture but a run's own")
        assumed = ASSUMED.get(name, "")
        cures = [Param("channels", f"{name}=CHANNEL"), *([Param("assumed", assumed)] if assumed else [])]
        return Truth.unknown(self.end_us, Doubt(f"{name} was not captured", *cures))

    def unseen(self, name: str) -> Sequence[Interval]:
        bands = self.bands.get(name)
        return [] if bands is None else bands.unknown(self.end_us)

    def dark(self) -> list[Interval]:
        return list(without(super().dark(), self.unseen("hub_mv")))

    def below(self, voltage: str, mv: float) -> Truth:
        bands = self.bands.get(voltage)
        return self._missing(voltage) if bands is None else bands.below(mv, self.end_us)

    def wire(self, name: str, level: int) -> Truth:
        bands = self.bands.get(name)
        if bands is None:
            return self._missing(name)
        low = bands.below(_LEVEL, self.end_us)
        return low if not level else low.otherwise(self.end_us)

    def text(self, name: str, value: str) -> Truth:
        return super().text(name, value) if self.texts[name] else self._missing(name)

    def meter_runs(self) -> Truth:
        low = self.wire("running_n", 0)
        if self.texts["mcu"]:
            return low.and_(self.text("mcu", "run"))
        return Truth(common(low.sure, self._powered()), low.may, low.why or _UNPOWERED)

    def _powered(self) -> Sequence[Interval]:
        # a wire is low without power as well; CH power cannot be there then
        return self.below("ch_mv", OFF_MV).otherwise(self.end_us).sure

    def moments(self, name: str, key: str = "", value: str = "") -> Truth:
        found = super().moments(name, key, value)
        if self.knows(name) and (not key or self.knows(f"{name} {key}")):
            return found
        return Truth(found.sure, [(0, self.end_us)], f"{name.replace('_', ' ')} was not captured")

    def knows(self, name: str) -> bool:
        return self.complete or name in self.known or (name in self.bands and name not in _EVENT_NAMES)

    def with_what_was_before(self, holds: Truth) -> Truth:
        if self.complete:
            return holds
        may = holds.may
        if may and may[0][0] == 0:
            may = [(_LONG_AGO_US, may[0][1]), *may[1:]]
        else:
            may = [(_LONG_AGO_US, 0), *may]
        return Truth(holds.sure, may, holds.why or "the capture begins later", holds.apart_us)

    def finish(self, end_us: int) -> None:
        """Closes it at `end_us`: resets and starts of the application are read off their wires, and what
        reports draw is put in."""
        self.end_us = end_us
        for wire, level, name in (("reset", 1, "reset"), ("running_n", 0, "application")):
            if wire in self.bands and name not in self.known and not self.complete:
                powered = self._powered() if wire == "running_n" else [(0, end_us)]
                self.log += _edges(name, self.wire(wire, level), powered)
                if name != "reset" or self.period_us <= _PULSE_US:
                    self.known.add(name)
        self.log.sort(key=lambda e: e.t_us)
        for name in WIRES:
            if name in self.bands:
                for t_us, low, high in _drawn(self.bands[name]):
                    # what nobody saw is no change
                    if high - low < math.inf:
                        self.set_wire(name, t_us, int(low > _LEVEL))
        for name in VOLTAGES:
            if name in self.bands:
                for t_us, low, high in _drawn(self.bands[name]):
                    mv = low if low > float("-inf") else 0.0
                    self.voltages[name].add(Segment(t_us, "flat", max(0.0, mv if high > mv or low == high else high)))

    def state(self, name: str, t_us: int, kind: str = "") -> None:
        """Somebody says that there was such an event."""
        data = {"kind": kind} if kind else {"stated": True}
        self.log.append(Event(t_us - self.first_us, name, data))
        self.known |= {name, *([f"{name} kind"] if kind else [])}


def _edges(name: str, holds: Truth, powered: Sequence[Interval]) -> Iterator[Event]:
    # When it began to hold: an event for each time at which it did or may have.
    i, sure = 0, holds.sure
    for begin, end in holds.may:
        inside = []
        while i < len(sure) and sure[i][0] < end:
            inside.append(sure[i])
            i += 1
        if not inside and begin > 0:
            yield Event(end - 1, name, early_us=end - 1 - begin, sure=False)
        before = begin
        for k, (a, b) in enumerate(inside):
            if a > 0:
                seen = k == 0 and begin > 0 and covers(powered, a)
                yield Event(a, name, early_us=a - before, sure=seen)
            before = b


def _drawn(bands: Bands) -> Sequence[tuple[int, float, float]]:
    # enough of it to be looked at
    step = max(1, len(bands.times) // _DRAWN_MAX)
    return list(zip(bands.times[::step], bands.lows[::step], bands.highs[::step], strict=True))
