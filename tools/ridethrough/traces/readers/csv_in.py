"""Tables of samples: Saleae Logic 2's exports, oscilloscopes', loggers', sigrok-cli's, and any table with a time."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

from ridethrough.support.errors import BadInput
from ridethrough.traces.readers import fast
from ridethrough.traces.readers.cells import LEVELS, UNKNOWN, number, separator_of
from ridethrough.traces.readers.sampling import Sampling
from ridethrough.traces.readers.source import CHANNELS_MAX, TIME_US_MAX, Channel, Lines, Sink, Source
from ridethrough.traces.readers.stamps import DAY_US, Stamp
from ridethrough.traces.readers.table import PEEK, REMARKS, find_layout
from ridethrough.traces.readers.units import unit_in, unknown_unit, voltage_unit, without_unit

_PEEK_ROWS = 2000
_BACK_AT_MIDNIGHT_US = DAY_US // 2


class CsvSource(Source):
    """The layout is found in the first rows (table.py). BadInput says what is missing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines = Lines(path, text=True)
        self._blocks = self._lines.blocks()
        self._block = next(self._blocks, [])
        head = [self._decoded(line) for line in self._block[: _PEEK_ROWS + PEEK]]
        kept = [line for line in head if line.strip() and not line.strip().startswith(REMARKS)]
        if not kept:
            raise BadInput(f"{path}: empty")
        self._separator = separator_of(kept[-60:])
        self._comma = self._separator != "," or any('"' in line for line in kept[-60:])
        if not any(self._separator in line for line in kept[-60:]):
            self._comma = False
        if len(kept) == 1:
            raise BadInput(f"{path}: a header and no rows")
        layout = self._layout = find_layout(head, self._separator, self._lines.fail)
        if len(layout.columns) + len(layout.time) > CHANNELS_MAX:
            raise self._lines.fail(layout.first, f"more than {CHANNELS_MAX} columns")
        self._describe(head[layout.first :])

    def _decoded(self, line: bytes) -> str:
        try:
            return line.decode("utf-8")
        except UnicodeDecodeError:
            # a Windows export
            return line.decode("cp1252", "replace")

    def _describe(self, head: list[str]) -> None:
        rows = self._head = list(self._rows(head[:_PEEK_ROWS]))
        times = self._times(rows)
        steps = {round(b - a) for a, b in pairwise(times)}
        self.period_us = steps.pop() if len(steps) == 1 and len(times) > 2 else 0
        columns = self._layout.columns
        cells = {c: {row[c].strip().lower() for row in rows if c < len(row)} for c in columns}
        levels = {
            c for c, found in cells.items() if found <= {*LEVELS, "x", "z", "u", "w", "?", ""} and found & {*LEVELS}
        }
        # a column of 0.0 and 1.0 may be volts
        levels -= {c for c in levels if any("." in cell for cell in cells[c])}
        self._rows_are_edges = not self.period_us and bool(levels) and levels == set(columns) and self._only_edges(rows)
        self.channels = {}
        self._columns: dict[str, int] = {}
        self._problems: dict[str, str] = {}
        for c, name in columns.items():
            if name in self.channels:
                self._problems[name] = f"two columns are called '{name}': rename one"
                continue
            self._columns[name] = c
            self.channels[name] = self._channel(c, name, c in levels)
        self._alias()

    def _channel(self, c: int, name: str, levels: bool) -> Channel:
        said = self._layout.units.get(c, "")
        try:
            unit = voltage_unit(said) or unit_in(name)
        except BadInput as e:
            self._problems[name] = str(e)
            unit = None
        if unit is None and not levels and (word := said or unknown_unit(name, self._layout.time_name)):
            self._problems[name] = f"'{name}' is in {word}, no unit that is known here: write it as [V] or [mV]"
        if unit is not None and unit.mv is None:
            self._problems[name] = f"'{name}' is in {unit.text}, which is no voltage"
        if (levels and unit is None) or (levels and name == "ch_mv"):
            return Channel(name, sampled=not self._rows_are_edges)
        said = unit.text if unit else ""
        mv = unit.mv if unit and unit.mv else 1000.0
        return Channel(name, sampled=True, unit_mv=mv, what="voltage", unit=said or "volts")

    def _alias(self) -> None:
        # names without their units, and columns by their numbers: where nothing else is called so
        also: dict[str, str] = {}
        for name, c in self._columns.items():
            for other in (without_unit(name), *(o for o, column in self._layout.also.items() if column == c)):
                if other and other not in self.channels:
                    also.setdefault(other, name)
        self.also = also

    def extent(self, name: str) -> tuple[float, float]:
        """Among the first rows."""
        c = self._columns[name]
        values = []
        for row in self._head:
            try:
                value = number(row[c].replace(",", ".") if self._comma else row[c])
            except (ValueError, IndexError):
                continue
            if value is not None:
                values.append(value)
        return (min(values), max(values)) if values else (0.0, 0.0)

    def problem(self, name: str) -> str:
        """Why a channel cannot be asked for; nothing if it can."""
        return self._problems.get(name, "")

    def _rows(self, lines: Sequence[str]) -> Iterator[list[str]]:
        separator = self._separator
        for line in lines:
            if not line.strip() or line.lstrip().startswith(REMARKS):
                continue
            yield next(csv.reader([line], delimiter=separator)) if '"' in line else line.split(separator)

    def _times(self, rows: Sequence[list[str]]) -> list[float]:
        found = []
        for i, row in enumerate(rows):
            try:
                t = self._stamp(row, i)
            except (ValueError, IndexError):
                break
            if not math.isfinite(t):
                break
            found.append(t)
        return found

    def _stamp(self, row: list[str], i: int) -> float:
        layout = self._layout
        if layout.stamp is None:
            return layout.start_us + i * layout.step_us
        if len(layout.time) == 2:
            return layout.stamp.us("\n".join(row[c] for c in layout.time))
        cell = row[layout.time[0]]
        return layout.stamp.us(cell.replace(",", ".") if self._comma else cell)

    def _only_edges(self, rows: list[list[str]]) -> bool:
        # Does every row, but for a closing one, tell of a change? Then nothing happened between rows.
        levels = [[cell for i, cell in enumerate(row) if i not in self._layout.time] for row in rows]
        same = [i for i, (a, b) in enumerate(pairwise(levels), 1) if a == b]
        return bool(self._layout.time) and (not same or (same == [len(rows) - 1] and len(rows) < _PEEK_ROWS))

    def feed(self, sinks: Mapping[str, Sink], progress: Callable[[int], None]) -> None:
        """Every row, in order of time; a table that Python or NumPy reads is the same table."""
        pass_ = _Pass(self, {self._columns[name]: (name, sink) for name, sink in sinks.items()})
        begin = self._layout.first
        for block in chain([self._block], self._blocks):
            progress(self._lines.bytes_read())
            if not pass_.many(block[begin:]):
                pass_.rows([self._decoded(line) for line in block[begin:]], begin)
            begin = 0
        pass_.close()
        stamp = self._layout.stamp
        first = round(pass_.first_us or 0)
        self.first_us = 0 if stamp and (stamp.absolute or stamp.of_day) else first
        self.epoch_us = first if stamp and stamp.absolute else None
        self.clock_zone_known = bool(stamp and stamp.zoned)
        self.of_day_us = first if stamp and stamp.of_day else None
        self.end_us = max(pass_.last_us, 0) + (self.period_us or 1)
        if not self._rows_are_edges:
            self.period_us = max(self.period_us, pass_.gap_us)
        samplings = dict(pass_.samplings())
        self.holes = {name: sampling.holes(pass_.last_us, self.end_us) for name, sampling in samplings.items()}
        self.apart_us = {name: sampling.apart_us() for name, sampling in samplings.items()}


class _Pass:
    # One reading of all rows.

    def __init__(self, source: CsvSource, sinks: dict[int, tuple[str, Sink]]) -> None:
        self._source = source
        self._layout = source._layout
        self._edges = source._rows_are_edges
        self._volts = [(c, name, sink, Sampling()) for c, (name, sink) in sinks.items()
                       if source.channels[name].what == "voltage"]  # fmt: skip
        self._levels = [_Levels(c, name, sink, self._edges) for c, (name, sink) in sinks.items()
                        if source.channels[name].what == "level"]  # fmt: skip
        self._last_column = max([*sinks, *self._layout.time], default=0)
        self._days_us = 0.0
        self._raw = -math.inf
        self._count = 0
        self.first_us: float | None = None
        self.last_us = -1
        self.gap_us = source.period_us

    def many(self, lines: list[bytes]) -> bool:
        """Reads a block at once, if it is of numbers alone; else False, and nothing is done."""
        layout = self._layout
        plain = layout.stamp is None or (len(layout.time) == 1 and not layout.stamp.of_day)
        if not fast.NUMPY or self._levels or not plain or self._source._comma or not lines:
            return False
        table = fast.numbers_of(lines, self._source._separator, layout.width)
        if table is None:
            return False
        scale = layout.stamp.us("1") - layout.stamp.us("0") if layout.stamp else layout.step_us
        column = table[:, layout.time[0]] if layout.time else None
        if column is None:
            rows = range(self._count, self._count + len(table))
            return self._take_many([layout.start_us + i * scale for i in rows], table)
        return self._take_many(layout.start_us + column * scale, table)

    def _take_many(self, raw: Any, table: Any) -> bool:
        first = self.first_us if self.first_us is not None else float(raw[0])
        times = fast.times_of(raw, first, self.last_us)
        if times is None:
            # something is wrong with a time: row by row it is found where it stands
            return False
        if float(times[-1]) > TIME_US_MAX:
            return False
        self.first_us = first
        for c, _, sink, sampling in self._volts:
            sink.many(times, table[:, c])
            sampling.many(fast.known(times, table[:, c]))
        self.gap_us = max(self.gap_us, int((times[1:] - times[:-1]).max()) if len(times) > 1 else 0,
                          int(times[0]) - self.last_us if self.last_us >= 0 else 0)  # fmt: skip
        self.last_us = int(times[-1])
        self._count += len(times)
        return True

    def rows(self, lines: list[str], begin: int) -> None:
        """Reads a block row by row."""
        source, layout = self._source, self._layout
        comma, separator, need = source._comma, source._separator, self._last_column
        fail = source._lines.fail
        for i, line in enumerate(lines, begin):
            if '"' in line:
                parts = next(csv.reader([line], delimiter=separator))
            else:
                parts = line.split(separator)
            if len(parts) <= need:
                text = line.strip()
                if not text or text.startswith(REMARKS):
                    continue
                raise fail(i, f"{len(parts)} columns, not {max(layout.width, need + 1)}; is the file cut short?")
            t_us = self._time(parts, i)
            for c, name, sink, sampling in self._volts:
                cell = parts[c].replace(",", ".") if comma else parts[c]
                try:
                    value = number(cell)
                except ValueError:
                    if cell.strip():
                        raise fail(i, f"column '{name}': '{_shown(cell)}' is no number") from None
                    continue
                sink.take(t_us, value)
                if value is not None:
                    sampling.take(t_us)
            for level in self._levels:
                problem = level.take(parts[level.column], t_us)
                if problem:
                    raise fail(i, problem)

    def _time(self, parts: list[str], i: int) -> int:
        source = self._source
        try:
            at_us = source._stamp(parts, self._count)
            if not math.isfinite(at_us):
                raise ValueError
        except (ValueError, OverflowError):
            if parts and parts[0].lstrip().startswith(REMARKS):
                return self.last_us
            stamp = parts[self._layout.time[0]] if self._layout.time else parts[0]
            raise source._lines.fail(i, f"'{_shown(stamp)}' is no time") from None
        stamp_of: Stamp | None = self._layout.stamp
        if stamp_of and stamp_of.of_day:
            if at_us < self._raw - _BACK_AT_MIDNIGHT_US:
                self._days_us += DAY_US
            self._raw = at_us
            at_us += self._days_us
        self._count += 1
        if self.first_us is None:
            self.first_us = at_us
        t_us = round(at_us - self.first_us)
        if not self.last_us <= t_us <= TIME_US_MAX:
            shown = _shown(parts[self._layout.time[0]]) if self._layout.time else str(t_us)
            backwards = f"time goes backwards, at '{shown}'"
            raise source._lines.fail(
                i, backwards if t_us < self.last_us else f"'{shown}' is more than 400 days from the start"
            )
        if self.last_us >= 0:
            self.gap_us = max(self.gap_us, t_us - self.last_us)
        self.last_us = t_us
        return t_us

    def close(self) -> None:
        """Nobody has looked at a channel after its last cell."""
        for level in self._levels:
            level.close(self.last_us)

    def samplings(self) -> Iterator[tuple[str, Sampling]]:
        """Of each channel that is sampled."""
        yield from ((name, sampling) for _, name, _, sampling in self._volts)
        if not self._edges:
            yield from ((level.name, level.sampling) for level in self._levels)


class _Levels:
    # A column of levels: says a change, and before it that the level was still so in the last row that had it.

    def __init__(self, column: int, name: str, sink: Sink, edges: bool) -> None:
        self.column = column
        self.name = name
        self.sampling = Sampling()
        self._take = sink.take
        self._edges = edges
        self._text = ""
        self._value: float | None = None
        self._seen_us = -1

    def take(self, text: str, t_us: int) -> str:
        """A cell; what is wrong with it, if anything is."""
        if text == self._text or not (bare := text.strip().lower()):
            if text == self._text and self._text:
                self._seen_us = t_us
                if self._value is not None:
                    self.sampling.take(t_us)
            return ""
        if bare not in LEVELS and bare not in UNKNOWN:
            return (f"column '{self.name}': '{_shown(text)}' is no level, and the rows before had levels; "
                    "is the file cut short?")  # fmt: skip
        value = LEVELS.get(bare)
        if self._seen_us >= 0 and not self._edges:
            # it was still so in that row, and no row in between tells when it changed
            self._take(self._seen_us, self._value)
        self._take(t_us, value)
        self._text, self._value, self._seen_us = text, value, t_us
        if value is not None:
            self.sampling.take(t_us)
        return ""

    def close(self, last_us: int) -> None:
        if not self._edges and 0 <= self._seen_us < last_us:
            self._take(self._seen_us + 1, None)


def _shown(text: str) -> str:
    return text.strip()[:30]
