"""CSV: Saleae Logic 2's digital and analog exports, and any table with a column of time and a header."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from itertools import chain, islice, pairwise
from pathlib import Path

from ridethrough.errors import BadInput
from ridethrough.traces.readers.source import CHANNELS_MAX, Change, Channel, Lines, Source

_UNITS_US = {"s": 10**6, "sec": 10**6, "seconds": 10**6, "ms": 10**3, "us": 1, "µs": 1, "ns": 1e-3, "min": 60 * 10**6}
_TIME = re.compile(r"(?:time|t|timestamp|zeit)[ _]?[\[(]?(s|sec|seconds|ms|us|µs|ns|min)?[\])]?", re.IGNORECASE)
_PEEK_ROWS = 2000
_TIME_US_MAX = 400 * 24 * 3600 * 10**6


class CsvSource(Source):
    """The first row names the columns; the time's unit is in its name (`Time [s]`, `t_ms`)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines = Lines(path)
        rows = iter(self._lines)
        header = next((line for line in rows if not line.startswith((b"#", b";")) and line.strip()), None)
        if header is None:
            raise BadInput(f"{path}: empty")
        text = self._decoded(header)
        self._separator = max((b",", b";", b"\t"), key=header.count)
        names = [name.strip().strip('"') for name in text.split(self._separator.decode())]
        self._time, self._unit_us = self._time_column(names)
        if len(names) > CHANNELS_MAX:
            raise self._lines.fail(f"more than {CHANNELS_MAX} columns")
        self._names = names
        head = list(islice(rows, _PEEK_ROWS))
        if not head:
            raise BadInput(f"{path}: a header and no rows")
        self._rows = chain(head, rows)
        self._first_row = self._lines.number - len(head) + 1
        self._describe(head)

    def bytes_read(self) -> int:
        return self._lines.bytes_read()

    def _decoded(self, line: bytes) -> str:
        try:
            return line.decode("utf-8-sig").strip()
        except UnicodeDecodeError as e:
            raise self._lines.fail("no text: is this a CSV?") from e

    def _time_column(self, names: list[str]) -> tuple[int, float]:
        for i, name in enumerate(names):
            match = _TIME.fullmatch(name)
            if match and match[1]:
                return i, _UNITS_US[match[1].lower()]
            if match:
                raise self._lines.fail(f"column '{name}' has no unit: name it 'time [s]' or 'time [ms]'")
        shown = ", ".join(names[:6])[:80]
        raise self._lines.fail(f"no column of time among {shown}: name it 'time [s]'; the first line names the columns")

    def _describe(self, head: list[bytes]) -> None:
        cells: list[set[bytes]] = [set() for _ in self._names]
        times: list[float] = []
        for line in head:
            parts = line.strip().split(self._separator)
            for column, part in zip(cells, parts, strict=False):
                column.add(part.strip())
            if len(parts) > self._time and len(times) < _PEEK_ROWS:
                try:
                    times.append(float(parts[self._time].replace(b",", b".")) * self._unit_us)
                except ValueError:
                    break
        steps = {round(b - a) for a, b in pairwise(times)}
        self.period_us = steps.pop() if len(steps) == 1 and len(times) > 2 else 0
        self.channels = {}
        for i, name in enumerate(self._names):
            if i == self._time or not name:
                continue
            if name in self.channels:
                raise BadInput(f"{self.path}: two columns are called '{name}'")
            if cells[i] <= {b"0", b"1", b"", b"x", b"X", b"z", b"Z"}:
                self.channels[name] = Channel(name)
            else:
                milli = re.search(r"(?:_|\b|\[|\()mv[\])]?$", name, re.IGNORECASE)
                self.channels[name] = Channel(name, sampled=True, unit_mv=1.0 if milli else 1000.0, what="voltage")

    def changes(self, wanted: Collection[str]) -> Iterator[Change]:
        columns = [(i, name) for i, name in enumerate(self._names) if name in wanted]
        separator, time, unit_us = self._separator, self._time, self._unit_us
        comma = separator != b","
        number, last, first = self._first_row - 1, -1, None
        before: dict[int, bytes] = {}
        sampled = {name for name in wanted if self.channels[name].sampled}
        for line in self._rows:
            number += 1
            parts = line.split(separator)
            if len(parts) != len(self._names):
                if not line.strip():
                    continue
                raise self._wrong(number, f"{len(parts)} columns, not {len(self._names)}; is the file cut short?")
            stamp = parts[time].replace(b",", b".") if comma else parts[time]
            try:
                at = float(stamp) * unit_us
            except ValueError:
                hint = ": export it with seconds since the start" if b"T" in stamp or b":" in stamp else ""
                raise self._wrong(number, f"'{_shown(stamp)}' is no time{hint}") from None
            if first is None:
                first = at
            if not -_TIME_US_MAX < at - first < _TIME_US_MAX:
                raise self._wrong(number, f"'{_shown(stamp)}' is more than 400 days from the start")
            t_us = round(at - first)
            if t_us < last:
                raise self._wrong(number, f"time goes backwards, at '{_shown(stamp)}'")
            last = t_us
            for i, name in columns:
                text = parts[i]
                if name not in sampled:
                    if before.get(i) == text:
                        continue
                    before[i] = text
                value = text.strip()
                if comma:
                    value = value.replace(b",", b".")
                if not value:
                    continue
                try:
                    yield t_us, name, None if value in b"xXzZ" else float(value)
                except ValueError:
                    raise self._wrong(number, f"column '{name}': '{_shown(value)}' is no number") from None
        self.first_us = round(first or 0)
        self.end_us = last + (self.period_us or 1)

    def _wrong(self, number: int, problem: str) -> BadInput:
        return BadInput(f"{self.path}:{number}: {problem}")


def _shown(text: bytes) -> str:
    return text.strip()[:30].decode("utf-8", "replace")
