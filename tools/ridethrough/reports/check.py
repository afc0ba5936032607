"""Captures against rules: worst first, in lines, as JSON and as a page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ridethrough.reports.lines import Line, joined
from ridethrough.reports.page import Page
from ridethrough.rules import Rule, Verdict
from ridethrough.rules.verdict import WORST_FIRST
from ridethrough.support.quantities import show_time
from ridethrough.traces.capture import Capture

_STYLES = {"pass": "bold green", "fail": "bold red", "undecided": "bold yellow", "vacuous": "bold yellow"}
Said = Callable[[Verdict], str]
"""A verdict in words, as the front end has them."""


@dataclass(frozen=True)
class Judged:
    """A capture, a rule, and its verdict."""

    path: Path
    capture: Capture
    rule: Rule
    verdict: Verdict


def worst_first(judged: Iterable[Judged]) -> list[Judged]:
    """By status, and the nearest to the limit, or furthest beyond it, first."""
    return sorted(judged, key=lambda j: (WORST_FIRST.index(j.verdict.status), -_size(j.verdict)))


def _size(verdict: Verdict) -> int:
    return (verdict.margin_us or 0) if verdict.status == "fail" else -(verdict.margin_us or 0)


def lines(j: Judged, said: Said) -> Iterator[Line | str]:
    """Two lines: the verdict, and the rule with the things that it rests on."""
    rests = "; ".join(j.capture.rests_on)
    yield joined((f"{j.path}  ", "bold"), (said(j.verdict), _STYLES[j.verdict.status]))
    yield f"    {j.rule.id}" + (f"; rests on: {rests}" if rests else "")


def as_json(j: Judged, said: Said) -> dict[str, Any]:
    """Everything, for programs."""
    v = j.verdict
    return {
        "capture": str(j.path),
        "rule": j.rule.id,
        "status": v.status,
        "sentence": said(v),
        "witness": vars(v.witness) if v.witness else None,
        "margin_us": v.margin_us,
        "rests_on": j.capture.rests_on,
    }


def _exactly(verdict: Verdict) -> tuple[str, str, str, str]:
    # the figures that sentences round
    def show(amount: int | None) -> str:
        return "" if amount is None else str(amount) if verdict.counts else show_time(amount)

    w = verdict.witness
    if w is None:
        return "", "", "", show(verdict.margin_us)
    return show_time(w.from_us), show_time(w.to_us), show(w.amount_us), show(verdict.margin_us)


def write_page(judged: Sequence[Judged], path: Path, said: Said) -> None:
    """A page with timelines; BadInput if it cannot be written."""
    page = Page("Captures against rules")
    page.add("p", f"{judged[0].path.name}: {said(judged[0].verdict)}", f"verdict {judged[0].verdict.status}")
    rows = [(j.path.name, j.rule.id, j.verdict.status, *_exactly(j.verdict)) for j in judged]
    page.table(
        "Worst first, to the microsecond", ("capture", "rule", "verdict", "from", "to", "counted", "margin"), rows
    )
    for j in judged:
        page.heading(f"{j.path.name}: {j.rule.id}")
        page.add("blockquote", j.rule.text)
        page.add("p", said(j.verdict), f"verdict {j.verdict.status}")
        page.timeline(j.capture, j.verdict, sorted(j.rule.levels_mv), j.path.name)
        page.add("p", "It rests on: " + "; ".join(j.capture.rests_on), "soft")
    page.write(path)
