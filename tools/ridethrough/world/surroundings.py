"""The whole simulated world around boards: one clock, and for each board its power path, hub, metrology
part and MCU. `run()` lets it happen; the `Trace` says what did.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from ridethrough.boards import Board
from ridethrough.traces import Trace
from ridethrough.world.clock import Clock, Order
from ridethrough.world.hub import Hub, HubParams
from ridethrough.world.mcu import Guest, Mcu
from ridethrough.world.metrology import Metrology
from ridethrough.world.network import Network
from ridethrough.world.power import PowerParams, PowerPath


@dataclass(frozen=True)
class Trouble:
    """Something that goes wrong: at `at_us`, or `after_us` after the update first enters phase `when`.
    `mains off` and `hub out` last `for_us`."""

    do: str
    at_us: int | None = None
    when: str = ""
    after_us: int = 0
    for_us: int = 0


@dataclass(frozen=True)
class ClockError:
    """How wrong the clocks run. Positive drift is fast. `steps`: (t_us, seconds) by which the MCU's clock
    of the day jumps."""

    drift_ppm: int = 0
    hub_drift_ppm: int = 0
    tick_origin_us: int = 0
    steps: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class World:
    """What surrounds a board, as data. `mains` and `hub_fitted` are (t_us, on) in order of time; mains
    is off and the hub is fitted before the first."""

    duration_us: int = 300_000_000
    mains: tuple[tuple[int, bool], ...] = ((0, True),)
    hub_fitted: tuple[tuple[int, bool], ...] = ()
    converter: tuple[tuple[int, int], ...] = ()
    """(t_us, mv): the converter's output changes."""
    converter_restart_us: int = 0
    """For how long a converter that was switched off cannot be switched on again."""
    boot_us: int | None = None
    """Instead of the board's own time from reset to boot.py."""
    flash_is_noise: bool = False
    troubles: tuple[Trouble, ...] = ()
    clock: ClockError = field(default_factory=ClockError)
    typed: tuple[tuple[int, bytes], ...] = ()
    """(t_us, bytes): what a person types at the console."""
    hub: HubParams = field(default_factory=HubParams)
    load_w: int = 500
    """What the consumer draws, for the metrology part to count."""
    start_mwh: int = 123_456_789
    network: Mapping[str, bytes] = field(default_factory=dict)
    """What each address answers to firmware that fetches it; any other answers 404."""
    fetch_fails: int = 0
    """The so many'th answer of the network is 503 instead; 0: none."""


class Site:
    """One board and everything it is wired to, on a clock that it may share with others."""

    def __init__(self, clock: Clock, board: Board, world: World, guest: Guest) -> None:
        self.clock = clock
        self.world = world
        self.trace = Trace()
        if world.boot_us is not None:
            board = replace(board, boot_us=world.boot_us)
        params = PowerParams.of(board, world.converter_restart_us)
        self.power = PowerPath(clock, self.trace, params, world.hub.load)
        self.metrology = Metrology(clock, world.load_w, world.start_mwh)
        self.hub = Hub(clock, self.trace, self.power, world.hub, world.clock.hub_drift_ppm)
        self.mcu = Mcu(clock, self.trace, board, self.power, self.metrology, guest)
        self.mcu.set_clock_error(world.clock.drift_ppm, world.clock.tick_origin_us)
        self.mcu.network = Network(world.network, world.fetch_fails)
        self.power.start()
        self.mcu.nets.hub_changed(True)
        self.mcu.nets.mains_changed(False)
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
        waiting = [t for t in world.troubles if t.when]

        def entered(phase: str) -> None:
            for trouble in [t for t in waiting if t.when == phase]:
                waiting.remove(trouble)
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
            self.mcu.nets.fail_hold()
        else:
            self.mcu.reset("watchdog")

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
