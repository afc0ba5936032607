"""A rule's record of decisions, to be printed and filed: the sentence, the rule with its hash, who decided what, which
keys were open before, the verdicts over the meters, and the assumed figures that they rest on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ridethrough.reports.audit import hub_words
from ridethrough.reports.page import Page, Td
from ridethrough.rules import Rule
from ridethrough.rules.decisions import NOTHING
from ridethrough.rules.explain import KEYS_SAY, explain, warnings
from ridethrough.rules.keys import CHOICES, KEYS, OPEN, count
from ridethrough.rules.rule import sha256_of
from ridethrough.version import VERSION
from ridethrough.workbench.matrix import flag
from ridethrough.workbench.specimen import Specimen


def add_record(page: Page, rule: Rule, meters: Sequence[Specimen]) -> None:
    """The whole record."""
    page.add("blockquote", rule.text)
    page.add("p", rule.source, "soft")
    rows = [("rule", rule.id), ("version", rule.version or "none is written"), ("SHA-256 of its file", sha256_of(rule)),
            ("judged by", f"Ridethrough {VERSION}")]  # fmt: skip
    page.table("The rule", ("what", "value"), rows)
    if rule.open_keys:
        undecided = ", ".join(KEYS_SAY[key] for key in rule.open_keys)
        page.add("p", f"Not decided yet: {undecided}. So it has {rule.count} readings.", "verdict undecided")
    page.heading("What it says")
    for paragraph in explain(rule):
        page.add("p", paragraph)
    for warning in warnings(rule):
        page.add("p", f"To be settled: {warning}.", "verdict undecided")
    page.heading("Who decided what")
    if rule.decisions:
        page.add("p", _before(rule))
        page.table(
            "In the order in which it was decided", ("question", "key", "was", "decided", "by", "on"), _decisions(rule)
        )
    else:
        page.add("p", "The rule file names nobody: `ridethrough rules decide` writes it down.")
    silent = [key for key in KEYS if key in CHOICES and key not in {d.key for d in rule.decisions}]
    if silent:
        page.add("p", f"Nobody is named for: {', '.join(KEYS_SAY[key] for key in silent)}.", "soft")
    page.heading("What it says of the meters")
    verdicts = [(meter, rule.check(meter.trace)) for meter in meters]
    page.table(
        "Emulated meters, by name",
        ("meter", "verdict", "the hub"),
        [
            (
                Td(meter.name, under=meter.scenario.title),
                Td(verdict.sentence(), " ".join(filter(None, (verdict.status, flag(verdict, meter.harm))))),
                meter.harm.words(),
            )
            for meter, verdict in verdicts
        ],
    )
    page.heading("What this rests on")
    page.add("p", f"No figure of a hub has been published. {hub_words()}")


def _before(rule: Rule) -> str:
    opened = [d.key for d in rule.decisions if d.was == OPEN]
    before = count({*opened, *rule.open_keys})
    if not opened:
        return "None of these questions was open before: what they say has been changed."
    return f"Before the first of these decisions it had {before} readings, now it has {rule.count}."


def _decisions(rule: Rule) -> Iterator[tuple[str | Td, ...]]:
    latest = {d.key: d for d in rule.decisions}
    for d in rule.decisions:
        stands = any(d.stands(limit.raw) for limit in rule.limits)
        if latest[d.key] is not d:
            said = Td(d.value, under="decided anew since")
        else:
            said = Td(d.value, "" if stands else "fail", under="" if stands else "the file says something else")
        was = "not decided" if d.was == OPEN else "nothing was written" if d.was == NOTHING else d.was
        yield KEYS_SAY[d.key], d.key, was, said, d.by, d.on
