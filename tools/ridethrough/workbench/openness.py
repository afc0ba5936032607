"""How open a rule is: a number that falls with each key that is decided."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ridethrough.rules import Evidence, Rule
from ridethrough.rules.spread import Spread
from ridethrough.workbench.specimen import Specimen


@dataclass(frozen=True)
class Openness:
    """What each specimen's verdict does over the readings of a rule."""

    rule: Rule
    readings: int
    spreads: tuple[tuple[Specimen, Spread], ...]

    @property
    def depending(self) -> list[tuple[Specimen, Spread]]:
        """The specimens whose verdict depends on the reading, the most doubtful first."""
        found = [(s, spread) for s, spread in self.spreads if spread.doubt_bits() > 0]
        return sorted(found, key=lambda pair: -pair[1].doubt_bits())

    def settles(self) -> list[tuple[str, float]]:
        """Each open key and how much of the doubt over all specimens is gone once it is decided, most first."""
        total = sum(spread.doubt_bits() for _, spread in self.spreads)
        shares = [
            (key, 1 - sum(spread.doubt_bits(key) for _, spread in self.spreads) / total if total else 0.0)
            for key in self.rule.open_keys
        ]
        return sorted(shares, key=lambda pair: -pair[1])

    def as_json(self) -> dict[str, Any]:
        """Everything, for programs."""
        return {
            "rule": self.rule.id,
            "readings": self.readings,
            "open": list(self.rule.open_keys),
            "settles": dict(self.settles()),
            "specimens": [
                {"name": s.name, "statuses": dict(spread.statuses), "decided_by": spread.decided_by()[0]}
                for s, spread in self.spreads
            ],
        }


def openness(
    rule: Rule, specimens: Iterable[Specimen], progress: Callable[[int], None] = lambda done: None
) -> Openness:
    """Every reading of `rule` on each of the specimens; `progress(done)` in specimens."""
    found: list[tuple[Specimen, Spread]] = []
    for specimen in specimens:
        progress(len(found))
        found.append((specimen, rule.spread(Evidence(specimen.trace))))
    return Openness(rule, rule.count, tuple(found))
