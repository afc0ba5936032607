"""A roll-out as one page: the answer, true and false per day, where, who should mend it, which unknown matters, and on
what it all rests."""

from __future__ import annotations

from collections.abc import Iterator

from ridethrough.reports import rollout_pictures as pictures
from ridethrough.reports.page import Page, Td
from ridethrough.reports.rollout import WORTH, Row, Spread, facts, frontier, late, near_words, percent, rows, sentence
from ridethrough.rollout.nation import Result
from ridethrough.rollout.plan import Remedy
from ridethrough.rollout.totals import KINDS, METER, NETWORK, TRUE
from ridethrough.rollout.worker import CURVE_DOWN_S, CURVE_FALSE, CURVE_TRUE, CURVE_UNTOLD
from ridethrough.rules.words import show_span
from ridethrough.support.quantities import show_rounded

_MEANS = {
    "mended": "meters of {population} behave as {as}, a share of them each year",
    "list": "a list with {covers} of the devices, crossed with the meters that take an update: {by}; {late}",
    "ac lost": "{covers} of the hubs send no alert unless AC lost says that mains is lost",
    "suppress": "no alert that begins within {window} from the date in the meter's command",
    "match": "an alert counts when the meter's 0x8F36 comes, within {window}",
    "cluster": "an alert counts with {neighbours} others on its feeder within {window}",
    "limit": "a hub waits {limit}",
}
_LIST = {"batch": "all of a batch while the batch lasts", "day": "each on its own day"}


def rollout_page(result: Result) -> Page:
    """The page."""
    plan = result.plan
    page = Page(plan.title)
    good = all(draw.false == 0 for draw in result.draws)
    page.add("p", sentence(result), f"verdict {'pass' if good else 'fail'}")
    if plan.text:
        page.add("p", plan.text)
    assumed = sum(not f.source for f in plan.figures)
    areas = sum(n > 0 for n in plan.area_meters.values())
    page.add(
        "p",
        f"{plan.meters:,} meters in {areas} licence area{'s' if areas > 1 else ''}, {plan.days} days, "
        f"{_counted(result)}. "
        f"{assumed} of its {len(plan.figures)} figures are assumed: they stand at the end. What the meters do is the "
        "emulator's; nobody typed it in.",
    )
    page.heading("True and false, day by day")
    page.picture(pictures.days(result), "Bars: legitimate and false alerts on each day.")
    page.picture(pictures.hours(result), "Bars: legitimate and false alerts in each hour of an average day.")
    page.table("What is counted", ("what", "count; in brackets the least and most of the draws"), facts(result))
    page.add("p", f"Near: {near_words()}. An outage lies in clusters; a roll-out lies scattered.", "soft")
    page.heading("Where")
    page.picture(pictures.tiles(result), "A map of tiles, one for each licence area, with false and true alerts a day.")
    with page.fold("the same as a table"):
        page.table(
            "Alerts by area, on average over the draws", ("area", "meters", *KINDS, "hub hours out"), _areas(result)
        )
    _remedies(page, result)
    _curves(page, result)
    page.heading("What the meters did")
    page.table(
        "Each behaviour as the emulator ran it, with nothing else going on",
        ("meter", "at an activation", "after an outage of mains"),
        _behaviours(result),
    )
    page.heading("What it rests on")
    page.table("Each figure of the plan", ("figure", "value", "source"), _figures(result))
    page.contents()
    return page


def _counted(result: Result) -> str:
    n = len(result.draws)
    return f"counted {n} times, each with other luck" if n > 1 else "counted once"


def _areas(result: Result) -> Iterator[tuple[str | Td, ...]]:
    for a, area in enumerate(result.plan.areas):
        if result.plan.area_meters[area.name]:
            alerts = [Spread(tuple(int(d.alerts[a, :, k].sum()) for d in result.draws)) for k in (TRUE, NETWORK, METER)]
            down = Spread(tuple(round(d.down[a, :, :, 1].sum() / 3600) for d in result.draws))
            yield (
                Td(area.name, under=area.group),
                f"{result.plan.area_meters[area.name]:,}",
                *(f"{spread.mean:,.0f}" for spread in alerts),
                f"{down.mean:,.0f}",
            )


def _remedies(page: Page, result: Result) -> None:
    found = rows(result)
    best = frontier(found)
    page.heading("Who should mend it")
    page.add(
        "p",
        "Each remedy alone, in pairs, and as the plan combines them. A remedy costs legitimate alerts, or time. Those "
        f"with a number are worth having: {WORTH}.",
    )
    page.picture(pictures.frontier(found, best), "Points: false alerts left against legitimate alerts lost.")
    numbered = (_row(row, f"{i}. ") for i, row in enumerate(best, 1))
    page.table("Worth having, by false alerts that are left", _HEAD, numbered)
    page.table("The remedies", ("remedy", "it means"), ((r.name, _means(r)) for r in result.plan.remedies))
    with page.fold("every choice"):
        page.table("In the order of the plan", _HEAD, map(_row, found))


_HEAD = ("remedies", "false alerts left", "removed", "legitimate alerts lost", "late by, on average")


def _row(row: Row, before: str = "") -> tuple[str, ...]:
    return before + row.words, row.false.words(), percent(row.removed), row.lost.words(), late(row) or "not late"


def _means(remedy: Remedy) -> str:
    return _MEANS[remedy.kind].format(
        population=remedy.population,
        covers=f"{remedy.covers / 10_000:g} %",
        by=_LIST[remedy.by],
        late=f"it comes {show_span(remedy.late_us)} late" if remedy.late_us else "it comes in time",
        window=show_span(remedy.window_us),
        neighbours=remedy.neighbours,
        limit=show_span(remedy.limit_us),
        **{"as": remedy.meter.words if remedy.meter else ""},
    )


def _curves(page: Page, result: Result) -> None:
    page.heading("Which unknown matters")
    share = result.curve_meters / result.plan.meters
    page.add(
        "p",
        f"One figure of the hubs at a time, all hubs alike in it. Counted on {result.curve_meters:,} meters "
        f"({share:.0%}), the same at each value, and scaled to the nation area by area. A flat line: the "
        "figure does not matter here.",
    )
    page.picture(pictures.curves(result), "Curves: false alerts and outages not told against each figure of the hubs.")
    page.picture(pictures.out_of_service(result), "Curves: hub hours out of service against boot and join time.")
    with page.fold("the same as a table"):
        page.table(
            "Scaled to the nation",
            ("figure", "value", "false alerts", "legitimate alerts", "outages not told", "hub hours out of service"),
            (
                (
                    point.figure,
                    point.shown,
                    f"{counted[CURVE_FALSE]:,.0f}",
                    f"{counted[CURVE_TRUE]:,.0f}",
                    f"{counted[CURVE_UNTOLD]:,.0f}",
                    f"{counted[CURVE_DOWN_S] / 3600:,.0f}",
                )
                for point, counted in zip(result.points, result.curve, strict=True)
            ),
        )


def _behaviours(result: Result) -> Iterator[tuple[str, ...]]:
    for behaviour in result.behaviours.values():
        activation = "is not activated"
        if behaviour.alone:
            losses = behaviour.alone.losses[-1]
            longest = max((b - a for a, b in losses), default=0)
            activation = f"the rail is away for {show_rounded(longest)}" if losses else "the rail stays up"
            if len(losses) > 1:
                activation += f", {len(losses)} times in all"
            if behaviour.alone.restored_long_us is not None:
                activation += "; the meter tells it as an outage (0x8F36)"
        told = []
        for length, course in behaviour.outages:
            code = "0x8F36" if course.restored_long_us is not None else "0x8F35" if course.restored_us else "nothing"
            after = max((b for _, b in course.losses[-1]), default=0) - length
            told.append(f"from {show_span(length)}: {code}, rail back {show_rounded(max(0, after))} after mains")
        yield behaviour.words, activation, "; ".join(told)


def _figures(result: Result) -> Iterator[tuple[str | Td, ...]]:
    for figure in sorted(result.plan.figures, key=lambda f: not f.source):
        source: str | Td = figure.source or Td("assumed", "undecided")
        yield figure.key, figure.value, source
