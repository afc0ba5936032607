"""The words of a condition -> when it holds in a trace.

Each form is one entry of `_FORMS`: a pattern, and what it means. This version has the forms that the
library's rules use.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ridethrough.errors import BadInput, suggestion
from ridethrough.quantities import parse_voltage_mv
from ridethrough.traces import Trace
from ridethrough.traces.intervals import Interval

_Meaning = Callable[[re.Match[str]], Callable[[Trace], list[Interval]]]


def _ch_power_below(match: re.Match[str]) -> Callable[[Trace], list[Interval]]:
    mv = parse_voltage_mv(match[1])
    return lambda trace: trace.voltages["ch_mv"].below(mv, trace.end_us)


def _wire(name: str, level: int) -> _Meaning:
    return lambda match: lambda trace: trace.when(name, level)


_FORMS: tuple[tuple[str, str, _Meaning], ...] = (
    ("CH power below 90 %", r"CH power below (.+)", _ch_power_below),
    ("mains lost", r"mains lost", _wire("mains", 0)),
    ("mains on", r"mains on", _wire("mains", 1)),
    ("ac lost", r"ac lost", _wire("ac_lost", 1)),
)


@dataclass(frozen=True)
class Condition:
    """A condition's words, and when they hold."""

    text: str
    holds: Callable[[Trace], list[Interval]]

    @classmethod
    def parse(cls, text: str) -> Condition:
        """BadInput if the words are not of the language."""
        for _, pattern, meaning in _FORMS:
            match = re.fullmatch(pattern, text.strip())
            if match:
                return cls(text, meaning(match))
        raise BadInput(f"'{text[:60]}' is no condition{suggestion(text, [example for example, _, _ in _FORMS])}")
