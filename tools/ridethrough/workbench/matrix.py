"""Rules against specimens: each cell the verdict, and whether it is a hole or an overreach."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from ridethrough.rules import Evidence, Rule, Verdict
from ridethrough.workbench.harm import Harm, harm
from ridethrough.workbench.hub_replay import Valid, holds_for, hub_in, with_hub
from ridethrough.workbench.specimen import Specimen
from ridethrough.world.hub_params import HubParams

HOLE, OVERREACH = "hole", "overreach"


@dataclass(frozen=True)
class Cell:
    """`flag`: HOLE, OVERREACH or "". `valid`: how far the verdict and the flag hold, where they depend on
    the hub's figures."""

    verdict: Verdict
    flag: str
    valid: tuple[Valid, ...]


@dataclass(frozen=True)
class Matrix:
    """`cells[specimen][rule]`."""

    rules: tuple[Rule, ...]
    specimens: tuple[Specimen, ...]
    cells: tuple[tuple[Cell, ...], ...]


def matrix(
    rules: Sequence[Rule],
    specimens: Sequence[Specimen],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Matrix:
    """Every rule on every specimen; `progress(done, total)` in specimens."""
    rows = []
    for i, specimen in enumerate(specimens):
        progress(i, len(specimens))
        rows.append(_row(rules, specimen))
    return Matrix(tuple(rules), tuple(specimens), tuple(rows))


def flag(verdict: Verdict, hurt: Harm) -> str:
    """Does the verdict miss what the meter did, or blame it for nothing?"""
    if verdict.status in ("pass", "vacuous") and hurt.kinds:
        return HOLE
    if verdict.status == "fail" and not hurt.noticed and not hurt.kinds:
        return OVERREACH
    return ""


def _row(rules: Sequence[Rule], specimen: Specimen) -> tuple[Cell, ...]:
    seen = {specimen.hub: (Evidence(specimen.trace), specimen.harm)}
    alike: dict[Hashable, Evidence] = {}

    def look(params: HubParams) -> tuple[Evidence, Harm]:
        # The same trace behind each hub that is asked about, for all rules; most hubs do the same as another, and then
        # a rule has nothing new to say.
        if params not in seen:
            trace = with_hub(specimen.trace, params)
            seen[params] = alike.setdefault(hub_in(trace), Evidence(trace)), harm(trace, params)
        return seen[params]

    return tuple(_cell(rule, specimen, look) for rule in rules)


def _cell(rule: Rule, specimen: Specimen, look: Callable[[HubParams], tuple[Evidence, Harm]]) -> Cell:
    evidence, hurt = look(specimen.hub)
    verdict = rule.check(evidence)
    mark = flag(verdict, hurt)
    if rule.open_keys:
        # thousands of readings, each on dozens of hubs, would say nothing that its decided readings do not
        return Cell(verdict, mark, ())

    def same(params: HubParams) -> bool:
        evidence, hurt = look(params)
        other = rule.check(evidence)
        return other.status == verdict.status and flag(other, hurt) == mark

    return Cell(verdict, mark, tuple(holds_for(same, specimen.hub)))
