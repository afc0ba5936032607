"""The whole simulated world around boards: one clock, and for each board its power path, hub, metrology
part and MCU. `run()` lets it happen; the `Trace` says what did.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ridethrough.boards import Board
from ridethrough.traces import Trace
from ridethrough.world.clock import Clock, Order
from ridethrough.world.hub import Hub, HubParams
from ridethrough.world.mcu import Guest, Mcu
from ridethrough.world.metrology import Metrology
from ridethrough.world.power import PowerParams, PowerPath


@dataclass(frozen=True)
class World:
    """What surrounds a board, as data. `mains` and `hub_fitted` are (t_us, on) in order of time; mains
    is off and the hub is fitted before the first."""

    duration_us: int = 300_000_000
    mains: tuple[tuple[int, bool], ...] = ((0, True),)
    hub_fitted: tuple[tuple[int, bool], ...] = ()
    converter: tuple[tuple[int, int], ...] = ()
    """(t_us, mv): the converter's output changes."""
    hold_fails_us: int | None = None
    typed: tuple[tuple[int, bytes], ...] = ()
    """(t_us, bytes): what a person types at the console."""
    hub: HubParams = field(default_factory=HubParams)
    load_w: int = 500
    """What the consumer draws, for the metrology part to count."""
    start_mwh: int = 123_456_789


class Site:
    """One board and everything it is wired to, on a clock that it may share with others."""

    def __init__(self, clock: Clock, board: Board, world: World, guest: Guest) -> None:
        self.clock = clock
        self.world = world
        self.trace = Trace()
        params = PowerParams(
            board.converter_mv, board.soft_start_us, board.fall_us, board.supply_holdup_us, board.supply_start_us
        )
        self.power = PowerPath(clock, self.trace, params, world.hub.load)
        self.metrology = Metrology(clock, world.load_w, world.start_mwh)
        self.hub = Hub(clock, self.trace, self.power, world.hub)
        self.mcu = Mcu(clock, self.trace, board, self.power, self.metrology, guest)
        self.power.start()
        self.mcu.nets.hub_changed(True)
        self.mcu.nets.mains_changed(False)
        for t_us, on in world.mains:
            clock.at(t_us, Order.WORLD, lambda on=on: self.set_mains(on))  # type: ignore[misc]
        for t_us, on in world.hub_fitted:
            clock.at(t_us, Order.WORLD, lambda on=on: self.set_hub(on))  # type: ignore[misc]
        for t_us, mv in world.converter:
            clock.at(t_us, Order.WORLD, lambda mv=mv: self.power.set_converter(mv))  # type: ignore[misc]
        for t_us, data in world.typed:
            clock.at(t_us, Order.WORLD, lambda data=data: self.mcu.type_in(data))  # type: ignore[misc]
        if world.hold_fails_us is not None:
            clock.at(world.hold_fails_us, Order.WORLD, self.mcu.nets.fail_hold)

    def set_mains(self, on: bool) -> None:
        self.power.set_mains(on)
        self.metrology.set_mains(on)
        self.mcu.nets.mains_changed(on)

    def set_hub(self, fitted: bool) -> None:
        self.power.set_fitted(fitted)
        self.mcu.nets.hub_changed(fitted)

    def finish(self) -> Trace:
        """Closes the trace at the present moment."""
        self.trace.end_us = self.clock.now_us
        return self.trace
