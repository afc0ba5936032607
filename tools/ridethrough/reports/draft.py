"""A rule as a requirement: numbered text, acceptance criteria on either side of the boundary, and the table of
what has been decided. HTML of the plainest kind, which pastes into a word processor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from ridethrough.reports.page import Page
from ridethrough.rules import Evidence, Rule
from ridethrough.rules.explain import KEYS_SAY, explain, explain_reading, warnings
from ridethrough.rules.open import count
from ridethrough.rules.reading import DEFAULTS, KEYS, OPEN, Reading
from ridethrough.workbench.behaviour import FULL_MV, Behaviour, trace_of, words
from ridethrough.workbench.search import smallest
from ridethrough.world.hub import HubParams

_TRIES = 1500


def add_draft(page: Page, rule: Rule) -> None:
    """Requirement, criteria, decisions."""
    page.add("p", f"Proposed: “{rule.text}” ({rule.source})")
    if rule.open_keys:
        page.add(
            "p", f"Not ready: {', '.join(rule.open_keys)} not decided; {count(rule)} readings.", "verdict undecided"
        )
    page.heading("Requirement")
    number = 0
    for limit in rule.limits:
        sentences = list(explain_reading(limit.reading)) if limit.reading else explain(rule)
        for sentence in sentences:
            number += 1
            title = f"{limit.name}: " if limit.name else ""
            page.add("p", f"R{number}. {title}{sentence}")
    for warning in warnings(rule):
        page.add("p", f"To be settled: {warning}.", "verdict undecided")
    page.heading("Acceptance criteria")
    _criteria(page, rule)
    page.heading("Decisions")
    page.table("What the wording leaves open, and how it was decided", ("question", "key", "decided"), _decisions(rule))


def _decisions(rule: Rule) -> Iterator[tuple[str, str, str]]:
    for key in KEYS:
        for limit in rule.limits:
            value = limit.raw.get(key, DEFAULTS.get(key))
            words = "not decided" if value == OPEN else "none" if value is None else str(value)
            name = f" ({limit.name})" if limit.name else ""
            yield KEYS_SAY[key] + name, key, words


def _criteria(page: Page, rule: Rule) -> None:
    if rule.open_keys:
        page.add("p", "They follow once every key is decided.")
        return
    for number, reading in enumerate(rule.readings, 1):
        pair = _either_side(rule, reading)
        if pair is None:
            page.add("p", f"A{number}. No example was found in {_TRIES} tries.")
            continue
        for letter, said, behaviour in zip("ab", ("kept", "broken"), pair, strict=True):
            name = f" ({reading.name})" if reading.name else ""
            page.add("p", f"A{number}{letter}{name}. The rule is {said} when:")
            page.bullets(words(behaviour))


def _either_side(rule: Rule, reading: Reading) -> tuple[Behaviour, Behaviour] | None:
    # The simplest breach, and the nearest thing to it that is none.
    hub = HubParams()

    def broken(behaviour: Behaviour) -> bool:
        return rule.check_readings((reading,), Evidence(trace_of(behaviour, hub))).status == "fail"

    found = smallest((rule,), broken, _TRIES)
    if found is None:
        return None
    found = _tightened(found, broken)
    for less_us in (1_000_000, 1):
        for i, step in enumerate(found):
            shorter = _with_time(found, i, step.for_us - less_us)
            if step.for_us > less_us and not broken(shorter):
                return shorter, found
    # no time makes the difference: what is left when the last step is
    return found[:-1], found


def _tightened(behaviour: Behaviour, broken: Callable[[Behaviour], bool]) -> Behaviour:
    # each step without power as short as it may be for the rule to be broken still
    for i, step in enumerate(behaviour):
        if step.ch_mv == FULL_MV and step.mains:
            continue
        low, high = 0, step.for_us
        while high - low > 1:
            middle = (low + high) // 2
            if broken(_with_time(behaviour, i, middle)):
                high = middle
            else:
                low = middle
        behaviour = _with_time(behaviour, i, high)
    return behaviour


def _with_time(behaviour: Behaviour, i: int, us: int) -> Behaviour:
    return (*behaviour[:i], replace(behaviour[i], for_us=max(1, us)), *behaviour[i + 1 :])
