"""A run on the terminal: title, strip, what happened, the figures, the verdict."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from ridethrough.quantities import show_time
from ridethrough.reports.summary import Summary
from ridethrough.reports.timeline import Glyphs, happenings, strip
from ridethrough.scenarios import Scenario
from ridethrough.traces import Trace

_CONSOLE_TAIL = 6
_STYLES = {"pass": "bold green", "fail": "bold red", "undecided": "bold yellow", "vacuous": "bold yellow"}


def show(console: Console, scenario: Scenario, trace: Trace, summary: Summary) -> None:
    """Prints everything about a run that a person wants at a glance."""

    def line(text: Text | str = "") -> None:
        console.print(text, soft_wrap=True, highlight=False, markup=False)

    glyphs = Glyphs.for_encoding(console.encoding)
    line(Text(scenario.title, "bold"))
    line(Text(f"{scenario.name}: board {trace.notes['board']}, firmware {trace.notes['firmware']}", "dim"))
    line()
    for row in strip(trace, console.width, glyphs):
        line(row)
    line()
    for row in happenings(trace):
        line(row)
    line()
    line(f"  longest darkness   {show_time(summary.dark_us)}")
    line(f"  AD1 sent           {_alerts(summary)}")
    if summary.missed:
        line(f"  AD1 missed         {summary.missed}: the hub's store did not last until the alert")
    wrong = summary.ac_lost
    line(
        f"  AC lost            wrong for {show_time(wrong.high_with_mains_us)} with mains on, "
        f"{show_time(wrong.low_without_mains_us)} without"
    )
    if summary.image_bytes and summary.programmed_bytes["slot"]:
        ratio = summary.programmed_bytes["slot"] / summary.image_bytes
        parts = ", ".join(f"{name} {count}" for name, count in summary.programmed_bytes.items() if name != "slot")
        line(f"  flash programmed   slot {ratio:.3f} x the image of {summary.image_bytes} bytes; bytes: {parts}")
    for step, answer in trace.notes["answers"]:
        line(f"  {step + ':':<18} {answer}")
    line(Text.assemble("  rule               ", (summary.verdict.sentence(), _STYLES[summary.verdict.status])))
    line(f"                     {summary.verdict.rule_id}")
    if summary.version is None and trace.notes["console"]:
        line()
        line(Text("  no application was announced; the console ended with:", "bold yellow"))
        for _, said in trace.notes["console"][-_CONSOLE_TAIL:]:
            line(f"    {said}")
    for miss in summary.misses(scenario.shows):
        line(Text(f"  NOT AS STATED: {miss}", "bold red"))


def _alerts(summary: Summary) -> str:
    if not summary.alerts:
        return "none"
    parts = [f"{'legitimate' if a.legitimate else 'false'}, {a.doing}'s doing" for a in summary.alerts]
    return f"{len(parts)}: {'; '.join(parts)} (legitimate: {summary.definition})"
