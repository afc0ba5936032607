"""Who should mend it: each remedy as a stage of the stream of alerts, alone and combined.

Meters that are mended and a longer limit change the stream itself (a variant); the others take alerts out of it, or
hold them back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ridethrough.rollout.draws import Activations, Premises, Small, key
from ridethrough.rollout.plan import DAY_US, PPM, REMEDIES, Plan, Remedy
from ridethrough.rollout.stream import Flags, Stream
from ridethrough.rollout.tables import NEVER, Ints


@dataclass(frozen=True)
class Variant:
    """What changes the stream: the remedies that mend a share of a population (place in the plan, year), and the hubs'
    limit."""

    mended: tuple[tuple[int, int], ...]
    limit_us: int


@dataclass(frozen=True)
class Choice:
    """Some remedies, by their places in the plan, in the order of their stages; `years`: of each, the place in its list
    of shares."""

    remedies: tuple[int, ...]
    years: tuple[int, ...]
    variant: Variant

    def words(self, plan: Plan) -> str:
        """For people."""
        if not self.remedies:
            return "nothing is done"
        names = []
        for i, year in zip(self.remedies, self.years, strict=True):
            remedy = plan.remedies[i]
            names.append(f"{remedy.name}, year {year + 1}" if len(remedy.shares) > 1 else remedy.name)
        return " + ".join(names)


def choices(plan: Plan) -> list[Choice]:
    """Nothing; each remedy alone, in each of its years; each pair; what the plan combines."""
    every = range(len(plan.remedies))
    sets: list[tuple[int, ...]] = [(), *((i,) for i in every)]
    sets += [pair for pair in combinations(every, 2) if _go_together(plan, pair)]
    names = [r.name for r in plan.remedies]
    sets += [tuple(sorted(names.index(n) for n in combined)) for combined in plan.combined]
    found: list[Choice] = []
    for one in dict.fromkeys(sets):
        ordered = tuple(sorted(one, key=lambda i: REMEDIES.index(plan.remedies[i].kind)))
        last = tuple(max(0, len(plan.remedies[i].shares) - 1) for i in ordered)
        limits = [plan.remedies[i].limit_us for i in ordered if plan.remedies[i].kind == "limit"]
        limit_us = max([plan.hubs.limit_us, *limits])
        # alone in each year, together with others in the last
        for years in [(year,) for year in range(last[0] + 1)] if len(ordered) == 1 else [last]:
            both = zip(ordered, years, strict=True)
            mended = tuple((i, year) for i, year in both if plan.remedies[i].kind == "mended")
            found.append(Choice(ordered, years, Variant(mended, limit_us)))
    return found


def _go_together(plan: Plan, pair: Sequence[int]) -> bool:
    # two of one kind are the same remedy twice, but for two populations that are mended
    one, other = (plan.remedies[i] for i in pair)
    return one.kind != other.kind or one.population != other.population


@dataclass(frozen=True)
class Around:
    """What a stage may know besides the alert: whose update was when, and who lives there."""

    premises: Premises
    dates: Ints
    """Premise and date of each activation as one number, sorted."""
    batch_from: Ints
    batch_to: Ints
    """By premise; 0 where nobody is activated."""
    first: int
    """The number of the first premise in its area."""
    feeder: int

    @classmethod
    def of(cls, premises: Premises, activations: Activations, first: int, feeder: int) -> Around:
        """Of one block."""
        size = len(premises.hub)
        batch_from, batch_to = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
        batch_from[activations.premise] = activations.batch_from
        batch_to[activations.premise] = activations.batch_to
        dates = np.sort(key(activations.premise, activations.date), kind="stable")
        return cls(premises, dates, batch_from, batch_to, first, feeder)


def through(remedies: Sequence[Remedy], stream: Stream, around: Around) -> tuple[Flags, Ints]:
    """Which alerts come through these stages, one after the other, and by how much later."""
    keep = np.ones(len(stream.premise), dtype=bool)
    delay = np.zeros(len(stream.premise), dtype=np.int64)
    for remedy in remedies:
        if remedy.kind == "list":
            keep &= ~_listed(remedy, stream, around)
        elif remedy.kind == "ac lost":
            keep &= (stream.ac != 0) | (around.premises.heeds[stream.premise] >= remedy.covers / PPM)
        elif remedy.kind == "suppress":
            keep &= ~_suppressed(remedy, stream, around)
        elif remedy.kind == "match":
            keep &= stream.restored - stream.since <= remedy.window_us
            held = stream.restored - stream.sent
            delay = np.where(keep & (held > delay) & (stream.restored < NEVER), held, delay)
        elif remedy.kind == "cluster":
            keep &= neighbours(stream, around, remedy.window_us, keep) >= remedy.neighbours
            delay = np.maximum(delay, remedy.window_us)
    return keep, delay


def _listed(remedy: Remedy, stream: Stream, around: Around) -> Flags:
    whose = stream.premise
    there = around.premises.listed[whose] < remedy.covers / PPM
    if remedy.by == "day":
        return there & _on_its_day(remedy, stream, around)
    taken = around.batch_to[whose] > 0
    return (
        there
        & taken
        & (stream.sent >= around.batch_from[whose] + remedy.late_us)
        & (stream.since < around.batch_to[whose])
    )


def _on_its_day(remedy: Remedy, stream: Stream, around: Around) -> Flags:
    # does the alert begin on a day on which its meter is activated, and is the list of that day there?
    if not len(around.dates):
        return np.zeros(len(stream.premise), dtype=bool)
    day = stream.since // DAY_US * DAY_US
    last = np.searchsorted(around.dates, key(stream.premise, day + DAY_US), side="left") - 1
    there = (last >= 0) & (around.dates[np.maximum(last, 0)] >= key(stream.premise, day))
    return there & (stream.sent >= day + remedy.late_us)


def _suppressed(remedy: Remedy, stream: Stream, around: Around) -> Flags:
    # the last date of the same meter's commands before the alert's beginning
    if not len(around.dates):
        return np.zeros(len(stream.premise), dtype=bool)
    at = key(stream.premise, stream.since)
    last = np.searchsorted(around.dates, at, side="right") - 1
    date = around.dates[np.maximum(last, 0)]
    own = (last >= 0) & (date >= key(stream.premise, np.int64(0)))
    return own & (at - date < remedy.window_us)


def neighbours(stream: Stream, around: Around, within_us: int, among: Flags) -> NDArray[np.int64]:
    """How many alerts of other premises, `among` these, began on the same feeder within that time, before or after."""
    feeder = (stream.premise + around.first) // around.feeder
    feeder -= around.first // around.feeder

    def near(whose: Small) -> NDArray[np.int64]:
        at = key(whose, stream.since)
        those = np.sort(at[among], kind="stable")
        low = np.searchsorted(those, at - within_us, side="left")
        return np.searchsorted(those, at + within_us, side="right") - low

    return near(feeder.astype(np.int32)) - near(stream.premise)
