"""What becomes of a channel's samples: only those are kept at which it passes a level that a rule asks about, so that a
capture of any length needs memory for its cuts alone.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from ridethrough.traces.bands import UNKNOWN, Bands
from ridethrough.traces.readers import fast
from ridethrough.traces.readers.source import Value

_FLAT_SAMPLES = 16
_SEVERAL = 64
"""From so many changes on NumPy is worth its while."""
_ROUNDED = 1e-12


class Keeper:
    """Takes a channel's values; `many` those of a NumPy array, one by one unless it knows better."""

    take: Callable[[int, Value], None]
    """Of one: a change or a sample."""

    def several(self, times_us: Sequence[int], values: Sequence[Value]) -> None:
        """Several changes, each later than the one before."""
        take = self.take
        for t_us, value in zip(times_us, values, strict=True):
            take(t_us, value)

    def many(self, times_us: Any, values: Any) -> None:
        """Many of them; nan is not known."""
        take = self.take
        for t_us, value in zip(times_us.tolist(), values.tolist(), strict=True):
            take(t_us, None if math.isnan(value) else value)

    def close(self) -> None:
        """Nothing comes any more."""


class ExactLevels(Keeper):
    """Levels whose every change is recorded."""

    def __init__(self, bands: Bands) -> None:
        # nothing needs to be done to them
        self.take = bands.put
        self.several = bands.put_several  # type: ignore[method-assign]
        self._bands = bands

    def many(self, times_us: Any, values: Any) -> None:
        """Many of them; nan is not known."""
        if not self._bands.put_many(times_us, values):
            super().many(times_us, values)


class Texts(Keeper):
    """Texts and events: handed on."""

    def __init__(self, take: Callable[[int, Value], None]) -> None:
        self.take = take


class Levels(Keeper):
    """Two-valued: `bounds[level]` is the range in which a level says that the signal is. `holds_us`: it stays until so
    long before the next one at most; 0: until the next."""

    def __init__(self, bands: Bands, bounds: tuple[tuple[float, float], tuple[float, float]], holds_us: float) -> None:
        unknown = UNKNOWN if bounds[0][0] == -math.inf else (0.0, 1.0)
        self._bands = bands
        self._bounds: dict[Value, tuple[float, float]] = {0.0: bounds[0], 1.0: bounds[1]}
        self._unknown = unknown
        self._holds_us = holds_us
        self._before: tuple[float, float] | None = None
        self._at_us = -1

    def take(self, t_us: int, value: Value) -> None:
        low, high = self._bounds.get(value, self._unknown)
        before = self._before
        if self._holds_us > 1 and before is not None and (low, high) != before:
            # the edge was somewhere in the last period
            since_us = int(max(self._at_us + 1, t_us - self._holds_us + 1))
            self._bands.add(since_us, min(low, before[0]), max(high, before[1]))
        self._bands.add(t_us, low, high)
        self._before, self._at_us = (low, high), t_us


class HeldVolts(Keeper):
    """Values that each stay until the next: those that pass a level are kept, as they are."""

    def __init__(self, bands: Bands, levels: list[float], unit_mv: float) -> None:
        self._bands, self._unit_mv = bands, unit_mv
        self._levels = [-math.inf, *levels, math.inf]
        # between each two levels, in units of the channel: what is there in spite of rounding; first, nothing is
        less, more = 1 - _ROUNDED, 1 + _ROUNDED
        self._inside = [(0.0, 0.0)]
        for one, other in pairwise(mv / unit_mv for mv in self._levels):
            low, high = min(one, other), max(one, other)
            self._inside.append((low * (more if low > 0 else less), high * (less if high > 0 else more)))
        self._zone = 0
        self.highest, self.lowest = -math.inf, math.inf

    def take(self, t_us: int, value: Value) -> None:
        self.several((t_us,), (value,))

    def many(self, times_us: Any, values: Any) -> None:
        """Many changes, as NumPy arrays; nan is not known."""
        if not self._at_once(times_us, values):
            super().many(times_us, values)

    def several(self, times_us: Sequence[int], values: Sequence[Value]) -> None:
        """Several changes, each later than the one before."""
        if len(values) >= _SEVERAL and fast.NUMPY and self._at_once(times_us, fast.floats(values)):
            return
        self._look(values)
        zone = self._zone
        floor, ceiling = self._inside[zone]
        for t_us, value in zip(times_us, values, strict=True):
            try:
                if value < ceiling and value > floor:  # type: ignore[operator]
                    continue
                mv = value * self._unit_mv  # type: ignore[operator]
            except TypeError:
                mv = math.nan  # not known
            if not math.isfinite(mv):
                self._bands.add(t_us, *UNKNOWN)
                zone = 0
            elif (found := bisect_right(self._levels, mv)) != zone:
                self._bands.put(t_us, mv)
                zone = found
            floor, ceiling = self._inside[zone]
        self._zone = zone

    def _at_once(self, times_us: Sequence[int], values: Any) -> bool:
        # False, and nothing done, if some are not known
        import numpy as np

        mv = values * self._unit_mv
        ends = float(mv.min()), float(mv.max())
        if not all(map(math.isfinite, ends)):
            return False
        self.lowest, self.highest = min(self.lowest, *ends), max(self.highest, *ends)
        zones = np.array(self._levels).searchsorted(mv, side="right")
        for i in fast.turns(zones, self._zone):
            self._bands.put(int(times_us[i]), float(mv[i]))
        self._zone = int(zones[-1])
        return True

    def _look(self, values: Sequence[Value]) -> None:
        known = values if None not in values else [value for value in values if value is not None]
        if known:
            ends = min(known) * self._unit_mv, max(known) * self._unit_mv  # type: ignore[type-var, operator]
            self.lowest, self.highest = min(self.lowest, *ends), max(self.highest, *ends)


class SampledVolts(Keeper):
    """Samples of a voltage, kept where they pass a level. `holds_us`: a value stays until so long before the next one
    at most; None: it may be anywhere between two."""

    def __init__(self, bands: Bands, levels: list[float], unit_mv: float, holds_us: int | None, clip: Clipping) -> None:
        self._bands, self._unit_mv, self._holds_us = bands, unit_mv, holds_us
        self._levels = [-math.inf, *levels, math.inf]
        self._clip = clip
        self._noisy = holds_us is None
        # the zone between two levels, empty at first, and what was seen in it
        self._floor = self._ceiling = 0.0
        self._low = self._high = 0.0
        self._at_us, self._mv = -1, math.nan
        self.highest, self.lowest = -math.inf, math.inf

    def take(self, t_us: int, value: Value) -> None:
        if not isinstance(value, float):
            self._unknown(t_us)
            return
        mv = value * self._unit_mv
        if not math.isfinite(mv):
            self._unknown(t_us)
            return
        if self._noisy:
            self._clip.look(mv)
        self.highest = max(self.highest, mv)
        self.lowest = min(self.lowest, mv)
        if self._floor <= mv < self._ceiling:
            if mv < self._low:
                self._low = mv
            elif mv > self._high:
                self._high = mv
        else:
            self._passes(t_us, mv)
        self._at_us, self._mv = t_us, mv

    def many(self, times_us: Any, values: Any) -> None:
        """The same for NumPy arrays, where each sample is known and has a moment of its own."""
        import numpy as np

        mv = values * self._unit_mv
        if np.isnan(mv).any() or (times_us[1:] == times_us[:-1]).any() or (len(mv) and times_us[0] == self._at_us):
            super().many(times_us, values)
            return
        if self._noisy:
            self._clip.look_many(mv)
        self.highest, self.lowest = max(self.highest, float(mv.max())), min(self.lowest, float(mv.min()))
        zones = np.searchsorted(np.asarray(self._levels[1:-1]), mv, side="right")
        passes = fast.turns(zones, int(zones[0]))
        if not self._floor <= float(mv[0]) < self._ceiling:
            passes.insert(0, 0)
        at = 0
        for i in passes:
            self._seen(times_us, mv, at, i)
            self._passes(int(times_us[i]), float(mv[i]))
            at = i
        self._seen(times_us, mv, at, len(mv))

    def _seen(self, times_us: Any, mv: Any, a: int, b: int) -> None:
        # samples that stay in the zone
        if a < b:
            self._low, self._high = min(self._low, float(mv[a:b].min())), max(self._high, float(mv[a:b].max()))
            self._at_us, self._mv = int(times_us[b - 1]), float(mv[b - 1])

    def _passes(self, t_us: int, mv: float) -> None:
        between = not math.isnan(self._mv) and self._holds_us != 0
        self.close_zone()
        low, high = (min(mv, self._mv), max(mv, self._mv)) if between else (mv, mv)
        since_us = self._at_us + 1 if self._holds_us is None else max(self._at_us, t_us - self._holds_us) + 1
        if between and since_us < t_us:
            # it passed the level somewhere between the two samples
            self._bands.add(since_us, low, high)
        if between and self._at_us == t_us:
            # several samples in a microsecond: it was at all of them
            self._bands.add(t_us, low, high)
            self._floor = self._ceiling = 0.0
            return
        self._bands.add(t_us, mv, mv)
        zone = bisect_right(self._levels, mv)
        self._floor, self._ceiling = self._levels[zone - 1], self._levels[zone]
        self._low = self._high = mv

    def _unknown(self, t_us: int) -> None:
        self.close_zone()
        self._floor = self._ceiling = 0.0
        since_us = self._at_us + 1 if self._noisy and not math.isnan(self._mv) else t_us
        self._mv = math.nan
        self._bands.add(since_us, *UNKNOWN)

    def close_zone(self) -> None:
        """The bounds of the last zone are what was seen in it."""
        if self._floor < self._ceiling and self._low != self._high:
            self._bands.widen_last(self._low, self._high)

    def close(self) -> None:
        """Nothing comes any more."""
        self.close_zone()
        self._clip.apply(self._bands)


class Clipping:
    """Is the top, or the bottom, of a signal flat, and so that a rule's level lies beyond it? Then the instrument may
    not have been able to show what was there."""

    def __init__(self, levels_mv: Sequence[float], tell: Callable[[str], None]) -> None:
        self._levels = levels_mv
        self._tell = tell
        self._last = math.nan
        self._run = self._seen = self._changes = 0
        self._top, self._bottom = -math.inf, math.inf
        # at the top and at the bottom so far: the longest run, and how many samples
        self._at_top = self._at_bottom = (0, 0)

    def look(self, mv: float) -> None:
        """A sample."""
        self._seen += 1
        if mv == self._last:
            self._run += 1
        else:
            self._changes += 1
            self._last, self._run = mv, 1
        if mv >= self._top:
            run, n = self._at_top if mv == self._top else (0, 0)
            self._top, self._at_top = mv, (max(run, self._run), n + 1)
        if mv <= self._bottom:
            run, n = self._at_bottom if mv == self._bottom else (0, 0)
            self._bottom, self._at_bottom = mv, (max(run, self._run), n + 1)

    def look_many(self, mv: Any) -> None:
        """Samples, as a NumPy array."""
        import numpy as np

        starts = np.concatenate(([0], np.flatnonzero(mv[1:] != mv[:-1]) + 1))
        runs = np.diff(np.concatenate((starts, [len(mv)])))
        first = float(mv[0])
        if first == self._last:
            runs[0] += self._run
        else:
            self._changes += 1
        self._changes += len(starts) - 1
        levels = mv[starts]
        self._top, self._at_top = self._edge(float(mv.max()), self._top, self._at_top, True, mv, levels, runs)
        self._bottom, self._at_bottom = self._edge(
            float(mv.min()), self._bottom, self._at_bottom, False, mv, levels, runs
        )
        self._seen += len(mv)
        self._last, self._run = float(mv[-1]), int(runs[-1])

    @staticmethod
    def _edge(
        here: float, before: float, at: tuple[int, int], top: bool, mv: Any, levels: Any, runs: Any
    ) -> tuple[float, tuple[int, int]]:
        if here == before or (here > before) == top:
            run, n = at if here == before else (0, 0)
            longest = int(runs[levels == here].max())
            return here, (max(run, longest), n + int((mv == here).sum()))
        return before, at

    def apply(self, bands: Bands) -> None:
        """Widens the bounds of a voltage that was clipped."""
        if not self._levels:
            return
        # a rail that was never up to the level that a rule asks about, and flat: nobody's converter is so quiet
        if self._at_top[0] >= _FLAT_SAMPLES and self._top < max(self._levels):
            self._widen(bands, self._top, True, self._at_top[0])
        # at the bottom a rail that is off may be flat as well; not one that is noisy elsewhere
        elsewhere = self._seen - self._at_bottom[1]
        noisy = elsewhere >= _FLAT_SAMPLES and 4 * self._changes >= elsewhere
        if noisy and self._at_bottom[0] >= _FLAT_SAMPLES and self._bottom > min(self._levels):
            self._widen(bands, self._bottom, False, self._at_bottom[0])

    def _widen(self, bands: Bands, mv: float, top: bool, run: int) -> None:
        self._tell(f"flat at {mv / 1000:g} V, its {'highest' if top else 'lowest'}, for {run} samples: clipped there?")
        bands.widen_where(mv, top)


class Crossed(Keeper):
    """A voltage as a level: high from `threshold` on, in the channel's own units."""

    def __init__(self, levels: Levels, threshold: float) -> None:
        self._levels = levels
        self._threshold = threshold
        self._before: float | None = None
        self._seen_us = -1

    def take(self, t_us: int, value: Value) -> None:
        """A sample."""
        level = float(value >= self._threshold) if isinstance(value, float) and math.isfinite(value) else None
        if level != self._before:
            if self._seen_us >= 0 and t_us > self._seen_us:
                # it was still so at the last sample, and nobody knows when it changed
                self._levels.take(self._seen_us, self._before)
            self._levels.take(t_us, level)
            self._before = level
        self._seen_us = t_us
