"""The MCU's pins and the wiring they are on: who drives what, and what wins.

A net's level is the MCU's if it drives the pin, else the outside driver's, else what the pulls divide
to. A voltage between low and high for sure is taken as low: nobody may rely on it. Two drivers that
disagree are contention, which a real board would pay for: it is an event in the trace.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from ridethrough.boards import Board

IN, OUT, OPEN_DRAIN = 0, 1, 2
PULL_NONE, PULL_UP, PULL_DOWN = 0, 1, 2


@dataclass
class _Pin:
    mode: int = IN
    pull: int = PULL_DOWN
    value: int = 0


class Pins:
    """All pins in their reset state: inputs, with the chip's own pull. `on_change(gpio)` follows every change.
    `changes`: how often any level may have become another."""

    def __init__(self, board: Board, on_change: Callable[[int], None], on_contention: Callable[[int], None]) -> None:
        self._board = board
        self._pins: dict[int, _Pin] = {}
        self._on_change = on_change
        self._on_contention = on_contention
        self._outside: dict[int, int] = {}
        self._pull_up_ohm = {facts.gpio: facts.pull_up_ohm for facts in board.pins.values()}
        self.powered = False
        self.changes = 0
        self._levels: dict[int, int] = {}  # as computed since the last change: firmware polls its pins all the time
        self._reset_pull = PULL_DOWN if board.reset_pull == "down" else PULL_NONE
        self._held: dict[int, _Pin] = {}

    def reset(self) -> None:
        """Every pin back to its reset state, but for the pads that are held."""
        gone, self._pins = self._pins, {}
        self._forget()
        for gpio in gone:
            self._on_change(gpio)

    def registers(self) -> tuple[object, ...]:
        """How every pin and pad is set."""
        return tuple(sorted((gpio, repr(pin)) for gpio, pin in (*self._pins.items(), *self._held.items())))

    def lose_holds(self) -> None:
        """No pad is held any more."""
        gone, self._held = self._held, {}
        self._forget()
        for gpio in gone:
            self._on_change(gpio)

    def configure(self, gpio: int, mode: int | None, pull: int, value: int | None, hold: bool | None = None) -> None:
        """`hold`: the pad keeps what it is told now until it is let go, whatever is written meanwhile."""
        pin = self._pins.setdefault(gpio, _Pin(pull=self._reset_pull))
        if value is not None:
            pin.value = value
        if mode is not None:
            pin.mode = mode
        pin.pull = pull
        if hold is not None:
            self._held.pop(gpio, None)
            if hold:
                self._held[gpio] = replace(pin)
        self._changed(gpio)

    def write(self, gpio: int, value: int) -> None:
        pin = self._pins.get(gpio)
        if pin is None:
            pin = self._pins[gpio] = _Pin(pull=self._reset_pull)
        if pin.value != value:
            pin.value = value
            self._changed(gpio)

    def toggle(self, gpio: int) -> None:
        pin = self._pins.get(gpio)
        self.write(gpio, 1 - pin.value if pin else 1)

    def drive(self, gpio: int, level: int) -> None:
        """The outside drives the net to `level`."""
        self.follow(gpio, level)
        self._changed(gpio)

    def follow(self, gpio: int, level: int) -> None:
        """A part that the board's own pins move drives the net: nobody is told."""
        self._outside[gpio] = level
        self._forget()

    def set_power(self, on: bool) -> None:
        """The chip's own supply."""
        self.powered = on
        self._forget()

    def lose_pull_up(self, gpio: int) -> None:
        """The resistor comes off."""
        self._pull_up_ohm[gpio] = 0
        self._forget()

    def _pad(self, gpio: int) -> _Pin:
        # what the outside sees of a pin
        return self._held.get(gpio) or self._pins.get(gpio) or _Pin(pull=self._reset_pull)

    def _changed(self, gpio: int) -> None:
        self._forget()
        pin = self._pad(gpio)
        if self._drives(pin) and self._outside.get(gpio, pin.value) != pin.value:
            self._on_contention(gpio)
        self._on_change(gpio)

    @staticmethod
    def _drives(pin: _Pin) -> bool:
        return pin.mode == OUT or (pin.mode == OPEN_DRAIN and pin.value == 0)

    def driven(self, gpio: int) -> bool:
        """Is the pin's output on, by its register?"""
        pin = self._pins.get(gpio)
        return pin is not None and self._drives(pin)

    def _forget(self) -> None:
        self._levels.clear()
        self.changes += 1

    def level(self, gpio: int) -> int:
        """0 or 1 on the net."""
        level = self._levels.get(gpio)
        if level is None:
            level = self._levels[gpio] = self._level(gpio)
        return level

    def _level(self, gpio: int) -> int:
        if not self.powered:
            return 0
        pin = self._pad(gpio)
        if self._drives(pin):
            return pin.value
        if gpio in self._outside:
            return self._outside[gpio]
        up = 1 / self._pull_up_ohm[gpio] if self._pull_up_ohm.get(gpio) else 0.0
        inner = 1 / self._board.pull_down_ohm
        if pin.pull & PULL_UP:
            up += inner
        down = inner if pin.pull & PULL_DOWN else 0.0
        if up == 0.0:
            return 0
        return int(self._board.io_mv * up / (up + down) >= self._board.high_mv)
