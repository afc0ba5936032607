"""Read a scenario file. docs/scenarios.md lists every key."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ridethrough.errors import BadInput, suggestion
from ridethrough.paths import SCENARIOS
from ridethrough.quantities import parse_time_us, parse_voltage_mv
from ridethrough.tables import Table
from ridethrough.world.hub import HubParams
from ridethrough.world.surroundings import World

ACTIONS = ("push", "activate", "activate again", "type", "hard reset", "interrupt")
DAMAGES = ("none", "supplier signature", "maker signature", "payload")
STATUSES = ("pass", "fail", "undecided", "vacuous")


@dataclass(frozen=True)
class ImagePlan:
    """The image that is pushed: this firmware's application again, as another version."""

    version: int = 2
    counter: int = 2
    size: int = 0
    damage: str = "none"


@dataclass(frozen=True)
class Step:
    """One thing that the head-end does: at `at_us`, or as soon as the step before is through."""

    do: str
    at_us: int | None = None
    line: str = ""


@dataclass(frozen=True)
class Shows:
    """What a run must show. None: the scenario does not say."""

    rule: str | None = None
    dark_us: int | None = None
    ac_lost_us: int | None = None
    ad1: int | None = None
    ad1_false: int | None = None
    outcome: int | None = None
    version: int | None = None
    codes: tuple[str, ...] = ()
    codes_not: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scenario:
    """A file's contents. `firmware` is a directory, a specimen's name, or "" for the reference."""

    name: str
    title: str
    text: str
    board: str
    firmware: str
    world: World
    image: ImagePlan
    steps: tuple[Step, ...]
    shows: Shows = field(default_factory=Shows)

    @classmethod
    def load(cls, name: str) -> Scenario:
        """The scenario of that name, or in that file. BadInput if there is none or it is not sound."""
        path = Path(name) if name.endswith(".toml") else SCENARIOS / f"{name}.toml"
        if not name.endswith(".toml") and name not in names():
            raise BadInput(f"no scenario '{name}'{suggestion(name, names())}; a file's name ends in .toml")
        top = Table.load(path)
        scenario = cls(
            name=path.stem,
            title=top.text("title"),
            text=top.text("text", ""),
            board=top.text("board", "rpi_pico"),
            firmware=top.text("firmware", ""),
            world=_world(top.table("world"), top.table("hub")),
            image=_image(top.table("image")),
            steps=tuple(_step(step) for step in top.tables("step")),
            shows=_shows(top.table("shows")),
        )
        top.done()
        return scenario


def names() -> list[str]:
    """Every scenario that comes with the project."""
    return sorted(p.stem for p in SCENARIOS.glob("*.toml"))


def _world(table: Table, hub: Table) -> World:
    default = World()
    world = World(
        duration_us=table.time_us("duration", default.duration_us),
        mains=tuple((t, on == "on") for t, on in _changes(table, "mains", ("on", "off"))) or default.mains,
        hub_fitted=tuple((t, on == "in") for t, on in _changes(table, "hub_fitted", ("in", "out"))),
        converter=tuple((t, parse_voltage_mv(v)) for t, v in _changes(table, "converter", ())),
        hold_fails_us=table.time_us("hold_fails", -1) if table.has("hold_fails") else None,
        hub=_hub(hub),
        load_w=table.number("load_w", default.load_w, most=100_000),
        start_mwh=table.number("start_mwh", default.start_mwh, most=2**63),
    )
    if not 0 < world.duration_us <= 90 * 24 * 3600 * 10**6:
        raise table.fail("duration", "longer than 0 and at most 90 days, please")
    table.done()
    return world


def _changes(table: Table, key: str, allowed: tuple[str, ...]) -> list[tuple[int, str]]:
    # [["0 s", "on"], ["20 s", "off"]], in order of time
    found: list[tuple[int, str]] = []
    value = table.raw(key)
    for entry in value if isinstance(value, list) else [] if value is None else [value]:
        if not (isinstance(entry, list) and len(entry) == 2 and all(isinstance(e, str) for e in entry)):
            raise table.fail(key, 'a list such as [["0 s", "on"], ["20 s", "off"]] expected')
        t_us = table.parsed(key, parse_time_us, entry[0])
        if allowed and entry[1] not in allowed:
            raise table.fail(key, f"'{entry[1]}' is not known{suggestion(entry[1], allowed)}")
        if found and t_us < found[-1][0]:
            raise table.fail(key, f"'{entry[0]}' is earlier than what stands before it")
        if not allowed:
            table.parsed(key, parse_voltage_mv, entry[1])
        found.append((t_us, entry[1]))
    return found


def _hub(table: Table) -> HubParams:
    d = HubParams()
    hub = HubParams(
        capacitance_uf=table.number("capacitance_uf", d.capacitance_uf, least=1, most=10**6),
        average_mw=table.number("average_mw", d.average_mw, least=1, most=10**5),
        burst_mw=table.number("burst_mw", d.burst_mw, least=1, most=10**5),
        burst_every_us=table.time_us("burst_every", d.burst_every_us),
        burst_us=table.time_us("burst", d.burst_us),
        lost_mv=table.number("lost_mv", d.lost_mv, least=1000, most=12_000),
        back_mv=table.number("back_mv", d.back_mv, least=1000, most=12_000),
        dead_ohm=table.number("dead_ohm", d.dead_ohm, least=1, most=10**7),
        limit_us=table.time_us("limit", d.limit_us),
        boundary=table.choice("boundary", (">=", ">"), d.boundary),
        store_us=table.time_us("store", d.store_us),
        store_charge_us=table.time_us("store_charge", d.store_charge_us),
        boot_us=table.time_us("boot", d.boot_us),
        join_us=table.time_us("join", d.join_us),
        ad1_needs_ac_lost=table.flag("ad1_needs_ac_lost", d.ad1_needs_ac_lost),
    )
    if hub.lost_mv > hub.back_mv:
        raise table.fail("lost_mv", f"{hub.lost_mv} is above back_mv ({hub.back_mv})")
    if not 0 < hub.burst_us < hub.burst_every_us or not hub.store_charge_us:
        raise table.fail("burst", "bursts must be shorter than their period, and store_charge longer than 0")
    table.done()
    return hub


def _image(table: Table) -> ImagePlan:
    d = ImagePlan()
    plan = ImagePlan(
        version=table.number("version", d.version, least=1, most=2**32 - 1),
        counter=table.number("counter", d.counter, most=2**32 - 1),
        size=table.number("size", d.size, most=2**24),
        damage=table.choice("damage", DAMAGES, d.damage),
    )
    table.done()
    return plan


def _step(table: Table) -> Step:
    do = table.choice("do", ACTIONS)
    step = Step(do, table.time_us("at") if table.has("at") else None, table.text("line", ""))
    if (do == "type") != bool(step.line):
        raise table.fail("line", "a line goes with do = 'type', and only with it")
    table.done()
    return step


def _shows(table: Table) -> Shows:
    shows = Shows(
        rule=table.choice("rule", STATUSES) if table.has("rule") else None,
        dark_us=table.time_us("dark") if table.has("dark") else None,
        ac_lost_us=table.time_us("ac_lost") if table.has("ac_lost") else None,
        ad1=table.number("ad1") if table.has("ad1") else None,
        ad1_false=table.number("ad1_false") if table.has("ad1_false") else None,
        outcome=table.number("outcome", most=3) if table.has("outcome") else None,
        version=table.number("version", most=2**32 - 1) if table.has("version") else None,
        codes=_codes(table, "codes"),
        codes_not=_codes(table, "codes_not"),
    )
    table.done()
    return shows


def _codes(table: Table, key: str) -> tuple[str, ...]:
    value = table.raw(key)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise table.fail(key, 'a list such as ["8F72"] expected')
    return tuple(value)
