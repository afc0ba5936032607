"""What one run, or one capture, showed: wires, voltages, texts and events on an integer clock in
microseconds. Rules and reports see nothing else.

The names are fixed (see docs/trace.md): wires `mains` `reset` `ch_enable` `ac_lost` `ch_present`
`running_n`; voltages `ch_mv` `hub_mv`; texts `mcu` `phase` `hub`; events by name, with their data.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ridethrough.support.errors import Param
from ridethrough.traces.doubt import Doubt
from ridethrough.traces.intervals import Interval, common, merged, without
from ridethrough.traces.segments import Voltage
from ridethrough.traces.truth import Truth

WIRES = ("mains", "reset", "ch_enable", "ac_lost", "ch_present", "running_n")
VOLTAGES = ("ch_mv", "hub_mv")
TEXTS = ("mcu", "phase", "hub")
_DIGITS_MAX = 20


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened at `t_us`; `data` as the event's name defines it (`kind`, `code`, ...)."""

    t_us: int
    name: str
    data: Mapping[str, Any] = field(default_factory=dict)
    early_us: int = 0
    """By how much it may have been earlier: samples are apart."""
    sure: bool = True
    """It happened; else it may have."""

    def number(self, key: str) -> int | None:
        """A number in its data; None if there is none. What says it may be a firmware, or a file."""
        value = self.data.get(key, "")
        if isinstance(value, int):
            return value
        text = str(value)
        return int(text) if text.isdecimal() and len(text) <= _DIGITS_MAX else None


_STARTS = ("reset", "boot", "application")
"""What a start consists of."""


@dataclass
class Trace:
    """One run. Changes are (t_us, value), in order; a value holds until the next change or `end_us`."""

    end_us: int = 0
    wires: dict[str, list[tuple[int, int]]] = field(default_factory=lambda: {w: [] for w in WIRES})
    voltages: dict[str, Voltage] = field(default_factory=lambda: {v: Voltage() for v in VOLTAGES})
    texts: dict[str, list[tuple[int, str]]] = field(default_factory=lambda: {t: [] for t in TEXTS})
    log: list[Event] = field(default_factory=list)
    thresholds_mv: tuple[int, ...] = (9_000, 10_000, 10_800, 13_200)
    """Voltages at which a writer of samples must place a change: what the hub and the rules look at."""
    hub_lost_mv: int = 9_000
    """Below this the hub calls its supply lost."""
    hub_back_mv: int = 10_000
    """From this on it has it again."""
    ad1_limit_us: int = 180_000_000
    """For how long the hub has to be without supply before it alerts."""
    starts_itself: bool = False
    """It begins where a simulation does, without power: that start is nobody's breach and no reboot."""
    epoch_us: int | None = None
    """The moment of our 0, in us since 1970, where the trace knows the date."""
    zone: str = ""
    """The time zone of its calendar, where somebody has said it."""
    clock_zone_known: bool = True
    """Does its date say of which zone it is? Else it is that of `zone`."""
    notes: dict[str, Any] = field(default_factory=dict)
    """Counts and facts that are no signals: flash bytes by file, answers, versions."""

    def set_wire(self, name: str, t_us: int, level: int) -> None:
        _append(self.wires[name], t_us, level)

    def set_text(self, name: str, t_us: int, text: str) -> None:
        _append(self.texts[name], t_us, text)

    def add_event(self, t_us: int, name: str, /, **data: Any) -> None:
        self.log.append(Event(t_us, name, data))

    def events(self, name: str) -> list[Event]:
        """Every event of that name, in order of time."""
        return [e for e in self.log if e.name == name]

    def wire_at(self, name: str, t_us: int) -> int | None:
        changes = self.wires[name]
        i = bisect_right(changes, t_us, key=lambda c: c[0]) - 1
        return changes[i][1] if i >= 0 else None

    def when(self, name: str, level: int | str) -> list[Interval]:
        """The intervals [from, to) in which wire or text `name` has that value."""
        changes = self.wires[name] if name in self.wires else self.texts[name]
        found: list[Interval] = []
        for i, (t_us, value) in enumerate(changes):
            stop = changes[i + 1][0] if i + 1 < len(changes) else self.end_us
            if value == level and stop > t_us:
                found.append((t_us, stop))
        return found

    def application_runs(self) -> Sequence[Interval]:
        """When `running_n` is low with the MCU running: unpowered, the wire is low too."""
        return common(self.when("running_n", 0), self.when("mcu", "run"))

    # --- what rules ask; a capture answers each of these less surely ---

    period_us = 0
    """How far apart samples are."""
    doubts: ClassVar[Sequence[str]] = ()
    """What is not certain about all of it: then nothing is kept for sure."""
    begins_known = True
    """Nothing was before the trace begins: a run starts without power."""

    def unseen(self, name: str) -> Sequence[Interval]:
        """When nobody saw the wire or voltage `name`, though it was captured."""
        return []

    def below(self, voltage: str, mv: float) -> Truth:
        """When `voltage` is below `mv`."""
        return Truth.exactly(self.voltages[voltage].below(mv, self.end_us))

    def wire(self, name: str, level: int) -> Truth:
        """When wire `name` has that level."""
        return Truth.exactly(self.when(name, level))

    def text(self, name: str, value: str) -> Truth:
        """When text `name` is `value`."""
        return Truth.exactly(self.when(name, value))

    def meter_runs(self) -> Truth:
        """When the meter's application runs."""
        return Truth.exactly(self.application_runs())

    def moments(self, name: str, key: str = "", value: str = "") -> Truth:
        """The microseconds in which there is an event of that name, whose `key` is `value` if one is given."""
        events = [e for e in self.events(name) if not key or str(e.data.get(key, "")).lower() == value.lower()]
        found = [e.t_us for e in events if not self.is_own_start(e)]
        return Truth.exactly(merged([(t, t + 1) for t in found]))

    def is_own_start(self, event: Event) -> bool:
        """Is it the power-up with which a simulation begins, or its boot or first application?"""
        if not self.starts_itself or event.name not in _STARTS:
            return False
        own: dict[str, Event] = {}
        for e in self.log:
            if e.name == "reset" and ("reset" in own or e.data.get("kind") != "power-up"):
                break
            if e.name in _STARTS and (own or e.name == "reset"):
                own.setdefault(e.name, e)
            if len(own) == len(_STARTS):
                break
        return own.get(event.name) is event

    def may_be_power_up(self, reset: Event, earlier_us: int) -> bool:
        """May this reset, the next after `earlier_us`, have been one, for all that is known?"""
        if kind := reset.data.get("kind"):
            return bool(kind == "power-up")
        if reset.data.get("stated"):
            # who states a reset says of which kind it was if it was a power-up
            return False
        since = (max(0, earlier_us), reset.t_us + 1)
        return bool(without([since], self.wire("mains", 1).sure))

    def calendar(self, unit: str) -> Sequence[Interval] | Doubt:
        """Each day or month of which it shows some part; or why nobody knows where they begin."""
        if self.epoch_us is None:
            return Doubt(f"the trace knows no date, so nobody can say where a calendar {unit} begins")
        if not self.zone:
            return Doubt(f"a calendar {unit} begins at midnight, and the time zone was not said", Param("zone", "ZONE"))
        from ridethrough.traces.calendar import periods, zone_of

        # a clock that does not say its zone shows that zone's midnight
        return periods(unit, self.epoch_us, zone_of(self.zone if self.clock_zone_known else "UTC"), self.end_us)

    def knows(self, name: str) -> bool:
        """Would an event of that name be in the trace if there had been one?"""
        return True

    def with_what_was_before(self, holds: Truth) -> Truth:
        """`holds`, with the time before the trace begins."""
        return holds

    def dark(self) -> list[Interval]:
        """When the hub was without supply, after it was first supplied: from `hub_mv` falling below
        `hub_lost_mv` until it is at `hub_back_mv` again."""
        hub = self.voltages["hub_mv"]
        lost = [a for a, _ in hub.below(self.hub_lost_mv, self.end_us)]
        found = []
        for a, b in hub.below(self.hub_back_mv, self.end_us):
            start = next((t for t in lost if a <= t < b), None)
            if start:
                found.append((start, b))
        return found

    def dark_us(self) -> int:
        """The longest time for which the hub was without supply, in one piece."""
        return max((stop - start for start, stop in self.dark()), default=0)


def _append(changes: list[tuple[int, Any]], t_us: int, value: Any) -> None:
    # The last of several changes in one microsecond counts; what does not change is no change.
    if changes and changes[-1][0] == t_us:
        changes.pop()
    if not changes or changes[-1][1] != value:
        changes.append((t_us, value))
