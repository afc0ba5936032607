"""How far apart samples are, and where so many are missing that nobody knows what was there."""

from __future__ import annotations

from array import array
from collections import Counter
from typing import Any

_HOLE = 1.5
"""A gap of more than so many median intervals is a hole."""
_RUNS_MAX = 1_000_000


class Sampling:
    """Hears of the samples of one channel, in order of time: `take(t_us)` of each that is known, or `many`."""

    def __init__(self) -> None:
        self._last_us = -1
        self._gap_us = -1
        self._run = 0
        self._counts: Counter[int] = Counter()
        # runs of equal gaps: since when, how long each gap, how many; the last one's number is `_run`
        self._from, self._gaps, self._numbers = array("q"), array("q"), array("q")

    def take(self, t_us: int) -> None:
        """A sample."""
        gap_us = t_us - self._last_us
        if gap_us != self._gap_us:
            self._change(gap_us)
        else:
            self._run += 1
        self._last_us = t_us

    def _change(self, gap_us: int) -> None:
        if self._last_us < 0:
            return
        self._counts[_coarse(self._gap_us)] += self._run
        if self._from:
            self._numbers[-1] = self._run
        self._gap_us, self._run = gap_us, 1
        self._numbers.append(1)
        self._from.append(self._last_us)
        self._gaps.append(gap_us)
        if len(self._from) > _RUNS_MAX:
            self._forget()

    def many(self, times_us: Any) -> None:
        """The same for a NumPy array."""
        import numpy as np

        if not len(times_us):
            return
        times = times_us if self._last_us < 0 else np.concatenate(([self._last_us], times_us))
        gaps = np.diff(times)
        if len(gaps):
            starts = np.flatnonzero(np.concatenate(([True], gaps[1:] != gaps[:-1])))
            lengths = np.diff(np.concatenate((starts, [len(gaps)])))
            for at, n in zip(starts.tolist(), lengths.tolist(), strict=True):
                gap_us = int(gaps[at])
                if gap_us == self._gap_us:
                    self._run += n
                else:
                    self._last_us = int(times[at])
                    self._change(gap_us)
                    self._run = n
        self._last_us = int(times_us[-1])

    def _forget(self) -> None:
        # of a jittery clock: gaps far too short to become holes, even if the sampling becomes ten times as fast
        least = self.median_us() // 10
        runs = list(zip(self._from, self._gaps, self._numbers, strict=True))
        kept = [run for i, run in enumerate(runs) if run[1] > _HOLE * least or i == len(runs) - 1]
        self._from, self._gaps, self._numbers = (array("q", column) for column in zip(*kept, strict=True))

    def median_us(self) -> int:
        """The median interval; 0 if there was none."""
        counts = self._counts.copy()
        counts[_coarse(self._gap_us)] += self._run
        counts.pop(-1, None)
        half = (sum(counts.values()) + 1) // 2
        seen = 0
        for gap_us in sorted(counts):
            seen += counts[gap_us]
            if seen >= half > 0:
                return gap_us
        return 0

    def holes(self, last_us: int, end_us: int) -> list[tuple[int, int]]:
        """From the last sample before each hole to the first after it. A hole is one gap, so a run of gaps as long as
        a hole is as many. `last_us`: when others were sampled last; `end_us`: the capture's end."""
        most = _HOLE * self.median_us()
        found: list[tuple[int, int]] = []
        if not most:
            return found
        numbers = [*self._numbers[:-1], self._run]
        for since_us, gap_us, n in zip(self._from, self._gaps, numbers, strict=True):
            if gap_us > most:
                found += [(since_us + i * gap_us, since_us + (i + 1) * gap_us) for i in range(n)]
        if 0 <= self._last_us < last_us - most:
            found.append((self._last_us, end_us))
        return found

    def apart_us(self) -> int:
        """The longest interval that is no hole."""
        most = _HOLE * self.median_us()
        return max((gap for gap in self._gaps if gap <= most), default=0)


def _coarse(gap_us: int) -> int:
    # to three figures: a jittery clock must not fill memory
    if gap_us < 1000:
        return gap_us
    unit: int = 10 ** (len(str(gap_us)) - 3)
    return gap_us // unit * unit
