"""Rules that leave keys open: every reading of them, a verdict over all, and which key decides."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from ridethrough.errors import BadInput
from ridethrough.rules.evidence import Evidence
from ridethrough.rules.reading import CHOICES, Reading
from ridethrough.rules.verdict import Status, Verdict

if TYPE_CHECKING:
    from ridethrough.rules.rule import Rule

READINGS_MAX = 100_000
Values = Mapping[str, Any]


def count(rule: Rule) -> int:
    """How many readings a rule has."""
    return math.prod(len(CHOICES[key]) for key in rule.open_keys)


def every_choice(rule: Rule) -> Iterator[Values]:
    """A value for each open key, in every combination. BadInput if there are too many."""
    if count(rule) > READINGS_MAX:
        raise BadInput(f"{rule.id} has {count(rule)} readings, more than {READINGS_MAX}: decide a key or two first")
    keys = rule.open_keys
    for values in product(*(CHOICES[key] for key in keys)):
        yield dict(zip(keys, values, strict=True))


def every_reading(rule: Rule) -> Iterator[tuple[Reading, ...]]:
    """The readings of its limits, for each choice."""
    for values in every_choice(rule):
        yield rule.decided(values)


@dataclass(frozen=True)
class Spread:
    """What the readings of a rule say of one trace: each choice and its verdict."""

    open_keys: tuple[str, ...]
    verdicts: tuple[tuple[Values, Verdict], ...]

    @property
    def statuses(self) -> Counter[Status]:
        return Counter(v.status for _, v in self.verdicts)

    @property
    def broken(self) -> Counter[bool]:
        """How many readings are broken, and how many are not."""
        return Counter(v.status == "fail" for _, v in self.verdicts)

    def doubt_bits(self, key: str | None = None) -> float:
        """How much is open about whether it is broken, 0 to 1 for two outcomes; once `key` is decided, on average."""
        if key is None:
            return _bits([_broken(v) for _, v in self.verdicts])
        parts: dict[Any, list[Status]] = {}
        for values, verdict in self.verdicts:
            parts.setdefault(values[key], []).append(_broken(verdict))
        return sum(_bits(part) * len(part) for part in parts.values()) / len(self.verdicts)

    def decided_by(self) -> tuple[str, bool]:
        """The key that decides most, and whether it decides everything."""
        if self.doubt_bits() == 0:
            return "", True
        best = min(self.open_keys, key=self.doubt_bits)
        return best, self.doubt_bits(best) == 0


def _broken(verdict: Verdict) -> Status:
    # a rule that does not speak about a trace is not broken by it
    return "pass" if verdict.status == "vacuous" else verdict.status


def _bits(statuses: list[Status]) -> float:
    shares = [n / len(statuses) for n in Counter(statuses).values()]
    return -sum(p * math.log2(p) for p in shares) + 0.0


def spread(rule: Rule, evidence: Evidence) -> Spread:
    """Every reading's verdict."""
    verdicts = [
        (values, rule.check_readings(readings, evidence))
        for values, readings in zip(every_choice(rule), _parsed(rule), strict=True)
    ]
    return Spread(rule.open_keys, tuple(verdicts))


_cache: dict[int, tuple[Rule, list[tuple[Reading, ...]]]] = {}


def _parsed(rule: Rule) -> list[tuple[Reading, ...]]:
    # one rule meets many traces
    if id(rule) not in _cache or _cache[id(rule)][0] is not rule:
        _cache.clear()
        _cache[id(rule)] = (rule, list(every_reading(rule)))
    return _cache[id(rule)][1]


def check_open(rule: Rule, evidence: Evidence) -> Verdict:
    """One verdict over all readings: that of them all if they agree, else undecided."""
    found = spread(rule, evidence)
    statuses, n = found.statuses, len(found.verdicts)
    first = found.verdicts[0][1]
    if len(statuses) == 1:
        verb = {"pass": "kept", "fail": "broken", "vacuous": "without a case", "undecided": "undecided"}[first.status]
        every = f"{verb} in each of {n} readings; {first.sentence()}"
        return Verdict(rule.id, first.status, first.witness, first.margin_us, first.cause, readings=every)
    if set(statuses) == {"pass", "vacuous"}:
        return Verdict(
            rule.id, "pass", readings=f"kept in each of {n} readings, {statuses['vacuous']} of them without a case"
        )
    key, all_of_it = found.decided_by()
    parts = [f"fails in {statuses['fail']} of {n} readings"]
    if statuses["undecided"]:
        parts[0] += f", undecided in {statuses['undecided']}"
    if statuses["vacuous"]:
        parts[0] += f", without a case in {statuses['vacuous']}"
    parts.append(f"decided by `{key}`" if all_of_it else f"most of it decided by `{key}`")
    broken = next((v for _, v in found.verdicts if v.status == "fail"), first)
    return Verdict(rule.id, "undecided", broken.witness, None, "", readings="; ".join(parts))
