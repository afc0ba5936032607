"""How often each rule of a state machine took effect: a rule that never did has tested nothing."""

from __future__ import annotations

import functools
import inspect
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from hypothesis.stateful import RULE_MARKER

from ridethrough.testing.asked import Asked, Effect


@dataclass
class Tally:
    """Of one machine, over all its runs. `why`: why a rule had no effect, when it last had none."""

    rules: tuple[str, ...]
    tried: Counter[str] = field(default_factory=Counter)
    took: Counter[str] = field(default_factory=Counter)
    why: dict[str, str] = field(default_factory=dict)

    def add(self, rule: str, asked: Iterable[Asked], passed_us: int) -> None:
        """One step: what it asked of the bench, and how much time it let pass. It took effect if all that it asked
        for was done, or, if it asked for nothing, if time passed."""
        asked = list(asked)
        undone = [a.line() for a in asked if a.outcome()[0] is not Effect.DONE]
        if not asked and not passed_us:
            undone = ["it asked nothing of the bench, and no time passed"]
        self.tried[rule] += 1
        self.took[rule] += not undone
        if undone:
            self.why[rule] = undone[0]

    def effects(self) -> dict[str, tuple[int, int]]:
        """Rule -> how often it took effect, and how often it was tried."""
        return {rule: (self.took[rule], self.tried[rule]) for rule in self.rules}

    def lines(self) -> Iterator[str]:
        """For people: the rules that took effect in a line, then those that never did, with the reason."""
        took = [f"{rule} {self.took[rule]} of {self.tried[rule]}" for rule in self.rules if self.took[rule]]
        yield f"took effect: {', '.join(took) or 'none'}"
        for rule in self.rules:
            if self.tried[rule] and not self.took[rule]:
                yield f"never took effect: {rule} 0 of {self.tried[rule]} ({self.why[rule]})"
        untried = [rule for rule in self.rules if not self.tried[rule]]
        if untried:
            yield f"never took effect, as it was never tried: {', '.join(untried)}"


def rules_of(machine: type) -> Iterator[Any]:
    """Hypothesis's rules of a machine's class, also those that it inherits."""
    for _, member in inspect.getmembers(machine):
        rule = getattr(member, RULE_MARKER, None)
        if rule is not None:
            yield rule


def count_steps(machine: type) -> None:
    """Has every rule of a machine tell `machine.stepped(name, call)` instead of being called at once; a class may be
    given more than once."""
    for rule in rules_of(machine):
        # a rule is shared by all who inherit it
        if not hasattr(rule.function, "counted"):
            rule.function = _counted(rule.function)


def _counted(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def step(machine: Any, *args: Any, **kwargs: Any) -> Any:
        return machine.stepped(function.__name__, lambda: function(machine, *args, **kwargs))

    step.counted = True  # type: ignore[attr-defined]
    return step
