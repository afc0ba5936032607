"""The same power, another hub: nobody has published a hub's figures, so each finding is tried on every hub
that there might be.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ridethrough.support.quantities import show_time
from ridethrough.traces import Event, Trace
from ridethrough.traces.intervals import Interval, covers
from ridethrough.world.clock import Clock, Order
from ridethrough.world.hub import Hub
from ridethrough.world.hub_params import HubParams

_S = 1_000_000
_HUBS = ("ad1", "missed_ad1")


@dataclass(frozen=True)
class Range:
    """What one of a hub's figures may be, and the words for it. [assumed], ends and all."""

    key: str
    least: int
    most: int
    words: str

    def show(self, value: int) -> str:
        return f"{value / 1000:g} V" if self.key.endswith("_mv") else show_time(value)


RANGES = (
    Range("store_us", 200 * _S, 3600 * _S, "a store that lasts"),
    Range("store_charge_us", 10 * _S, 1800 * _S, "a store that charges in"),
    Range("lost_mv", 6_000, 9_900, "a hub that loses its supply below"),
    Range("boot_us", 1 * _S, 120 * _S, "a hub that boots in"),
    Range("join_us", 1 * _S, 300 * _S, "a hub that joins its network in"),
)
_STEPS = 8
_FINE = 6


class _Supply:
    # What a hub needs of a power path; its load makes no difference to a trace that is there already.
    def __init__(self) -> None:
        self.on_hub_lost: Callable[[], None] = lambda: None
        self.on_hub_back: Callable[[], None] = lambda: None

    def set_load(self, load_mw: int, alive: bool) -> None:
        """Nothing to do."""


def with_hub(trace: Trace, params: HubParams) -> Trace:
    """`trace` with another hub behind the same capacitor: its states and alerts."""
    clock, supply = Clock(), _Supply()
    quiet = replace(params, burst_every_us=2**60)
    found = Trace(end_us=trace.end_us, wires=trace.wires, voltages=trace.voltages, notes=trace.notes)
    found.texts = {**trace.texts, "hub": []}
    Hub(clock, found, supply, quiet)
    lost = supply_losses(trace, params.lost_mv, params.back_mv)
    if not covers(trace.voltages["hub_mv"].below(params.back_mv, trace.end_us), 0):
        clock.at(0, Order.WORLD, supply.on_hub_back)
    for a, b in lost:
        if a:
            clock.at(a, Order.WORLD, supply.on_hub_lost)
        if b < trace.end_us:
            clock.at(b, Order.WORLD, supply.on_hub_back)
    clock.run(trace.end_us)
    log = [e for e in trace.log if e.name not in _HUBS] + found.log
    found.log = sorted(log, key=_when)
    return found


def supply_losses(trace: Trace, lost_mv: int, back_mv: int) -> list[Interval]:
    """When a hub with these thresholds is without supply: from `hub_mv` falling below the one until it is at the other.
    A trace that begins without power begins with such a time; one that ends at `end_us` has no end in it."""
    hub = trace.voltages["hub_mv"]
    lost = [a for a, _ in hub.below(lost_mv, trace.end_us)]
    found, at = [], 0
    for a, b in hub.below(back_mv, trace.end_us):
        at = _first_from(lost, a, at)
        if at < len(lost) and lost[at] < b:
            found.append((lost[at], b))
    return found


def hub_in(trace: Trace) -> Hashable:
    """What the hub in a trace did: equal when two hubs behind the same power did the same."""
    said = ((e.t_us, e.name, *e.data.items()) for e in trace.log if e.name in _HUBS)
    return tuple(trace.texts["hub"]), tuple(said)


def _when(event: Event) -> int:
    return event.t_us


def _first_from(times: list[int], t_us: int, at: int) -> int:
    while at < len(times) and times[at] < t_us:
        at += 1
    return at


@dataclass(frozen=True)
class Valid:
    """For which values of one figure a finding holds, around the default. None: to the end of the range."""

    range: Range
    least: int | None
    most: int | None

    def sentence(self) -> str:
        """`for any store that charges in 2 min or more`."""
        parts = []
        if self.least is not None:
            parts.append(f"{self.range.show(self.least)} or more")
        if self.most is not None:
            parts.append(f"{self.range.show(self.most)} or less")
        return f"for any {self.range.words.removeprefix('a ')} {' and '.join(parts)}"


def holds_for(
    finding: Callable[[HubParams], bool], params: HubParams, figures: Sequence[Range] = RANGES
) -> list[Valid]:
    """The figures on which `finding`, true with `params`, depends within their ranges, and how far it holds."""
    found = []
    for figure in figures:
        default = getattr(params, figure.key)
        low = _reach(finding, params, figure, default, figure.least)
        high = _reach(finding, params, figure, default, figure.most)
        if (low, high) != (None, None):
            found.append(Valid(figure, low, high))
    return found


def _reach(
    finding: Callable[[HubParams], bool], params: HubParams, figure: Range, default: int, end: int
) -> int | None:
    # The last value towards `end` for which the finding still holds; None if it does up to the end.
    good = default
    for value in _towards(default, end):
        if finding(_with(params, figure.key, value)):
            good = value
            continue
        bad = value
        for _ in range(_FINE):
            middle = (good + bad) // 2
            if finding(_with(params, figure.key, middle)):
                good = middle
            else:
                bad = middle
        return _rounded(good, default)
    return None


def _rounded(value: int, towards: int) -> int:
    # To two figures, on the side where the finding holds.
    unit: int = 10 ** max(0, len(str(value)) - 2)
    return min(towards, -(-value // unit) * unit) if value < towards else max(towards, value // unit * unit)


def _towards(default: int, end: int) -> Iterator[int]:
    for i in range(1, _STEPS + 1):
        yield round(default * (end / default) ** (i / _STEPS))


def _with(params: HubParams, key: str, value: int) -> HubParams:
    changed: dict[str, Any] = {key: value}
    if key == "lost_mv":
        changed["back_mv"] = max(params.back_mv, value)
    return replace(params, **changed)
