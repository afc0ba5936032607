"""What a bench was asked to do, and what came of it: an ask that had no effect must not look like one that had."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

from ridethrough.headend.updates import Update
from ridethrough.support.quantities import show_time
from ridethrough.world.console import ConsolePort
from ridethrough.world.site import Site


class Effect(Enum):
    """What came of an ask so far. `PENDING`: it may still be done; `NONE`: it had no effect and will have none."""

    DONE = "done"
    PENDING = "pending"
    NONE = "no effect"


Outcome = tuple[Effect, str]
"""An effect, and why it is not DONE."""


@dataclass(frozen=True)
class Asked:
    """`call`, as it was written, at `t_us`; `outcome()` says what came of it."""

    call: str
    t_us: int
    outcome: Callable[[], Outcome]

    def line(self) -> str:
        """For people: the call, when it was, and why it is not done."""
        return f"{self.call} at {show_time(self.t_us)}: {self.outcome()[1]}"


def at_once(idle: str) -> Callable[[], Outcome]:
    """Of what is done when it is asked for, unless there is an `idle`: why it changed nothing."""
    found = (Effect.NONE, idle) if idle else (Effect.DONE, "")
    return lambda: found


def updated(update: Update) -> Callable[[], Outcome]:
    """Of a push."""

    def outcome() -> Outcome:
        if not update.over:
            return Effect.PENDING, update.waits_for
        return (Effect.NONE, update.refused) if update.refused else (Effect.DONE, "")

    return outcome


def read(console: ConsolePort, since: int) -> Callable[[], Outcome]:
    """Of bytes that have just arrived at the console, which had `since` before: has the firmware read them?"""
    until = console.arrived
    count = until - since

    def outcome() -> Outcome:
        dropped = sum(max(0, min(b, until) - max(a, since)) for a, b in console.dropped)
        if dropped:
            return Effect.NONE, f"{dropped} of {count} bytes were dropped before anybody read them"
        unread = min(count, max(0, until - (console.arrived - len(console.rx))))
        if unread:
            return Effect.PENDING, f"{unread} of {count} bytes are not read yet"
        return Effect.DONE, ""

    return outcome


def planned(site: Site) -> Iterator[str]:
    """What the world's plan holds for later: a line each."""
    world, now_us = site.world, site.clock.now_us
    later = [
        *((t, f"mains {'on' if on else 'off'}") for t, on in world.mains),
        *((t, f"hub {'in' if on else 'out'}") for t, on in world.hub_fitted),
        *((t, f"converter {mv} mV") for t, mv in world.converter),
        *((t, f"typed {data!r}") for t, data in world.typed),
        *((t, f"clock {s:+} s") for t, s in world.clock.steps),
        *((t.at_us, t.do) for t in world.troubles if t.at_us is not None),
    ]
    for t_us, what in sorted(later):
        if t_us > now_us:
            yield f"the world's '{what}': planned for {show_time(t_us)}"
    for trouble in site.waiting:
        yield f"the world's '{trouble.do}': phase '{trouble.when}' has not come"
