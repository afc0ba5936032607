"""A rule as a requirement: numbered text, acceptance criteria on either side of the boundary, and the table of
what has been decided. HTML of the plainest kind, which pastes into a word processor.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from ridethrough.reports.audit import hub_words
from ridethrough.reports.page import Page
from ridethrough.rules import Evidence, Rule
from ridethrough.rules.explain import (
    KEYS_SAY,
    LEFT_OUT,
    explain_reading,
    first_reading,
    granted_keys,
    open_questions,
    warnings,
)
from ridethrough.rules.keys import DEFAULTS, KEYS, OPEN
from ridethrough.rules.reading import Reading
from ridethrough.workbench.behaviour import FULL_MV, Behaviour, trace_of, words
from ridethrough.workbench.search import smallest
from ridethrough.world.hub_params import HubParams

_TRIES = 1500
_S = 10**6
_LONG_ENOUGH_US = 10 * _S
"""What a step lasts in an example if its length makes no difference: long enough to be set up on a bench."""
_ABOUT_A_HUB = re.compile(r"\b(CH (up|down|on store|off|power at the hub)|ad1)\b", re.IGNORECASE)
_TERMS = (
    "CH power: the DC voltage that the ESME feeds to the Communications Hub (CH), at the ESME's side of the pins; "
    "100 % is 12 V [assumed: the interface's nominal voltage].",
    "Kinds of reset: activation and commanded are planned; watchdog, brown-out, crash and rollback are unplanned; "
    "a power-up is neither.",
    "Outcome: the result of an activation, as the ESME reports it. A reboot that no activation is behind has none, "
    "and is over when its application runs.",
)


def add_draft(page: Page, rule: Rule) -> None:
    """Requirement, criteria, decisions."""
    page.add("p", f"Proposed: “{rule.text}” ({rule.source})")
    if rule.open_keys:
        undecided = ", ".join(KEYS_SAY[key] for key in rule.open_keys)
        page.add("p", f"Not ready; {rule.count} readings. Not decided: {undecided}.", "verdict undecided")
    page.heading("Requirement")
    number = 0
    for limit in rule.limits:
        if limit.open_keys:
            page.add("p", "As it reads if each open question is given its first answer:")
        for sentence in explain_reading(limit.reading or first_reading(limit)):
            number += 1
            title = f"{limit.name}: " if limit.name else ""
            sentence = sentence.replace("It is a breach if", "It shall not happen that", 1)
            page.add("p", f"R{number}. {title}{sentence}")
        page.bullets(open_questions(limit))
    for warning in warnings(rule):
        page.add("p", f"To be settled: {warning}.", "verdict undecided")
    page.heading("Terms")
    page.bullets(_TERMS)
    if any(_ABOUT_A_HUB.search(str(value)) for limit in rule.limits for value in limit.raw.values()):
        page.add("p", f"It speaks of the CH itself, so it rests on figures that nobody has published. {hub_words()}")
    page.heading("Acceptance criteria")
    _criteria(page, rule)
    page.heading("Decisions")
    page.table("What the wording leaves open, and how it was decided", ("question", "key", "decided"), _decisions(rule))


def _decisions(rule: Rule) -> Iterator[tuple[str, str, str]]:
    for key in KEYS:
        for limit in rule.limits:
            if key not in limit.raw and key not in granted_keys(limit):
                continue
            value = limit.raw.get(key, DEFAULTS.get(key))
            words = "not decided" if value == OPEN else LEFT_OUT[key] if value is None else str(value)
            name = f" ({limit.name})" if limit.name else ""
            yield KEYS_SAY[key] + name, key, words


def _criteria(page: Page, rule: Rule) -> None:
    if rule.open_keys:
        page.add("p", "They follow once every key is decided.")
        return
    page.add("p", "Each begins and ends with mains and CH power on for ten minutes, and the hub in service.", "soft")
    for number, reading in enumerate(rule.readings, 1):
        pair = _either_side(rule, reading)
        if pair is None:
            page.add("p", f"A{number}. No example was found in {_TRIES} tries.")
            continue
        for letter, said, behaviour in zip("ab", ("kept", "broken"), pair, strict=True):
            name = f" ({reading.name})" if reading.name else ""
            page.add("p", f"A{number}{letter}{name}. The rule is {said} when:")
            page.bullets(words(behaviour) or ["nothing happens"])


def _either_side(rule: Rule, reading: Reading) -> tuple[Behaviour, Behaviour] | None:
    # The simplest breach, and the nearest thing to it that is none.
    hub = HubParams()

    def broken(behaviour: Behaviour) -> bool:
        return rule.check_readings((reading,), Evidence(trace_of(behaviour, hub))).status == "fail"

    found = smallest((rule,), broken, _TRIES)
    if found is None:
        return None
    found = _tightened(_settled(found, broken), broken)
    if reading.times and reading.window_us:
        # what is counted must come close together: how close is the boundary
        for i in range(len(found)):
            apart = _with_time(found, i, reading.window_us + _S)
            if not broken(apart):
                return apart, _with_time(found, i, _last(found, i, reading.window_us, broken))
    for less_us in (_S, 1):
        for i, step in enumerate(found):
            shorter = _with_time(found, i, step.for_us - less_us)
            if step.for_us > less_us and not broken(shorter):
                return shorter, found
    # no time makes the difference: what is left when a step is taken away
    for i in reversed(range(len(found))):
        if not broken(found[:i] + found[i + 1 :]):
            return found[:i] + found[i + 1 :], found
    return (), found


def _settled(behaviour: Behaviour, broken: Callable[[Behaviour], bool]) -> Behaviour:
    # no step so short that nobody could set it up, where that makes no difference
    for i, step in enumerate(behaviour):
        longer = _with_time(behaviour, i, _LONG_ENOUGH_US)
        if step.for_us < _LONG_ENOUGH_US and broken(longer):
            behaviour = longer
    return behaviour


def _tightened(behaviour: Behaviour, broken: Callable[[Behaviour], bool]) -> Behaviour:
    # each step without power as short as it may be, in whole seconds if it can be, for the rule to be broken still
    for i, step in enumerate(behaviour):
        if step.ch_mv == FULL_MV and step.mains:
            continue
        whole = _with_time(behaviour, i, -(-step.for_us // _S) * _S)
        unit = _S if broken(whole) else 1
        low, high = 0, -(-step.for_us // unit)
        while high - low > 1:
            middle = (low + high) // 2
            if broken(_with_time(behaviour, i, middle * unit)):
                high = middle
            else:
                low = middle
        behaviour = _with_time(behaviour, i, high * unit)
    return behaviour


def _last(behaviour: Behaviour, i: int, most_us: int, broken: Callable[[Behaviour], bool]) -> int:
    # the longest time, in whole seconds, for which step i may last and the rule is broken still
    low, high = behaviour[i].for_us // _S, most_us // _S + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if broken(_with_time(behaviour, i, middle * _S)) else (low, middle)
    return low * _S or behaviour[i].for_us


def _with_time(behaviour: Behaviour, i: int, us: int) -> Behaviour:
    return (*behaviour[:i], replace(behaviour[i], for_us=max(1, us)), *behaviour[i + 1 :])
