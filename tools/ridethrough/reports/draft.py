"""A rule as a requirement: numbered text, acceptance criteria on either side of the boundary, and the table of
what has been decided. HTML of the plainest kind, which pastes into a word processor.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ridethrough.reports.audit import hub_words
from ridethrough.reports.diagram import diagrams, legend, svg_of
from ridethrough.reports.page import Page
from ridethrough.rules import Rule
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
from ridethrough.rules.words import show_span
from ridethrough.workbench.behaviour import words
from ridethrough.workbench.criteria import TRIES, either_side, why_none

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
            sentence = sentence.replace("It is a breach if", "The ESME shall not bring it about that", 1)
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
        pair = either_side(rule, reading)
        if pair is None:
            page.add("p", f"A{number}. {why_none(reading, TRIES)}")
            continue
        name = f" ({reading.name})" if reading.name else ""
        for letter, example in zip("ab", (pair.kept, pair.broken), strict=True):
            if example is None:
                page.add("p", f"A{number}{letter}{name}. Nothing that the rule speaks about was found to be kept.")
                continue
            page.add("p", f"A{number}{letter}{name}. The rule is {example.said} when:")
            page.bullets(words(example.behaviour) or ["nothing happens"])
        drawn = diagrams(rule, reading, pair)
        title = f"A{number}: {reading.name or rule.id}"
        page.picture(svg_of(drawn, title, legend(reading)), f"{title}: {'; '.join(one.said for one in drawn)}")
        if pair.undecided_us:
            page.add("p", f"In between, over {show_span(pair.undecided_us)}, it is undecided.")
