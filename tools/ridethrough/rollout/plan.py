"""What a roll-out's plan says, as data. docs/rollout.md lists every key; plan_file.py reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ridethrough.rollout.shares import rounded
from ridethrough.traces.alerts import DEFAULT_DEFINITION

PPM = 1_000_000
"""A share of 1 is so many."""
DAY_US = 24 * 3600 * 10**6
YEAR_DAYS = 365
REMEDIES = ("mended", "list", "ac lost", "suppress", "match", "cluster", "limit")


@dataclass(frozen=True)
class Area:
    """A licence area. `interruptions`: of three minutes or more, per 100 customers and year. `place`: column and row
    on the map. Sources: "" if it is assumed."""

    name: str
    ident: int
    group: str
    customers: int
    interruptions: float
    place: tuple[int, int]
    customers_source: str
    interruptions_source: str


@dataclass(frozen=True)
class Meter:
    """Where a behaviour comes from: a `scenario` (or specimen) by name, a `firmware` directory that is told `line` at
    its console, or a `capture` in which the activation is at `at_us`."""

    scenario: str = ""
    firmware: str = ""
    board: str = ""
    line: str = ""
    capture: Path | None = None
    at_us: int | None = None
    channels: tuple[tuple[str, str], ...] = ()
    scale: float | None = None

    @property
    def words(self) -> str:
        """For people."""
        if self.capture:
            return f"the capture {self.capture.name}"
        return self.scenario or f"the firmware {Path(self.firmware).name}"


@dataclass(frozen=True)
class Activation:
    """How a population takes its update. Shares in PPM, times in us. `per_day`: meters, all suppliers together.
    `spread_us`: the dates of a day lie evenly within it, from `hour_us` on. `dated`: the share of commands whose date
    the meter keeps; the others are sent at that date and acted on within `acted_on_us`."""

    start_day: int
    per_day: int
    batch: int
    hour_us: int
    spread_us: int
    dated: int
    acted_on_us: int
    rolls_back: int
    rolled_back: Meter | None
    again_us: int
    again_at_most: int


@dataclass(frozen=True)
class Population:
    """Meters of one behaviour. `meters`: None for all that are left. `areas`: shares in PPM by name, empty for those
    of the nation. `suppliers`: shares in PPM. `outages`: whose behaviour at an outage of mains stands for theirs."""

    name: str
    meter: Meter
    outages: Meter | None
    meters: int | None
    areas: Mapping[str, int]
    suppliers: tuple[int, ...]
    activation: Activation | None


@dataclass(frozen=True)
class Outages:
    """One cause of interruptions. `share`: PPM of an area's interruptions (for causes of three minutes or more), or
    `per_100`: per 100 customers and year, in every area. `premises`: how many an incident takes, on average
    (geometric). Durations: `at_least_us`, and an exponential up to the average `mean_us`."""

    name: str
    share: int | None
    per_100: float | None
    premises: int
    at_least_us: int
    mean_us: int


@dataclass(frozen=True)
class Storm:
    """`times` as many incidents, `longer` times as long, in some areas on some days."""

    name: str
    areas: tuple[str, ...]
    day: int
    days: int
    times: int
    longer: int


@dataclass(frozen=True)
class Hubs:
    """Each figure as values (us, mV) with shares in PPM; independent of each other."""

    limit_us: int
    boundary: str
    store_us: tuple[tuple[int, int], ...]
    store_charge_us: tuple[tuple[int, int], ...]
    lost_mv: tuple[tuple[int, int], ...]
    boot_us: tuple[tuple[int, int], ...]
    join_us: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Remedy:
    """One stage between a meter and whoever acts on its alert; of its parameters those that its kind has.

    mended: `shares` (PPM; one for each year, or one) of `population` behave as `meter`; list: `covers` PPM of the
    devices are on it, crossed with the meters of a batch while it is activated, or with those of a day (`by`), and it
    comes `late_us` after that begins; ac lost: `covers` PPM of hubs heed it;
    suppress: for `window_us` from the date in the command; match: an alert waits `window_us` for its 0x8F36; cluster:
    an alert counts with `neighbours` others on its feeder within `window_us`; limit: `limit_us` instead of three
    minutes."""

    name: str
    kind: str
    population: str = ""
    meter: Meter | None = None
    shares: tuple[int, ...] = ()
    covers: int = PPM
    late_us: int = 0
    by: str = "batch"
    window_us: int = 0
    neighbours: int = 0
    limit_us: int = 0


@dataclass(frozen=True)
class Figure:
    """One figure of a plan, for people: its key, its value as it is written, and where it is from; "" if it is
    assumed."""

    key: str
    value: str
    source: str


@dataclass(frozen=True)
class Plan:
    """A whole plan. `feeder`: premises that hang on one feeder, in a row."""

    name: str
    title: str
    text: str
    meters: int
    days: int
    feeder: int
    areas: tuple[Area, ...]
    area_meters: Mapping[str, int]
    hubs: Hubs
    outages: tuple[Outages, ...]
    storms: tuple[Storm, ...]
    populations: tuple[Population, ...]
    remedies: tuple[Remedy, ...]
    combined: tuple[tuple[str, ...], ...]
    retry_us: int
    legitimate: str = DEFAULT_DEFINITION
    figures: tuple[Figure, ...] = ()

    @property
    def end_us(self) -> int:
        return self.days * DAY_US


def population_meters(plan: Plan) -> list[dict[str, int]]:
    """How many meters of each population are in each area, in the order of the populations. The rest may come out
    negative: then the others have more than there are."""
    left = dict(plan.area_meters)
    found: dict[str, dict[str, int]] = {}
    # first those that say where they are; the others take what is left of each area, in proportion
    for population in sorted(plan.populations, key=lambda p: not p.areas):
        if population.meters is not None:
            there = {area: max(0, n) for area, n in left.items()}
            found[population.name] = rounded(population.meters, population.areas or there)
            for area, n in found[population.name].items():
                left[area] -= n
    return [found.get(p.name, left) for p in plan.populations]
