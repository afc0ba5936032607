"""A voltage or a wire as an instrument saw it: bounds between which it was, from one moment to the next.

An exact sample has equal bounds. A digital probe only tells above from below its threshold; between two
samples that differ, the signal was anywhere between them.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from operator import is_
from typing import Any, cast

from ridethrough.support.quantities import show_rounded
from ridethrough.traces.intervals import Interval
from ridethrough.traces.spans import many_below, spans_below
from ridethrough.traces.truth import Truth

_MANY = 4096
"""From so many bounds on NumPy is worth its while."""
UNKNOWN = (-math.inf, math.inf)


class Bands:
    """From `t_us` on, low <= value <= high, until the next; append-only, in order of time. `why` says what
    keeps the bounds apart where they are. `within`: by how much the instrument may be off. `resolution`, `grid`:
    samples that hold until the next are exact only for thresholds on the grid (multiples of `resolution`, and
    those listed); 0: for all."""

    def __init__(self, why: str = "", resolution: int = 0, grid: frozenset[int] = frozenset(), within: int = 0) -> None:
        self.times = array("q")
        self.lows = array("d")
        self.highs = self.lows
        """The same array for as long as every sample is exact."""
        self._last_us, self._low, self._high = -1, math.nan, math.nan
        self.why = why
        self.resolution = resolution
        self.grid = grid
        self.within = within
        self.apart_us = 0
        """How far apart samples are: between two that agree something shorter may have happened."""
        self.holes: list[Interval] = []
        """Where samples are missing."""

    def add(self, t_us: int, low: float, high: float) -> None:
        """Appends bounds; those of the last moment are replaced, those that say nothing new are dropped."""
        if t_us == self._last_us:
            self._forget_last()
        if low == self._low and high == self._high:
            return
        if low != high and self.highs is self.lows:
            self.highs = array("d", self.lows)
        self._last_us, self._low, self._high = t_us, low, high
        self.times.append(t_us)
        self.lows.append(low)
        if self.highs is not self.lows:
            self.highs.append(high)

    def put(self, t_us: int, value: float | str | None) -> None:
        """The same for an exact level or voltage, None for not known; made short for millions of them."""
        if not isinstance(value, float):
            self.add(t_us, *UNKNOWN)
        elif self.highs is not self.lows or t_us == self._last_us:
            self.add(t_us, value, value)
        elif value != self._high:
            self._last_us = t_us
            self._low = self._high = value
            self.times.append(t_us)
            self.lows.append(value)

    def put_several(self, times_us: Sequence[int], values: Sequence[float | str | None]) -> None:
        """`put` for many; `times_us` rise."""
        # mostly each level is another than the one before: two that are the same are one object
        if times_us[0] > self._last_us and values[0] != self._high and not any(map(is_, values, values[1:])):
            try:
                found = array("d", cast(Sequence[float], values))
            except TypeError:
                found = None  # some are not known
            if found is not None and self.highs is self.lows:
                self.times.extend(times_us if isinstance(times_us, array) else array("q", times_us))
                self.lows.extend(found)
                self._last_us, self._low, self._high = times_us[-1], found[-1], found[-1]
                return
        for t_us, value in zip(times_us, values, strict=True):
            self.put(t_us, value)

    def put_many(self, times_us: Any, values: Any) -> bool:
        """The same for NumPy arrays (int64, float64) of changes, each known and later than the one before; False, and
        nothing is done, if they are not that."""
        if (
            self.highs is not self.lows
            or not len(times_us)
            or int(times_us[0]) <= self._last_us
            or float(values[0]) == self._high
            or (times_us[1:] <= times_us[:-1]).any()
            or not (values[1:] != values[:-1]).all()
            or not abs(values).max() < math.inf
        ):
            return False
        self.times.frombytes(times_us.tobytes())
        self.lows.frombytes(values.tobytes())
        self._last_us, self._low = self.times[-1], self.lows[-1]
        self._high = self._low
        return True

    def _forget_last(self) -> None:
        self.times.pop()
        self.lows.pop()
        if self.highs is not self.lows:
            self.highs.pop()
        last = (self.times[-1], self.lows[-1], self.highs[-1]) if self.times else (-1, math.nan, math.nan)
        self._last_us, self._low, self._high = last

    def at(self, t_us: int) -> tuple[float, float]:
        """The bounds at `t_us`; unknown before the first."""
        i = bisect_right(self.times, t_us) - 1
        return (self.lows[i], self.highs[i]) if i >= 0 else UNKNOWN

    def unknown(self, end_us: int) -> Sequence[Interval]:
        """When nothing at all is known of it."""
        if not self.times:
            return [(0, end_us)] if end_us else []
        found = [(0, self.times[0])] if self.times[0] > 0 else []
        if self.highs is not self.lows:
            for i, t_us in enumerate(self.times):
                if self.highs[i] - self.lows[i] == math.inf:
                    found.append((t_us, self.times[i + 1] if i + 1 < len(self.times) else end_us))
        return [(a, b) for a, b in found if a < b]

    def below(self, limit: float, end_us: int) -> Truth:
        """When the value is below `limit`."""
        step, off, why = self.resolution, self.within, f"{self.why}, and voltages may be off by {self.within} mV"
        if not off and step and limit % step and limit not in self.grid:
            off, why = step, f"voltages are recorded in steps of {step} mV"
        if off:
            sure, may = self._run(self.highs, limit - off, end_us), self._run(self.lows, limit + off, end_us)
            return self._holds(sure, may, why, end_us)
        sure = self._run(self.highs, limit, end_us)
        if self.highs is self.lows and self.times and self.times[0] == 0:
            return Truth(sure, sure, apart_us=self.apart_us)
        return self._holds(sure, self._run(self.lows, limit, end_us), self.why, end_us)

    def _holds(self, sure: Sequence[Interval], may: Sequence[Interval], why: str, end_us: int) -> Truth:
        # what was before the first sample nobody knows
        first = self.times[0] if self.times else end_us
        if first > 0:
            may = [(0, may[0][1]), *may[1:]] if may and may[0][0] == first else [(0, first), *may]
        if self.holes:
            a, b = max(self.holes, key=lambda hole: hole[1] - hole[0])
            why = f"no sample from {show_rounded(a)} to {show_rounded(b)}: a cut could hide there"
        return Truth(sure, may, why, self.apart_us)

    def blank(self, holes: Sequence[Interval]) -> None:
        """Nothing is known strictly between the ends of each hole: those are samples."""
        self.holes = [hole for hole in holes if hole[1] - hole[0] > 1]
        if not self.holes:
            return
        if self.highs is self.lows:
            self.highs = array("d", self.lows)
        times, lows, highs = array("q"), array("d"), array("d")
        at = 0
        for a, b in self.holes:
            to = bisect_right(self.times, a)
            times += self.times[at:to]
            lows += self.lows[at:to]
            highs += self.highs[at:to]
            times.append(a + 1)
            lows.append(-math.inf)
            highs.append(math.inf)
            at = bisect_left(self.times, b)
            if at == len(self.times) or self.times[at] != b:
                # what it was at the hole's far end, it was before
                low, high = self.at(b)
                times.append(b)
                lows.append(low)
                highs.append(high)
        self.times, self.lows, self.highs = times + self.times[at:], lows + self.lows[at:], highs + self.highs[at:]

    def _run(self, bounds: array[float], limit: float, end_us: int) -> Sequence[Interval]:
        if len(self.times) < _MANY:
            return list(spans_below(self.times, bounds, limit, end_us))
        # it may import NumPy: only for those who have many
        from ridethrough.traces.readers import fast

        return (many_below if fast.NUMPY else spans_below)(self.times, bounds, limit, end_us)

    def widen_last(self, low: float, high: float) -> None:
        """The last bounds were in fact these."""
        self.add(self._last_us, low, high)

    def widen_where(self, limit: float, top: bool) -> None:
        """Wherever it reached `limit` it may have been anywhere beyond."""
        if self.highs is self.lows:
            self.highs = array("d", self.lows)
        bounds = self.highs if top else self.lows
        for i, value in enumerate(bounds):
            if value == limit:
                bounds[i] = math.inf if top else -math.inf
