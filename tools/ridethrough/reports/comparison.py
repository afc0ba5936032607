"""Scenarios on several guests, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ridethrough.calibrate.compare import Compared
from ridethrough.reports.lines import Line, styled
from ridethrough.reports.page import Page, Td
from ridethrough.support.quantities import show_rounded, show_time
from ridethrough.traces.difference import Difference, InOrder


def as_json(rows: Sequence[Compared], most: float) -> list[dict[str, Any]]:
    """A row for each scenario and guest; `differs` by more than the share `most`."""
    return [
        {
            "scenario": row.scenario,
            "guest": row.guest,
            "misses": row.misses,
            "differs": row.differs(most),
            **_found(row),
        }
        for row in rows
    ]


def _found(row: Compared) -> dict[str, Any]:
    if isinstance(row.found, Difference):
        return {"parts": vars(row.found)}
    if isinstance(row.found, InOrder):
        return {
            "apart_us": row.found.furthest.us,
            "apart_where": row.found.furthest.signal,
            "share": row.found.most.share,
            "share_where": row.found.most.signal,
            "share_t_us": row.found.most.t_us,
        }
    return {}


def lines(rows: Sequence[Compared], most: float) -> Iterator[Line]:
    """A line for each scenario on each guest but the first, and for the first where it does not end as stated."""
    first = rows[0].guest
    for row in rows:
        if row.guest == first and not row.misses:
            continue
        said = said_of(row) if row.guest != first else ""
        yield styled(
            f"  {row.scenario:<34}{'; '.join([said, *row.misses]).strip('; ')}", "bold red" if row.bad(most) else ""
        )
    stated, beside, ordered, within = _counts(rows, most)
    yield styled(
        f"  {len(rows)} runs: {stated} as stated; beside {first}: {ordered} of {beside} in the same order, "
        f"{within} of them within {most:.0%}"
    )


def _counts(rows: Sequence[Compared], most: float) -> tuple[int, int, int, int]:
    # Runs that ended as stated; those beside the first guest, of these in the same order, of these within `most`.
    others = [row for row in rows if row.guest != rows[0].guest]
    ordered = sum(not isinstance(row.found, Difference) for row in others)
    return sum(not row.misses for row in rows), len(others), ordered, sum(not row.differs(most) for row in others)


def said_of(row: Compared) -> str:
    """In words."""
    found = row.found
    if found is None:
        return "the same to the microsecond"
    if isinstance(found, Difference):
        return f"{found.signal} parts at {show_time(found.t_us)}: '{found.one}' beside '{found.other}'"
    return (
        f"the same order; {show_rounded(found.furthest.us)} apart at most ({found.furthest.signal}), "
        f"{found.most.share:.1%} of the time since a reset ({found.most.signal} at {show_time(found.most.t_us)})"
    )


def comparison_page(page: Page, board: str, guests: Sequence[str], rows: Sequence[Compared], most: float) -> None:
    """A sentence, and a table with a row a scenario."""
    first, *others = dict.fromkeys(row.guest for row in rows)
    stated, beside, ordered, within = _counts(rows, most)
    verdict = (
        f"{len(rows)} runs on {board}: {stated} ended as their scenarios state. Beside {first}, {ordered} of {beside} "
        f"do the same in the same order, {within} of them in times within {most:.0%}."
    )
    page.add("p", verdict, f"verdict {'fail' if any(row.bad(most) for row in rows) else 'pass'}")
    page.add("p", f"The guests: {'; '.join(guests)}.")
    page.add("p", "A time counts from the reset before it; a share is of that time, and of no less than 10 ms.")
    page.heading("Every scenario")
    table: list[tuple[str | Td, ...]] = []
    for at in range(0, len(rows), 1 + len(others)):
        mine, *theirs = rows[at : at + 1 + len(others)]
        table.append((mine.scenario, _ended(mine), *(_cell(row, most) for row in theirs)))
    page.table(f"Beside {first}", ("scenario", f"{first} ends", *others), table)


def _ended(row: Compared) -> str | Td:
    return Td("; ".join(row.misses), "fail") if row.misses else "as stated"


def _cell(row: Compared, most: float) -> str | Td:
    bad = bool(row.misses) or isinstance(row.found, Difference)
    return Td("; ".join([said_of(row), *row.misses]), "fail" if bad else "undecided" if row.differs(most) else "")
