"""A whole roll-out: every block of every draw, by whoever works, and what they add up to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ridethrough.crews.crew import CrewFor
from ridethrough.rollout.behaviour import Behaviour
from ridethrough.rollout.curves import EVERY, Point, points
from ridethrough.rollout.draws import blocks
from ridethrough.rollout.plan import Meter, Plan
from ridethrough.rollout.remedies import Choice, choices
from ridethrough.rollout.totals import Totals
from ridethrough.rollout.worker import CURVE_COLUMNS, Done, Job, Task


@dataclass(frozen=True)
class Result:
    """A roll-out. `draws`: the same nation with other luck, each by itself. `curve` [point, CURVE_COLUMNS], counted on
    `curve_meters` of the meters in the first draw and scaled area by area to the nation."""

    plan: Plan
    seed: int
    behaviours: dict[Meter, Behaviour]
    draws: list[Totals]
    choices: list[Choice]
    points: list[Point]
    curve: NDArray[np.float64]
    curve_meters: int


def roll_out(
    plan: Plan,
    behaviours: dict[Meter, Behaviour],
    seed: int,
    draws: int,
    crew_for: CrewFor,
    told: Callable[[int, int], None] = lambda done, total: None,
    heard: Callable[[Done], None] = lambda done: None,
    curves: bool = True,
) -> Result:
    """Counts it; the same for any crew. `told(done, of how many)` after each block, and `heard` of its counts. Without
    `curves` the result has no points."""
    divided = blocks(plan)
    every, steps = choices(plan), points(plan) if curves else []
    curved = [i for i, block in enumerate(divided) if curves and block.number % EVERY == 0]

    def tasks() -> Iterator[Task]:
        for draw in range(draws):
            for i in range(len(divided)):
                yield Task(draw, i, False)
        for i in curved:
            yield Task(0, i, True)

    totals = [Totals.none(plan, len(every)) for _ in range(draws)]
    counted = np.zeros((len(plan.areas), len(steps), CURVE_COLUMNS), dtype=np.int64)
    total = draws * len(divided) + len(curved)
    with crew_for(Job(plan, behaviours, seed)) as crew:
        for done, one in enumerate(crew.work(tasks())):
            heard(one)
            if one.totals is not None:
                totals[one.task.draw].add(one.totals)
            if one.points is not None:
                counted[one.area] += one.points
            told(done + 1, total)
    curve = np.zeros((len(steps), CURVE_COLUMNS))
    for a, area in enumerate(plan.areas):
        meters = sum(divided[i].size for i in curved if divided[i].area == a)
        if meters:
            curve += counted[a] * (plan.area_meters[area.name] / meters)
    on = sum(divided[i].size for i in curved)
    return Result(plan, seed, behaviours, totals, every, steps, curve, on)
