"""A rule with one of its numbers at many values: which meters it breaks, by what margin, and how much harm it lets
through.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ridethrough.rules import Evidence, Rule, Verdict
from ridethrough.rules.keys import DEFAULTS, KEYS
from ridethrough.rules.rule import Limit
from ridethrough.rules.words import plain, show_span, time_us
from ridethrough.support.errors import BadInput, suggestion
from ridethrough.support.quantities import parse_voltage_mv
from ridethrough.workbench.matrix import HOLE, OVERREACH, flag
from ridethrough.workbench.sets import decided
from ridethrough.workbench.specimen import Specimen

STEPS_MOST = 200
_STEPS = 12
"""At most, if nobody says how many."""
_RANGE = re.compile(r"(.+?)\s*(?:\.\.\.?|\bto\b)\s*(.+)")
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?: ?(?:us|ms|s|min|h|d|weeks|mV|V|%))?")
_TIME, _VOLTS, _COUNT = "time", "voltage", "count"
_S = 10**6
_UNITS = {
    _TIME: [n * us for us in (1, 1000, _S) for n in (1, 2, 5, 10, 20, 30, 100, 200, 500) if us < _S or n < 60]
    + [n * us for us in (60 * _S, 3600 * _S, 24 * 3600 * _S) for n in (1, 2, 5, 10, 30, 100)],
    _VOLTS: [10, 20, 50, 60, 100, 120, 200, 250, 500, 600, 1000, 1200, 2000, 5000],
    _COUNT: [1, 2, 5, 10, 20, 50, 100, 1000, 10_000],
}
"""Steps that somebody would write."""
_PERCENT = [120, 240, 600, 1200, 2400, 6000]
"""The same in mV, for percentages of 12 V."""
_WITHOUT = {"lasting": "0 s or more", "times": "1 or more", "per": "10 min", "ends_when": "back for 1 s"}
"""What a key that is not written would be, but for its number."""


@dataclass(frozen=True)
class Point:
    """The rule at one value. `verdicts`: by specimen, in their order; `marks`: hole, overreach or "" of each."""

    value: str
    number: float
    written: str
    verdicts: tuple[Verdict, ...]
    marks: tuple[str, ...]

    @property
    def broken(self) -> int:
        return sum(v.status == "fail" for v in self.verdicts)

    @property
    def undecided(self) -> int:
        return sum(v.status == "undecided" for v in self.verdicts)

    @property
    def holes(self) -> int:
        """Meters that do harm and are not broken."""
        return self.marks.count(HOLE)

    @property
    def overreaches(self) -> int:
        """Meters that are broken though their hub noticed nothing."""
        return self.marks.count(OVERREACH)


@dataclass(frozen=True)
class Curve:
    """`points` in the order of the range."""

    rule: Rule
    key: str
    specimens: tuple[Specimen, ...]
    points: tuple[Point, ...]

    def newly(self, i: int) -> list[tuple[Specimen, Verdict]]:
        """The meters that are broken at point `i` and were not at the one before."""
        before = self.points[i - 1].verdicts if i else (None,) * len(self.specimens)
        return [
            (s, now)
            for s, now, then in zip(self.specimens, self.points[i].verdicts, before, strict=True)
            if now.status == "fail" and (then is None or then.status != "fail")
        ]

    def no_longer(self, i: int) -> list[tuple[Specimen, Verdict]]:
        """The meters that were broken at the point before `i` and are not here, and what was said of them there."""
        if not i:
            return []
        both = zip(self.specimens, self.points[i].verdicts, self.points[i - 1].verdicts, strict=True)
        return [(s, then) for s, now, then in both if then.status == "fail" and now.status != "fail"]


def values(key: str, text: str, steps: int | None = None) -> list[tuple[str, float]]:
    """The values of a range such as `1min..10min`: as they are written, and as numbers. BadInput if it is none."""
    if key not in KEYS:
        raise BadInput(f"'{key}' is no key of a rule{suggestion(key, KEYS)}")
    found = _RANGE.fullmatch(plain(text))
    if found is None:
        raise BadInput(f"'{text[:40]}' is no range: write it like 1min..10min, 60%..95% or 1..5")
    (kind, low), (kind_high, high) = (_number(plain(part)) for part in found.groups())
    if kind != kind_high:
        raise BadInput(f"'{text[:40]}': from a {kind} to a {kind_high}; both ends need the same unit")
    if not low < high:
        raise BadInput(f"'{text[:40]}': the lower end comes first")
    if steps is not None and not 1 <= steps <= STEPS_MOST:
        raise BadInput(f"{steps} steps: 1 to {STEPS_MOST} expected")
    if steps is None:
        units = _PERCENT if "%" in text else _UNITS[kind]
        unit = next((u for u in units if (high - low) / u <= _STEPS), (high - low) / _STEPS)
        inside = (n * unit for n in range(math.floor(low / unit) + 1, math.ceil(high / unit)))
        numbers = dict.fromkeys(round(n) for n in (low, *inside, high))
    else:
        numbers = dict.fromkeys(_round(kind, low + (high - low) * i / steps) for i in range(steps + 1))
    return [(_written(kind, number, found[2]), number) for number in numbers]


def curve(
    rule: Rule,
    key: str,
    wanted: Sequence[tuple[str, float]],
    specimens: Sequence[Specimen],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Curve:
    """The rule at each of the values, on each of the specimens. BadInput if the rule leaves keys open or has no number
    there."""
    decided([rule], "a curve needs")
    evidences = [Evidence(specimen.trace) for specimen in specimens]
    points = []
    for i, (value, number) in enumerate(wanted):
        progress(i, len(wanted))
        other, written = _with_number(rule, key, value)
        verdicts = tuple(other.check(evidence) for evidence in evidences)
        marks = tuple(flag(v, s.harm) for v, s in zip(verdicts, specimens, strict=True))
        points.append(Point(value, number, written, verdicts, marks))
    return Curve(rule, key, tuple(specimens), tuple(points))


def _with_number(rule: Rule, key: str, value: str) -> tuple[Rule, str]:
    # The rule with the number in that key's words replaced, in each limit that has one.
    limits: list[Limit] = []
    written = ""
    for limit in rule.limits:
        text = limit.raw.get(key, DEFAULTS.get(key) if key == "forbid" else _WITHOUT.get(key))
        if not isinstance(text, str):
            raise BadInput(f"{rule.id}: `{key}` is no text with a number in it")
        text = plain(text)
        if not _NUMBER.search(text):
            text = _WITHOUT.get(key, text)
        new, n = _NUMBER.subn(value, text, count=1)
        if not n:
            raise BadInput(f"{rule.id}: `{key} = {text}` has no number in it")
        other = rule.altered(key, new)
        if other is None:
            raise BadInput(f"{rule.id}: `{key} = {new}` is no sound reading beside its other keys")
        limits.append(other.limits[len(limits)])
        written = new
    return rule.with_limits(limits), written


def _number(text: str) -> tuple[str, float]:
    if re.fullmatch(r"\d{1,7}", text):
        return _COUNT, int(text)
    if re.search(r"(?:V|%)$", text):
        return _VOLTS, parse_voltage_mv(text)
    return _TIME, time_us(text)


def _round(kind: str, number: float) -> int:
    # a value that somebody would write: whole seconds, tens of millivolts
    unit = {_COUNT: 1, _VOLTS: 10}.get(kind) or (10**6 if number >= 10**7 else 1000)
    return max(unit, round(number / unit) * unit) if number else 0


def _written(kind: str, number: int, like: str) -> str:
    if kind == _TIME:
        return show_span(number)
    if kind == _COUNT:
        return str(number)
    return f"{number / 120:g} %" if like.endswith("%") else f"{number / 1000:g} V"
