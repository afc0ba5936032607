"""Works through blocks of one plan: what a process, or a machine of a cluster, does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ridethrough.crews.crew import Whole
from ridethrough.rollout.behaviour import Behaviour
from ridethrough.rollout.curves import Point, points, thresholds
from ridethrough.rollout.draws import (
    Activations,
    Block,
    Incidents,
    Mains,
    Premises,
    blocks,
    draw_activations,
    draw_incidents,
    draw_premises,
    hubs_of,
    in_blocks,
    mains_of,
)
from ridethrough.rollout.plan import PPM, Meter, Plan, population_meters
from ridethrough.rollout.plan import Hubs as HubFigures
from ridethrough.rollout.reaction import Hubs
from ridethrough.rollout.remedies import Around, Choice, Variant, choices, through
from ridethrough.rollout.stream import Behaviours, Stream, block_stream
from ridethrough.rollout.tables import Answers, HubClass, Ints, Tables, hub_classes
from ridethrough.rollout.totals import Totals, count, down_within, due_outages, in_time, outcome

CURVE_FALSE, CURVE_TRUE, CURVE_UNTOLD, CURVE_DOWN_S, CURVE_COLUMNS = range(5)
"""Of each point: false alerts, true ones, real outages that nobody is told of, and for how many seconds hubs were out
of service in all."""


@dataclass(frozen=True)
class Job:
    """A plan and what the emulator has seen: all that a worker needs."""

    plan: Plan
    behaviours: Mapping[Meter, Behaviour]
    seed: int

    def complete(self) -> Job:
        """It is."""
        return self

    def worker(self) -> Worker:
        """Somebody who counts."""
        return Worker(self)


@dataclass(frozen=True)
class Task(Whole):
    """One block in one draw; `curve`: the curves' points on it, instead of the remedies."""

    draw: int
    block: int
    curve: bool


@dataclass(frozen=True)
class Done:
    """What a task has counted. `points` [point, CURVE_COLUMNS], in `area`."""

    task: Task
    area: int
    totals: Totals | None
    points: Ints | None


@dataclass(frozen=True)
class Drawn:
    """One block with all that chance decides."""

    block: Block
    premises: Premises
    activations: Activations
    populations: Ints
    """Of each activation, the number of its population."""
    mains: Mains


@dataclass(frozen=True)
class Kind:
    """Hubs of one set of figures."""

    classes: tuple[HubClass, ...]
    weights: NDArray[np.float64]
    hubs: Hubs
    tables: Tables
    answers: Answers


class Worker:
    """Of one job. `kind(figures)`: behaviours and hubs as arrays, for hubs with these figures; `incidents(draw, area)`:
    what happens to an area's network."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.plan = job.plan
        self.blocks = blocks(job.plan)
        self.choices: list[Choice] = choices(job.plan)
        self._points: list[Point] = points(job.plan)
        self._populations = population_meters(job.plan)
        self.kind = lru_cache(maxsize=None)(self._make_kind)
        self.incidents = lru_cache(maxsize=2)(self._draw_incidents)
        self._shares = lru_cache(maxsize=None)(self._in_blocks)

    def work(self, item: Task, heard: object = None) -> Done:
        """Counts one block."""
        drawn = self.drawn(item.draw, self.blocks[item.block])
        if item.curve:
            return Done(item, drawn.block.area, None, self._curve(drawn))
        return Done(item, drawn.block.area, self._all(drawn), None)

    def drawn(self, draw: int, block: Block) -> Drawn:
        """What chance decides in a block, with the plan's hubs."""
        plan, seed = self.plan, self.job.seed
        area = plan.areas[block.area]
        counts = self._shares(block.area)[block.number]
        premises = draw_premises(seed, draw, block, self.kind(self.plan.hubs).weights, counts)
        rows, whose = [], []
        for i, population in enumerate(plan.populations):
            if population.activation:
                total = sum(self._populations[i].values())
                rows.append(draw_activations(plan, seed, draw, block, i, premises, total))
                whose.append(np.full(len(rows[-1].premise), i, dtype=np.int64))
        mains = mains_of(self.incidents(draw, block.area), block, plan.area_meters[area.name])
        activations = _joined(rows)
        # in the order of premises everything is found faster
        order = np.argsort(activations.premise, kind="stable")
        populations = np.concatenate([*whose, np.zeros(0, dtype=np.int64)])[order]
        return Drawn(block, premises, activations.only(order), populations, mains)

    def stream(self, drawn: Drawn, variant: Variant) -> Stream:
        """The alerts of a block."""
        figures = replace(self.plan.hubs, limit_us=variant.limit_us)
        return self._stream(drawn, variant, self.kind(figures))

    def behaviours(self, drawn: Drawn, variant: Variant, tables: Tables) -> Behaviours:
        """What each premise's meter does."""
        plan = self.plan
        size = drawn.block.size
        activation, rolled_back, outage = (np.full(size, -1, dtype=np.int32) for _ in range(3))
        for i, population in enumerate(plan.populations):
            mine = drawn.premises.population == i
            row = tables.meters[population.meter]
            activation[mine] = outage[mine] = row
            back = population.activation.rolled_back if population.activation else None
            rolled_back[mine] = tables.meters[back] if back else row
        for number, year in variant.mended:
            remedy = plan.remedies[number]
            which = [p.name for p in plan.populations].index(remedy.population)
            share = remedy.shares[year] / PPM
            mended = (drawn.premises.population == which) & (drawn.premises.mended < share)
            assert remedy.meter is not None
            activation[mended] = rolled_back[mended] = outage[mended] = tables.meters[remedy.meter]
        return Behaviours(activation, rolled_back, outage)

    def _stream(self, drawn: Drawn, variant: Variant, kind: Kind) -> Stream:
        whose = self.behaviours(drawn, variant, kind.tables)
        return block_stream(
            kind.tables,
            kind.answers,
            kind.hubs,
            whose,
            drawn.premises,
            drawn.activations,
            drawn.mains,
            self.plan.retry_us,
            variant.limit_us,
            self.plan.legitimate,
            self.plan.hubs.limit_us,
        )

    def _all(self, drawn: Drawn) -> Totals:
        plan, area = self.plan, drawn.block.area
        totals = Totals.none(plan, len(self.choices))
        around = Around.of(drawn.premises, drawn.activations, drawn.block.begin, plan.feeder)
        inside = drawn.activations.at < plan.end_us
        np.add.at(totals.activated[:, 0], drawn.populations[inside], 1)
        np.add.at(totals.activated[:, 1], drawn.populations[inside & drawn.activations.rolls_back], 1)
        base = self.choices[0].variant
        for variant, numbers in self._by_variant():
            stream = self.stream(drawn, variant)
            if variant == base:
                count(totals, plan, area, stream, around)
            for number in numbers:
                stages = [plan.remedies[i] for i in self.choices[number].remedies]
                keep, delay = through(stages, stream, around)
                delay += variant.limit_us - plan.hubs.limit_us
                totals.choices[number] += np.array(outcome(plan, stream, keep, delay))
        return totals

    def _by_variant(self) -> Iterator[tuple[Variant, list[int]]]:
        found: dict[Variant, list[int]] = {}
        for number, choice in enumerate(self.choices):
            found.setdefault(choice.variant, []).append(number)
        yield from found.items()

    def _curve(self, drawn: Drawn) -> Ints:
        counted = np.zeros((len(self._points), CURVE_COLUMNS), dtype=np.int64)
        for number, point in enumerate(self._points):
            kind = self.kind(point.hubs)
            premises = replace(drawn.premises, hub=hubs_of(drawn.premises.luck, kind.weights))
            stream = self._stream(replace(drawn, premises=premises), Variant((), point.hubs.limit_us), kind)
            seen = in_time(self.plan, stream)
            true = int((seen & stream.legitimate).sum())
            untold = int((due_outages(self.plan, stream) & ~stream.outage_alerted).sum())
            down = (stream.down_at >= 0) & (stream.down_at < self.plan.end_us)
            down_us = down_within(self.plan, stream)[down]
            counted[number] = (int(seen.sum()) - true, true, untold, int((down_us // 10**6).sum()))
        return counted

    def _make_kind(self, figures: HubFigures) -> Kind:
        classes = hub_classes(figures, thresholds(self.plan))
        tables = Tables(dict(self.job.behaviours), classes)
        weights = np.array([c.weight / PPM**5 for c in classes])
        return Kind(classes, weights, Hubs.of(classes), tables, tables.answers(classes))

    def _draw_incidents(self, draw: int, area: int) -> Incidents:
        return draw_incidents(self.plan, self.job.seed, draw, area)

    def _in_blocks(self, area: int) -> list[list[int]]:
        name = self.plan.areas[area].name
        sizes = [b.size for b in self.blocks if b.area == area]
        return in_blocks([of_area[name] for of_area in self._populations], sizes)


def _joined(rows: list[Activations]) -> Activations:
    if len(rows) == 1:
        return rows[0]
    if not rows:
        none = np.zeros(0, dtype=np.int64)
        return Activations(none.astype(np.int32), none, none, none > 0, none > 0, none.astype(np.uint8), none, none)
    return Activations(*(np.concatenate(columns) for columns in zip(*(vars(r).values() for r in rows), strict=True)))
