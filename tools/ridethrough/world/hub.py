"""The Communications Hub: runs, loses supply, lives on its store, alerts, dies, boots, rejoins.

`up` -> `store` when its supply is lost -> `off` when the store is used up -> `boot` -> `joining` -> `up`
when supply is back. On its store it only counts and, after `limit_us`, sends AD1; its work stops at
once, so even a short loss costs a boot. An AD1 that it would have sent, had its store lasted, is a
`missed_ad1`. Every figure is [assumed]: no source for a hub's has been seen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ridethrough.traces import Trace
from ridethrough.world.clock import Clock, Order
from ridethrough.world.hub_params import HubParams


class Supply(Protocol):
    """What a hub hangs on: the power path, which tells it when its supply is lost and back."""

    on_hub_lost: Callable[[], None]
    on_hub_back: Callable[[], None]

    def set_load(self, load_mw: int, alive: bool) -> None:
        """What the hub draws from now on."""


class Hub:
    """The hub on `power`; its store is full at time 0, its electronics are off."""

    def __init__(self, clock: Clock, trace: Trace, power: Supply, params: HubParams, drift_ppm: int = 0) -> None:
        self._clock = clock
        self._trace = trace
        self._power = power
        self.params = params
        self._drift_ppm = drift_ppm
        self._state = "off"
        self._generation = 0
        self._darkness = 0
        self._supplied = False
        self._since_us = 0
        self._store_us = params.store_us
        self._ever_supplied = False
        power.on_hub_lost = self._lost
        power.on_hub_back = self._back
        trace.set_text("hub", 0, "off")
        trace.hub_lost_mv = params.lost_mv
        trace.ad1_limit_us = params.limit_us
        trace.hub_back_mv = params.back_mv
        trace.thresholds_mv = tuple(sorted({*trace.thresholds_mv, params.lost_mv, params.back_mv}))

    def _enter(self, state: str) -> None:
        self._state = state
        self._generation += 1
        self._trace.set_text("hub", self._clock.now_us, state)

    def _later(self, delay_us: int, order: Order, action: Callable[[], None]) -> None:
        generation = self._generation

        def due() -> None:
            if generation == self._generation:
                action()

        self._clock.at(self._clock.now_us + delay_us, order, due)

    def _back(self) -> None:
        if self._supplied:
            return
        now = self._clock.now_us
        if self._ever_supplied and self._state == "store":
            self._store_us = max(0, self._store_us - (now - self._since_us))
        self._supplied = self._ever_supplied = True
        self._since_us = now
        self._enter("boot")
        self._later(self.params.boot_us, Order.WORLD, lambda: self._advance("joining"))
        self._power.set_load(self.params.average_mw, True)

    def _advance(self, state: str) -> None:
        self._enter(state)
        if state == "joining":
            self._later(self.params.join_us, Order.WORLD, lambda: self._advance("up"))
        else:
            self._burst(False)

    def _burst(self, on: bool) -> None:
        p = self.params
        self._power.set_load(p.burst_mw if on else p.average_mw, True)
        self._later(p.burst_us if on else p.burst_every_us - p.burst_us, Order.WORLD, lambda: self._burst(not on))

    def _lost(self) -> None:
        if not self._supplied:
            return
        p, now = self.params, self._clock.now_us
        charged = (now - self._since_us) * p.store_us // p.store_charge_us
        self._store_us = min(p.store_us, self._store_us + charged)
        self._supplied = False
        self._since_us = now
        self._enter("store")
        # a clock that runs fast reaches the limit early
        limit_us = p.limit_us * 1_000_000 // (1_000_000 + self._drift_ppm)
        wait_us = limit_us + (0 if p.boundary == ">=" else 1)
        self._darkness += 1
        darkness = self._darkness

        def alert() -> None:
            if darkness == self._darkness and not self._supplied:
                self._alert()

        self._clock.at(now + wait_us, Order.ALERT, alert)
        self._later(self._store_us, Order.WORLD, self._die)
        self._power.set_load(0, False)

    def _die(self) -> None:
        self._store_us = 0
        self._enter("off")

    def _alert(self) -> None:
        now = self._clock.now_us
        asked = not self.params.ad1_needs_ac_lost or self._trace.wire_at("ac_lost", now) == 1
        if self._state == "store" and asked:
            self._trace.add_event(now, "ad1", since_us=self._since_us)
        elif self._state == "off" and asked:
            self._trace.add_event(now, "missed_ad1", since_us=self._since_us)
