"""Is AC lost true to mains, both ways? Looked at only while the meter's supply lasts (`mcu` is not off):
without it nothing drives the line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ridethrough.traces.intervals import Interval, common, outside
from ridethrough.traces.trace import Trace

LAG_US_MAX = 60_000
"""How long AC lost may be wrong. The firmware follows in an interrupt, which an erase of the flash (45 ms,
typically) holds up, and boot.py takes some 30 ms after a reset. [assumed: no figure has been seen]"""


@dataclass(frozen=True)
class AcLost:
    """The longest times for which the line was wrong, in us."""

    high_with_mains_us: int
    low_without_mains_us: int


def ac_lost(trace: Trace) -> AcLost:
    """How wrong AC lost was in a trace."""
    off = trace.when("mcu", "off")
    powered = outside(off, trace.end_us)
    return AcLost(
        _longest(trace.when("ac_lost", 1), trace.when("mains", 1), powered),
        _longest(trace.when("ac_lost", 0), trace.when("mains", 0), powered),
    )


def _longest(*conditions: Sequence[Interval]) -> int:
    # The longest time for which all of them hold.
    together = conditions[0]
    for more in conditions[1:]:
        together = common(together, more)
    return max((b - a for a, b in together), default=0)
