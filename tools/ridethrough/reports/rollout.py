"""A roll-out for people and programs: lines for a terminal, a page, JSON, CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ridethrough.reports.lines import Line, joined, styled
from ridethrough.rollout.nation import Result
from ridethrough.rollout.remedies import Choice
from ridethrough.rollout.totals import (
    ALERTED,
    BIN_WORDS,
    FALSE,
    KINDS,
    LATE,
    LATE_S,
    METER,
    NEAR_US,
    NETWORK,
    SPLIT,
    WINDOW_US,
)
from ridethrough.rollout.worker import CURVE_DOWN_S, CURVE_FALSE, CURVE_TRUE, CURVE_UNTOLD
from ridethrough.support.quantities import show_time
from ridethrough.version import VERSION

_LOST_MOST = 0.1
WORTH = (
    "it loses at most a tenth of the legitimate alerts, and no other, of as few remedies, leaves as few false ones, "
    "loses as few legitimate ones and is as soon (to five minutes)"
)


@dataclass(frozen=True)
class Spread:
    """A count in each draw."""

    values: tuple[int, ...]

    @property
    def mean(self) -> float:
        return sum(self.values) / len(self.values)

    def words(self) -> str:
        """`1,234 (1,200 to 1,260)`; without the range where there is none."""
        low, high = min(self.values), max(self.values)
        mean = f"{round(self.mean):,}"
        return mean if low == high else f"{mean} ({low:,} to {high:,})"


@dataclass(frozen=True)
class Row:
    """What one choice of remedies comes to: false alerts that are left, true ones that are lost, those that are late
    and by how many seconds on average."""

    choice: Choice
    words: str
    false: Spread
    lost: Spread
    late: Spread
    late_s: float
    removed: float
    """Of the false alerts, between 0 and 1."""
    true: float
    """The true ones that there would be with nothing done."""

    @property
    def cost(self) -> tuple[float, ...]:
        """What nobody wants: false alerts left, true ones lost, by how many times five minutes the others are
        late, remedies."""
        return (self.false.mean, max(0.0, self.lost.mean), round(self.late_s / 300), len(self.choice.remedies))


def rows(result: Result) -> list[Row]:
    """Each choice, in order."""
    none = [draw.choices[0] for draw in result.draws]
    before = sum(int(n[FALSE]) for n in none)
    found = []
    for i, choice in enumerate(result.choices):
        mine = [draw.choices[i] for draw in result.draws]
        late = Spread(tuple(int(m[LATE]) for m in mine))
        false = Spread(tuple(int(m[FALSE]) for m in mine))
        late_s = sum(int(m[LATE_S]) for m in mine)
        found.append(
            Row(
                choice,
                choice.words(result.plan),
                false,
                Spread(tuple(int(n[ALERTED] - m[ALERTED]) for n, m in zip(none, mine, strict=True))),
                late,
                late_s / sum(late.values) if sum(late.values) else 0.0,
                1 - sum(false.values) / before if before else 0.0,
                sum(int(n[ALERTED]) for n in none) / len(none),
            )
        )
    return found


def frontier(found: Sequence[Row]) -> list[Row]:
    """Those worth having, first those that leave the fewest false alerts (WORTH)."""
    some = [row for row in found if row.lost.mean <= _LOST_MOST * row.true]

    def beaten(row: Row) -> bool:
        return any(
            all(a <= b for a, b in zip(other.cost, row.cost, strict=True)) and other.cost != row.cost for other in some
        )

    return sorted((row for row in some if not beaten(row)), key=lambda row: row.cost)


def sentence(result: Result) -> str:
    """The answer."""
    false = Spread(tuple(draw.false for draw in result.draws))
    true = Spread(tuple(draw.true for draw in result.draws))
    days = result.plan.days
    whole = false.mean + true.mean
    if not whole:
        return f"No alert at all in {_days(days)}: neither a false one nor a legitimate one."
    share = true.mean / whole
    return (
        f"{false.mean:,.0f} false alerts in {_days(days)}, {false.mean / days:,.0f} a day, beside "
        f"{true.mean / days:,.0f} true ones a day: {percent(share)} of all AD1 alerts are legitimate, where all "
        "should be."
    )


def percent(part: float) -> str:
    """Of a part of 1."""
    return f"{100 * part:.1f} %"


def _days(n: int) -> str:
    return "1 day" if n == 1 else f"{n} days"


def lines(result: Result) -> Iterator[Line | str]:
    """For a terminal."""
    plan = result.plan
    yield styled(sentence(result), "bold")
    yield ""
    for name, words in facts(result):
        yield joined(f"  {name:<43} ", words)
    yield ""
    yield styled("who should mend it", "bold")
    yield styled(f"  {'':<48} {'false alerts left':>28} {'removed':>8}  {'legitimate ones lost':>24}  late by", "dim")
    best = {row.words for row in frontier(rows(result))}
    for row in rows(result):
        if len(row.choice.remedies) <= 1 or tuple(row.choice.remedies) in _combined(result) or row.words in best:
            mark = "*" if row.words in best else " "
            counts = f"{row.false.words():>28} {percent(row.removed):>8}  {row.lost.words():>24}"
            yield f"{mark} {row.words:<48} {counts}  {late(row)}".rstrip()
    yield styled(f"  * worth having: {WORTH}", "dim")
    assumed = [f for f in plan.figures if not f.source]
    yield ""
    yield styled(f"{len(assumed)} of {len(plan.figures)} figures of this plan are assumed: --html lists them", "dim")


def _combined(result: Result) -> set[tuple[int, ...]]:
    names = [r.name for r in result.plan.remedies]
    wanted = [{names.index(n) for n in one} for one in result.plan.combined]
    return {c.remedies for c in result.choices if set(c.remedies) in wanted}


def late(row: Row) -> str:
    """How late true alerts come."""
    if not row.late.mean:
        return ""
    return show_time(round(row.late_s) * 10**6) if row.late_s < 600 else f"{row.late_s / 60:.0f} min"


def facts(result: Result) -> Iterator[tuple[str, str]]:
    """Everything else that is counted, as pairs of words."""
    plan = result.plan

    def spread(values: Iterator[int]) -> str:
        return Spread(tuple(values)).words()

    yield "alerts, legitimate", spread(d.true for d in result.draws)
    yield KINDS[METER], spread(int(d.alerts[:, :, METER].sum()) for d in result.draws)
    yield KINDS[NETWORK], spread(int(d.alerts[:, :, NETWORK].sum()) for d in result.draws)
    for i, population in enumerate(plan.populations):
        if population.activation:
            took = spread(int(d.activated[i, 0]) for d in result.draws)
            back = spread(int(d.activated[i, 1]) for d in result.draws)
            yield f"activations of {population.name}", f"{took}, of which {back} rolled back"
    real = spread(int(d.outages[:, :, 0].sum()) for d in result.draws)
    untold = spread(int((d.outages[:, :, 0] - d.outages[:, :, 1]).sum()) for d in result.draws)
    yield "outages as long as the limit", f"{real}, of which {untold} were not told"
    yield "alerts that no store was left for", spread(int(d.no_store[0]) for d in result.draws)
    for doing, where in (("the meter's", 0), ("the network's", 1)):
        hubs = spread(int(d.down[:, :, where, 0].sum()) for d in result.draws)
        hours = spread(round(d.down[:, :, where, 1].sum() / 3600) for d in result.draws)
        yield f"hubs out of service, {doing} doing", f"{hubs} times, {hours} hours in all"
    windows = result.plan.end_us // WINDOW_US
    yield (
        "DCC windows of 3 min, on average",
        (
            f"{sum(d.windows[:, 0].sum() for d in result.draws) / windows / len(result.draws):,.1f} alerts, "
            f"at most {spread(int(d.windows[:, 0].max()) for d in result.draws)}"
        ),
    )
    yield (
        f"their groups, split at {SPLIT}",
        (
            f"{spread(_groups(d.windows[:, 0]) for d in result.draws)}; without the false alerts "
            f"{spread(_groups(d.windows[:, 0] - d.windows[:, 1]) for d in result.draws)}"
        ),
    )
    for name, kind in (("legitimate alerts", 0), ("false alerts", 1)):
        row = sum(d.lie[kind] for d in result.draws)
        whole = max(1, int(row.sum()))
        parts = [f"{words}: {percent(n / whole)}" for words, n in zip(BIN_WORDS, row.tolist(), strict=True)]
        yield f"{name} by others near them", ", ".join(parts)
    yield "an alert is legitimate", f"if {plan.legitimate}"


def _groups(windows: Any) -> int:
    return int((-(-windows // SPLIT)).sum())


def near_words() -> str:
    """What near means."""
    return f"on the same feeder, begun within {show_time(NEAR_US)} before or after"


def as_json(result: Result) -> dict[str, Any]:
    """For programs. Each list over draws has one number for each."""
    plan = result.plan
    names = [a.name for a in plan.areas]
    return {
        "plan": plan.name,
        "title": plan.title,
        "version": VERSION,
        "seed": result.seed,
        "draws": len(result.draws),
        "answer": sentence(result),
        "legitimate": plan.legitimate,
        "alerts": {kind: [int(d.alerts[:, :, i].sum()) for d in result.draws] for i, kind in enumerate(KINDS)},
        "outages": [int(d.outages[:, :, 0].sum()) for d in result.draws],
        "outages_told": [int(d.outages[:, :, 1].sum()) for d in result.draws],
        "no_store": [int(d.no_store[0]) for d in result.draws],
        "areas": {
            name: {
                "meters": plan.area_meters[name],
                "alerts": {k: [int(d.alerts[a, :, i].sum()) for d in result.draws] for i, k in enumerate(KINDS)},
                "hubs_out": [int(d.down[a, :, :, 0].sum()) for d in result.draws],
                "hub_seconds_out": [int(d.down[a, :, :, 1].sum()) for d in result.draws],
            }
            for a, name in enumerate(names)
        },
        "populations": {
            p.name: {
                "false": [int(d.by[i, 0]) for d in result.draws],
                "alerts": [int(d.by[i, 1]) for d in result.draws],
                "activations": [int(d.activated[i, 0]) for d in result.draws],
                "rolled_back": [int(d.activated[i, 1]) for d in result.draws],
            }
            for i, p in enumerate(plan.populations)
        },
        "others_near": {
            kind: {w: [int(d.lie[k, i]) for d in result.draws] for i, w in enumerate(BIN_WORDS)}
            for k, kind in enumerate(("legitimate", "false"))
        },
        "windows": {
            "groups": [_groups(d.windows[:, 0]) for d in result.draws],
            "groups_without_false": [_groups(d.windows[:, 0] - d.windows[:, 1]) for d in result.draws],
            "most": [int(d.windows[:, 0].max()) for d in result.draws],
        },
        "remedies": [
            {
                "remedies": [plan.remedies[i].name for i in row.choice.remedies],
                "years": [year + 1 for year in row.choice.years],
                "false": list(row.false.values),
                "true_lost": list(row.lost.values),
                "true_late": list(row.late.values),
                "late_s": round(row.late_s, 1),
            }
            for row in rows(result)
        ],
        "curves": {
            "meters": result.curve_meters,
            "points": [
                {
                    "figure": point.figure,
                    "value": point.shown,
                    "false": round(counted[CURVE_FALSE]),
                    "true": round(counted[CURVE_TRUE]),
                    "untold": round(counted[CURVE_UNTOLD]),
                    "hub_seconds_out": round(counted[CURVE_DOWN_S]),
                }
                for point, counted in zip(result.points, result.curve, strict=True)
            ],
        },
        "figures": [{"key": f.key, "value": f.value, "source": f.source or "assumed"} for f in plan.figures],
    }


def as_csv(result: Result) -> str:
    """Each area, day and hour of each draw, for a spreadsheet. Days and hours count from 0."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("draw", "area", "day", "hour", *KINDS))
    for number, draw in enumerate(result.draws, 1):
        for a, area in enumerate(result.plan.areas):
            if result.plan.area_meters[area.name]:
                for hour, counted in enumerate(draw.alerts[a].tolist()):
                    writer.writerow((number, area.name, hour // 24, hour % 24, *counted))
    return out.getvalue()
