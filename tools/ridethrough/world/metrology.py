"""The metrology part: counts energy by itself, through every reset of the application processor.

It sits on I2C at address 0x48 and shows a 32-bit counter of mWh at register 0x10, little-endian, that
wraps. It keeps the counter in its own memory when mains is lost; nothing flows then. Where it has a clock that runs
through an outage, register 0x20 shows milliseconds since 1970 UTC, 64 bits. [assumed: modelled on parts that makers
use, no particular one]
"""

from __future__ import annotations

from ridethrough.world.clock import Clock

ADDRESS = 0x48
_COUNTER = 0x10
_CLOCK = 0x20
_EPOCH_MS = 1_750_000_000_000
"""Its clock at 0: some day of 2025."""


class Metrology:
    """A constant load of `load_w` while mains is on, from `start_mwh`."""

    def __init__(self, clock: Clock, load_w: int, start_mwh: int, has_clock: bool = False) -> None:
        self._has_clock = has_clock
        self._clock = clock
        self._load_w = load_w
        self._on_us = 0
        self._since_us: int | None = None
        self._start_mwh = start_mwh

    def set_mains(self, on: bool) -> None:
        now = self._clock.now_us
        if on and self._since_us is None:
            self._since_us = now
        elif not on and self._since_us is not None:
            self._on_us += now - self._since_us
            self._since_us = None

    def total_mwh(self) -> int:
        """What flowed since the world began, plus the start: the truth that a meter is held to."""
        on_us = self._on_us
        if self._since_us is not None:
            on_us += self._clock.now_us - self._since_us
        return self._start_mwh + self._load_w * on_us // 3_600_000

    def read(self, register: int, size: int) -> bytes | None:
        """`size` bytes from `register`; None if it does not answer (no acknowledge)."""
        if self._has_clock and register == _CLOCK and size <= 8:
            return (_EPOCH_MS + self._clock.now_us // 1000).to_bytes(8, "little")[:size]
        if register != _COUNTER or size > 4:
            return None
        return (self.total_mwh() & 0xFFFFFFFF).to_bytes(4, "little")[:size]
