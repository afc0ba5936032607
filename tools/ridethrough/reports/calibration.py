"""Figures that were measured, beside those that a board states."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ridethrough.calibrate import Figure
from ridethrough.reports.lines import Line, styled


def as_json(figures: Sequence[Figure], most: float) -> dict[str, Any]:
    """By name: stated, measured, ratio, whether it drifts by more than the share `most`, and why it is missing."""
    return {
        "figures": {
            f.name: {"stated": f.stated, "measured": f.measured, "ratio": f.ratio, "drifts": f.drifts(most)}
            | ({"bound": True} if f.limit else {})
            | ({"why": f.why} if f.measured is None else {})
            for f in figures
        }
    }


def lines(figures: Sequence[Figure], most: float) -> Iterator[Line]:
    """A table: figure, what is stated, what was measured, their ratio, and a word where they do not agree."""
    yield styled(f"  {'figure':<28}{'stated':>12}{'measured':>12}{'ratio':>8}", "dim")
    for f in figures:
        stated = _number(f.stated)
        if f.measured is None:
            yield styled(
                f"  {f.name:<28}{stated:>12}{'-':>12}{'':>8}  not measured: {f.why or 'no reason is known'}", "dim"
            )
            continue
        ratio = "-" if f.ratio is None else f"{f.ratio:.2f}"
        word = ("  above its bound" if f.limit else "  drifts") if f.drifts(most) else "  (a bound)" if f.limit else ""
        text = f"  {f.name:<28}{stated:>12}{_number(f.measured):>12}{ratio:>8}{word}"
        yield styled(text, "bold red") if f.drifts(most) else styled(text, "")


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.1f}"
