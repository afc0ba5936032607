"""Faults, and how a board comes out of one: a word each, which a replay id is made of.

`u` power is back, `w` the watchdog bit, `b` the MCU browned out (mains was never lost). After a `+`, what
else is wrong from then on: `fast` `slow` `wrap` `step` (clocks), `hold` (pull or latch has failed), `bad17`
(flash block 17 takes nothing), `full3` (3 blocks are free), `rota4` (slot a's bytes rotted, at the 4th
place), `off900` `dip900` (mains is lost 900 ms after the first start, for good or for 50 ms), `fetch2` (the
network's 2nd answer fails).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ridethrough.support.errors import BadInput
from ridethrough.world.world import ClockError

KINDS = {"u": "power-up", "w": "watchdog", "b": "brown-out"}
FAULTS = ("power", "reset", "flash", "hold", "clock", "network")
CLOCKS = {
    "fast": ClockError(drift_ppm=50_000, hub_drift_ppm=-2_000),
    "slow": ClockError(drift_ppm=-50_000, hub_drift_ppm=2_000),
    "wrap": ClockError(tick_origin_us=2**30 * 1000 - 2_500_000),
    "step": ClockError(steps=((1_500_000, 86_400), (2_500_000, -172_800))),
}
"""Clock faults: 5 % fast and slow, ticks_ms wrapping 2.5 s after the reset (ticks_us wraps with it), the
clock of the day jumping a day ahead and two days back."""
_SPOILS_FLASH = ("bad", "full", "rota", "rotb")
_NUMBERED = (*_SPOILS_FLASH, "off", "dip", "fetch")
_WORD = re.compile(rf"([uwb])(?:\+({'|'.join((*CLOCKS, 'hold', *_NUMBERED))})(\d*))?")


@dataclass(frozen=True)
class Fault:
    """How a boot begins, and what else is wrong: `extra` with its number."""

    kind: str
    extra: str = ""
    number: int = 0

    @classmethod
    def parse(cls, word: str) -> Fault:
        """BadInput if it is none."""
        match = _WORD.fullmatch(word)
        if match is None or (match[2] in _NUMBERED) != bool(match[3]):
            raise BadInput(f"'{word}' is no part of a replay id: take the whole id from the sweep's output")
        return cls(KINDS[match[1]], match[2] or "", int(match[3] or 0))

    @property
    def word(self) -> str:
        """As it stands in a replay id."""
        letter = next(letter for letter, kind in KINDS.items() if kind == self.kind)
        if not self.extra:
            return letter
        return f"{letter}+{self.extra}{self.number if self.extra in _NUMBERED else ''}"

    @property
    def powered_up(self) -> bool:
        """Did it begin without power?"""
        return self.kind == "power-up"

    @property
    def spoils_flash(self) -> bool:
        """Is something wrong with the flash itself?"""
        return self.extra in _SPOILS_FLASH
