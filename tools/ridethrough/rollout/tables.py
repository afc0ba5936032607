"""Behaviours and hubs as arrays: what the columns of a roll-out look things up in.

A course is a row; times are us, int64. Where a course has fewer losses than another, or none of something, there
stands NEVER.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import product

import numpy as np
from numpy.typing import NDArray

from ridethrough.rollout.behaviour import MET_US, Behaviour, Course, back_mv, observe
from ridethrough.rollout.curves import thresholds
from ridethrough.rollout.plan import PPM, Hubs, Meter, Plan
from ridethrough.support.errors import BadInput
from ridethrough.traces import Segment, Trace
from ridethrough.workbench.hub_replay import with_hub
from ridethrough.world.hub_params import HubParams

NEVER = 2**62
UNKNOWN = -1
_CALM_US = 24 * 3600 * 10**6
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class HubClass:
    """One kind of hub, its share (the product of five in PPM), and which of the thresholds is its own."""

    params: HubParams
    weight: int
    threshold: int


def hub_classes(hubs: Hubs, order: Sequence[int]) -> tuple[HubClass, ...]:
    """Every kind of hub that there is some share of. `order`: the thresholds that behaviours were observed with."""
    found = []
    for store, charge, lost, boot, join in product(
        hubs.store_us, hubs.store_charge_us, hubs.lost_mv, hubs.boot_us, hubs.join_us
    ):
        weight = store[1] * charge[1] * lost[1] * boot[1] * join[1]
        if weight:
            params = HubParams(
                limit_us=hubs.limit_us,
                boundary=hubs.boundary,
                store_us=store[0],
                store_charge_us=charge[0],
                lost_mv=lost[0],
                back_mv=back_mv(lost[0]),
                boot_us=boot[0],
                join_us=join[0],
            )
            found.append(HubClass(params, weight, order.index(lost[0])))
    assert sum(h.weight for h in found) == PPM**5
    return tuple(found)


@dataclass(frozen=True)
class Answers:
    """What each hub does about each course that meets nothing else: [hub, course] or [hub, course, alert]. `since` and
    `sent` from the course's origin, NEVER behind the last; `ac`: what AC lost said when it was sent, UNKNOWN if nobody
    saw it."""

    since: Ints
    sent: Ints
    missed: Ints
    ac: NDArray[np.int8]
    dark: Ints
    down: Ints


class Tables:
    """All behaviours of a plan, observed once, as arrays. `meters` gives the row of each."""

    def __init__(self, behaviours: dict[Meter, Behaviour], hubs: Sequence[HubClass]) -> None:
        self.hub_threshold = np.array([h.threshold for h in hubs], dtype=np.int64)
        self.meters = {meter: i for i, meter in enumerate(behaviours)}
        self.words = [b.words for b in behaviours.values()]
        self.courses: list[Course] = []
        each = list(behaviours.values())
        self.alone = np.array([self._row(b.alone) for b in each], dtype=np.int64)
        self.span = np.array([b.alone.busy_us if b.alone else 0 for b in each], dtype=np.int64)
        most = max(len(b.outages) for b in each)
        self.outage_from = np.full((len(each), most), NEVER, dtype=np.int64)
        self.outage = np.zeros((len(each), most), dtype=np.int64)
        slices = max(len(b.met) for b in each)
        self.slices = np.array([len(b.met) for b in each], dtype=np.int64)
        self.met = np.full((len(each), max(1, slices), len(MET_US)), -1, dtype=np.int64)
        for i, b in enumerate(each):
            for j, (length, course) in enumerate(b.outages):
                self.outage_from[i, j], self.outage[i, j] = length, self._row(course)
            for j, lengths in enumerate(b.met):
                for k, (_, course) in enumerate(lengths):
                    self.met[i, j, k] = self._row(course)
        self.met_us = np.array(MET_US, dtype=np.int64)
        self.mains_back = np.array([_or_never(c.mains_back_us) for c in self.courses], dtype=np.int64)
        self.busy = np.array([c.busy_us for c in self.courses], dtype=np.int64)
        self.restored_long = np.array([_or_never(c.restored_long_us) for c in self.courses], dtype=np.int64)
        self.loss_from, self.loss_to = self._losses()
        self.ac_known = np.array([c.ac_lost is not None for c in self.courses])
        self.ac_from, self.ac_to = _padded([c.ac_lost or () for c in self.courses])

    def _row(self, course: Course | None) -> int:
        if course is None:
            return -1
        self.courses.append(course)
        return len(self.courses) - 1

    def _losses(self) -> tuple[Ints, Ints]:
        # [threshold, course, loss]
        by_threshold = [[c.losses[i] for c in self.courses] for i in range(len(self.courses[0].losses))]
        most = max((len(losses) for one in by_threshold for losses in one), default=0)
        both = [_padded(one, most) for one in by_threshold]
        return np.stack([a for a, _ in both]), np.stack([b for _, b in both])

    @cached_property
    def longest_span_us(self) -> int:
        """Of an activation."""
        return int(self.span.max())

    def answers(self, hubs: Sequence[HubClass]) -> Answers:
        """Every hub at every activation that meets nothing: the emulator's own hub on each rail."""
        rows = sorted({int(i) for i in self.alone if i >= 0})
        found = {(h, row): _answer(self.courses[row], hub) for h, hub in enumerate(hubs) for row in rows}
        shape = (len(hubs), len(self.courses))
        alerts = max((len(a[0]) for a in found.values()), default=0)
        since = np.full((*shape, max(1, alerts)), NEVER, dtype=np.int64)
        sent, ac = since.copy(), np.zeros(since.shape, dtype=np.int8)
        missed, dark, down = (np.zeros(shape, dtype=np.int64) for _ in range(3))
        for (h, row), (sent_alerts, n_missed, dark_us, down_us) in found.items():
            for k, (since_us, sent_us, ac_lost) in enumerate(sent_alerts):
                since[h, row, k], sent[h, row, k], ac[h, row, k] = since_us, sent_us, ac_lost
            missed[h, row], dark[h, row], down[h, row] = n_missed, dark_us, down_us
        return Answers(since, sent, missed, ac, dark, down)


def _or_never(value: int | None) -> int:
    return NEVER if value is None else value


def _padded(rows: Sequence[Sequence[tuple[int, int]]], most: int | None = None) -> tuple[Ints, Ints]:
    n = max(1, max((len(r) for r in rows), default=0) if most is None else most)
    begin = np.full((len(rows), n), NEVER, dtype=np.int64)
    end = begin.copy()
    for i, row in enumerate(rows):
        for k, (a, b) in enumerate(row):
            begin[i, k], end[i, k] = a, b
    return begin, end


def rail_trace(losses: Sequence[tuple[int, int]], ac_lost: Sequence[tuple[int, int]], calm_us: int) -> Trace:
    """A rail with nothing but these losses, as a trace with calm before and after; `calm_us` is where 0 lies."""
    end = max([0, *(b for _, b in losses)])
    trace = Trace(end_us=calm_us + end + _CALM_US)
    for name, level in (("mains", 1), ("ch_present", 1), ("ac_lost", 0)):
        trace.set_wire(name, 0, level)
    trace.voltages["hub_mv"].add(Segment(0, "flat", 12_000.0))
    for a, b in losses:
        trace.voltages["hub_mv"].add(Segment(calm_us + a, "flat", 0.0))
        trace.voltages["hub_mv"].add(Segment(calm_us + b, "flat", 12_000.0))
    for a, b in ac_lost:
        trace.set_wire("ac_lost", calm_us + a, 1)
        trace.set_wire("ac_lost", calm_us + b, 0)
    return trace


def _answer(course: Course, hub: HubClass) -> tuple[list[tuple[int, int, int]], int, int, int]:
    losses = course.losses[hub.threshold]
    trace = with_hub(rail_trace(losses, course.ac_lost or (), _CALM_US), hub.params)
    alerts = []
    for event in trace.events("ad1"):
        ac = UNKNOWN if course.ac_lost is None else int(trace.wire_at("ac_lost", event.t_us) or 0)
        alerts.append((event.data["since_us"] - _CALM_US, event.t_us - _CALM_US, ac))
    up = trace.when("hub", "up")
    calm_from = _CALM_US + min([0, *(a for a, _ in losses)])
    down = trace.end_us - calm_from - sum(b - max(a, calm_from) for a, b in up if b > calm_from)
    return alerts, len(trace.events("missed_ad1")), max([0, *(b - a for a, b in losses)]), down if losses else 0


def observed(plan: Plan, told: Callable[[int, int, str], None]) -> dict[Meter, Behaviour]:
    """Every behaviour that the plan has, each run once. `told(which, of how many, whose)` as it goes on."""
    wanted: dict[Meter, tuple[Meter | None, bool]] = {}

    def want(meter: Meter, outages: Meter | None, activated: bool) -> None:
        before = wanted.get(meter, (outages, False))
        if before[0] != outages:
            raise BadInput(
                f"{plan.name}: {meter.words} is there twice, with other `outages` each time: make two files of it"
            )
        wanted[meter] = (outages, before[1] or activated)

    for population in plan.populations:
        want(population.meter, population.outages, population.activation is not None)
        if population.activation and population.activation.rolled_back:
            want(population.activation.rolled_back, None, True)
    activated = {p.name for p in plan.populations if p.activation}
    for remedy in plan.remedies:
        if remedy.meter:
            want(remedy.meter, None, remedy.population in activated)
    found = {}
    strict = {mv for mv, _ in plan.hubs.lost_mv}
    for i, (meter, (outages, is_activated)) in enumerate(wanted.items()):
        found[meter] = observe(meter, outages, is_activated, thresholds(plan), partial(told, i, len(wanted)), strict)
    return found
