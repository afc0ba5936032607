"""Every scenario on every board in one table (docs/scenario-table.md)."""

from __future__ import annotations

from collections.abc import Iterator

from ridethrough.reports.summary import Summary
from ridethrough.scenarios import Scenario
from ridethrough.support.quantities import show_time

OUTCOMES = {0: "0 success", 1: "1 no image held", 2: "2 hash mismatch", 3: "3 activation failure", None: "none"}


def markdown(results: list[tuple[Scenario, str, Summary]]) -> Iterator[str]:
    """Lines of Markdown. `results`: each scenario, the board it ran on, and its figures."""
    yield "# Every scenario on every board"
    yield ""
    yield "Made by `make table`; a test keeps it true. What each scenario does and must show is in its file in"
    yield "`tools/ridethrough/scenarios/`."
    file = None
    for scenario, board, s in results:
        name, _, case = scenario.name.partition(":")
        if name != file:
            file = name
            yield from ("", f"## {name}: {scenario.title}", "", scenario.text, "")
            yield "| case | board | longest darkness | AD1 | outcome | version | rule |"
            yield "|---|---|---|---|---|---|---|"
        yield (
            f"| {case} | {board} | {show_time(s.dark_us)} | {_alerts(s)} | {OUTCOMES.get(s.outcome, s.outcome)} "
            f"| {'' if s.version is None else s.version} | {s.verdict.status} |"
        )


def _alerts(s: Summary) -> str:
    kinds = [f"{'legitimate' if a.legitimate else 'false'} ({a.doing})" for a in s.alerts]
    return ", ".join(kinds + ["missed"] * s.missed) or "none"
