"""What a board's pins do to the world: the converter's enable, the latch, AC lost, `running_n`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ridethrough.boards import Board
from ridethrough.traces import Trace
from ridethrough.world.clock import Clock
from ridethrough.world.pins import Pins
from ridethrough.world.power import PowerPath


@dataclass
class Moves:
    """How a pin's net moved: its level now, how often it changed, when first and last (-1: never)."""

    level: int
    count: int = 0
    first_us: int = -1
    last_us: int = -1


class Wiring:
    """The pins of one board and the parts around them, wired as its board.toml says."""

    def __init__(self, clock: Clock, trace: Trace, board: Board, power: PowerPath) -> None:
        self._clock = clock
        self._trace = trace
        self._board = board
        self._power = power
        self.measured = power
        """The rail that the analogue pin is wired to."""
        self._gpio = {role: facts.gpio for role, facts in board.pins.items()}
        self._role = {gpio: role for role, gpio in self._gpio.items()}
        self._sense, self._divider = board.pins["ch_sense"].gpio, board.pins["ch_sense"].divider
        self.pins = Pins(board, self._pin_changed, self._contention)
        self.latch = False
        self.on_edge: Callable[[int, int], None] = lambda gpio, level: None
        self.on_signal: Callable[[str, dict[str, str]], None] = lambda name, data: None
        self.on_wire: Callable[[str, int], None] = lambda name, level: None
        """Told of AC lost and running_n, whenever a pin moves."""
        self._said: dict[int, int] = {}
        self.moves: dict[int, Moves] = {}
        """By GPIO, how its net moved since the board has had power."""
        self.hold_failed = False
        """Nothing holds the rail any more."""
        for wire in ("ch_enable", "ac_lost", "running_n"):
            trace.set_wire(wire, 0, int(wire == "ac_lost"))

    def set_power(self, on: bool) -> None:
        """The board's own supply; without it the latch forgets, and no pad is held."""
        self.pins.set_power(on)
        if not on:
            self.latch = False
            self.pins.lose_holds()
        self.apply()

    def mains_changed(self, on: bool) -> None:
        self.drive(self._gpio["mains"], int(on))

    def hub_changed(self, fitted: bool) -> None:
        self.drive(self._gpio["ch_present_n"], int(not fitted))

    def drive(self, gpio: int, level: int) -> None:
        """Something outside drives a pin."""
        before = self.pins.level(gpio)
        self.moves.setdefault(gpio, Moves(before))
        self.pins.drive(gpio, level)
        if self.pins.level(gpio) != before:
            self.on_edge(gpio, level)

    def fail_hold(self) -> None:
        """The pull-up comes off, the latch dies, pads are no longer held: nothing holds the rail any more."""
        self.hold_failed = True
        self.pins.lose_pull_up(self._gpio["ch_enable"])
        self.pins.lose_holds()
        self.apply()

    def adc_mv(self, gpio: int) -> float:
        """The voltage at an analogue pin."""
        return self.measured.ch_mv() / self._divider if gpio == self._sense else 0.0

    def configure(self, gpio: int, mode: int | None, pull: int, value: int | None, hold: bool | None) -> None:
        """As the firmware sets a pin up."""
        self.moves.setdefault(gpio, Moves(self.pins.level(gpio)))
        self.pins.configure(gpio, mode, pull, value, False if hold and self.hold_failed else hold)

    def steady(self) -> bool:
        """Does no analogue pin change until the next thing happens?"""
        return self.measured.steady()

    def apply(self) -> None:
        """Carries the pins' state out to the world, at this moment."""
        now = self._clock.now_us
        if self.hold_failed:
            self.latch = False
        enable = bool(self.pins.level(self._gpio["ch_enable"])) or (self.latch and self.pins.powered)
        if self._board.hold == "latch":
            self.pins.follow(self._gpio["latch_q"], int(self.latch))
            self.pins.follow(self._gpio["enable_sense"], int(enable))
        self._trace.set_wire("ch_enable", now, int(enable))
        self._power.set_enable(enable)
        # a transistor pulls AC lost low while its gate is high; without the board's supply nothing does
        wires = {
            "ac_lost": int(not self.pins.level(self._gpio["ac_ok"])),
            "running_n": self.pins.level(self._gpio["running_n"]),
        }
        for wire, level in wires.items():
            self._trace.set_wire(wire, now, level)
            self.on_wire(wire, level)

    def _moved(self, gpio: int) -> None:
        level = self.pins.level(gpio)
        # one that neither side has touched follows its pulls, and nobody asks
        moves = self.moves.get(gpio)
        if moves and moves.level != level:
            moves.level = level
            moves.count += 1
            moves.last_us = self._clock.now_us
            moves.first_us = moves.last_us if moves.first_us < 0 else moves.first_us

    def _pin_changed(self, gpio: int) -> None:
        self._moved(gpio)
        role = self._role.get(gpio)
        if role == "latch_set" and self.pins.level(gpio):
            self.latch = not self.hold_failed
        elif role == "latch_clear" and self.pins.level(gpio):
            self.latch = False
        if role in ("ch_enable", "ac_ok", "running_n", "latch_set", "latch_clear"):
            self.apply()
        if self._board.pin_signals:
            self._say(gpio)

    def _say(self, gpio: int) -> None:
        # Pins that mean something to the world: [signals] in board.toml.
        level = self.pins.level(gpio)
        if level == self._said.get(gpio):
            return
        self._said[gpio] = level
        for signal in self._board.pin_signals:
            if (signal.gpio, signal.level) == (gpio, level):
                self.on_signal(signal.name, dict(signal.data))

    def _contention(self, gpio: int) -> None:
        self._trace.add_event(self._clock.now_us, "fault", kind="contention", gpio=gpio)
