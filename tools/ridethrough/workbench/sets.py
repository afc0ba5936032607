"""Several rules as one requirement: what each adds to the others, and which cannot be kept together.

A search shows that something is possible; what it did not find may still be there, so the answers say how many
behaviours were tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from ridethrough.rules import Evidence, Rule
from ridethrough.support.errors import BadInput
from ridethrough.workbench.behaviour import FULL_MV, Behaviour, trace_of
from ridethrough.workbench.criteria import plain
from ridethrough.workbench.search import Search
from ridethrough.world.hub_params import HubParams

TRIES = 400
_Statuses = tuple[str, ...]


@dataclass(frozen=True)
class Adds:
    """Does `rule` forbid anything that the others allow? `shown`: the smallest behaviour that it alone forbids; None if
    none was found."""

    rule: str
    shown: Behaviour | None


@dataclass(frozen=True)
class Conflict:
    """No meter that powers its hub was found to keep all of `rules`. `shown`: (rule that is kept, behaviour) in which
    another is broken; nothing if a rule is broken by itself, whatever a meter does."""

    rules: tuple[str, ...]
    shown: tuple[tuple[str, Behaviour], ...]


def adds(rules: Sequence[Rule], tries: int = TRIES) -> Iterator[Adds]:
    """Of each rule, in turn."""
    for i, rule in enumerate(rules):
        others = [other for j, other in enumerate(rules) if j != i]
        yield Adds(rule.id, _found([rule, *others], lambda s: s[0] == "fail" and "fail" not in s[1:], tries))


def conflicts(rules: Sequence[Rule], tries: int = TRIES) -> Iterator[Conflict]:
    """Rules that cannot be kept at all, and pairs of others that cannot be kept together, by a meter that never takes
    its hub's supply away."""
    alone = [rule for rule in rules if _found([rule], lambda s: s == ("pass",), tries, powered=True) is None]
    never = [r for r in alone if _found([r], lambda s: s == ("fail",), tries, powered=True) is not None]
    for rule in never:
        yield Conflict((rule.id,), ())
    for one, other in combinations([rule for rule in rules if rule not in alone], 2):
        if _found([one, other], lambda s: s == ("pass", "pass"), tries, powered=True) is not None:
            continue
        kept_one = _found([one, other], lambda s: s == ("pass", "fail"), tries, powered=True)
        kept_other = _found([one, other], lambda s: s == ("fail", "pass"), tries, powered=True)
        shown = [(rule.id, b) for rule, b in ((one, kept_one), (other, kept_other)) if b is not None]
        if shown:
            yield Conflict((one.id, other.id), tuple(shown))


def decided(rules: Sequence[Rule], who_needs: str = "an audit needs") -> None:
    """BadInput if one of them leaves keys open, or cannot be judged without a date."""
    for rule in rules:
        _dated(rule)
        if rule.open_keys:
            raise BadInput(
                f"{rule.id} leaves {', '.join(rule.open_keys)} open: {who_needs} one reading; decide them first"
            )


def _dated(rule: Rule) -> None:
    # nothing that is made up here has a date
    calendar = next((r.per for limit in rule.limits if (r := limit.reading) and r.calendar), "")
    if calendar:
        raise BadInput(
            f"{rule.id} counts by the {calendar}, and what is tried here has no date, so none of it could be judged: "
            "take a window such as '24 h' or '30 d' for it"
        )


def _found(
    rules: Sequence[Rule], wanted: Callable[[_Statuses], bool], tries: int, powered: bool = False
) -> Behaviour | None:
    def is_it(behaviour: Behaviour) -> bool:
        if powered and not all(step.ch_mv == FULL_MV for step in behaviour):
            return False
        evidence = Evidence(trace_of(behaviour, HubParams()))
        return wanted(tuple(rule.check(evidence).status for rule in rules))

    if is_it(()):
        return ()
    levels = (FULL_MV,) if powered else ()
    found = Search(rules, tries, levels).smallest(is_it)
    if found is not None:
        return found
    ready = (b for rule in rules for reading in rule.readings for b in plain(reading))
    return next(filter(is_it, ready), None)
