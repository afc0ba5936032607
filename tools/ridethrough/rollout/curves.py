"""One of the hubs' figures at many values: how many false and missed alerts each would mean. So one sees which of the
figures that nobody has published matters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ridethrough.rollout.plan import PPM, Hubs, Plan
from ridethrough.rules.words import show_span
from ridethrough.workbench.hub_replay import RANGES

EVERY = 8
"""Curves are counted on the first of so many blocks of an area: the same meters at each value, so that their shape is
not chance."""
_MIN_US = 60 * 10**6
_STEPS = 4
_FIELDS = {
    "store_us": "store", "store_charge_us": "store_charge", "lost_mv": "lost", "boot_us": "boot", "join_us": "join",
}  # fmt: skip
"""The figures that curves go through, and what a plan calls them."""


@dataclass(frozen=True)
class Point:
    """`figure` as the plan calls it, with all hubs at `value` (us, mV)."""

    figure: str
    value: int
    shown: str
    hubs: Hubs


def points(plan: Plan) -> list[Point]:
    """The limit from 1 to 10 minutes, and each assumed figure over the range in which it may be."""
    found = []
    for minutes in range(1, 11):
        hubs = replace(plan.hubs, limit_us=minutes * _MIN_US)
        found.append(Point("limit", minutes * _MIN_US, f"{minutes} min", hubs))
    for figure in RANGES:
        # a store that does not last until the limit is what matters most of it
        least = plan.hubs.limit_us // 3 if figure.key == "store_us" else figure.least
        for i in range(_STEPS + 1):
            value = _rounded(least * (figure.most / least) ** (i / _STEPS))
            values: dict[str, Any] = {figure.key: ((value, PPM),)}
            shown = f"{value / 1000:g} V" if figure.key == "lost_mv" else show_span(value)
            found.append(Point(_FIELDS[figure.key], value, shown, replace(plan.hubs, **values)))
    return found


def _rounded(value: float) -> int:
    # as somebody would write it
    unit: int = 10 ** max(0, len(str(round(value))) - 2)
    return round(value / unit) * unit


def thresholds(plan: Plan) -> tuple[int, ...]:
    """Every voltage at which any hub of a plan or its curves loses its supply."""
    found = {mv for hubs in (plan.hubs, *(p.hubs for p in points(plan))) for mv, _ in hubs.lost_mv}
    return tuple(sorted(found))
