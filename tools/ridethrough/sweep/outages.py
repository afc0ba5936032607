"""Mains outages of every length, on the hub alone: what is on the flash does not depend on how long the
power was away, so no boot has to be run for it.
"""

from __future__ import annotations

from functools import lru_cache, partial
from itertools import product

from ridethrough.support.quantities import show_time
from ridethrough.sweep.setting import Setting
from ridethrough.traces import Trace
from ridethrough.traces.alerts import alerts
from ridethrough.world.clock import Clock, Order
from ridethrough.world.hub import Hub
from ridethrough.world.hub_params import HubParams
from ridethrough.world.power import PowerParams, PowerPath

OUTAGES_US = (100_000, 10_000_000, 170_000_000, 200_000_000)
BEFORE_US = (0, 170_000_000, 200_000_000)
"""Outages just before, which leave a hub with less store than it needs: one that did not lead to an alert, one that
did. 0: there was none."""
_BETWEEN_US = 1_000_000
"""Mains between the two: a hub that gets its supply begins to boot."""
_CHARGED_US = 200_000_000
"""Mains before them: the hub's store is full again by then."""
_WATCHED_US = 60_000_000


def hub_alone(setting: Setting, trace: Trace) -> tuple[tuple[str, str], ...]:
    """What breaks when the supply comes back after each of `OUTAGES_US` and the board then does with the
    converter's enable what it did in `trace`, which began at a power-up: (invariant, text)."""
    enable = tuple((t, level) for t, level in trace.wires["ch_enable"] if t < _WATCHED_US)
    return _outages(PowerParams.of(setting.board), setting.scenario.world.hub, enable)


@lru_cache(maxsize=4096)
def _outages(params: PowerParams, hub: HubParams, enable: tuple[tuple[int, int], ...]) -> tuple[tuple[str, str], ...]:
    found = []
    for outage_us, before_us in product(OUTAGES_US, BEFORE_US):
        trace = _one(params, hub, enable, outage_us, before_us)
        name = f"{show_time(outage_us)} without mains"
        if before_us:
            name += f", {show_time(_BETWEEN_US)} after {show_time(before_us)} without"
        sent = alerts(trace)
        if any(not a.legitimate for a in sent):
            found.append(("false-ad1", f"a false AD1 after {name}"))
        dark = trace.dark()
        due = any(b - a >= hub.limit_us for a, b in dark)
        if due and hub.store_us > hub.limit_us and not (sent or before_us):
            found.append(("missed-ad1", f"no AD1 after {name}"))
    return tuple(found)


def _one(
    params: PowerParams, hub: HubParams, enable: tuple[tuple[int, int], ...], outage_us: int, before_us: int
) -> Trace:
    clock, trace = Clock(), Trace()
    power = PowerPath(clock, trace, params, hub.load)
    Hub(clock, trace, power, hub)
    power.start()
    power.set_enable(True)
    clock.at(0, Order.WORLD, partial(power.set_mains, True))
    now_us = _CHARGED_US
    for length_us, watched_us in ((before_us, _BETWEEN_US), (outage_us, _WATCHED_US)):
        if not length_us:
            continue
        back_us = now_us + length_us
        clock.at(now_us, Order.WORLD, partial(power.set_mains, False))
        clock.at(back_us, Order.WORLD, partial(power.set_mains, True))
        now_us = back_us + watched_us
        if length_us >= params.holdup_us:
            for t_us, level in enable:
                if t_us < watched_us:
                    clock.at(back_us + t_us, Order.MCU, partial(power.set_enable, bool(level)))
    clock.run(now_us)
    trace.end_us = clock.now_us
    return trace
