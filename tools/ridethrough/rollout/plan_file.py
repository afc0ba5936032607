"""Read a roll-out's plan: TOML, strict. docs/rollout.md lists every key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from ridethrough.rollout.plan import (
    DAY_US,
    PPM,
    Activation,
    Area,
    Figure,
    Hubs,
    Outages,
    Plan,
    Population,
    Storm,
    population_meters,
)
from ridethrough.rollout.plan_remedies import check_remedies, combined_of, remedy_of
from ridethrough.rollout.plan_words import area_shares, check_sum, meter_of, real_number, scenario_of, share, share_of
from ridethrough.rollout.shares import rounded
from ridethrough.support.errors import BadInput, suggestion
from ridethrough.support.paths import ROLLOUT
from ridethrough.support.quantities import parse_time_us, parse_voltage_mv
from ridethrough.support.toml import Table, brief
from ridethrough.traces.alerts import DEFAULT_DEFINITION, DEFINITIONS

PLANS = ROLLOUT / "plans"
DEFAULT = "working-group-1400k"
METERS_MAX, DAYS_MAX = 100_000_000, 180
_CLASSES_MAX = 256
_SUPPLIERS_MAX = 200
_MANY_MAX = 20
_LONG_US = 180 * 10**6
"""What an area's number of interruptions counts."""
_RETRY_US_MAX = 7 * DAY_US
_NO_FIGURES = (
    "name", "kind", "title", "behaviour", "as", "firmware", "board", "line", "capture", "outages", "rolled_back",
    "legitimate", "combined",
)  # fmt: skip
"""Keys of a plan that choose something."""
_HUB_DEFAULTS = {"store": "240 s", "store_charge": "120 s", "lost": "9 V", "boot": "15 s", "join": "20 s"}
_LEFT_TO_US = {
    "hub.limit": "3 min", "hub.boundary": ">= 1 limit", **{f"hub.{k}": v for k, v in _HUB_DEFAULTS.items()},
    "nation.retry": "1 h", "nation.premises_a_feeder": "64",
}  # fmt: skip
"""What counts where a plan says nothing."""


def plans() -> list[str]:
    """Those that come with the project."""
    return sorted(p.stem for p in PLANS.glob("*.toml"))


def load_plan(name: str) -> Plan:
    """A plan by name, or in a file (`x.toml`). BadInput if there is none or it is not sound."""
    path = Path(name) if name.endswith(".toml") else PLANS / f"{name}.toml"
    if not name.endswith(".toml") and name not in plans():
        raise BadInput(f"no plan '{name}'{suggestion(name, plans())}; a file's name ends in .toml")
    top = Table.load(path)
    nation = top.table("nation")
    known = areas()
    meters = nation.number("meters", least=1, most=METERS_MAX)
    days = nation.number("days", least=1, most=DAYS_MAX)
    shares = area_shares(nation, "areas", known)
    if not shares:
        shares = rounded(PPM, {a.name: a.customers for a in known})
    plan = Plan(
        name=path.stem,
        title=top.text("title"),
        text=top.text("text", ""),
        meters=meters,
        days=days,
        feeder=nation.number("premises_a_feeder", 64, least=1, most=4096),
        areas=known,
        area_meters=rounded(meters, shares),
        hubs=_hubs(top.table("hub")),
        outages=_outages(top),
        storms=tuple(_storm(table, known, days) for table in top.tables("storm")),
        populations=_populations(top, known, meters, days, path.parent),
        remedies=tuple(remedy_of(table, path.parent) for table in top.tables("remedy")),
        combined=combined_of(top),
        retry_us=nation.time_us("retry", 3600 * 10**6),
        legitimate=nation.choice("legitimate", tuple(DEFINITIONS), DEFAULT_DEFINITION),
        figures=_figures(top, known),
    )
    for of_area in population_meters(plan):
        for area, n in of_area.items():
            if n < 0:  # of those that are left
                raise BadInput(f"{path}: {area} has {plan.area_meters[area]} meters, its populations {-n} more")
    check_remedies(top, plan)
    if plan.retry_us > _RETRY_US_MAX:
        raise nation.fail("retry", "at most 168 h, please")
    nation.done()
    top.done()
    return plan


def areas() -> tuple[Area, ...]:
    """The 14 licence areas, by id."""
    table = Table.load(ROLLOUT / "areas.toml")
    found = []
    for name in table.everything():
        area = table.table(name)
        column, row = area.raw("map")
        found.append(
            Area(
                name,
                area.number("id"),
                area.text("group"),
                area.number("customers"),
                float(area.raw("interruptions")),
                (column, row),
                area.text("customers_source", ""),
                area.text("interruptions_source", ""),
            )
        )
    return tuple(sorted(found, key=lambda a: a.ident))


def _hubs(table: Table) -> Hubs:
    def values(key: str, parse: Any) -> tuple[tuple[int, int], ...]:
        raw = table.raw(key)
        if raw is None:
            raw = [[_HUB_DEFAULTS[key], "100 %"]]
        if isinstance(raw, str):
            raw = [[raw, "100 %"]]
        pairs = isinstance(raw, list) and all(
            isinstance(p, list) and len(p) == 2 and all(isinstance(x, str) for x in p) for p in raw
        )
        if not pairs or not raw:
            raise table.fail(key, f'a value such as "{_HUB_DEFAULTS[key]}", or a list of values with shares, expected')
        found = tuple((table.parsed(key, parse, value), table.parsed(key, share, part)) for value, part in raw)
        check_sum(table, key, [part for _, part in found])
        return found

    hubs = Hubs(
        limit_us=table.time_us("limit", 180 * 10**6),
        boundary=table.choice("boundary", (">=", ">"), ">="),
        store_us=values("store", parse_time_us),
        store_charge_us=values("store_charge", parse_time_us),
        lost_mv=values("lost", parse_voltage_mv),
        boot_us=values("boot", parse_time_us),
        join_us=values("join", parse_time_us),
    )
    if not 10**6 <= hubs.limit_us <= 3600 * 10**6:
        raise table.fail("limit", "1 s to 1 h expected")
    if any(not 10**6 <= v <= 3600 * 10**6 for v, _ in hubs.store_charge_us):
        raise table.fail("store_charge", "1 s to 1 h expected")
    if any(v > 24 * 3600 * 10**6 for v, _ in hubs.store_us):
        raise table.fail("store", "at most 24 h expected")
    if any(not 1_000 <= v <= 11_000 for v, _ in hubs.lost_mv):
        raise table.fail("lost", "1 V to 11 V expected: the rail has 12 V")
    n = len(hubs.store_us) * len(hubs.store_charge_us) * len(hubs.lost_mv) * len(hubs.boot_us) * len(hubs.join_us)
    if n > _CLASSES_MAX:
        raise table.fail("store", f"{n} kinds of hub with the other figures: at most {_CLASSES_MAX}, please")
    table.done()
    return hubs


def _outages(top: Table) -> tuple[Outages, ...]:
    found = []
    for table in top.tables("outage"):
        part = share_of(table, "share", "") if table.has("share") else None
        per_100 = real_number(table, "per_100_customers", 10_000) if table.has("per_100_customers") else None
        if (part is None) == (per_100 is None):
            raise table.fail("share", "either a share of an area's interruptions, or per_100_customers, expected")
        one = Outages(
            name=table.text("name"),
            share=part,
            per_100=per_100,
            premises=table.number("premises", least=1, most=1_000_000),
            at_least_us=table.time_us("at_least"),
            mean_us=table.time_us("mean"),
        )
        if part is not None and one.at_least_us < _LONG_US:
            raise table.fail("at_least", "3 min or more, please: an area's own number counts such interruptions")
        if one.at_least_us < 10**6:
            raise table.fail("at_least", "1 s or more, please: what is shorter no hub feels")
        if not one.at_least_us < one.mean_us <= 7 * DAY_US:
            raise table.fail("mean", "longer than at_least, and at most 168 h, please")
        table.done()
        found.append(one)
    shared = [o.share for o in found if o.share is not None]
    if shared and sum(shared) != PPM:
        total = Decimal(sum(shared)) * 100 / PPM
        raise BadInput(f"{top.source}: outage: the shares of interruptions add up to {total:f} %, not to 100 %")
    return tuple(found)


def _storm(table: Table, known: tuple[Area, ...], days: int) -> Storm:
    names = [a.name for a in known]
    raw = table.raw("areas")
    if not isinstance(raw, list) or not raw:
        raise table.fail("areas", "a list of licence areas expected")
    for name in raw:
        if name not in names:
            raise table.fail("areas", f"no licence area '{brief(name)}'{suggestion(brief(name), names)}")
    storm = Storm(
        name=table.text("name"),
        areas=tuple(raw),
        day=table.number("day", most=days - 1),
        days=table.number("days", 1, least=1, most=days),
        times=table.number("times", least=1, most=1000),
        longer=table.number("longer", 1, least=1, most=100),
    )
    table.done()
    return storm


def _populations(top: Table, known: tuple[Area, ...], meters: int, days: int, beside: Path) -> tuple[Population, ...]:
    found: list[Population] = []
    for table in top.tables("population"):
        meter = meter_of(table, beside)
        outages = meter_of(table, beside, "outages") if table.has("outages") else None
        if meter.capture and not outages:
            raise table.fail("outages", "a capture shows no outage: name a behaviour whose outages stand for its own")
        suppliers = table.raw("suppliers")
        if suppliers is not None and not (isinstance(suppliers, list) and all(isinstance(s, str) for s in suppliers)):
            raise table.fail("suppliers", 'a list of shares, such as ["60 %", "40 %"], expected')
        parts = [table.parsed("suppliers", share, s) for s in suppliers or ["100 %"]]
        if len(parts) > _SUPPLIERS_MAX:
            raise table.fail("suppliers", f"at most {_SUPPLIERS_MAX}, please")
        check_sum(table, "suppliers", parts)
        rest = table.raw("meters") == "rest"
        one = Population(
            name=table.text("name"),
            meter=meter,
            outages=outages,
            meters=None if rest else table.number("meters", least=1, most=meters),
            areas=area_shares(table, "areas", known),
            suppliers=tuple(parts),
            activation=_activation(table.table("activation"), days, beside) if table.has("activation") else None,
        )
        if one.name in [p.name for p in found]:
            raise table.fail("name", f"two populations are called '{one.name}'")
        table.done()
        found.append(one)
    if len(found) > _MANY_MAX:
        raise BadInput(f"{top.source}: {len(found)} populations: at most {_MANY_MAX}, please")
    if not found:
        raise BadInput(f"{top.source}: no [[population]]: whose meters are they?")
    if sum(p.meters is None for p in found) != 1 or any(p.meters is None and p.areas for p in found):
        raise BadInput(f'{top.source}: exactly one population has meters = "rest"; it is wherever the others are not')
    total = sum(p.meters or 0 for p in found)
    if total > meters:
        raise BadInput(f"{top.source}: the populations have {total} meters, the nation {meters}")
    return tuple(found)


def _activation(table: Table, days: int, beside: Path) -> Activation:
    back = share_of(table, "rolls_back", "0 %")
    needed = back or table.has("rolled_back")
    one = Activation(
        start_day=table.number("start_day", 0, most=days - 1),
        per_day=table.number("per_day", least=1, most=METERS_MAX),
        batch=table.number("batch", 50_000, least=1, most=METERS_MAX),
        hour_us=table.time_us("hour", 0),
        spread_us=table.time_us("spread", 0),
        dated=share_of(table, "dated", "100 %"),
        acted_on_us=table.time_us("acted_on_within", 0),
        rolls_back=back,
        rolled_back=scenario_of(table, "rolled_back", table.text("rolled_back"), beside) if needed else None,
        again_us=table.time_us("again_after", DAY_US),
        again_at_most=table.number("again_at_most", 0, most=5),
    )
    if one.hour_us >= DAY_US:
        raise table.fail("hour", "an hour of the day, less than 24 h, expected")
    for key, value in (("spread", one.spread_us), ("acted_on_within", one.acted_on_us)):
        if value > (DAY_US if key == "spread" else _RETRY_US_MAX):
            raise table.fail(key, f"at most {'24 h' if key == 'spread' else '168 h'}, please")
    table.done()
    return one


def _figures(top: Table, known: tuple[Area, ...]) -> tuple[Figure, ...]:
    """Every figure that the plan rests on with its source, also those that it leaves to us; a source for a figure that
    is not there is a mistake."""
    sources = top.table("sources")
    said = {key: sources.text(key) for key in sources.everything()}
    found = [(key, value) for key, value in _leaves("", top.everything()) if not key.startswith(("sources", "text"))]
    there = {key for key, _ in found}
    found += [(key, value) for key, value in _LEFT_TO_US.items() if key not in there]
    for key in said:
        if key not in dict(found):
            raise sources.fail(key, f"the plan has no such figure{suggestion(key, dict(found))}")
    mine = [Figure(key, value, said.get(key, "")) for key, value in found if _is_figure(key, value)]
    if any("share" in outage for outage in top.everything().get("outage", [])):
        for area in known:
            what = f"{area.interruptions:g} of 3 min or more per 100 customers and year"
            mine.append(Figure(f"{area.name}.interruptions", what, area.interruptions_source))
    if "areas" not in top.everything().get("nation", {}):
        mine += [Figure(f"{a.name}.customers", f"{a.customers:,}", a.customers_source) for a in known]
    return tuple(mine)


def _is_figure(key: str, value: str) -> bool:
    return key.rpartition(".")[2] not in _NO_FIGURES and any(c.isdigit() for c in value)


def _leaves(prefix: str, data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in data.items():
        at = f"{prefix}.{key}" if prefix else key
        if isinstance(value, dict):
            yield from _leaves(at, value)
        elif isinstance(value, list) and value and all(isinstance(v, dict) for v in value):
            for i, one in enumerate(value):
                yield from _leaves(f"{at}.{one.get('name', one.get('kind', i))}", one)
        else:
            yield at, _shown(value)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(" ".join(map(str, v)) if isinstance(v, list) else str(v) for v in value)
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
