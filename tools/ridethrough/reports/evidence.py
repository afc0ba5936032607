"""Sweeps and runs as evidence that can be filed: which faults struck where, what held, what was not checked, and the
hashes and versions that it rests on. As one page for people, and as JUnit XML for CI.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from ridethrough.invariants.table import MEANS, NEEDS
from ridethrough.reports.junit import Case, Suite
from ridethrough.reports.page import Page, Td
from ridethrough.reports.summary import Summary
from ridethrough.reports.sweep import summary
from ridethrough.scenarios import Scenario
from ridethrough.support.quantities import show_time
from ridethrough.sweep.campaign import Row
from ridethrough.sweep.result import Result

FAULTS_SAY = {
    "power-up": "the power is gone at once, and comes back",
    "watchdog": "the watchdog bites",
    "brown-out": "the MCU browns out",
    "off": "mains is lost with the supply's warning",
    "dip": "mains is away for 50 ms",
    "bad": "a block of the flash takes nothing",
    "full": "0 to 16 blocks are free",
    "rot": "a slot's bytes rot",
    "hold": "pull, latch or pad hold fails",
    "fast": "the clocks 5 % fast",
    "slow": "the clocks 5 % slow",
    "wrap": "the ticks wrap",
    "step": "the clock of the day jumps",
    "fetch": "an answer of the network fails",
}
_MARKS = {"held": "held", "broke": "BROKEN", "left out": "left out"}


def sweep_page(page: Page, result: Result, facts: Mapping[str, str], again: Callable[[str], str]) -> None:
    """All of one sweep."""
    page.add("p", _verdict(result), f"verdict {'fail' if result.failures else 'pass'}")
    page.add("p", _reach(result))
    page.heading("What was swept")
    page.table("Hashes of all files are of the list that `sha256sum` would print.", ("what", "value"), facts.items())
    _struck(page, result)
    page.heading("What held, and what did not")
    page.table("Every invariant", ("invariant", "it", "means"), _invariants(result, again))


def _verdict(result: Result) -> str:
    return summary(result) + "."


def _reach(result: Result) -> str:
    if result.fixpoint:
        end = "No number of power cuts and resets leads to another state."
    elif result.sample:
        end = f"A sample: {result.sample}."
    else:
        end = "It was ended after the cuts that were asked for: there are more states."
    return (
        f"{result.boots} boots; {result.cut_states} states that cuts left, merged into {result.merged_states}. {end} "
        f"Longest recovery {show_time(result.longest_recovery_us)}, at most {result.most_boots} boots; longest "
        f"darkness of the hub while mains was there and the hold sound {show_time(result.longest_dark_us)}."
    )


def _struck(page: Page, result: Result) -> None:
    page.heading("Which faults struck where")
    phases = list(dict.fromkeys(phase for _, phase in result.struck))
    head = ("fault", *(phase or "no phase told" for phase in phases), "in all")
    rows: list[tuple[str | Td, ...]] = [
        (
            Td(name, under=FAULTS_SAY.get(name, "")),
            *(str(result.struck[name, phase] or "") for phase in phases),
            str(count),
        )
        for name, count in result.by_fault.most_common()
    ]
    page.table("Boots after each fault, by the phase of the update in which it struck", head, rows)


def _invariants(result: Result, again: Callable[[str], str]) -> Iterable[tuple[str | Td, ...]]:
    for name in NEEDS:
        if name in result.not_checked:
            it = Td("not checked", "undecided", under=f"needs {result.not_checked[name]}")
        elif name in result.failures:
            first = result.broken[name][0]
            count = result.failures[name]
            boots = f"{count} boot{'' if count == 1 else 's'}"
            it = Td(f"BROKEN in {boots}", "fail", under=f"{first.text}: {again(first.ident)}")
        else:
            it = Td("held", "pass")
        yield name, it, MEANS[name].replace("`", "")


def sweep_suite(name: str, result: Result, facts: Mapping[str, str], again: Callable[[str], str]) -> Suite:
    """The same for CI: a case for each invariant."""
    return Suite(name, tuple(_case(one, result, again, frozenset()) for one in NEEDS), facts)


def _case(name: str, result: Result, again: Callable[[str], str], not_owed: frozenset[str]) -> Case:
    if name in result.not_checked:
        return Case(name, skipped=f"not checked: needs {result.not_checked[name]}")
    if name in not_owed:
        if name in result.failures:
            return Case(name, skipped="no firmware can keep it here, as the scenario says")
        return Case(name, failures=(("the scenario says that no firmware can keep it, and it held", ""),))
    broken = result.broken.get(name, [])
    return Case(name, tuple((b.text, "\n".join([*b.console, again(b.ident)])) for b in broken))


def campaign_page(page: Page, rows: Sequence[Row], new: Sequence[str] | None, about: Mapping[str, str]) -> None:
    """All of a campaign. `new`: what is new since the last one; None: there was none."""
    count = {status: sum(row.status == status for row in rows) for status in ("held", "broke", "left out")}
    said = f"{count['held']} held, {count['broke']} broke, {count['left out']} left out."
    page.add("p", said, f"verdict {'fail' if count['broke'] else 'pass'}")
    page.heading("What is new")
    if new is None:
        page.add("p", "There was no campaign before to compare with.")
    elif not new:
        page.add("p", "Nothing is new since the last campaign.")
    else:
        page.bullets(new)
    page.heading("Every scenario on every board")
    page.table(
        "The worst first", ("scenario", "board", "it", "boots", "states", "not checked"), map(_line, _sorted(rows))
    )
    page.heading("What it rests on")
    page.table("The same for all of it", ("what", "value"), about.items())
    hashes = {row.facts["firmware"]: row.facts["SHA-256 of the firmware"] for row in rows if row.facts}
    page.table("Firmware", ("firmware", "SHA-256 of its files"), sorted(hashes.items()))


def _sorted(rows: Sequence[Row]) -> list[Row]:
    order = ("broke", "held", "left out")
    return sorted(rows, key=lambda row: order.index(row.status))


def _line(row: Row) -> tuple[str | Td, ...]:
    if row.result is None:
        return row.scenario, row.board, Td("left out", "undecided", under=row.left_out), "", "", ""
    r = row.result
    said = [f"{name}: {r.broken[name][0].text}" for name in row.broke]
    said += [f"{name}: held, though the scenario says that no firmware can keep it" for name in row.kept]
    style = "fail" if said else "pass"
    if not said and row.not_owed:
        said = [f"but for {', '.join(sorted(row.not_owed))}, which no firmware can keep here"]
    it = Td(_MARKS[row.status], style, under="; ".join(said))
    return row.scenario, row.board, it, str(r.boots), str(r.merged_states), ", ".join(r.not_checked)


def campaign_suites(rows: Sequence[Row], again: Callable[[Row, str], str]) -> Iterable[Suite]:
    """The same for CI: a suite for each row, a case for each invariant."""
    for row in rows:
        if row.result is None:
            yield Suite(row.name, (Case("sweep", skipped=row.left_out),))
            continue
        result = row.result

        def line(ident: str, row: Row = row) -> str:
            return again(row, ident)

        yield Suite(row.name, tuple(_case(one, result, line, row.not_owed) for one in NEEDS), row.facts)


def runs_page(page: Page, runs: Sequence[tuple[Scenario, str, Summary]], about: Mapping[str, str]) -> None:
    """Runs of scenarios, and whether each ended as its file states."""
    missed = [(scenario, board, misses) for scenario, board, s in runs if (misses := s.misses(scenario.shows))]
    said = f"{len(runs)} runs, {len(missed)} not as stated."
    page.add("p", said, f"verdict {'fail' if missed else 'pass'}")
    page.heading("Every run")
    rows = []
    for scenario, board, s in runs:
        misses = s.misses(scenario.shows)
        it = Td("not as stated", "fail", under="; ".join(misses)) if misses else Td("as stated", "pass")
        rows.append((Td(scenario.name, under=scenario.title), board, it, show_time(s.dark_us), s.verdict.status))
    page.table("In order", ("scenario", "board", "it ended", "longest darkness", "the rule's verdict"), rows)
    page.heading("What it rests on")
    page.table("The same for all of it", ("what", "value"), about.items())


def run_suites(runs: Sequence[tuple[Scenario, str, Summary]], about: Mapping[str, str]) -> Iterable[Suite]:
    """The same for CI: a suite for each board, a case for each scenario."""
    boards = dict.fromkeys(board for _, board, _ in runs)
    for board in boards:
        cases = []
        for scenario, where, s in runs:
            if where == board:
                line = f"ridethrough run {scenario.name} --board {board}"
                cases.append(Case(scenario.name, tuple((miss, line) for miss in s.misses(scenario.shows))))
        yield Suite(f"scenarios on {board}", tuple(cases), about)
