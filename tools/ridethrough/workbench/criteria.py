"""Examples of what a reading calls broken and kept: the simplest breach, tightened to where it just is one, and beside
it the nearest behaviour that is kept. *Broken* is a fail and *kept* a pass, of the engine's: never undecided, and never
a behaviour that the rule does not speak about.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, islice, product

from ridethrough.rules import Evidence, Rule, Verdict
from ridethrough.rules.forms import KINDS
from ridethrough.rules.reading import Reading
from ridethrough.workbench.behaviour import FULL_MV, MARKS, Behaviour, Step, trace_of
from ridethrough.workbench.search import Search
from ridethrough.world.hub_params import HubParams

TRIES = 1500
_LOOKED_AT = 12
"""Breaches at most, for one that differs from something kept in a time alone."""
_S = 10**6
_UNITS_US = (_S, 100_000, 10_000, 1_000, 100, 10, 1)
LONG_ENOUGH_US = 10 * _S
"""What a step lasts in an example if its length makes no difference: long enough to be set up on a bench."""
_EVENT = re.compile(rf"(?i)\b({'|'.join(MARKS)})\b")
_KIND = re.compile(rf"(?i)\b({'|'.join(KINDS)})\b")
Check = Callable[[Behaviour], Verdict]


@dataclass(frozen=True)
class Example:
    """A behaviour, and what the rule says of it."""

    behaviour: Behaviour
    verdict: Verdict

    @property
    def said(self) -> str:
        """Kept or broken."""
        return {"pass": "kept", "fail": "broken"}[self.verdict.status]


@dataclass(frozen=True)
class Pair:
    """Either side of what decides. `kept` is None if nothing kept was found. `undecided_us`: of the step that makes the
    difference, the lengths in between."""

    broken: Example
    kept: Example | None
    undecided_us: int = 0
    by_time: bool = False
    """They differ in the length of one step alone."""


def resolution_us(reading: Reading) -> int:
    """In which steps a time is to be set up so that they say something about this reading: a tenth of its limit at
    most, and a part of it; a second at most."""
    limit_us = reading.lasting.limit if reading.lasting else 0
    return next((u for u in _UNITS_US if limit_us and u * 10 <= limit_us and limit_us % u == 0), _UNITS_US[0])


def either_side(rule: Rule, reading: Reading, hub: HubParams | None = None, tries: int = TRIES) -> Pair | None:
    """The examples of one of the rule's readings; None if no breach was found."""
    params = hub or HubParams()

    def check(behaviour: Behaviour) -> Verdict:
        return rule.check_readings((reading,), Evidence(trace_of(behaviour, params)))

    def breaks(behaviour: Behaviour) -> bool:
        return check(behaviour).status == "fail"

    unit_us = resolution_us(reading)
    first: Pair | None = None
    found: Behaviour | None = None
    for found in islice(filter(breaks, chain(plain(reading), _searched(rule, breaks, tries))), _LOOKED_AT):
        found = _tightened(_settled(_fewest(found, reading, breaks), breaks), breaks, unit_us)
        pair = beside(found, check, reading)
        if pair is not None and (pair.by_time or not reading.lasting):
            return pair
        first = first or pair
    if first is not None or found is None:
        return first
    kept = Search((rule,), tries // 5).smallest(lambda b: check(b).status == "pass")
    return Pair(Example(found, check(found)), Example(kept, check(kept)) if kept is not None else None)


def why_none(reading: Reading, tries: int) -> str:
    """A sentence for a reading without examples."""
    if reading.calendar:
        return f"A {reading.per} needs a date, and examples have none: try it on a capture that has one."
    return f"No example was found in {tries} tries."


def _searched(rule: Rule, wanted: Callable[[Behaviour], bool], tries: int) -> Iterator[Behaviour]:
    found = Search((rule,), tries).smallest(wanted)
    if found is not None:
        yield found


def beside(found: Behaviour, check: Check, reading: Reading) -> Pair | None:
    """The nearest thing to a breach that is kept, and the breach that is nearest to that; None if there is none."""
    unit_us = resolution_us(reading)

    def keeps(behaviour: Behaviour) -> bool:
        return check(behaviour).status == "pass"

    def pair(kept: Behaviour, broken: Behaviour, between_us: int = 0, by_time: bool = True) -> Pair:
        return Pair(Example(broken, check(broken)), Example(kept, check(kept)), between_us, by_time)

    if reading.times and reading.window_us:
        # what is counted must come close together: how close is the boundary
        for i, step in enumerate(found):
            apart = with_time(found, i, reading.window_us + _S)
            if keeps(apart):
                near_us = _edge(found, i, step.for_us, reading.window_us + _S, keeps, _S)
                nearest = with_time(found, i, near_us)
                broken = with_time(found, i, near_us - _S)
                return pair(nearest, broken if check(broken).status == "fail" else found)
    for i, step in enumerate(found):
        if step.for_us > unit_us and keeps(shorter := with_time(found, i, unit_us)):
            kept_us = _edge(found, i, step.for_us, unit_us, keeps, unit_us)
            shorter, next_longer = with_time(found, i, kept_us), with_time(found, i, kept_us + unit_us)
            longer = next_longer if check(next_longer).status == "fail" else found
            return pair(shorter, longer, max(0, longer[i].for_us - kept_us - unit_us))
    # no time makes the difference: what is left when a step is taken away, or is calm instead
    for i in reversed(range(len(found))):
        for kept in (found[:i] + found[i + 1 :], _calm(found, i)):
            if keeps(kept):
                return pair(kept, found, by_time=False)
    return None


def _edge(found: Behaviour, i: int, bad_us: int, good_us: int, keeps: Callable[[Behaviour], bool], unit_us: int) -> int:
    # The length of step i, from `good_us` towards `bad_us`, up to which it is kept.
    while abs(bad_us - good_us) > unit_us:
        middle_us = (bad_us + good_us) // 2 // unit_us * unit_us
        if middle_us in (bad_us, good_us):
            break
        if keeps(with_time(found, i, middle_us)):
            good_us = middle_us
        else:
            bad_us = middle_us
    return good_us


def _calm(found: Behaviour, i: int) -> Behaviour:
    return (*found[:i], replace(found[i], ch_mv=FULL_MV, mains=True, fitted=True), *found[i + 1 :])


def _fewest(found: Behaviour, reading: Reading, breaks: Callable[[Behaviour], bool]) -> Behaviour:
    for i in reversed(range(len(found))):
        if found[i].event in ("application", "outcome") and not reading.always:
            # an update that is not told to its end is nobody's example
            continue
        if breaks(fewer := found[:i] + found[i + 1 :]):
            found = fewer
        elif breaks(calm := _calm(found, i)):
            found = calm
    return found


def _settled(found: Behaviour, breaks: Callable[[Behaviour], bool]) -> Behaviour:
    # no step so short that nobody could set it up, where that makes no difference
    for i, step in enumerate(found):
        if step.for_us < LONG_ENOUGH_US and breaks(longer := with_time(found, i, LONG_ENOUGH_US)):
            found = longer
    return found


def _tightened(found: Behaviour, breaks: Callable[[Behaviour], bool], unit_us: int) -> Behaviour:
    # each step without power as short as it may be for the rule to be broken still, in whole units if it can be
    for i, step in enumerate(found):
        if step.ch_mv == FULL_MV and step.mains and step.fitted:
            continue
        whole_us = -(-step.for_us // unit_us) * unit_us
        unit = unit_us if breaks(with_time(found, i, whole_us)) else 1
        low, high = 0, -(-step.for_us // unit)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if breaks(with_time(found, i, middle * unit)) else (middle, high)
        found = with_time(found, i, high * unit)
    return found


def with_time(behaviour: Behaviour, i: int, us: int) -> Behaviour:
    """With another length of step `i`, a microsecond at least."""
    return (*behaviour[:i], replace(behaviour[i], for_us=max(1, us)), *behaviour[i + 1 :])


def plain(reading: Reading) -> Iterator[Behaviour]:
    """What most readings are about, and breaks many of them: a reset of a kind that it speaks of, with something bad
    for long enough, as often as needed."""
    times = reading.times.limit + (not reading.times.inclusive) if reading.times else 1
    calm = Step(reading.back_us + LONG_ENOUGH_US)
    for bad, length_us, start in product(_bad(reading), _lengths(reading), _starts(reading)):
        core = (replace(bad, for_us=length_us), calm) * min(times, 12)
        yield (*start, *core, Step(LONG_ENOUGH_US, event="application"), Step(LONG_ENOUGH_US, event="outcome"))
        if start:
            # the reset itself goes on for so long, whatever CH power does
            slow = replace(start[-1], for_us=length_us)
            yield (*start[:-1], slow, Step(LONG_ENOUGH_US, event="application"), Step(LONG_ENOUGH_US, event="outcome"))
            again = (*start, *core[:2], Step(LONG_ENOUGH_US, event="application"))
            yield (*again * min(times, 12), Step(LONG_ENOUGH_US, event="outcome"))


def _bad(reading: Reading) -> Iterator[Step]:
    named = [m[1].lower() for form in (_EVENT, _KIND) for m in form.finditer(reading.forbid.text)]
    events = list(dict.fromkeys(named))
    if reading.forbid.momentary:
        yield from (Step(LONG_ENOUGH_US, event=event) for event in events)
    # a tenth of a volt to either side can be set up on any supply
    levels = {math.ceil(level) + aside for level in reading.forbid.levels_mv for aside in (-100, 100)}
    for mv in dict.fromkeys((0, *sorted(levels))):
        yield Step(LONG_ENOUGH_US, min(99_999, max(0, mv)))
    yield Step(LONG_ENOUGH_US, mains=False)
    yield Step(LONG_ENOUGH_US, fitted=False)
    yield from (Step(LONG_ENOUGH_US, 0, event=event) for event in events)


def _lengths(reading: Reading) -> list[int]:
    limit_us = reading.lasting.limit if reading.lasting else 0
    over_us = limit_us + reading.tolerance_us + resolution_us(reading)
    return list(dict.fromkeys((over_us, max(over_us, LONG_ENOUGH_US), over_us + 240 * _S)))


def _starts(reading: Reading) -> list[Behaviour]:
    if reading.always:
        return [(), (Step(LONG_ENOUGH_US, event="activation"),)]
    kinds = [kind for kind in reading.during if kind in KINDS] or ["activation"]
    reset = Step(LONG_ENOUGH_US, event=kinds[0])
    before = [Step(LONG_ENOUGH_US, event=reading.from_)] if reading.from_ in MARKS else []
    return [(*before, reset), (Step(LONG_ENOUGH_US, event="command"), reset)]
