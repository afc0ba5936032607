"""A sweep's result on the terminal: what was covered, each invariant, and how to see a failure again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ridethrough.invariants.table import NEEDS
from ridethrough.invariants.violation import Violation
from ridethrough.reports.lines import Line, joined, styled
from ridethrough.support.quantities import show_time
from ridethrough.sweep.replay import Replay
from ridethrough.sweep.result import Result

_SHOWN_FAILURES = 20
_SHOWN_LINES = 40


def lines(result: Result, again: Callable[[str], str]) -> Iterator[Line]:
    """The report. `again(id)`: the line that replays a failure."""
    per_cut = ", ".join(str(n) for n in result.per_cut)
    if result.sample:
        yield styled(f"  a sample: {result.sample}", "yellow")
    if result.fixpoint:
        yield styled("  fixpoint reached: no number of power cuts and resets leads to another state", "green")
    elif result.sample:
        yield styled("  no fixpoint: a sample shows none", "yellow")
    else:
        yield styled("  stopped after the cuts that were asked for: no fixpoint yet", "yellow")
    rested = "" if {"boots", "converges"} & set(result.failures) else ", each to rest"
    yield styled(f"  boots              {result.boots}{rested} ({_by_fault(result)})")
    if result.joined:
        yield styled(f"{'':<21}{result.joined} of them ended where another had gone on from the same")
    if result.operations:
        yield styled(f"  flash operations   {result.operations}")
    else:
        yield styled("  flash operations   none before the board was at rest: no update was tried", "yellow")
    yield styled(f"  cut states         {result.cut_states}, merged into {result.merged_states}")
    yield styled(f"{'':<21}new after 1, 2, ... cuts: {per_cut}; the fullest stands for {result.largest_key}")
    yield styled(f"  longest darkness   {show_time(result.longest_dark_us)} while mains was there and the hold sound")
    if result.failed_hold_dark_us:
        yield styled(f"                     {show_time(result.failed_hold_dark_us)} with a failed hold")
    yield styled(f"  longest recovery   {show_time(result.longest_recovery_us)}, at most {result.most_boots} boots")
    for how, first in result.ended.items():
        what = f"{how}, in {_boots(result.endings[how])}; first {show_time(first.t_us)} after the start of its boot"
        yield styled(f"  guest ended        {what}", "yellow")
        yield styled(f"      {again(first.ident)}", "dim")
    yield Line()
    for name, needs in NEEDS.items():
        if name in result.not_checked:
            yield styled(f"  {name:<18} not checked: needs {needs}", "yellow")
        elif name not in result.failures:
            yield styled(f"  {name:<18} held", "green")
        else:
            yield styled(f"  {name:<18} BROKEN in {_boots(result.failures[name])}", "bold red")
            yield from _failures(result, name, again)
    yield Line()
    yield styled(summary(result), "bold red" if result.failures else "bold green")


def _failures(result: Result, name: str, again: Callable[[str], str]) -> Iterator[Line]:
    # Each distinct failure once, as it was first seen.
    found = result.broken[name]
    for broken in found[:_SHOWN_FAILURES]:
        ways = result.ways[broken.kind]
        yield styled(f"    {broken.text}" + (f" ({ways} ways lead to it, this is the first)" if ways > 1 else ""))
        for line in broken.console:
            yield styled(f"      | {line}")
        yield styled(f"      {again(broken.ident)}", "dim")
    if len(found) > _SHOWN_FAILURES:
        yield styled(f"    and {len(found) - _SHOWN_FAILURES} more, which --json lists", "dim")


def _boots(count: int) -> str:
    return f"{count} boot{'' if count == 1 else 's'}"


def summary(result: Result) -> str:
    """One line: how many invariants held, broke and were not checked."""
    text = f"{len(result.held)} invariants held, {len(result.failures)} broke"
    return text + (f", {len(result.not_checked)} not checked" if result.not_checked else "")


def _by_fault(result: Result) -> str:
    return ", ".join(f"{name} {count}" for name, count in result.by_fault.most_common())


def as_json(result: Result, again: Callable[[str], str]) -> dict[str, Any]:
    """Everything, for programs."""

    def one(broken: Violation) -> dict[str, Any]:
        return {
            "text": broken.text,
            "t_us": broken.t_us,
            "ways": result.ways[broken.kind],
            "console": broken.console,
            "id": broken.ident,
            "replay": again(broken.ident),
        }

    def ended(how: str) -> dict[str, Any]:
        first = result.ended[how]
        found = {"boots": result.endings[how], "t_us": first.t_us, "id": first.ident}
        return found | {"replay": again(first.ident)}

    struck: dict[str, dict[str, int]] = {}
    for (name, phase), count in result.struck.items():
        struck.setdefault(name, {})[phase] = count
    return {
        "fixpoint": result.fixpoint,
        "left_out": result.left_out,
        "boots": result.boots,
        "boots_by_way": dict(result.by_fault),
        "boots_joined": result.joined,
        "boots_by_way_and_phase": struck,
        "operations": result.operations,
        "cut_states": result.cut_states,
        "merged_states": result.merged_states,
        "new_states_per_cut": result.per_cut,
        "largest_merge": result.largest_key,
        "longest_dark_us": result.longest_dark_us,
        "failed_hold_dark_us": result.failed_hold_dark_us,
        "longest_recovery_us": result.longest_recovery_us,
        "most_boots": result.most_boots,
        "guest_ended": {how: ended(how) for how in result.ended},
        "held": result.held,
        "not_checked": result.not_checked,
        "broken": {
            n: {"boots": result.failures[n], "first": [one(b) for b in found]} for n, found in result.broken.items()
        },
    }


def replay_lines(found: Replay) -> Iterator[Line]:
    """What led to a failure with what the board said on the way, and what broke."""
    for step, console in zip(found.steps, found.consoles, strict=True):
        yield styled(f"  {step}")
        if len(console) > _SHOWN_LINES:
            yield styled(f"{'':6}({len(console) - _SHOWN_LINES} lines before these)", "dim")
        for t_us, line in console[-_SHOWN_LINES:]:
            yield joined((f"{t_us / 1e6:14.6f} s  ", "dim"), ("| " + line, ""))
    yield Line()
    if not found.broken:
        yield styled("  nothing broke: every invariant held in this run", "green")
    for broken in found.broken:
        yield styled(f"  BROKEN {broken.invariant}: {broken.text} (at {show_time(broken.t_us)})", "bold red")
