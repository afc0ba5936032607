"""Test cases of a rule: either side of its limit, and for each key a behaviour whose verdict hangs on how that key is
read, with the nearest one that gets the other verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain

from ridethrough.rules import Evidence, Rule, Verdict
from ridethrough.rules.keys import CHOICES, DEFAULTS
from ridethrough.support.quantities import show_time
from ridethrough.traces import Trace
from ridethrough.workbench.behaviour import CALM_US, FULL_MV, Behaviour, Step, trace_of
from ridethrough.workbench.criteria import Example, beside, either_side, plain, with_time
from ridethrough.workbench.search import Search
from ridethrough.workbench.sets import decided
from ridethrough.world.hub_params import HubParams

_TRIES = 60
_S = 10**6
_EVENTS = {"command": "the command is accepted", "shutdown": "the shutdown begins", "boot": "boot code runs",
           "application": "the application runs", "outcome": "the outcome is reported"}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """`name`: unique within its rule. `key` is what it is about; `why`: what decides. `example`: what happens, and the
    verdict, which is kept or broken."""

    name: str
    key: str
    why: str
    example: Example

    @property
    def trace(self) -> Trace:
        """What a test house's instrument would have seen."""
        return trace_of(self.example.behaviour, HubParams())

    @property
    def switchings(self) -> list[tuple[int, str]]:
        """What to switch and when, in us from the beginning, in order: for a bench supply."""
        return list(_switchings(self.example.behaviour))


def cases(rule: Rule, progress: Callable[[str, int, int], None] = lambda key, done, total: None) -> list[Case]:
    """The cases of a rule; BadInput if it leaves keys open."""
    decided([rule], "cases need")
    found: list[Case] = []
    seen: set[tuple[str, Behaviour]] = set()

    def add(key: str, why: str, example: Example | None) -> None:
        if example is None or example.verdict.status not in ("pass", "fail"):
            return
        if (key, example.behaviour) not in seen:
            seen.add((key, example.behaviour))
            n = sum(case.key == key for case in found) + 1
            found.append(Case(f"{key.replace('_', '-')}-{n}-{example.said}", key, why, example))

    for reading in rule.readings:
        pair = either_side(rule, reading)
        if pair is not None:
            name = f" of {reading.name}" if reading.name else ""
            add("limit", f"just within what is allowed{name}", _judged(rule, pair.kept))
            add("limit", f"just beyond it{name}", _judged(rule, pair.broken))
    others = list(_others(rule))
    for i, (key, value, other) in enumerate(others):
        progress(key, i, len(others))
        behaviour = _parted(rule, other)
        if behaviour is None:
            continue
        example = Example(behaviour, _check(rule, behaviour))
        unlike = "broken" if example.verdict.status == "pass" else "kept"
        add(key, f"with {key} = {value} it would be {unlike}", example)
        add(key, f"the nearest to it that is {unlike}", _partner(rule, example))
    return found


def _check(rule: Rule, behaviour: Behaviour) -> Verdict:
    return rule.check(Evidence(trace_of(behaviour, HubParams())))


def _judged(rule: Rule, example: Example | None) -> Example | None:
    # by all limits of the rule
    return None if example is None else Example(example.behaviour, _check(rule, example.behaviour))


def _others(rule: Rule) -> Iterator[tuple[str, str, Rule]]:
    # The rule with one key read otherwise.
    for key, values in CHOICES.items():
        if key == "tolerance":
            # how exactly is measured is no matter of what happens
            continue
        written = {str(limit.raw.get(key, DEFAULTS.get(key))) for limit in rule.limits}
        for value in values:
            other = rule.altered(key, value) if str(value) not in written else None
            if other is not None:
                yield key, "none" if value is None else str(value), other


def _parted(rule: Rule, other: Rule) -> Behaviour | None:
    # A behaviour that one breaks and the other keeps.
    def parts(behaviour: Behaviour) -> bool:
        evidence = Evidence(trace_of(behaviour, HubParams()))
        one, two = rule.check(evidence).status, other.check(evidence).status
        return {one, two} == {"pass", "fail"}

    readings = (*rule.readings, *other.readings)
    ready = chain(_usual(max(r.lasting.limit if r.lasting else 0 for r in readings)), *map(plain, readings))
    return next(filter(parts, ready), None) or Search((rule, other), _TRIES).smallest(parts)


def _usual(limit_us: int) -> Iterator[Behaviour]:
    """What readings of one sentence part on: two cuts for one, a cut before or after the reboot, another kind of reset,
    a mains loss that is not the whole of it, power that is low and not off."""
    short, app, outcome = Step(10 * _S), Step(10 * _S, event="application"), Step(10 * _S, event="outcome")
    whole_us, half_us = limit_us or 10 * _S, max(1, limit_us * 6 // 10)
    off, half = Step(whole_us + limit_us // 5, 0), Step(half_us, 0)
    reset = Step(10 * _S, event="activation")
    yield (reset, Step(whole_us, 0), app, outcome)
    for gap in (Step(20 * _S), Step(500_000)):
        yield (reset, half, gap, half, app, outcome)
        yield (reset, half, app, outcome, gap, half, short)
        yield (reset, half, app, outcome, gap, reset, half, app, outcome)
        yield (Step(10 * _S, event="command"), reset, half, app, gap, reset, half, app, outcome)
    for kind in ("commanded", "watchdog", "power-up"):
        other = Step(10 * _S, event=kind)
        yield (other, off, app, short, reset, app, outcome)
        yield (reset, app, outcome, short, other, off, app)
    for event in ("shutdown", "command"):
        yield (Step(10 * _S, event=event), off, short, reset, app, outcome)
    for begins in (
        (reset, app),
        (reset, app, outcome),
        (reset, Step(10 * _S, event="boot")),
        (reset, half, short, app),
    ):
        yield (*begins, off, short, *(() if outcome in begins else (outcome,)))
    yield (off, short, reset, app, outcome)
    lost = replace(off, mains=False)
    for cut in ((lost,), (Step(10 * _S, mains=False), off), (off, Step(10 * _S, mains=False)), (half, lost)):
        yield (reset, *cut, app, outcome)
    for mv in (9_500, 8_500, 13_500):
        yield (reset, replace(off, ch_mv=mv), app, outcome)
    yield (reset, replace(off, fitted=False), app, outcome)


def _partner(rule: Rule, example: Example) -> Example | None:
    # The nearest behaviour with the other verdict.
    if example.verdict.status == "fail":
        pair = beside(example.behaviour, lambda b: _check(rule, b), rule.readings[0])
        return pair.kept if pair else None
    behaviour = example.behaviour
    longest_us = 2 * max([r.lasting.limit for r in rule.readings if r.lasting] or [10 * _S])
    for i, step in enumerate(behaviour):
        if step.ch_mv == FULL_MV and step.mains and step.fitted:
            continue
        longer = with_time(behaviour, i, step.for_us + longest_us)
        if _check(rule, longer).status != "fail":
            continue
        pair = beside(longer, lambda b: _check(rule, b), rule.readings[0])
        return pair.broken if pair else Example(longer, _check(rule, longer))
    return None


def _switchings(behaviour: Behaviour) -> Iterator[tuple[int, str]]:
    at_us, before = CALM_US, Step(CALM_US)
    yield 0, f"mains on, CH power {FULL_MV / 1000:g} V, CH fitted"
    for step in (*behaviour, Step(CALM_US)):
        what = []
        if step.mains != before.mains:
            what.append(f"mains {'on' if step.mains else 'off'}")
        volts = [s.ch_mv if s.mains else 0 for s in (step, before)]
        if volts[0] != volts[1]:
            what.append(f"CH power {'off' if not volts[0] else f'{volts[0] / 1000:g} V'}")
        if step.fitted != before.fitted:
            what.append("CH fitted" if step.fitted else "CH off its pins")
        if step.event:
            what.append(_EVENTS.get(step.event, f"{step.event} reset"))
        if what:
            yield at_us, ", ".join(what)
        at_us, before = at_us + step.for_us, step
    yield at_us, "end"


def at_s(us: int) -> str:
    """A moment in seconds, with as many places as it needs and three at least."""
    text = f"{us / 1e6:.6f}"
    return text[:-3] if text.endswith("000") else text


def show_switchings(case: Case) -> str:
    """In one line: at 600.000 s off, at 779.000 s on: kept."""
    said = "; ".join(f"at {at_s(us)} s {what}" for us, what in case.switchings[1:-1])
    return f"{said or 'nothing happens'}: {case.example.said} ({show_time(case.switchings[-1][0])} in all)"
