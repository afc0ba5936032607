"""A rule file: what it quotes, and its reading, or its readings where keys are left open.

Semantics: docs/rules.md. This module reads the file; judge.py and what it calls evaluate it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any

from ridethrough.rules.decisions import DECISIONS_MAX, Decision, decision_of
from ridethrough.rules.evidence import Evidence
from ridethrough.rules.judge import judge, what, when
from ridethrough.rules.keys import CHOICES, KEYS, OPEN, count, open_keys
from ridethrough.rules.library import names
from ridethrough.rules.reading import Reading, parse_reading
from ridethrough.rules.spread import Spread, Values
from ridethrough.rules.verdict import Verdict, worst_of
from ridethrough.rules.words import WORD_PROCESSOR
from ridethrough.support.errors import BadInput, suggestion
from ridethrough.support.paths import RULES
from ridethrough.support.toml import Table
from ridethrough.traces import Trace

LIMITS_MAX = 20
READINGS_MAX = 100_000


@dataclass(frozen=True)
class Limit:
    """`[reading]`, or one `[[limit]]` over it: what is written for each key. `reading` is None as long as a
    key is open."""

    table: Table
    raw: Mapping[str, Any]
    name: str
    reading: Reading | None

    @cached_property
    def open_keys(self) -> tuple[str, ...]:
        """The keys that are not decided."""
        return open_keys([self.raw])

    def decided(self, values: Mapping[str, Any]) -> Reading:
        """With a value for each open key."""
        return parse_reading(self.table, {**self.raw, **values}, self.name)


@dataclass(frozen=True)
class _Plan:
    # For each limit its readings, in the order of `values`, and of each two numbers: where in `whats` a reading stands
    # that counts the same, and where in `whiches` one that speaks of the same reboots.
    whats: tuple[Reading, ...]
    whiches: tuple[Reading, ...]
    values: tuple[Values, ...]
    columns: tuple[tuple[tuple[Reading, ...], tuple[tuple[int, int], ...]], ...]


@dataclass(frozen=True)
class Rule:
    """One rule file."""

    id: str
    text: str
    source: str
    note: str
    limits: tuple[Limit, ...]
    written: str = ""
    """The file's text."""
    version: str = ""
    decisions: tuple[Decision, ...] = ()

    @classmethod
    def load(cls, name: str | Path) -> Rule:
        """A rule of the library by its id, or a file. BadInput if there is none or it cannot be read."""
        path = Path(name) if str(name).endswith(".toml") else RULES / f"{name}.toml"
        if not path.is_file():
            raise BadInput(f"no rule '{name}'{_nearest(str(name))}")
        return cls.of(Table.load(path, WORD_PROCESSOR, carets=True))

    @classmethod
    def of(cls, top: Table) -> Rule:
        """The rule that a table holds."""
        head, reading = top.table("rule"), top.table("reading")
        if not top.has("reading") and not top.has("limit"):
            raise BadInput(
                f'{top.source}: [reading] is missing: it holds the keys, such as forbid = "CH power below 90 %"'
            )
        decisions = top.tables("decision")
        if len(decisions) > DECISIONS_MAX:
            raise top.fail(
                "decision", f"{len(decisions)} decisions are more than anybody takes: at most {DECISIONS_MAX}"
            )
        base = _raw(reading)
        limits = []
        for table in top.tables("limit"):
            limit_name = table.text("name", "")
            limits.append(_limit(table, _over(base, _raw(table)), limit_name))
        if len(limits) > LIMITS_MAX:
            raise top.fail("limit", f"{len(limits)} limits are more than anybody reads: at most {LIMITS_MAX}")
        rule = cls(
            id=head.text("id"),
            text=head.text("text"),
            source=head.text("source"),
            note=head.text("note", ""),
            limits=tuple(limits) or (_limit(reading, base, ""),),
            written=top.source_text,
            version=head.text("version", ""),
            decisions=tuple(map(decision_of, decisions)),
        )
        if not is_id(rule.id):
            raise head.fail("id", "letters, digits, dots and hyphens expected")
        for table in (top, head, reading):
            table.done()
        return rule

    @cached_property
    def open_keys(self) -> tuple[str, ...]:
        """The keys that are not decided in any of its limits."""
        return open_keys(limit.raw for limit in self.limits)

    def decided(self, values: Mapping[str, Any]) -> tuple[Reading, ...]:
        """The readings of its limits, with a value for each open key (each limit takes those it needs)."""
        return tuple(
            limit.reading or limit.decided({key: values[key] for key in limit.open_keys}) for limit in self.limits
        )

    @property
    def readings(self) -> tuple[Reading, ...]:
        """One for each limit; only of a rule that leaves nothing open."""
        return self.decided({})

    def altered(self, key: str, value: Any) -> Rule | None:
        """The same rule with one key read otherwise in each limit; None if that is no sound reading."""
        try:
            return replace(self, limits=tuple(_limit(x.table, _over(x.raw, {key: value}), x.name) for x in self.limits))
        except BadInput:
            return None

    def with_limits(self, limits: Sequence[Limit]) -> Rule:
        """The same rule with these limits."""
        return replace(self, limits=tuple(limits))

    @property
    def count(self) -> int:
        """How many readings it has."""
        return count(self.open_keys)

    @cached_property
    def every_reading(self) -> list[tuple[Values, tuple[Reading, ...]]]:
        """A value for each open key, in every combination, and the readings of its limits with these. BadInput if
        there are too many."""
        if self.count > READINGS_MAX:
            raise BadInput(f"{self.id} has {self.count} readings, more than {READINGS_MAX}: decide a key or two first")
        choices = product(*(CHOICES[key] for key in self.open_keys))
        every = (dict(zip(self.open_keys, values, strict=True)) for values in choices)
        return [(values, self.decided(values)) for values in every]

    @property
    def levels_mv(self) -> frozenset[float]:
        """Every voltage at which a verdict may change."""
        return frozenset(
            level for _, readings in self.every_reading for r in readings for c in r.conditions for level in c.levels_mv
        )

    def check(self, trace: Trace | Evidence) -> Verdict:
        """The verdict over a trace; over all of its readings if keys are open."""
        evidence = trace if isinstance(trace, Evidence) else Evidence(trace)
        if self.open_keys:
            return self.spread(evidence).verdict()
        return self.check_readings(self.readings, evidence)

    def spread(self, evidence: Evidence) -> Spread:
        """Every reading's verdict."""
        # what counts and which reboots are looked at apart: a few hundred of the one and some dozens of the other make
        # thousands of readings, and many of these come to the same here
        plan = self._plan
        of_what = [evidence.number(("what", what(reading, evidence))) for reading in plan.whats]
        of_which = [evidence.number(("which", when(reading, evidence))) for reading in plan.whiches]
        known: dict[tuple[int, int], Verdict] = {}
        columns = []
        for readings, numbers in plan.columns:
            keys = [(of_what[one], of_which[other]) for one, other in numbers]
            for reading, key in zip(readings, keys, strict=True):
                if key not in known:
                    known[key] = judge(self.id, reading, evidence)
            verdicts = [known[key] for key in keys]
            for i, verdict in enumerate(verdicts):
                if verdict.status == "undecided":
                    # it may have another cause
                    verdicts[i] = judge(self.id, readings[i], evidence)
            columns.append(verdicts)
        worst = columns[0] if len(columns) == 1 else [worst_of(row) for row in zip(*columns, strict=True)]
        return Spread(self.open_keys, tuple(zip(plan.values, worst, strict=True)))

    @cached_property
    def _plan(self) -> _Plan:
        whats: dict[tuple[str, ...], Reading] = {}
        whiches: dict[tuple[str, ...], Reading] = {}
        for _, readings in self.every_reading:
            for reading in readings:
                whats.setdefault((reading.name, *reading.what), reading)
                whiches.setdefault(reading.which, reading)
        what_at = {key: i for i, key in enumerate(whats)}
        which_at = {key: i for i, key in enumerate(whiches)}
        by_limit = list(zip(*(readings for _, readings in self.every_reading), strict=True))
        columns = tuple(
            (readings, tuple((what_at[r.name, *r.what], which_at[r.which]) for r in readings)) for readings in by_limit
        )
        values = tuple(values for values, _ in self.every_reading)
        return _Plan(tuple(whats.values()), tuple(whiches.values()), values, columns)

    def check_readings(self, readings: tuple[Reading, ...], evidence: Evidence) -> Verdict:
        """The verdict if its limits are read like that."""
        return worst_of([judge(self.id, reading, evidence) for reading in readings])


def sha256_of(rule: Rule) -> str:
    """The hash of a rule's file as it was read, with line ends of one byte."""
    return hashlib.sha256(rule.written.encode()).hexdigest()


def is_id(text: str) -> bool:
    """Can a rule be called that? Files are."""
    return bool(text) and not any(c in text for c in "/\\\n\0 ")


def _nearest(name: str) -> str:
    if Path(f"{name}.toml").is_file():
        return f"; the file beside you is '{name}.toml'"
    if name.endswith(".toml"):
        return ": no such file"
    near = suggestion(name, names())
    return near if "did you mean" in near else "; `ridethrough rules list` names them, and a file's name ends in .toml"


def _raw(table: Table) -> dict[str, Any]:
    return {key: table.raw(key) for key in KEYS if table.has(key)}


def _over(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    # `forbid` takes the place of `require`, and the other way round
    gone = {"forbid": "require", "require": "forbid"}
    return {key: v for key, v in base.items() if gone.get(key) not in own or key in own} | dict(own)


def _limit(table: Table, raw: dict[str, Any], name: str) -> Limit:
    for key, value in raw.items():
        if isinstance(value, str) and not value.strip():
            raise table.fail(key, f"empty: leave the key out, or write '{OPEN}' for not decided")
    if raw.get("require") == OPEN:
        raise table.fail("require", "it has no list of answers, so it cannot be left open")
    if OPEN not in [v for v in raw.values() if isinstance(v, str)]:
        table.done()
        return Limit(table, raw, name, parse_reading(table, raw, name))
    # what is decided must be sound all the same
    parse_reading(table, {key: value for key, value in raw.items() if value != OPEN}, name)
    table.done()
    return Limit(table, raw, name, None)
