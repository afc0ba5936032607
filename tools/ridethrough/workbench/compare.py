"""The simplest behaviour on which two rules disagree."""

from __future__ import annotations

from dataclasses import dataclass

from ridethrough.rules import Evidence, Rule, Verdict
from ridethrough.traces import Trace
from ridethrough.workbench.behaviour import Behaviour, trace_of
from ridethrough.workbench.harm import Harm, harm
from ridethrough.workbench.hub_replay import Valid, holds_for
from ridethrough.workbench.search import TRIES, Search
from ridethrough.world.hub_params import HubParams


@dataclass(frozen=True)
class Difference:
    """What parts two rules, and what they say of it. `valid`: how far that depends on the hub's figures."""

    behaviour: Behaviour
    trace: Trace
    verdicts: tuple[Verdict, Verdict]
    harm: Harm
    valid: tuple[Valid, ...]


def compare(one: Rule, other: Rule, hub: HubParams | None = None, tries: int = TRIES) -> Difference | None:
    """One breaks, the other does not; if there is no such behaviour, any two verdicts that differ. None if
    none was found in so many tries."""
    params = hub or HubParams()

    def both(behaviour: Behaviour, params: HubParams = params) -> tuple[Verdict, Verdict]:
        evidence = Evidence(trace_of(behaviour, params))
        return one.check(evidence), other.check(evidence)

    def broken_by_one(behaviour: Behaviour) -> bool:
        a, b = both(behaviour)
        return (a.status == "fail") != (b.status == "fail")

    def different(behaviour: Behaviour) -> bool:
        a, b = both(behaviour)
        return a.status != b.status

    search = Search((one, other), tries)
    found = search.smallest(broken_by_one) or search.smallest(different)
    if found is None:
        return None
    trace, verdicts = trace_of(found, params), both(found)
    statuses = [v.status for v in verdicts]
    valid = holds_for(lambda p: [v.status for v in both(found, p)] == statuses, params)
    return Difference(found, trace, verdicts, harm(trace, params), tuple(valid))
