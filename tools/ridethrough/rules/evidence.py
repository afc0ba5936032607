"""What a trace shows to rules, each question answered once: many readings ask the same ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ridethrough.rules.conditions import Condition
from ridethrough.traces import Trace, Truth

T = TypeVar("T")
BLIP_US = 1_000_000
"""The longest interruption that nobody minds to miss between two samples [assumed]."""


class Evidence:
    """A trace, and what was found in it. `blip_us`: in sums and counts, nothing shorter happens between two samples
    that agree [assumed]."""

    def __init__(self, trace: Trace, blip_us: int = BLIP_US) -> None:
        self.trace = trace
        self.blip_us = blip_us
        self._found: dict[Any, Any] = {}

    def once(self, key: Any, find: Callable[[], T]) -> T:
        """What `find` returns, found once for each `key`."""
        if key not in self._found:
            self._found[key] = find()
        found: T = self._found[key]
        return found

    def truth(self, condition: Condition) -> Truth:
        """When `condition` holds."""
        return self.once(condition.text, lambda: condition.holds(self.trace))

    def number(self, what: tuple[Any, ...]) -> int:
        """A number that is the same for equal things."""
        return self.once(("same", what), lambda: len(self._found))
