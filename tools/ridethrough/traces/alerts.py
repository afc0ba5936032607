"""Whose doing an AD1 was, and whether it was legitimate: decided from the trace alone.

Whose doing goes by what happened when the hub lost its supply: *network* (mains was lost), *handling*
(the hub was off its pins), else *meter*. Legitimate has several readings; a report names the one it used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ridethrough.traces.trace import Event, Trace

DOINGS = ("network", "handling", "meter")
"""Whose doing an AD1 can be."""
_Definition = Callable[[Trace, int, int], bool]


def _lost_throughout(trace: Trace, since_us: int, t_us: int) -> bool:
    return any(a <= t_us - trace.ad1_limit_us and t_us <= b for a, b in trace.when("mains", 0))


def _lost_when_sent(trace: Trace, since_us: int, t_us: int) -> bool:
    return trace.wire_at("mains", t_us) == 0


def _began_with_loss(trace: Trace, since_us: int, t_us: int) -> bool:
    return trace.wire_at("mains", since_us) == 0


DEFINITIONS: dict[str, _Definition] = {
    "mains was lost throughout the limit that ends at the alert": _lost_throughout,
    "mains was lost when it was sent": _lost_when_sent,
    "the darkness began with a mains loss": _began_with_loss,
}
DEFAULT_DEFINITION = next(iter(DEFINITIONS))


@dataclass(frozen=True)
class Alert:
    """One AD1: sent at `t_us`, the hub without supply since `since_us`."""

    t_us: int
    since_us: int
    doing: str
    legitimate: bool


def alerts(trace: Trace, definition: str = DEFAULT_DEFINITION) -> list[Alert]:
    """Every AD1 of a trace, judged by one of `DEFINITIONS`."""
    judge = DEFINITIONS[definition]
    found = []
    for event in trace.events("ad1"):
        since_us = _since(trace, event)
        if trace.wire_at("mains", since_us) == 0:
            doing = "network"
        elif trace.wire_at("ch_present", since_us) == 0:
            doing = "handling"
        else:
            doing = "meter"
        found.append(Alert(event.t_us, since_us, doing, judge(trace, since_us, event.t_us)))
    return found


def _since(trace: Trace, event: Event) -> int:
    since_us = event.number("since_us")
    if since_us is not None:
        return since_us
    return next((a for a, b in trace.dark() if a <= event.t_us <= b), event.t_us)
