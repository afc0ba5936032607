"""Read a scenario file. docs/scenarios.md lists every key."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from ridethrough.images.layout import IMAGE_BYTES_MAX
from ridethrough.invariants.table import NEEDS
from ridethrough.scenarios.moments import moments
from ridethrough.scenarios.plan import (
    ACTIONS,
    DAMAGES,
    MANGLES,
    NONE,
    STATUSES,
    TAGS,
    TROUBLES,
    ImagePlan,
    Shows,
    Step,
    SweepPlan,
)
from ridethrough.scenarios.script import mistake
from ridethrough.scenarios.surroundings import parts
from ridethrough.support.errors import BadInput, suggestion
from ridethrough.support.files import read_bounded
from ridethrough.support.paths import SCENARIOS, SPECIMENS
from ridethrough.support.quantities import parse_voltage_mv
from ridethrough.support.toml import Table, merged
from ridethrough.world.hub_params import HubParams
from ridethrough.world.world import ClockError, Trouble, World

NETWORK_BYTES_MAX = 4 * 1024 * 1024


@dataclass(frozen=True)
class Scenario:
    """A file's contents. `firmware` is a directory, a specimen's name, or "" for the reference."""

    name: str
    """`file`, or `file:case` where the file has cases."""
    title: str
    text: str
    board: str
    firmware: str
    world: World
    image: ImagePlan
    steps: tuple[Step, ...]
    shows: Shows = field(default_factory=Shows)
    sweep: SweepPlan = field(default_factory=SweepPlan)
    script: str = ""
    """What the scripted specimen does (specimens/scripted)."""
    sentence: str = ""
    """A specimen: how those who have to agree on a rule would put it."""
    tag: str = ""
    """A specimen: one of TAGS."""

    @classmethod
    def load(cls, name: str, board: str = "") -> Scenario:
        """The scenario `name` or `name:case`, or in a file (`x.toml`, `x.toml:case`), as it is on `board`
        (default: its own). BadInput if there is none or it is not sound."""
        base, _, case = name.partition(":")
        folder = SPECIMENS if base in specimens() else SCENARIOS
        path = Path(base) if base.endswith(".toml") else folder / f"{base}.toml"
        if not base.endswith(".toml") and base not in [*_files(), *specimens()]:
            known = [*_files(), *specimens()]
            raise BadInput(f"no scenario '{base}'{suggestion(base, known)}; a file's name ends in .toml")
        read = Table.load(path)
        data = read.everything()
        cases = list(read.table("cases").everything())
        if bool(case) != bool(cases) or (case and case not in cases):
            hint = suggestion(case, cases) if case else f"; its cases: {', '.join(cases)}"
            raise BadInput(f"{path}: no case '{case}'{hint}" if cases else f"{path}: it has no cases")
        if case:
            data = merged(data, read.table("cases").table(case).everything())
        board = board or str(data.get("board", "rpi_pico"))
        data = merged(data, read.table("on").table(Path(board).name).everything())
        top = Table(path, data, text=read.source_text)
        for key in ("cases", "on"):
            top.table(key)
        scenario = cls(
            name=path.stem + (f":{case}" if case else ""),
            title=top.text("title"),
            text=top.text("text", ""),
            board=top.text("board", "rpi_pico"),
            firmware=top.text("firmware", ""),
            world=replace(
                _world(top.table("world"), top.table("hub"), top.table("clock"), top.table("trouble")),
                network=_network(top.table("network"), path.parent),
                parts=parts(top.table("uart"), top.table("spi"), top.table("wifi")),
            ),
            image=_image(top.table("image")),
            steps=tuple(_step(step) for step in top.tables("step")),
            shows=_shows(top.table("shows")),
            sweep=_sweep(top.table("sweep"), path.parent),
            script=top.text("script", ""),
            sentence=top.table("specimen").text("sentence", ""),
            tag=top.table("specimen").choice("tag", TAGS, "plausible"),
        )
        top.done()
        if wrong := mistake(scenario.script):
            raise top.fail("script", wrong)
        return scenario

    def with_image_bytes(self, size: int) -> Scenario:
        """The same with an image that is filled up to `size` bytes."""
        if not 0 <= size <= IMAGE_BYTES_MAX:
            raise BadInput(f"an image of {size} bytes: 0 (as small as it gets) to {IMAGE_BYTES_MAX} expected")
        return replace(self, image=replace(self.image, size=size))


def _files() -> list[str]:
    return sorted(p.stem for p in SCENARIOS.glob("*.toml"))


def specimens() -> list[str]:
    """The meters that come with the project, for rules to be tried on."""
    return sorted(p.stem for p in SPECIMENS.glob("*.toml"))


def names() -> list[str]:
    """Every scenario that comes with the project, each case of it by itself."""
    found = []
    for name in _files():
        cases = Table.load(SCENARIOS / f"{name}.toml").table("cases").everything()
        found += [f"{name}:{case}" for case in cases] or [name]
    return found


def _world(table: Table, hub: Table, clock: Table, trouble: Table) -> World:
    default = World()
    world = World(
        duration_us=table.time_us("duration", default.duration_us),
        mains=tuple((t, on == "on") for t, on in _changes(table, "mains", ("on", "off")))
        if table.has("mains")
        else default.mains,
        hub_fitted=tuple((t, on == "in") for t, on in _changes(table, "hub_fitted", ("in", "out"))),
        converter=tuple((t, parse_voltage_mv(v)) for t, v in _changes(table, "converter", ())),
        troubles=tuple(_trouble(trouble.table(name)) for name in trouble.everything()),
        clock=_clock(clock),
        flash_is_noise=table.flag("flash_is_noise", default.flash_is_noise),
        converter_restart_us=table.time_us("converter_restart", default.converter_restart_us),
        boot_us=table.time_us("boot") if table.has("boot") else None,
        hub=_hub(hub),
        load_w=table.number("load_w", default.load_w, most=100_000),
        start_mwh=table.number("start_mwh", default.start_mwh, most=2**63),
    )
    if not 0 < world.duration_us <= 90 * 24 * 3600 * 10**6:
        raise table.fail("duration", "longer than 0 and at most 90 days, please")
    table.done()
    return world


def _trouble(table: Table) -> Trouble:
    trouble = Trouble(
        do=table.choice("do", TROUBLES),
        at_us=table.time_us("at") if table.has("at") else None,
        when=table.text("when", ""),
        after_us=table.time_us("after", 0),
        for_us=table.time_us("for", 0),
    )
    if (trouble.at_us is None) == (not trouble.when):
        raise table.fail("when", "either at = 'TIME' or when = 'PHASE' expected")
    if (trouble.do in ("mains off", "hub out")) != bool(trouble.for_us):
        raise table.fail("for", "mains off and hub out last for a time, the others do not")
    table.done()
    return trouble


def _clock(table: Table) -> ClockError:
    d = ClockError()
    clock = ClockError(
        drift_ppm=table.number("drift_ppm", d.drift_ppm, least=-200_000, most=200_000),
        hub_drift_ppm=table.number("hub_drift_ppm", d.hub_drift_ppm, least=-200_000, most=200_000),
        tick_origin_us=table.number("tick_origin_us", d.tick_origin_us, most=2**40),
        steps=tuple((t, int(v)) for t, v in _changes(table, "steps", ()) if v.lstrip("-").isdigit()),
    )
    table.done()
    return clock


def _changes(table: Table, key: str, allowed: tuple[str, ...]) -> list[tuple[int, str]]:
    # [["0 s", "on"], ["20 s", "off"]], in order of time
    found: list[tuple[int, str]] = []
    for t_us, _, text in moments(table, key, 'a list such as [["0 s", "on"], ["20 s", "off"]]'):
        if allowed and text not in allowed:
            raise table.fail(key, f"'{text}' is not known{suggestion(text, allowed)}")
        if key == "converter":
            table.parsed(key, parse_voltage_mv, text)
        elif key == "steps" and not re.fullmatch(r"-?\d{1,10}", text):
            raise table.fail(key, f"'{text}' is no number of seconds")
        found.append((t_us, text))
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
        size=table.number("size", d.size, most=IMAGE_BYTES_MAX),
        damage=table.choice("damage", DAMAGES, d.damage),
        application=table.text("application", d.application),
        hardware=table.number("hardware", most=0xFFFF) if table.has("hardware") else None,
        follows=_range(table, "follows") if table.has("follows") else d.follows,
    )
    table.done()
    return plan


def _range(table: Table, key: str) -> tuple[int, int]:
    value = table.raw(key)
    if not (isinstance(value, list) and len(value) == 2 and all(type(v) is int and 0 <= v < 2**32 for v in value)):
        raise table.fail(key, "two versions expected, such as [1, 3]")
    return value[0], value[1]


def _step(table: Table) -> Step:
    do = table.choice("do", ACTIONS)
    step = Step(
        do,
        table.time_us("at") if table.has("at") else None,
        table.text("line", ""),
        table.number("date", 0, most=2**40),
        table.number("breaks", 0, most=20),
        table.choice("mangle", MANGLES, "none"),
    )
    if (do in ("ask", "type")) != bool(step.line):
        raise table.fail("line", "a line goes with do = 'ask' or 'type', and only with them")
    table.done()
    return step


def _sweep(table: Table, beside: Path) -> SweepPlan:
    d = SweepPlan()
    updates = _paths(table, "updates")
    new = {path: _content(table, "new", beside, path) for path in updates} if table.has("new") else {}
    if bool(updates) != bool(new):
        raise table.fail("new", "updates = [...] and new = 'FOLDER' (what the files are afterwards) go together")
    plan = SweepPlan(
        within_us=table.time_us("within", d.within_us),
        boots=table.number("boots", d.boots, least=1, most=1000),
        trial_boots=table.number("trial_boots", d.trial_boots, least=1, most=1000),
        updates=updates,
        outside=_paths(table, "outside"),
        new=new,
        not_owed=_invariants(table, "not_owed"),
    )
    table.done()
    return plan


def _invariants(table: Table, key: str) -> tuple[str, ...]:
    value = table.raw(key)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise table.fail(key, 'a list of invariants, such as ["ac-lost"], expected')
    for name in value:
        if name not in NEEDS:
            raise table.fail(key, f"no invariant '{name}'{suggestion(name, NEEDS)}")
    return tuple(value)


def _content(table: Table, key: str, beside: Path, path: str) -> bytes:
    file = beside / table.text(key) / path.lstrip("/")
    return read_bounded(file, NETWORK_BYTES_MAX, "firmware file")


def _paths(table: Table, key: str) -> tuple[str, ...]:
    value = table.raw(key)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(v, str) and v.startswith("/") for v in value):
        raise table.fail(key, 'a list of paths on the board, such as ["/main.py"], expected')
    return tuple(value)


def _network(table: Table, beside: Path) -> dict[str, bytes]:
    # "https://host/folder" = "FOLDER": every file below FOLDER is found below that address
    found: dict[str, bytes] = {}
    total = 0
    for prefix in table.everything():
        folder = beside / table.text(prefix)
        if not folder.is_dir():
            raise table.fail(prefix, f"'{folder}' is no directory")
        for file in sorted(f for f in folder.rglob("*") if f.is_file()):
            data = read_bounded(file, NETWORK_BYTES_MAX - total, "set of files for a network")
            total += len(data)
            found[f"{prefix.rstrip('/')}/{file.relative_to(folder).as_posix()}"] = data
    table.done()
    return found


def _shows(table: Table) -> Shows:
    shows = Shows(
        rule=None if table.raw("rule") in (None, "any") else table.choice("rule", STATUSES),
        dark_us=table.time_us("dark") if table.has("dark") else None,
        ac_lost_us=table.time_us("ac_lost") if table.has("ac_lost") else None,
        ad1=table.number("ad1") if table.has("ad1") else None,
        ad1_false=table.number("ad1_false") if table.has("ad1_false") else None,
        outcome=_expected(table, "outcome", 3),
        version=_expected(table, "version", 2**32 - 1),
        codes=_codes(table, "codes"),
        codes_not=_codes(table, "codes_not"),
        refused=table.text("refused", ""),
        faults=_codes(table, "faults"),
    )
    table.done()
    return shows


def _expected(table: Table, key: str, most: int) -> int | None:
    # A number, "none" for that there must be none, "any" (on a board where the case has one) for no matter.
    value = table.raw(key)
    if value in (None, "any"):
        return None
    return NONE if value == "none" else table.number(key, most=most)


def _codes(table: Table, key: str) -> tuple[str, ...]:
    value = table.raw(key)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise table.fail(key, 'a list such as ["8F72"] expected')
    for code in value:
        if key != "faults" and not re.fullmatch("[0-9A-F]{4}", code):
            raise table.fail(key, f"'{code}' is no event code: four hexadecimal digits, capitals")
    return tuple(value)
