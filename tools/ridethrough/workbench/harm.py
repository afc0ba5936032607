"""What a trace did to the hub, and whose doing it was: what rules are for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ridethrough.support.quantities import show_time
from ridethrough.traces import Interval, Trace
from ridethrough.traces.alerts import DEFAULT_DEFINITION, Alert, alerts
from ridethrough.traces.intervals import common, covers, outside, without
from ridethrough.world.hub_params import HubParams

FALSE_AD1, MISSED_AD1 = "a false AD1", "a real outage without AD1"
USELESS, KEPT_DOWN = "a hub left useless", "a hub kept down by short cuts"
_SHORT = 3
"""A cut is short if it is within this fraction of the limit."""


def useless_us(hub: HubParams) -> int:
    """A hub that is out of service for longer than this is of no use: longer than one cut just within the
    limit explains."""
    return hub.limit_us + hub.boot_us + hub.join_us


@dataclass(frozen=True)
class Harm:
    """`doing`: whose each AD1 was, and whether it was legitimate. `down_us`: the longest time out of service
    that mains and handling do not explain."""

    ad1: tuple[tuple[str, bool], ...]
    missed_real: int
    down_us: int
    dark: bool
    """The hub lost its supply at least once."""
    noticed: bool
    """The hub lost its supply, or its meter told it that there was no mains, at least once."""
    kinds: tuple[str, ...]
    """Of FALSE_AD1, MISSED_AD1, USELESS, KEPT_DOWN: what the meter is to blame for."""

    def words(self) -> str:
        """For a table."""
        parts = [f"{'real' if legitimate else 'false'} AD1 ({doing})" for doing, legitimate in self.ad1]
        parts += ["real AD1 missed"] * bool(self.missed_real)
        if not parts and self.down_us:
            parts = [f"down {show_time(round(self.down_us, -6))}"]
        elif not parts and self.dark:
            parts = ["lost its supply"]
        elif not parts and self.noticed:
            parts = ["was told of a mains loss that was none"]
        return ", ".join(parts) or "did not notice"


def harm(trace: Trace, hub: HubParams, definition: str = DEFAULT_DEFINITION) -> Harm:
    """Judged by the hub in the trace, whose figures are `hub`."""
    sent = alerts(trace, definition)
    mains_lost, unplugged = trace.when("mains", 0), trace.when("ch_present", 0)
    own_dark = [(a, b) for a, b in trace.dark() if not covers(mains_lost, a) and not covers(unplugged, a)]
    real = [
        e
        for e in trace.events("missed_ad1")
        if any(a <= (e.number("since_us") or 0) and e.t_us <= b for a, b in _and_after(mains_lost))
        # and it was the meter that had used up the store
        and any(0 <= (e.number("since_us") or 0) - b < hub.store_charge_us for _, b in own_dark)
    ]
    first_us = next((t for t, state in trace.texts["hub"] if state == "up"), trace.end_us)
    up = trace.when("hub", "up")
    down = [(a, b) for a, b in outside(up, trace.end_us) if a >= first_us]
    # what mains or a hand had a part in is not the meter's, nor is the time of starting after it
    excused = [d for d in down if common([d], mains_lost) or common([d], unplugged)]
    own = without(down, excused)
    down_us = max((b - a for a, b in own), default=0)
    kinds = []
    blamed = [_blamed(trace, hub, a) for a in sent]
    if any(not a.legitimate and alone for a, (_, alone) in zip(sent, blamed, strict=True)):
        kinds.append(FALSE_AD1)
    if real:
        kinds.append(MISSED_AD1)
    if down_us > useless_us(hub) and FALSE_AD1 not in kinds:
        longest_us = max((b - a for a, b in own_dark), default=0)
        kinds.append(KEPT_DOWN if longest_us * _SHORT <= hub.limit_us else USELESS)
    return Harm(
        tuple((doing, a.legitimate) for a, (doing, _) in zip(sent, blamed, strict=True)),
        len(real),
        down_us,
        bool(down),
        bool(down) or _told_of_no_mains(trace, mains_lost, first_us),
        tuple(kinds),
    )


def _blamed(trace: Trace, hub: HubParams, alert: Alert) -> tuple[str, bool]:
    # Whose doing it was, and whether the meter would have caused it alone.
    own: Sequence[Interval] = [d for d in trace.dark() if d[0] <= alert.since_us < d[1]]
    for excuse in (trace.when("mains", 0), trace.when("ch_present", 0)):
        own = without(own, excuse)
    own_us = sum(b - a for a, b in own)
    if alert.doing == "meter" or alert.legitimate or not own_us:
        return alert.doing, alert.doing == "meter"
    return f"{alert.doing}, then the meter for {show_time(round(own_us, -6))}", own_us >= hub.limit_us


def _and_after(mains_lost: list[tuple[int, int]]) -> list[tuple[int, int]]:
    # a hub's capacitor outlives mains by less than a second
    return [(a, b + 1) for a, b in mains_lost]


def _told_of_no_mains(trace: Trace, mains_lost: list[tuple[int, int]], first_us: int) -> bool:
    told = without(trace.when("ac_lost", 1), mains_lost)
    return any(b - a > 1_000_000 for a, b in told if a >= first_us)
