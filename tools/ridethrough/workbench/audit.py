"""What a rule lets through, and what it forbids for nothing: the smallest of each kind, and the key to blame.

A hole: the rule is kept, yet the meter did harm (harm.py). An overreach: it is broken by a meter whose hub
never noticed. Two finds are of one kind when they do the same harm and the same keys, each changed no further
than it has to be, would put them right; the search goes on until it finds no further kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ridethrough.rules import Evidence, Rule, Verdict
from ridethrough.rules.keys import CHOICES
from ridethrough.rules.verdict import worst_of
from ridethrough.traces import Trace
from ridethrough.workbench.behaviour import Behaviour, trace_of
from ridethrough.workbench.harm import FALSE_AD1, KEPT_DOWN, MISSED_AD1, USELESS, Harm, harm
from ridethrough.workbench.hub_replay import Valid, holds_for
from ridethrough.workbench.matrix import HOLE, OVERREACH, flag
from ridethrough.workbench.search import Search
from ridethrough.workbench.sets import decided
from ridethrough.world.hub_params import HubParams

_WANTED = ((HOLE, FALSE_AD1, 3), (HOLE, MISSED_AD1, 1), (HOLE, USELESS, 7), (HOLE, KEPT_DOWN, 2), (OVERREACH, "", 2))
"""What is searched for, and how many kinds of each at most."""
AUDIT_MOST = sum(most for _, _, most in _WANTED)
_TRIES = 4000
Cure = tuple[str, str]
"""(key, value): read like that, the rule would not do this."""
_Signature = tuple[str, str, tuple[str, ...]]


@dataclass(frozen=True)
class Find:
    """`flag`: HOLE or OVERREACH; `kind`: the harm, or "". `cures`: which single keys would put it right."""

    flag: str
    kind: str
    behaviour: Behaviour
    trace: Trace
    verdict: Verdict
    harm: Harm
    cures: tuple[Cure, ...]
    valid: tuple[Valid, ...]


def audit(
    rules: Rule | Sequence[Rule],
    hub: HubParams | None = None,
    progress: Callable[[str, str], None] = lambda wanted, kind: None,
    tries: int = _TRIES,
) -> Iterator[Find]:
    """Finds, one of each kind, holes first; several rules are one requirement, kept when each is. BadInput for a rule
    with open keys: which reading is it?"""
    together = (rules,) if isinstance(rules, Rule) else tuple(rules)
    decided(together)
    params = hub or HubParams()
    search = _Finds(together, params, tries)
    for wanted, kind, most in _WANTED:
        for _ in range(most):
            progress(wanted, kind)
            found = search.next(wanted, kind)
            if found is None:
                break
            yield found


class _Finds:
    def __init__(self, rules: tuple[Rule, ...], params: HubParams, tries: int) -> None:
        self._rules = rules
        self._params = params
        self._search = Search(rules, tries)
        self._kinds: set[_Signature] = set()
        self._flagged: dict[Behaviour, tuple[str, tuple[str, ...]]] = {}
        self._signatures: dict[tuple[Behaviour, str, str], _Signature] = {}
        self._others = [
            ((_key_of(rule, key, rules), "none" if value is None else str(value)), i, altered)
            for i, rule in enumerate(rules)
            for key in CHOICES
            for value in CHOICES[key]
            if (altered := rule.altered(key, value)) is not None
        ]

    def _look(self, behaviour: Behaviour, params: HubParams) -> tuple[Evidence, Verdict, Harm]:
        trace = trace_of(behaviour, params)
        evidence = Evidence(trace)
        return evidence, worst_of([rule.check(evidence) for rule in self._rules]), harm(trace, params)

    def _flag(self, behaviour: Behaviour) -> tuple[str, tuple[str, ...]]:
        # each behaviour is looked at for one kind of find after another
        if behaviour not in self._flagged:
            _, verdict, hurt = self._look(behaviour, self._params)
            self._flagged[behaviour] = flag(verdict, hurt), hurt.kinds
        return self._flagged[behaviour]

    def _signature(self, behaviour: Behaviour, wanted: str, kind: str) -> _Signature:
        asked = behaviour, wanted, kind
        if asked not in self._signatures:
            evidence = Evidence(trace_of(behaviour, self._params))
            self._signatures[asked] = _signature(wanted, kind, self._cures(evidence))
        return self._signatures[asked]

    def _cures(self, evidence: Evidence) -> tuple[Cure, ...]:
        broken = [rule.check(evidence).status == "fail" for rule in self._rules]

        def breaks(i: int, altered: Rule) -> bool:
            return altered.check(evidence).status == "fail" or any(b for j, b in enumerate(broken) if j != i)

        return tuple(name for name, i, altered in self._others if breaks(i, altered) != any(broken))

    def next(self, wanted: str, kind: str) -> Find | None:
        def new(behaviour: Behaviour) -> bool:
            flagged, kinds = self._flag(behaviour)
            if flagged != wanted or (kind and kind not in kinds):
                return False
            return self._signature(behaviour, wanted, kind) not in self._kinds

        behaviour = self._search.smallest(new)
        if behaviour is None:
            return None
        evidence, verdict, hurt = self._look(behaviour, self._params)
        self._kinds.add(self._signature(behaviour, wanted, kind))

        def still(params: HubParams) -> bool:
            _, verdict, hurt = self._look(behaviour, params)
            return flag(verdict, hurt) == wanted

        valid = tuple(holds_for(still, self._params))
        return Find(wanted, kind, behaviour, evidence.trace, verdict, hurt, self._cures(evidence), valid)


def _key_of(rule: Rule, key: str, rules: tuple[Rule, ...]) -> str:
    # of several rules, it has to be said which one's
    return key if len(rules) == 1 else f"{rule.id}: {key}"


def _signature(wanted: str, kind: str, cures: tuple[Cure, ...]) -> _Signature:
    first: dict[str, str] = {}
    for key, value in cures:
        # the choices stand in the order in which they go further; which reboots is not a matter of further
        first.setdefault(key, "" if wanted == OVERREACH or key.endswith("during") else value)
    return wanted, kind, tuple(f"{key} {value}" for key, value in first.items())
