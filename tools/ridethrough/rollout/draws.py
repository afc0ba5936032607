"""What chance decides: which hub a meter has, when it is activated, when its street fails.

Every number comes from Philox, a generator that counts, keyed by seed, draw, purpose, area, block of premises or day:
so nothing depends on who draws, or in which order. Times in us from the plan's beginning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ridethrough.rollout.plan import DAY_US, PPM, YEAR_DAYS, Activation, Area, Outages, Plan, Population
from ridethrough.rollout.shares import rounded
from ridethrough.rollout.tables import Ints

LEAD_DAYS = 2
"""Outages begin so long before the plan: the first day finds streets that are dark, and stores that are not full."""
_BLOCK = 1 << 17
_TIME_BITS = 44
"""203 days: the longest plan, and what lasts beyond its end (plan_file.DAYS_MAX, TAIL_US)."""
TAIL_US = 7 * DAY_US
"""An outage that lasts longer beyond the end ends then: nobody counts it any more."""
_PREMISES, _ACTIVATIONS, _INCIDENTS = range(3)
Small = NDArray[np.int32]


@dataclass(frozen=True)
class Block:
    """Premises [`begin`, `end`) of an area, whole feeders: they share nothing with others but the incidents."""

    area: int
    number: int
    begin: int
    end: int

    @property
    def size(self) -> int:
        return self.end - self.begin


def blocks(plan: Plan) -> list[Block]:
    """The nation, divided. The division is the plan's: it decides what is drawn, so no user may choose it."""
    size = max(1, _BLOCK // plan.feeder) * plan.feeder
    found = []
    for i, area in enumerate(plan.areas):
        meters = plan.area_meters[area.name]
        found += [
            Block(i, number, begin, min(begin + size, meters)) for number, begin in enumerate(range(0, meters, size))
        ]
    return found


def generator(seed: int, draw: int, purpose: int, area: int, number: int) -> np.random.Generator:
    """The numbers of one purpose in one area's block or day."""
    key = np.array([seed << 16 | draw, purpose << 48 | area << 32 | number], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key))


@dataclass(frozen=True)
class Premises:
    """Of each premise of a block: the number within [0, 1) that decides its hub's class, that class, its population,
    and three numbers within [0, 1) that decide whether
    it is mended, is on a list, and has a hub that heeds AC lost."""

    luck: NDArray[np.float64]
    hub: NDArray[np.uint8]
    population: NDArray[np.uint8]
    mended: NDArray[np.float32]
    listed: NDArray[np.float32]
    heeds: NDArray[np.float32]


@dataclass(frozen=True)
class Activations:
    """One row each: whose, the date in its command, when the meter acts on it, whether that has a date that the meter
    keeps, whether it rolls back, and from when until when its batch is activated."""

    premise: Small
    date: Ints
    at: Ints
    dated: NDArray[np.bool_]
    rolls_back: NDArray[np.bool_]
    supplier: NDArray[np.uint8]
    batch_from: Ints
    batch_to: Ints

    def only(self, which: NDArray[np.bool_] | Ints) -> Activations:
        """Those rows, by flags or by number."""
        return Activations(*(column[which] for column in vars(self).values()))


@dataclass(frozen=True)
class Mains:
    """Outages of mains by premise, disjoint, sorted by premise and time."""

    premise: Small
    lost: Ints
    back: Ints


def in_blocks(of_area: Sequence[int], sizes: Sequence[int]) -> list[list[int]]:
    """How many of each population are in each block of an area, as evenly as whole meters allow."""
    left = list(of_area)
    found = []
    for size in sizes:
        part = list(rounded(size, dict(enumerate(left))).values())
        left = [a - b for a, b in zip(left, part, strict=True)]
        found.append(part)
    return found


def draw_premises(seed: int, draw: int, block: Block, weights: NDArray[np.float64], counts: Sequence[int]) -> Premises:
    """Who lives in a block. `weights`: of the hubs' classes."""
    rng = generator(seed, draw, _PREMISES, block.area, block.number)
    size = block.size
    order = rng.permutation(size)
    population = np.empty(size, dtype=np.uint8)
    at = 0
    for i, n in enumerate(counts):
        population[order[at : at + n]] = i
        at += n
    luck = rng.random(size)
    mended, listed, heeds = (rng.random(size, dtype=np.float32) for _ in range(3))
    return Premises(luck, hubs_of(luck, weights), population, mended, listed, heeds)


def hubs_of(luck: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.uint8]:
    """The class of each hub; with other classes the same meters are lucky."""
    edges = np.cumsum(weights)[:-1]
    return np.searchsorted(edges, luck, side="right").astype(np.uint8)


def draw_activations(
    plan: Plan, seed: int, draw: int, block: Block, which: int, premises: Premises, meters: int
) -> Activations:
    """When those of population number `which` are activated; it has `meters` in the nation."""
    population = plan.populations[which]
    activation = population.activation
    assert activation is not None
    rng = generator(seed, draw, _ACTIVATIONS + 16 * (which + 1), block.area, block.number)
    mine = np.flatnonzero(premises.population == which).astype(np.int32)
    n = len(mine)
    rng.shuffle(mine)
    # how far the roll-out is when a meter's turn comes: evenly, whatever block it is in
    turn = (np.arange(n) + rng.random(n)) / max(1, n)
    day = activation.start_day + (turn * (meters / activation.per_day)).astype(np.int64)
    # commands carry whole seconds
    date = day * DAY_US + activation.hour_us + _seconds(rng.random(n), activation.spread_us)
    dated = rng.random(n) < activation.dated / PPM
    late = (rng.random(n) * activation.acted_on_us).astype(np.int64)
    edges = np.cumsum(np.array(population.suppliers) / PPM)[:-1]
    supplier = np.searchsorted(edges, rng.random(n), side="right").astype(np.uint8)
    first, last = _batch_days(activation, population, meters, turn, supplier)
    # a batch lasts until the last of its meters has acted on its command, also when that is tried again
    latest_us = max(DAY_US, activation.hour_us + activation.spread_us + activation.acted_on_us)
    one = Activations(
        mine,
        date,
        date + np.where(dated, 0, late),
        dated,
        rng.random(n) < activation.rolls_back / PPM,
        supplier,
        first * DAY_US,
        last * DAY_US + latest_us + activation.again_at_most * activation.again_us,
    )
    every = _with_repeats(activation, one, rng)
    # what would come after the plan's end is nothing that anybody counts
    return every.only((every.date < plan.end_us) & (every.at < plan.end_us))


def _seconds(unit: NDArray[np.float64], spread_us: int) -> Ints:
    return (unit * (spread_us // 10**6)).astype(np.int64) * 10**6


def _batch_days(
    activation: Activation, population: Population, meters: int, turn: NDArray[np.float64], supplier: NDArray[np.uint8]
) -> tuple[Ints, Ints]:
    # a request names so many meters of one supplier; all suppliers work side by side, evenly
    of_supplier = np.array(population.suppliers, dtype=np.int64) * meters // PPM
    mine = np.maximum(1, of_supplier)[supplier]
    batch = (turn * mine).astype(np.int64) // activation.batch
    days = meters / activation.per_day
    first = (batch * activation.batch / mine * days).astype(np.int64)
    last = (np.minimum(1.0, (batch + 1) * activation.batch / mine) * days - 1e-9).astype(np.int64)
    return activation.start_day + first, activation.start_day + last


def _with_repeats(activation: Activation, first: Activations, rng: np.random.Generator) -> Activations:
    # what rolled back is activated again, until it stays or nobody tries any more
    rows, one = [first], first
    for _ in range(activation.again_at_most if activation.rolls_back else 0):
        failed = one.only(one.rolls_back)
        again = rng.random(len(failed.premise)) < activation.rolls_back / PPM
        one = Activations(
            failed.premise,
            failed.date + activation.again_us,
            failed.at + activation.again_us,
            failed.dated,
            again,
            failed.supplier,
            failed.batch_from,
            failed.batch_to,
        )
        rows.append(one)
    if len(rows) == 1:
        return first
    return Activations(*(np.concatenate(columns) for columns in zip(*(vars(r).values() for r in rows), strict=True)))


def per_premise_and_day(plan: Plan, area: Area, outages: Outages, day: int) -> float:
    """How many interruptions of this cause a premise has on a day, on average."""
    per_100 = outages.per_100 if outages.per_100 is not None else area.interruptions * (outages.share or 0) / PPM
    times = 1
    for storm in plan.storms:
        if area.name in storm.areas and storm.day <= day < storm.day + storm.days:
            times *= storm.times
    return per_100 / 100 / YEAR_DAYS * times


def longer(plan: Plan, area: Area, day: int) -> int:
    """How many times as long an outage is that begins on that day."""
    found = 1
    for storm in plan.storms:
        if area.name in storm.areas and storm.day <= day < storm.day + storm.days:
            found *= storm.longer
    return found


@dataclass(frozen=True)
class Incidents:
    """Of an area: each takes `size` premises from `first` on, beyond the last come the first again."""

    first: Ints
    size: Ints
    lost: Ints
    back: Ints


def draw_incidents(plan: Plan, seed: int, draw: int, area_number: int) -> Incidents:
    """What happens to an area's network, from LEAD_DAYS before the plan on."""
    area = plan.areas[area_number]
    meters = plan.area_meters[area.name]
    none = np.zeros(0, dtype=np.int64)
    parts: list[tuple[Ints, Ints, Ints, Ints]] = [(none, none, none, none)]
    for day in range(-LEAD_DAYS, plan.days):
        rng = generator(seed, draw, _INCIDENTS, area_number, day + LEAD_DAYS)
        for outages in plan.outages:
            # an incident that would be larger than its area takes all of it, so there have to be more of them
            p = 1 / outages.premises
            premises = (1 - (1 - p) ** meters) / p
            rate = per_premise_and_day(plan, area, outages, day) * meters / premises
            n = int(rng.poisson(rate))
            size = np.minimum(rng.geometric(1 / outages.premises, n), meters)
            first = rng.integers(0, meters, n)
            lost = day * DAY_US + (rng.random(n) * DAY_US).astype(np.int64)
            more = rng.exponential(outages.mean_us - outages.at_least_us, n)
            length = (outages.at_least_us + more) * longer(plan, area, day)
            parts.append((first, size, lost, lost + length.astype(np.int64)))
    first, size, lost, back = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return Incidents(first, size, lost, np.minimum(back, plan.end_us + TAIL_US))


def mains_of(incidents: Incidents, block: Block, area_meters: int) -> Mains:
    """The outages of each premise in a block; where several incidents overlap, one."""
    begins, ends, rows = [], [], []
    for turn in (0, area_meters):
        begin = np.maximum(incidents.first - turn, block.begin)
        end = np.minimum(incidents.first + incidents.size - turn, block.end)
        hit = np.flatnonzero(begin < end)
        begins.append(begin[hit])
        ends.append(end[hit])
        rows.append(hit)
    begin, end, row = (np.concatenate(x) for x in (begins, ends, rows))
    n = end - begin
    each = np.repeat(row, n)
    offset = np.arange(len(each)) - np.repeat(np.cumsum(n) - n, n)
    premise = (np.repeat(begin, n) + offset - block.begin).astype(np.int32)
    return disjoint(premise, incidents.lost[each], incidents.back[each])


def key(premise: Small, at: Ints | np.int64) -> Ints:
    """Premise and time as one number, in the order of both."""
    return (premise.astype(np.int64) << _TIME_BITS) + at


def disjoint(premise: Small, begin: Ints, end: Ints) -> Mains:
    """Intervals by premise, sorted, with those made one that overlap or adjoin."""
    order = np.argsort(key(premise, begin), kind="stable")
    premise, begin, end = premise[order], begin[order], end[order]
    if not len(premise):
        return Mains(premise, begin, end)
    # the latest end so far, premise by premise: those of one premise lie before all of the next
    latest = np.maximum.accumulate(key(premise, end))
    starts = np.empty(len(premise), dtype=bool)
    starts[0] = True
    starts[1:] = key(premise[1:], begin[1:]) > latest[:-1]
    at = np.flatnonzero(starts)
    last = np.append(at[1:], len(premise)) - 1
    return Mains(premise[at], begin[at], latest[last] - key(premise[last], np.int64(0)))
