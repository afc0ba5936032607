"""A voltage as the pieces of curve that the power path really makes, so that the moment at which it
passes a threshold is computed, not sampled.

Each piece is monotone, and runs from its `t_us` to the next piece's. Voltages inside a piece are real
numbers in mV; a crossing is the first whole microsecond at which the comparison holds.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

Shape = Literal["flat", "ramp", "power", "decay"]


@dataclass(frozen=True, slots=True)
class Segment:
    """From `t_us` on: `flat` at v0; `ramp` v0 + rate t; `power` sqrt(v0^2 - rate t), a capacitor under
    constant power; `decay` v0 exp(-t / rate), a capacitor through a resistor. mV and us."""

    t_us: int
    shape: Shape
    v0_mv: float
    rate: float = 0.0

    def mv_at(self, t_us: int) -> float:
        """The voltage at `t_us`, at or after the piece's start."""
        dt = t_us - self.t_us
        if self.shape == "flat":
            return self.v0_mv
        if self.shape == "ramp":
            return self.v0_mv + self.rate * dt
        if self.shape == "power":
            return math.sqrt(max(0.0, self.v0_mv * self.v0_mv - self.rate * dt))
        return self.v0_mv * math.exp(-dt / self.rate)

    def first_below_us(self, mv: float, until_us: int) -> int | None:
        """The first microsecond before `until_us` at which the voltage is below `mv`, if any."""
        return self._first(mv, until_us, below=True)

    def first_at_least_us(self, mv: float, until_us: int) -> int | None:
        """The first microsecond before `until_us` at which the voltage is `mv` or more, if any."""
        return self._first(mv, until_us, below=False)

    def _first(self, mv: float, until_us: int, below: bool) -> int | None:
        # Monotone: if the comparison ever becomes true inside the piece, it stays so.
        if until_us <= self.t_us:
            return None
        if (self.mv_at(self.t_us) < mv) == below:
            return self.t_us
        low, high = self.t_us, until_us - 1
        if (self.mv_at(high) < mv) != below:
            return None
        while high - low > 1:
            middle = (low + high) // 2
            if (self.mv_at(middle) < mv) == below:
                high = middle
            else:
                low = middle
        return high


@dataclass
class Voltage:
    """One voltage over time; append-only, in order of time."""

    segments: list[Segment] = field(default_factory=list)

    def add(self, segment: Segment) -> None:
        """Appends a piece; one that begins where the last began replaces it, an equal flat is dropped."""
        if self.segments and self.segments[-1].t_us == segment.t_us:
            self.segments.pop()
        if self.segments:
            last = self.segments[-1]
            if last.shape == segment.shape == "flat" and last.v0_mv == segment.v0_mv:
                return
        self.segments.append(segment)

    def mv_at(self, t_us: int) -> float:
        """The voltage at `t_us`; 0 before the first piece."""
        if self.segments and self.segments[-1].t_us <= t_us:
            return self.segments[-1].mv_at(t_us)
        i = bisect_right(self.segments, t_us, key=lambda s: s.t_us) - 1
        return self.segments[i].mv_at(t_us) if i >= 0 else 0.0

    def pieces(self, end_us: int) -> Iterator[tuple[Segment, int]]:
        """Each piece with the time at which it ends."""
        for i, segment in enumerate(self.segments):
            stop = self.segments[i + 1].t_us if i + 1 < len(self.segments) else end_us
            if stop > segment.t_us:
                yield segment, min(stop, end_us)

    def below(self, mv: float, end_us: int) -> list[tuple[int, int]]:
        """The intervals [from, to) up to `end_us` in which the voltage is below `mv`."""
        found: list[tuple[int, int]] = []
        for segment, stop in self.pieces(end_us):
            if segment.mv_at(segment.t_us) < mv:
                start, finish = segment.t_us, segment.first_at_least_us(mv, stop) or stop
            else:
                fall = segment.first_below_us(mv, stop)
                if fall is None:
                    continue
                start, finish = fall, stop
            if found and found[-1][1] == start:
                found[-1] = (found[-1][0], finish)
            else:
                found.append((start, finish))
        return found
