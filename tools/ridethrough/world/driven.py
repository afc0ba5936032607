"""When firmware drives the rail's pin after a reset."""

from __future__ import annotations

from collections.abc import Sequence

from ridethrough.boards import Board
from ridethrough.world.calls import Call
from ridethrough.world.pins import OUT


class Driven:
    """`hear` each call of a run, then ask for `after_us`."""

    def __init__(self, board: Board) -> None:
        self._gpio = board.pins["ch_enable"].gpio
        self._driven_us: list[int] = []

    def hear(self, call: Call) -> None:
        """One call of the firmware."""
        if call.name == "pin_configure" and call.arguments[:2] == (self._gpio, OUT):
            self._driven_us.append(call.t_us)

    def after_us(self, resets_us: Sequence[int]) -> list[int]:
        """From a reset to ch_enable being driven, for each after which it was."""
        until_us = [*resets_us[1:], float("inf")][: len(resets_us)]
        firsts = ([t - a for t in self._driven_us if a <= t < b] for a, b in zip(resets_us, until_us, strict=True))
        return [found[0] for found in firsts if found]
