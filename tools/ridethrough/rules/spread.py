"""The verdicts of a rule that leaves keys open: one for each reading, what they come to, and which key decides."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ridethrough.rules.verdict import Status, Verdict

Values = Mapping[str, Any]
"""A value for each open key."""


@dataclass(frozen=True)
class Spread:
    """What the readings of a rule say of one trace: each choice and its verdict."""

    open_keys: tuple[str, ...]
    verdicts: tuple[tuple[Values, Verdict], ...]

    @cached_property
    def statuses(self) -> Counter[Status]:
        return Counter(v.status for _, v in self.verdicts)

    @property
    def broken(self) -> Counter[bool]:
        """How many readings are broken, and how many are not."""
        return Counter(v.status == "fail" for _, v in self.verdicts)

    @cached_property
    def _said(self) -> tuple[Status, ...]:
        # of each reading, in their order
        return tuple(_broken(v) for _, v in self.verdicts)

    def doubt_bits(self, key: str | None = None) -> float:
        """How much is open about whether it is broken, 0 to 1 for two outcomes; once `key` is decided, on average."""
        if key is None:
            return _bits(Counter(self._said))
        if len(set(self._said)) == 1:
            return 0.0
        parts: dict[Any, Counter[Status]] = {}
        for (value, status), n in Counter(zip((v[key] for v, _ in self.verdicts), self._said, strict=True)).items():
            parts.setdefault(value, Counter())[status] += n
        return sum(_bits(part) * part.total() for part in parts.values()) / len(self.verdicts)

    def decided_by(self) -> tuple[str, bool]:
        """The key that decides most, and whether it decides everything."""
        if self.doubt_bits() == 0:
            return "", True
        best = min(self.open_keys, key=self.doubt_bits)
        return best, self.doubt_bits(best) == 0

    def verdict(self) -> Verdict:
        """One verdict over all readings: that of them all if they agree, else undecided."""
        statuses, n = self.statuses, len(self.verdicts)
        first = self.verdicts[0][1]
        if len(statuses) == 1:
            words = {"pass": "kept", "fail": "broken", "vacuous": "without a case", "undecided": "undecided"}
            every = f"{words[first.status]} in each of {n} readings; {first.sentence()}"
            return Verdict(first.rule_id, first.status, first.witness, first.margin_us, first.cause, readings=every)
        if set(statuses) == {"pass", "vacuous"}:
            kept = f"kept in each of {n} readings, {statuses['vacuous']} of them without a case"
            return Verdict(first.rule_id, "pass", readings=kept)
        key, all_of_it = self.decided_by()
        parts = [f"fails in {statuses['fail']} of {n} readings"]
        if statuses["undecided"]:
            parts[0] += f", undecided in {statuses['undecided']}"
        if statuses["vacuous"]:
            parts[0] += f", without a case in {statuses['vacuous']}"
        parts.append(f"decided by `{key}`" if all_of_it else f"most of it decided by `{key}`")
        broken = next((v for _, v in self.verdicts if v.status == "fail"), first)
        return Verdict(first.rule_id, "undecided", broken.witness, None, "", readings="; ".join(parts))


def _broken(verdict: Verdict) -> Status:
    # a rule that does not speak about a trace is not broken by it
    return "pass" if verdict.status == "vacuous" else verdict.status


def _bits(statuses: Counter[Status]) -> float:
    shares = [n / statuses.total() for n in statuses.values()]
    return -sum(p * math.log2(p) for p in shares) + 0.0
