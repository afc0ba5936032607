"""The power path: mains -> meter supply -> converter -> 12 V at the pins -> the hub's capacitor.

The converter is on while the meter's supply is up and its enable is high. Switched on, it ramps to its
setting (soft start) and holds it whatever the load; switched off, the voltage at the meter's pins falls
with its own time constant. The hub sits behind an ideal diode: while the pins are lower than its
capacitor it lives on that, at constant power down to the voltage at which it calls the supply lost, and
below that as a resistance. All of it is in closed form between events (traces/segments.py).

The model holds while the meter's side falls faster than the hub's, which `PowerPath` demands. The supply's
hold-up is whole again as soon as mains is back.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ridethrough.boards import Board
from ridethrough.support.errors import BadInput
from ridethrough.traces import Segment, Trace
from ridethrough.world.clock import FAR_US, Clock, Order
from ridethrough.world.hub_params import HubLoad

_GONE_MV = 1.0


@dataclass(frozen=True)
class PowerParams:
    """The meter's side. Every figure is the board's (board.toml says where it comes from)."""

    set_mv: int
    soft_start_us: int
    fall_us: int
    """Time constant with which the voltage at the meter's pins falls when the converter is off."""
    holdup_us: int
    """For how long the meter's supply outlives mains."""
    start_us: int
    """From mains to the meter's supply being up."""
    restart_us: int = 0
    """For how long a converter that was switched off stays off: 0 for a sound one."""

    @classmethod
    def of(cls, board: Board, restart_us: int = 0) -> PowerParams:
        """A board's side."""
        return cls(
            board.converter_mv,
            board.soft_start_us,
            board.fall_us,
            board.supply_holdup_us,
            board.supply_start_us,
            restart_us,
        )


class PowerPath:
    """Voltages at the pins and behind the hub's capacitor, and who must be told when they pass a
    threshold. Set `on_supply`, `on_hub_lost` and `on_hub_back` before `start()`."""

    def __init__(self, clock: Clock, trace: Trace, params: PowerParams, hub: HubLoad) -> None:
        steepest = 1000.0 * hub.most_mw / (hub.capacitance_uf * hub.lost_mv**2)  # of the hub's fall, per us
        if params.fall_us * 4 > hub.dead_us or params.fall_us * steepest >= 1:
            raise BadInput(
                f"a hub of {hub.capacitance_uf} uF falls faster than the meter's side (power.fall_us "
                f"{params.fall_us}): the power path cannot be calculated; more capacitance_uf or "
                "dead_ohm, less power, or a shorter fall_us"
            )
        self._clock = clock
        self._params = params
        self._hub = hub
        self._ch = trace.voltages["ch_mv"]
        self._hub_v = trace.voltages["hub_mv"]
        self._trace = trace
        self.mains = False
        self.supply = False
        self.fitted = True
        self._enabled = False
        self._hub_alive = False
        self._load_mw = 0
        self.set_mv = params.set_mv
        # A bend comes on a whole microsecond: by then the curve may have gone this far beyond its target.
        self._settled_mv = 1.001 * params.set_mv / min(params.soft_start_us, params.fall_us)
        self._converter = False
        self._restart_us = 0
        self._generation = 0
        self._supply_wanted = 0
        self.on_supply: Callable[[bool], None] = lambda on: None
        self.on_hub_lost: Callable[[], None] = lambda: None
        self.on_hub_back: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Everything off and discharged, at time 0."""
        for voltage in (self._ch, self._hub_v):
            voltage.add(Segment(0, "flat", 0.0))
        self._trace.set_wire("mains", 0, 0)
        self._trace.set_wire("ch_present", 0, int(self.fitted))

    def steady(self) -> bool:
        """Does the voltage at the pins stay as it is until the next event?"""
        return self._ch.segments[-1].shape == "flat"

    def ch_mv(self) -> float:
        return self._ch.mv_at(self._clock.now_us)

    def set_mains(self, on: bool) -> None:
        if on == self.mains:
            return
        self.mains = on
        self._trace.set_wire("mains", self._clock.now_us, int(on))
        self._supply_wanted += 1
        wanted = self._supply_wanted
        delay = self._params.start_us if on else self._params.holdup_us

        def settle() -> None:
            if wanted == self._supply_wanted and self.supply != on:
                self.supply = on
                self.on_supply(on)
                self.update()

        self._clock.at(self._clock.now_us + delay, Order.PHYSICS, settle)

    def set_enable(self, on: bool) -> None:
        if on != self._enabled:
            self._enabled = on
            self.update()

    def set_fitted(self, on: bool) -> None:
        if on != self.fitted:
            self.fitted = on
            self._trace.set_wire("ch_present", self._clock.now_us, int(on))
            self.update()

    def set_load(self, load_mw: int, alive: bool) -> None:
        """The hub draws `load_mw`; not `alive`, it is a resistance."""
        if (load_mw, alive) != (self._load_mw, self._hub_alive):
            self._load_mw, self._hub_alive = load_mw, alive
            self.update()

    def set_converter(self, mv: int) -> None:
        """Another output voltage: a sag, or back to nominal."""
        self.set_mv = mv
        self.update()

    def update(self) -> None:
        """Lays the two curves anew from this moment, and asks to be called at their next bend."""
        now = self._clock.now_us
        self._switch(now)
        ch = self._next_ch(now, self._ch.mv_at(now))
        hub = self._next_hub(now, self._hub_v.mv_at(now), ch)
        self._ch.add(ch)
        self._hub_v.add(hub)
        self._generation += 1
        due = min(self._ch_bend(ch), self._hub_bend(hub, ch))
        if due < FAR_US:
            generation = self._generation

            def bend() -> None:
                if generation == self._generation:
                    self.update()

            self._clock.at(due, Order.PHYSICS, bend)
        self._tell()

    def _switch(self, now: int) -> None:
        # Is the converter on? Once off, it may need its time before it can be on again.
        on = self.supply and self._enabled
        if self._converter and not on:
            self._restart_us = now + self._params.restart_us
        if on and now < self._restart_us:
            on = False
            self._clock.at(self._restart_us, Order.PHYSICS, self.update)
        self._converter = on

    def _tell(self) -> None:
        mv = self._hub_v.mv_at(self._clock.now_us)
        if self._hub_alive and mv < self._hub.lost_mv:
            self.on_hub_lost()
        elif not self._hub_alive and mv >= self._hub.back_mv:
            self.on_hub_back()

    def _next_ch(self, now: int, mv: float) -> Segment:
        target = float(self.set_mv) if self._converter else 0.0
        if abs(mv - target) <= self._settled_mv:
            return Segment(now, "flat", target)
        if mv < target:
            return Segment(now, "ramp", mv, self._params.set_mv / self._params.soft_start_us)
        if mv > target and mv >= _GONE_MV:
            return Segment(now, "decay", mv, float(self._params.fall_us))
        return Segment(now, "flat", target)

    def _ch_bend(self, ch: Segment) -> int:
        if ch.shape == "ramp":
            return ch.t_us + math.ceil((self.set_mv - ch.v0_mv) / ch.rate)
        if ch.shape == "decay":
            target = self.set_mv if self._converter else _GONE_MV
            return ch.first_below_us(target, FAR_US) or FAR_US
        return FAR_US

    def _next_hub(self, now: int, mv: float, ch: Segment) -> Segment:
        if self.fitted and ch.v0_mv + self._settled_mv >= mv and ch.shape != "decay":
            return ch
        if mv < _GONE_MV:
            return Segment(now, "flat", 0.0)
        if self._hub_alive and mv >= self._hub.lost_mv:
            return Segment(now, "power", mv, self._hub.power_rate(self._load_mw))
        return Segment(now, "decay", mv, self._hub.dead_us)

    def _hub_bend(self, hub: Segment, ch: Segment) -> int:
        due = FAR_US
        if hub is ch:
            # riding on the pins: told when the rising voltage brings it back to life
            if not self._hub_alive and ch.shape == "ramp":
                due = ch.first_at_least_us(self._hub.back_mv, FAR_US) or FAR_US
        elif hub.shape == "power":
            due = hub.first_below_us(self._hub.lost_mv, FAR_US) or FAR_US
        elif hub.shape == "decay":
            due = hub.first_below_us(_GONE_MV, FAR_US) or FAR_US
        if hub is not ch and self.fitted and ch.shape != "decay":
            due = min(due, _meet_us(hub, ch, due))
        return due


def _meet_us(falling: Segment, rising: Segment, until_us: int) -> int:
    """The first microsecond at which `rising` is at or above `falling`; `until_us` if not before."""
    low = max(falling.t_us, rising.t_us)
    high = min(until_us, low + 10**9)
    if rising.mv_at(high) < falling.mv_at(high):
        return until_us
    while high - low > 1:
        middle = (low + high) // 2
        if rising.mv_at(middle) >= falling.mv_at(middle):
            high = middle
        else:
            low = middle
    return high
