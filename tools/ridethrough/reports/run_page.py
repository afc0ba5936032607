"""A run as a page: the verdict, the timeline, the figures, and what the findings rest on."""

from __future__ import annotations

from ridethrough.reports.audit import hub_words
from ridethrough.reports.page import Page
from ridethrough.reports.summary import Summary
from ridethrough.rules import Rule
from ridethrough.scenarios import Scenario
from ridethrough.support.quantities import show_time
from ridethrough.traces import Trace


def add_run(page: Page, scenario: Scenario, trace: Trace, summary: Summary, rule: Rule) -> None:
    """Everything about a run, what failed first."""
    page.verdict(summary.verdict)
    for miss in summary.misses(scenario.shows):
        page.add("p", f"Not as stated: {miss}", "verdict fail")
    page.add("p", scenario.sentence or scenario.text)
    page.timeline(trace, summary.verdict, sorted(rule.levels_mv), scenario.title)
    alerts = [f"{'legitimate' if a.legitimate else 'false'}, {a.doing}'s doing" for a in summary.alerts]
    page.heading("Figures")
    rows = [
        ("scenario", scenario.name),
        ("board", str(trace.notes["board"])),
        ("firmware", str(trace.notes["firmware"])),
        ("longest darkness", show_time(summary.dark_us)),
        ("AD1 sent", "; ".join(alerts) or "none"),
        ("AD1 missed", str(summary.missed)),
        ("AC lost wrong", f"{show_time(summary.ac_lost.high_with_mains_us)} with mains on, "
         f"{show_time(summary.ac_lost.low_without_mains_us)} without"),
        ("legitimate means", summary.definition),
    ]  # fmt: skip
    page.table("What was seen", ("figure", "value"), rows)
    page.heading("The rule")
    page.add("blockquote", rule.text)
    page.add("p", f"{rule.id}; {rule.source}", "soft")
    page.add("p", hub_words(scenario.world.hub), "soft")
