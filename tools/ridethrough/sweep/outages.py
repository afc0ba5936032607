"""Mains outages of every length, on the hub alone: what is on the flash does not depend on how long the
power was away, so no boot has to be run for it.
"""

from __future__ import annotations

from functools import lru_cache, partial

from ridethrough.support.quantities import show_time
from ridethrough.sweep.setting import Setting
from ridethrough.traces import Trace
from ridethrough.traces.alerts import alerts
from ridethrough.world.clock import Clock, Order
from ridethrough.world.hub import Hub
from ridethrough.world.hub_params import HubParams
from ridethrough.world.power import PowerParams, PowerPath

OUTAGES_US = (100_000, 10_000_000, 170_000_000, 200_000_000)
_CHARGED_US = 200_000_000
"""Mains before the outage: the hub's store is full again by then."""
_WATCHED_US = 60_000_000


def hub_alone(setting: Setting, trace: Trace) -> tuple[tuple[str, str], ...]:
    """What breaks when the supply comes back after each of `OUTAGES_US` and the board then does with the
    converter's enable what it did in `trace`, which began at a power-up: (invariant, text)."""
    enable = tuple((t, level) for t, level in trace.wires["ch_enable"] if t < _WATCHED_US)
    return _outages(PowerParams.of(setting.board), setting.scenario.world.hub, enable)


@lru_cache(maxsize=4096)
def _outages(params: PowerParams, hub: HubParams, enable: tuple[tuple[int, int], ...]) -> tuple[tuple[str, str], ...]:
    found = []
    for outage_us in OUTAGES_US:
        trace = _one(params, hub, enable, outage_us)
        name = show_time(outage_us)
        sent = alerts(trace)
        if any(not a.legitimate for a in sent):
            found.append(("false-ad1", f"a false AD1 after {name} without mains"))
        dark = trace.dark()
        due = any(b - a >= hub.limit_us for a, b in dark)
        if due and hub.store_us > hub.limit_us and not sent:
            found.append(("missed-ad1", f"no AD1 after {name} without mains"))
    return tuple(found)


def _one(params: PowerParams, hub: HubParams, enable: tuple[tuple[int, int], ...], outage_us: int) -> Trace:
    clock, trace = Clock(), Trace()
    power = PowerPath(clock, trace, params, hub.load)
    Hub(clock, trace, power, hub)
    power.start()
    power.set_enable(True)
    back_us = _CHARGED_US + outage_us
    clock.at(0, Order.WORLD, partial(power.set_mains, True))
    clock.at(_CHARGED_US, Order.WORLD, partial(power.set_mains, False))
    clock.at(back_us, Order.WORLD, partial(power.set_mains, True))
    if outage_us >= params.holdup_us:
        for t_us, level in enable:
            clock.at(back_us + t_us, Order.MCU, partial(power.set_enable, bool(level)))
    clock.run(back_us + _WATCHED_US)
    trace.end_us = clock.now_us
    return trace
