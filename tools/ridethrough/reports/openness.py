"""How open a rule is, in lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from ridethrough.reports.lines import Line, joined, styled
from ridethrough.rules.explain import KEYS_SAY
from ridethrough.workbench.openness import Openness

_BAR = 24


def openness_lines(found: Openness) -> Iterator[Line | str]:
    """The number first, then what depends on it, then what to decide."""
    if found.readings == 1:
        yield styled(f"{found.rule.id}: every key is decided; one reading", "bold")
        return
    depending = found.depending
    yield styled(f"{found.rule.id}: {found.readings} readings", "bold")
    if not depending:
        yield f"No verdict on these {len(found.spreads)} meters depends on which it is."
        return
    yield f"{len(depending)} of {len(found.spreads)} meters depend on which it is; the most evenly split come first:"
    yield ""
    for specimen, spread in depending:
        broken, n = spread.broken[True], len(spread.verdicts)
        bar = "#" * round(_BAR * broken / n)
        key, whole = spread.decided_by()
        by = f"decided by {key}" if whole else f"mostly by {key}"
        yield joined(f"  {specimen.name:<22} ", (f"{bar:.<{_BAR}}", "red"), f" broken in {broken} of {n}, {by}")
    yield ""
    yield "What to decide first, and how much of the doubt (entropy over these meters) that settles; answers overlap:"
    for key, share in found.settles():
        yield f"  {key:<10} {share:4.0%}  {KEYS_SAY[key]}"
