"""A sweep's result on the terminal: what was covered, each invariant, and how to see a failure again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.text import Text

from ridethrough.quantities import show_time
from ridethrough.sweep.explore import Result
from ridethrough.sweep.invariants import NEEDS, Broken
from ridethrough.sweep.replay import Replay


def lines(result: Result, again: str) -> Iterator[Text]:
    """The report. `again`: the command line that a replay's id is added to."""
    per_cut = ", ".join(str(n) for n in result.per_cut)
    if result.fixpoint:
        yield Text("  fixpoint reached: no number of power cuts and resets leads to another state", "green")
    else:
        yield Text("  stopped after the cuts that were asked for: no fixpoint yet", "yellow")
    yield Text(f"  boots              {result.boots}, each to rest ({_ways(result)})")
    yield Text(f"  flash operations   {result.operations}")
    yield Text(f"  cut states         {result.cut_states}, merged into {result.merged_states}")
    yield Text(f"                     new after 1, 2, ... cuts: {per_cut}; the fullest stands for {result.largest_key}")
    yield Text(f"  longest darkness   {show_time(result.longest_dark_us)} while mains was there and the hold sound")
    if result.failed_hold_dark_us:
        yield Text(f"                     {show_time(result.failed_hold_dark_us)} with a failed hold")
    yield Text(f"  longest recovery   {show_time(result.longest_recovery_us)}, at most {result.most_boots} boots")
    yield Text()
    for name, needs in NEEDS.items():
        if name in result.not_checked:
            yield Text(f"  {name:<18} not checked: needs {needs}", "yellow")
        elif name not in result.failures:
            yield Text(f"  {name:<18} held", "green")
        else:
            yield Text(f"  {name:<18} BROKEN in {result.failures[name]} boots", "bold red")
            for broken in result.broken[name]:
                yield Text(f"    {broken.text}")
                yield Text(f"      {again} --replay {broken.ident}", "dim")
    yield Text()
    yield Text(summary(result), "bold red" if result.failures else "bold green")


def summary(result: Result) -> str:
    """One line: how many invariants held, broke and were not checked."""
    text = f"{len(result.held)} invariants held, {len(result.failures)} broke"
    return text + (f", {len(result.not_checked)} not checked" if result.not_checked else "")


def _ways(result: Result) -> str:
    return ", ".join(f"{name} {count}" for name, count in result.by_way.most_common())


def as_json(result: Result, again: str) -> dict[str, Any]:
    """Everything, for programs."""

    def one(broken: Broken) -> dict[str, Any]:
        return {
            "text": broken.text,
            "t_us": broken.t_us,
            "id": broken.ident,
            "replay": f"{again} --replay {broken.ident}",
        }

    return {
        "fixpoint": result.fixpoint,
        "boots": result.boots,
        "boots_by_way": dict(result.by_way),
        "operations": result.operations,
        "cut_states": result.cut_states,
        "merged_states": result.merged_states,
        "new_states_per_cut": result.per_cut,
        "largest_merge": result.largest_key,
        "longest_dark_us": result.longest_dark_us,
        "failed_hold_dark_us": result.failed_hold_dark_us,
        "longest_recovery_us": result.longest_recovery_us,
        "most_boots": result.most_boots,
        "held": result.held,
        "not_checked": result.not_checked,
        "broken": {
            n: {"boots": result.failures[n], "first": [one(b) for b in found]} for n, found in result.broken.items()
        },
    }


def replay_lines(found: Replay) -> Iterator[Text]:
    """What led to a failure, and what broke."""
    for step in found.steps:
        yield Text(f"  {step}")
    yield Text()
    if not found.broken:
        yield Text("  nothing broke: every invariant held in this run", "green")
    for broken in found.broken:
        yield Text(f"  BROKEN {broken.invariant}: {broken.text} (at {show_time(broken.t_us)})", "bold red")
