"""CSV: Saleae Logic 2's digital and analog exports, and any table with a column of time and a header."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from itertools import chain, pairwise
from pathlib import Path

from ridethrough.support.errors import BadInput
from ridethrough.traces.readers.source import CHANNELS_MAX, TIME_US_MAX, Channel, Lines, Sink, Source

_UNITS_US = {"s": 10**6, "sec": 10**6, "seconds": 10**6, "ms": 10**3, "us": 1, "µs": 1, "ns": 1e-3, "min": 60 * 10**6}
_TIME = re.compile(r"(?:time|t|timestamp|zeit)[ _]?[\[(]?(s|sec|seconds|ms|us|µs|ns|min)?[\])]?", re.IGNORECASE)
_PEEK_ROWS = 2000
_DIGITAL = {b"0", b"1", b"", b"x", b"X", b"z", b"Z"}  # a column of 0.0 and 1.0 may be volts
_LEVELS = {b"0": 0.0, b"1": 1.0, b"0.0": 0.0, b"1.0": 1.0, b"x": None, b"X": None, b"z": None, b"Z": None}
_LEVELS |= {b"nan": None, b"NaN": None}


class CsvSource(Source):
    """The first row names the columns; the time's unit is in its name (`Time [s]`, `t_ms`)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines = Lines(path)
        self._blocks = self._lines.blocks()
        self._block = next(self._blocks, [])
        self._header = next((i for i, x in enumerate(self._block) if x.strip() and x[:1] not in b"#;"), None)
        if self._header is None:
            raise BadInput(f"{path}: empty")
        header = self._block[self._header]
        text = self._decoded(header)
        self._separator = max((b",", b";", b"\t"), key=header.count)
        names = [name.strip().strip('"') for name in text.split(self._separator.decode())]
        self._time, self._unit_us = self._time_column(names)
        if len(names) > CHANNELS_MAX:
            raise self._fail(f"more than {CHANNELS_MAX} columns")
        self._names = names
        head = self._block[self._header + 1 : self._header + 1 + _PEEK_ROWS]
        if not any(head):
            raise BadInput(f"{path}: a header and no rows")
        self._describe(head)

    def _fail(self, problem: str) -> BadInput:
        return self._lines.fail(self._header or 0, problem)

    def _decoded(self, line: bytes) -> str:
        try:
            return line.decode("utf-8-sig").strip()
        except UnicodeDecodeError as e:
            raise self._fail("no text: is this a CSV?") from e

    def _time_column(self, names: list[str]) -> tuple[int, float]:
        for i, name in enumerate(names):
            match = _TIME.fullmatch(name)
            if match and match[1]:
                return i, _UNITS_US[match[1].lower()]
            if match:
                raise self._fail(f"column '{name}' has no unit: name it 'time [s]' or 'time [ms]'")
        shown = ", ".join(names[:6])[:80]
        raise self._fail(f"no column of time among {shown}: name it 'time [s]'; the first line names the columns")

    def _describe(self, head: list[bytes]) -> None:
        cells: list[set[bytes]] = [set() for _ in self._names]
        times: list[float] = []
        for line in head:
            parts = line.strip().split(self._separator)
            for column, part in zip(cells, parts, strict=False):
                column.add(part.strip())
            if len(parts) > self._time and len(times) < _PEEK_ROWS:
                try:
                    t = float(parts[self._time].replace(b",", b".")) * self._unit_us
                except ValueError:
                    break
                if not math.isfinite(t):
                    break
                times.append(t)
        steps = {round(b - a) for a, b in pairwise(times)}
        self.period_us = steps.pop() if len(steps) == 1 and len(times) > 2 else 0
        self._rows_are_edges = self.period_us == 0 and self._only_edges(head)
        self.channels = {}
        for i, name in enumerate(self._names):
            if i == self._time or not name:
                continue
            if name in self.channels:
                raise BadInput(f"{self.path}: two columns are called '{name}'")
            milli = re.search(r"(?:_|\b|\[|\()mv[\])]?$", name, re.IGNORECASE)
            if cells[i] <= _DIGITAL and not (milli and name != "ch_mv"):
                self.channels[name] = Channel(name, sampled=not self._rows_are_edges)
            else:
                self.channels[name] = Channel(name, sampled=True, unit_mv=1.0 if milli else 1000.0, what="voltage")

    def _only_edges(self, head: list[bytes]) -> bool:
        # Does every row, but for a closing one, tell of a change? Then nothing happened between rows.
        rows = [line.strip().split(self._separator) for line in head if line.strip()]
        levels = [[cell for i, cell in enumerate(row) if i != self._time] for row in rows]
        same = [i for i, (a, b) in enumerate(pairwise(levels), 1) if a == b]
        return not same or (same == [len(rows) - 1] and len(head) < _PEEK_ROWS)

    def feed(self, sinks: Mapping[str, Sink], progress: Callable[[int], None]) -> None:
        columns = [(i, sinks[name]) for i, name in enumerate(self._names) if name in sinks]
        voltage = [self.channels[self._names[i]].unit_mv > 0 for i, _ in columns]
        # of each level: what it was, and when it was so last
        before, seen = [b""] * len(columns), [-1] * len(columns)
        gap_us, edges = self.period_us, self._rows_are_edges
        separator, time, unit_us, width = self._separator, self._time, self._unit_us, len(self._names)
        comma = separator != b","
        last = -1
        first_us: float | None = None
        assert self._header is not None
        begin = self._header + 1
        for block in chain([self._block], self._blocks):
            progress(self._lines.bytes_read())
            for i in range(begin, len(block)):
                line = block[i].replace(b",", b".") if comma else block[i]
                parts = line.split(separator)
                if len(parts) != width:
                    if not line.strip():
                        continue
                    raise self._lines.fail(i, f"{len(parts)} columns, not {width}; is the file cut short?")
                try:
                    at_us = float(parts[time]) * unit_us
                    if first_us is None:
                        first_us = at_us
                    t_us = round(at_us - first_us)
                except (ValueError, OverflowError):
                    raise self._no_time(i, parts[time]) from None
                if not last <= t_us <= TIME_US_MAX:
                    stamp = _shown(parts[time])
                    backwards = f"time goes backwards, at '{stamp}'"
                    raise self._lines.fail(
                        i, backwards if t_us < last else f"'{stamp}' is more than 400 days from the start"
                    )
                if t_us - last > gap_us and last >= 0:
                    gap_us = t_us - last
                last = t_us
                for k, (column, sink) in enumerate(columns):
                    text = parts[column]
                    if not voltage[k]:
                        if text != before[k] and text.strip():
                            self._level(i, column, text.strip(), t_us, sink, before[k].strip(), seen[k])
                            before[k] = text
                        if text.strip():
                            seen[k] = t_us
                        continue
                    try:
                        sink(t_us, float(text))
                    except ValueError:
                        if text.strip() in (b"x", b"X", b"z", b"Z"):
                            sink(t_us, None)
                        elif text.strip():
                            name = self._names[column]
                            raise self._lines.fail(i, f"column '{name}': '{_shown(text)}' is no number") from None
            begin = 0
        for k, (_, sink) in enumerate(columns):
            if not voltage[k] and not edges and before[k] and seen[k] < last:
                # nobody has looked at it after its last cell
                sink(seen[k] + 1, None)
        self.first_us = round(first_us or 0)
        self.end_us = last + (self.period_us or 1)
        if not edges:
            self.period_us = gap_us

    def _level(self, i: int, column: int, text: bytes, t_us: int, sink: Sink, before: bytes, seen_us: int) -> None:
        if text not in _LEVELS:
            problem = f"'{_shown(text)}' is no level, and the rows before had levels; is the file cut short?"
            raise self._lines.fail(i, f"column '{self._names[column]}': {problem}")
        if before and not self._rows_are_edges:
            # it was still so in that row, and no row in between tells when it changed
            sink(seen_us, _LEVELS[before])
        sink(t_us, _LEVELS[text])

    def _no_time(self, i: int, stamp: bytes) -> BadInput:
        hint = ": export it with seconds since the start" if b"T" in stamp or b":" in stamp else ""
        return self._lines.fail(i, f"'{_shown(stamp)}' is no time{hint}")


def _shown(text: bytes) -> str:
    return text.strip()[:30].decode("utf-8", "replace")
