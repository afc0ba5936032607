"""Search behaviours, and shrink what is found: the fewest steps, the plainest ones, the plainest times.

One drawing serves every question about the same rules, and is the same every time (docs/decisions/0020).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from itertools import product
from random import Random
from typing import Any

from ridethrough.rules import Rule
from ridethrough.workbench.behaviour import FULL_MV, MARKS, RESETS, SAG_MV, Behaviour, Step

TRIES = 4000
"""At each stage."""
_STAGES = 3
_MOST_BLOCKS = 5
_S = 1_000_000
_TIMES_S = (20, 1, 100, 60, 170, 200, 300)
_SHORT_US = (10_000,)
_LEVELS_MV = (0, FULL_MV, SAG_MV, 8_000)
_EVENTS = ("", *RESETS, *MARKS)
Wanted = Callable[[Behaviour], bool]


def times_us(rules: Sequence[Rule]) -> list[int]:
    """The times worth trying: some plain ones, and those that the rules name, each also a second to either side."""
    named: set[int] = set()
    for rule in rules:
        for _, readings in rule.every_reading:
            for r in readings:
                limit = r.lasting.limit if r.lasting else 0
                named |= {t for t in (limit, r.back_us, r.window_us) if t}
        if len(named) > 12:
            break
    times = [s * _S for s in _TIMES_S] + list(_SHORT_US)
    for us in sorted(named):
        times += [us, us + _S, max(1, us - _S)]
    return list(dict.fromkeys(t for t in times if t <= 3600 * _S * 24 * 40))


class Search:
    """Behaviours that may part `rules` from each other or from what they are for, `tries` at each stage. `levels_mv`:
    what CH power may be, if it is not everything."""

    def __init__(self, rules: Sequence[Rule], tries: int = TRIES, levels_mv: Sequence[int] = ()) -> None:
        self._times_us = times_us(rules)
        self._tries = tries
        self._levels_mv = tuple(levels_mv or _LEVELS_MV)
        self._drawn: list[list[Behaviour]] = []

    def smallest(self, wanted: Wanted) -> Behaviour | None:
        """The simplest behaviour that is `wanted`; None if none was found."""
        # a loop is one choice to the search, and many steps to a reader: only if nothing plainer is found
        for stage in range(_STAGES):
            found = next(filter(wanted, self._stage(stage)), None)
            if found is not None:
                return self._shrunk(found, wanted)
        return None

    def _stage(self, stage: int) -> list[Behaviour]:
        # Those of a stage, those with the fewest steps first.
        if stage == len(self._drawn):
            draw = _Draw(Random(stage), self._times_us, self._levels_mv)
            drawn = dict.fromkeys(draw.behaviour(stage) for _ in range(self._tries))
            self._drawn.append(sorted(drawn, key=len))
        return self._drawn[stage]

    def _shrunk(self, found: Behaviour, wanted: Wanted) -> Behaviour:
        wanted = cache(wanted)
        plainest_first: tuple[tuple[str, Sequence[Any]], ...] = (
            ("event", _EVENTS),
            ("mains", (True, False)),
            ("fitted", (True, False)),
            ("ch_mv", sorted(self._levels_mv, key=_how_plain)),
            ("for_us", self._times_us),
        )
        before: Behaviour | None = None
        while found != before:
            before = found
            found = self._merged(_fewer(found, wanted), wanted)
            for i, (part, values) in product(range(len(found)), plainest_first):
                now = getattr(found[i], part)
                for value in values[: values.index(now)]:
                    plainer = (*found[:i], replace(found[i], **{part: value}), *found[i + 1 :])
                    if wanted(plainer):
                        found = plainer
                        break
        return found

    def _merged(self, found: Behaviour, wanted: Wanted) -> Behaviour:
        # Two steps that follow each other as one that lasts longer.
        at = len(found) - 2
        while at >= 0:
            longer = (replace(found[at], for_us=us) for us in self._times_us if us > found[at].for_us)
            merged = ((*found[:at], step, *found[at + 2 :]) for step in longer)
            found = next(filter(wanted, merged), found)
            at = min(at - 1, len(found) - 2)
        return found


def _how_plain(level_mv: int) -> int:
    return (FULL_MV, 0, SAG_MV).index(level_mv) if level_mv in (FULL_MV, 0, SAG_MV) else FULL_MV


def _fewer(found: Behaviour, wanted: Wanted) -> Behaviour:
    # Without each run of steps that makes no difference, long ones first.
    for size in range(len(found), 0, -1):
        at = len(found) - size
        while at >= 0:
            fewer = found[:at] + found[at + size :]
            if wanted(fewer):
                found = fewer
            at = min(at - 1, len(found) - size)
    return found


class _Draw:
    """What a meter and the world around it may do, in up to some ten steps: at stage 0 plain blocks, at 1 also whole
    updates with two reboots, at 2 also loops."""

    def __init__(self, random: Random, times_us: Sequence[int], levels_mv: Sequence[int]) -> None:
        self._random = random
        self._times_us = times_us
        self._levels_mv = levels_mv

    def behaviour(self, stage: int) -> Behaviour:
        kinds = [self._mark, self._cut, self._reboot, self._outage, self._anything, self._update, self._loop]
        kinds = kinds[: 5 + stage] + kinds[5 : 5 + stage] * 2
        blocks = [self._random.choice(kinds)() for _ in range(self._random.randint(1, _MOST_BLOCKS))]
        return tuple(step for block in blocks for step in block)

    def _us(self) -> int:
        return self._random.choice(self._times_us)

    def _mv(self) -> int:
        return self._random.choice(self._levels_mv)

    def _calm(self, event: str = "") -> Step:
        return Step(self._us(), event=event)

    def _reset(self) -> Step:
        return Step(self._us(), self._mv(), self._random.choice(RESETS))

    def _mark(self) -> Behaviour:
        return (self._calm(self._random.choice(MARKS)),)

    def _cut(self) -> Behaviour:
        return Step(self._us(), self._mv()), self._calm()

    def _reboot(self) -> Behaviour:
        return (self._reset(), *self._mark())

    def _outage(self) -> Behaviour:
        return (replace(self._calm(), mains=False),)

    def _anything(self) -> Behaviour:
        mains, fitted = self._random.random() < 0.75, self._random.random() < 0.75
        return (Step(self._us(), self._mv(), self._random.choice(_EVENTS), mains, fitted),)

    def _update(self) -> Behaviour:
        return (self._calm("command"), *self._reboot(), *self._reboot())

    def _loop(self) -> Behaviour:
        return (self._reset(), self._calm()) * self._random.randint(2, 12)
