"""The tables of a plan that say what may be done about false alerts."""

from __future__ import annotations

from pathlib import Path

from ridethrough.rollout.plan import DAY_US, REMEDIES, Plan, Remedy
from ridethrough.rollout.plan_words import meter_of, share, share_of
from ridethrough.support.errors import BadInput, suggestion
from ridethrough.support.quantities import show_time
from ridethrough.support.toml import Table

_MANY_MAX = 20
_WINDOW_US_MAX = 7 * DAY_US


def remedy_of(table: Table, beside: Path) -> Remedy:
    """One [[remedy]]."""
    kind = table.choice("kind", REMEDIES)
    name = table.text("name", kind)
    if kind == "mended":
        raw = table.raw("shares")
        listed = isinstance(raw, list) and raw and all(isinstance(s, str) for s in raw)
        if not listed:
            raise table.fail("shares", 'a list of shares, one for each year, expected, such as ["0 %", "20 %"]')
        remedy = Remedy(
            name,
            kind,
            population=table.text("population"),
            meter=meter_of(table, beside, "as"),
            shares=tuple(table.parsed("shares", share, s) for s in raw),
        )
    elif kind == "list":
        remedy = Remedy(
            name,
            kind,
            covers=share_of(table, "covers", "100 %"),
            late_us=table.time_us("late", 0),
            by=table.choice("by", ("batch", "day"), "batch"),
        )
    elif kind == "ac lost":
        remedy = Remedy(name, kind, covers=share_of(table, "covers", "100 %"))
    elif kind == "limit":
        remedy = Remedy(name, kind, limit_us=table.time_us("limit"))
    elif kind == "cluster":
        least = table.number("neighbours", least=1, most=1000)
        remedy = Remedy(name, kind, window_us=table.time_us("within"), neighbours=least)
    else:
        remedy = Remedy(name, kind, window_us=table.time_us("window"))
    if remedy.window_us > _WINDOW_US_MAX:
        raise table.fail("within" if kind == "cluster" else "window", f"at most {show_time(_WINDOW_US_MAX)}, please")
    if remedy.by == "day" and remedy.late_us >= DAY_US:
        raise table.fail("late", "a list of a day that comes when the day is over: less than 24 h, please")
    table.done()
    return remedy


def combined_of(top: Table) -> tuple[tuple[str, ...], ...]:
    """Which remedies the plan combines."""
    raw = top.raw("combined")
    if raw is None:
        return ()
    if not isinstance(raw, list) or not all(isinstance(c, list) and len(c) > 1 for c in raw):
        raise top.fail("combined", 'a list of lists of two remedies or more, such as [["list", "suppress"]], expected')
    return tuple(tuple(str(name) for name in c) for c in raw)


def check_remedies(top: Table, plan: Plan) -> None:
    """BadInput for what cannot be."""
    names = [r.name for r in plan.remedies]
    if len(names) > _MANY_MAX:
        raise BadInput(f"{top.source}: {len(names)} remedies: at most {_MANY_MAX}, please")
    for table, remedy in zip(top.tables("remedy"), plan.remedies, strict=True):
        if names.count(remedy.name) > 1:
            raise table.fail("name", f"two remedies are called '{remedy.name}'")
        known = [p.name for p in plan.populations]
        if remedy.population and remedy.population not in known:
            raise table.fail("population", f"no population '{remedy.population}'{suggestion(remedy.population, known)}")
        if remedy.kind == "limit" and not plan.hubs.limit_us < remedy.limit_us <= 3600 * 10**6:
            raise table.fail("limit", f"longer than {show_time(plan.hubs.limit_us)}, and at most 1 h, expected")
    for combination in plan.combined:
        mended = [r.population for r in plan.remedies if r.name in combination and r.kind == "mended"]
        if len(set(mended)) < len(mended):
            raise top.fail("combined", f"two remedies mend '{mended[0]}': one is enough")
        for name in combination:
            if name not in names:
                raise top.fail("combined", f"no remedy '{name[:40]}'{suggestion(name, names)}")
        if len(set(combination)) < len(combination):
            raise top.fail("combined", f"'{combination[0]}' stands there twice")
