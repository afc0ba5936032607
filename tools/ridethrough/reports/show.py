"""A run on the terminal: title, strip, what happened, the figures, the verdict."""

from __future__ import annotations

from collections.abc import Iterator

from ridethrough.reports.lines import Line, joined, styled
from ridethrough.reports.summary import Summary
from ridethrough.reports.timeline import Glyphs, happenings, strip
from ridethrough.scenarios import Scenario
from ridethrough.support.quantities import show_time
from ridethrough.traces import Trace

_CONSOLE_TAIL = 6
_STYLES = {"pass": "bold green", "fail": "bold red", "undecided": "bold yellow", "vacuous": "bold yellow"}


def show(scenario: Scenario, trace: Trace, summary: Summary, width: int, glyphs: Glyphs) -> Iterator[Line | str]:
    """Everything about a run that a person wants at a glance."""
    yield styled(scenario.title, "bold")
    yield styled(f"{scenario.name}: board {trace.notes['board']}, firmware {trace.notes['firmware']}", "dim")
    yield ""
    yield from strip(trace, width, glyphs)
    yield ""
    yield from happenings(trace)
    yield ""
    yield from figures(summary)
    if summary.image_bytes and summary.programmed_bytes["slot"]:
        ratio = summary.programmed_bytes["slot"] / summary.image_bytes
        parts = ", ".join(f"{name} {count}" for name, count in summary.programmed_bytes.items() if name != "slot")
        yield f"  flash programmed   slot {ratio:.3f} x the image of {summary.image_bytes} bytes; bytes: {parts}"
    for step, answer in trace.notes["answers"]:
        yield f"  {step + ':':<18} {answer}"
    yield from verdict(summary)
    if summary.version is None and trace.notes["console"]:
        yield ""
        yield styled("  no application was announced; the console ended with:", "bold yellow")
        for _, said in trace.notes["console"][-_CONSOLE_TAIL:]:
            yield f"    {said}"
    for miss in summary.misses(scenario.shows):
        yield styled(f"  NOT AS STATED: {miss}", "bold red")


def figures(summary: Summary) -> Iterator[Line | str]:
    """What the hub and the operator saw."""
    yield f"  longest darkness   {show_time(summary.dark_us)}"
    yield f"  AD1 sent           {_alerts(summary)}"
    if summary.missed:
        yield f"  AD1 missed         {summary.missed}: the hub's store did not last until the alert"
    wrong = summary.ac_lost
    yield (
        f"  AC lost            wrong for {show_time(wrong.high_with_mains_us)} with mains on, "
        f"{show_time(wrong.low_without_mains_us)} without"
    )


def verdict(summary: Summary) -> Iterator[Line | str]:
    """The rule's, and which rule that is."""
    yield joined("  rule               ", (summary.verdict.sentence(), _STYLES[summary.verdict.status]))
    yield f"                     {summary.verdict.rule_id}"


def _alerts(summary: Summary) -> str:
    if not summary.alerts:
        return "none"
    parts = [f"{'legitimate' if a.legitimate else 'false'}, {a.doing}'s doing" for a in summary.alerts]
    return f"{len(parts)}: {'; '.join(parts)} (legitimate: {summary.definition})"
