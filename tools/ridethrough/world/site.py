"""A board in its world: power path, hub, metrology part and MCU on one clock. `run()` lets it happen; the `Trace`
says what did.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from ridethrough.boards import Board
from ridethrough.boards.board import Cost
from ridethrough.traces import Trace
from ridethrough.world.clock import Clock, Order
from ridethrough.world.hub import Hub
from ridethrough.world.mcu import Guest, Mcu
from ridethrough.world.metrology import Metrology
from ridethrough.world.network import Network
from ridethrough.world.power import PowerParams, PowerPath
from ridethrough.world.world import Trouble, World


class Site:
    """One board and everything it is wired to. `flash`: what its chip holds at the start, nothing if it is empty.
    `clock`: one that it shares with others; else it has its own."""

    def __init__(
        self, board: Board, world: World, guest: Guest, flash: bytes | bytearray = b"", clock: Clock | None = None
    ) -> None:
        self.clock = clock = clock or Clock()
        self.world = world
        if guest.own_time:
            board = replace(board, cost=Cost.none(), boot_us=0)
        self.waiting = [t for t in world.troubles if t.when]
        """Troubles whose phase has not come yet."""
        self.trace = Trace(starts_itself=True)
        if world.boot_us is not None:
            board = replace(board, boot_us=world.boot_us)
        params = PowerParams.of(board, world.converter_restart_us)
        self.power = PowerPath(clock, self.trace, params, world.hub.load)
        self.metrology = Metrology(clock, world.load_w, world.start_mwh, board.metrology_clock)
        self.hub = Hub(clock, self.trace, self.power, world.hub, world.clock.hub_drift_ppm)
        self.mcu = Mcu(clock, self.trace, board, self.power, self.metrology, guest, flash)
        self.mcu.set_clock_error(world.clock.drift_ppm, world.clock.tick_origin_us)
        self.mcu.peripherals.network = Network(world.network, world.fetch_fails)
        self.mcu.peripherals.parts = world.parts
        self.power.start()
        self.mcu.wiring.hub_changed(True)
        self.mcu.wiring.mains_changed(False)
        self._plan(world)

    def _plan(self, world: World) -> None:
        def plan(t_us: int, action: Callable[[], None]) -> None:
            self.clock.at(t_us, Order.WORLD, action)

        for t_us, on in world.mains:
            plan(t_us, partial(self.set_mains, on))
        for t_us, on in world.hub_fitted:
            plan(t_us, partial(self.set_hub, on))
        for t_us, mv in world.converter:
            plan(t_us, partial(self.power.set_converter, mv))
        for t_us, data in world.typed:
            plan(t_us, partial(self.mcu.type_in, data))
        for t_us, seconds in world.clock.steps:
            plan(t_us, partial(self.mcu.step_clock, seconds))
        for trouble in world.troubles:
            if trouble.at_us is not None:
                plan(trouble.at_us, partial(self._begin, trouble))

        def entered(phase: str) -> None:
            for trouble in [t for t in self.waiting if t.when == phase]:
                self.waiting.remove(trouble)
                plan(self.clock.now_us + trouble.after_us, partial(self._begin, trouble))

        self.mcu.console.on_phase = entered

    def _begin(self, trouble: Trouble) -> None:
        back = self.clock.now_us + trouble.for_us
        if trouble.do == "mains off":
            self.set_mains(False)
            self.clock.at(back, Order.WORLD, partial(self.set_mains, True))
        elif trouble.do == "hub out":
            self.set_hub(False)
            self.clock.at(back, Order.WORLD, partial(self.set_hub, True))
        elif trouble.do == "hold fails":
            self.mcu.wiring.fail_hold()
        else:
            self.mcu.reset("watchdog")

    def set_mains(self, on: bool) -> None:
        self.power.set_mains(on)
        self.metrology.set_mains(on)
        self.mcu.wiring.mains_changed(on)

    def set_hub(self, fitted: bool) -> None:
        self.power.set_fitted(fitted)
        self.mcu.wiring.hub_changed(fitted)

    def run(self, until_us: int) -> None:
        """Lets everything up to `until_us` happen."""
        self.clock.run(until_us)

    def settle(self) -> None:
        """Lets happen what is due at this very moment."""
        self.clock.run(self.clock.now_us, Order.GUEST)

    def close(self) -> None:
        """Ends the firmware for good; the trace stays as it is."""
        self.mcu.close()

    def finish(self) -> Trace:
        """Closes the trace at the present moment."""
        self.trace.end_us = self.clock.now_us
        return self.trace
