"""The layout of a table of samples: which rows are data, which column is the time, what each column is called and
measured in. Instruments put preambles above the data or beside it, names and units in two rows, a start and an
increment instead of times.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from ridethrough.support.errors import BadInput
from ridethrough.traces.readers.cells import is_data
from ridethrough.traces.readers.stamps import Stamp, number_stamp, stamp_of
from ridethrough.traces.readers.units import time_unit_in, time_unit_us, voltage_unit

REMARKS = ("#", ";", "%", "//", '"#', "!")
_NAMES_OF_TIME = re.compile(
    r"(?:elapsed |relative |rel\.? |sample |trigger |scan )?"
    r"(?:time|t|times?tamps?|zeit|temps|tiempo|x|x-axis|second|seconds|date ?/? ?(?:and )?time|datetime|date)"
    r"(?: ?stamp)?(?: ?(?:elapsed|axis))?",
    re.IGNORECASE,
)
_COUNTERS = re.compile(
    r"(?:sequence|seq|index|n|no\.?|nr\.?|#|scan|sample|reading|record|points?)(?: ?(?:no\.?|number))?", re.IGNORECASE
)
_INTERVAL = re.compile(
    r"sampl(?:e|ing) (?:interval|period)|time interval|hresolution|horizontal resolution|t_?inc|increment|"
    r"delta ?t|dt|xincr(?:ement)?",
    re.IGNORECASE,
)
_RATE = re.compile(r"(?:sampl(?:e|ing) ?(?:rate|frequency)|samplerate)", re.IGNORECASE)
_HORIZONTAL = re.compile(r"(?:horizontal units?|hunits?|x ?units?|time units?)", re.IGNORECASE)
_VERTICAL = re.compile(r"(?:vertical units?|vunits?|y ?units?)", re.IGNORECASE)
_SOURCE = re.compile(r"(?:source|trace ?name|channel|signal(?: name)?)", re.IGNORECASE)
_START = re.compile(r"start|t0|xorigin|hoffset|x ?offset", re.IGNORECASE)
_ENTRIES = (
    ("interval", _INTERVAL),
    ("rate", _RATE),
    ("horizontal", _HORIZONTAL),
    ("vertical", _VERTICAL),
    ("source", _SOURCE),
    ("start", _START),
)
"""What a preamble may tell of the samples."""
_HZ = {"hz": 1.0, "khz": 1e3, "mhz": 1e6, "ghz": 1e9, "sa/s": 1.0, "s/s": 1.0}
_IN_SECONDS = re.compile(r"lecroy", re.IGNORECASE)
"""Makers whose columns are seconds and volts, and say so in their manuals only."""
PEEK = 400


@dataclass
class Layout:
    """`first`: index of the first row of data among the rows that were looked at. `columns`: each data column that is
    not the time, with its name. `time`: its column, or two that are read together (date and time of day), or none where
    rows are `step_us` apart. `counts`: the time column counts rows. `units`: of columns, from a row of their own or the
    preamble."""

    first: int
    width: int
    columns: dict[int, str]
    time: tuple[int, ...] = ()
    stamp: Stamp | None = None
    step_us: float = 0.0
    start_us: float = 0.0
    counts: bool = False
    units: dict[int, str] = field(default_factory=dict)
    also: dict[str, int] = field(default_factory=dict)
    """Other names under which a column may be asked for."""
    time_name: str = ""


def rows_of(lines: Sequence[str], separator: str) -> list[list[str]]:
    """Cells of lines, by RFC 4180."""
    return [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=separator, skipinitialspace=True)]


def find_layout(lines: Sequence[str], separator: str, fail: Callable[[int, str], BadInput]) -> Layout:
    """The layout, from the first lines of a file. `fail(line, problem)` makes the error about a line."""
    remarks, kept, numbers = _apart(lines, separator)
    rows = rows_of(kept, separator)
    if not rows:
        raise fail(0, "no rows")
    data = _data_columns(rows)
    if not data:
        raise fail(numbers[0], "no row of numbers: is this a table of samples?")
    # entries of a preamble may have their values where the only column is: then their keys stand before it
    keys = min(data) == 1 and not any(row[0] for row in rows[-4:])
    start = _first_row(rows, data, keys)
    if start == len(rows):
        raise fail(numbers[-1], f"a header and no rows: '{lines[numbers[-1]][:40]}' is no row of numbers")
    names, units, above = ({}, {}, rows[:start]) if keys else _heads(rows[:start], data)
    preamble = _preamble([*above, *remarks])
    beside = [row[: min(data)] for row in rows[: start + 30] if min(data) and any(row[: min(data)])]
    preamble |= _preamble(beside)
    names |= _listed(remarks, names, data)
    layout = Layout(numbers[start], max(data) + 1, {})
    layout.also = {f"column {c + 1}": c for c in data}
    _find_time(
        layout, rows[start:], data, names, units, preamble, remarks, lambda p: fail(numbers[max(0, start - 1)], p)
    )
    for c in data:
        if c not in layout.time:
            layout.columns[c] = names.get(c, "") or _unnamed(c, preamble, len(data) - len(layout.time))
    layout.time_name = names.get(layout.time[0], "") if layout.time else ""
    layout.units = {c: text for c, text in units.items() if c in layout.columns}
    if len(layout.columns) == 1:
        (only,) = layout.columns
        if (unit := preamble.get("vertical", "")) and only not in layout.units:
            layout.units[only] = unit.rpartition(":")[2]
        for key in ("source", "vertical"):
            if preamble.get(key):
                layout.also.setdefault(preamble[key], only)
    return layout


def _apart(lines: Sequence[str], separator: str) -> tuple[list[list[str]], list[str], list[int]]:
    # remarks as rows of cells; the other lines that are not blank, and their numbers
    remarks: list[list[str]] = []
    kept: list[str] = []
    numbers: list[int] = []
    for i, line in enumerate(lines):
        text = line.strip()
        mark = next((m for m in REMARKS if text.startswith(m)), "")
        if mark and not (mark == ";" == separator and not text.startswith("; ")):
            remarks.append([part.strip() for part in re.split(r"[:=,]", text[len(mark) :], maxsplit=1)])
        elif text:
            kept.append(line)
            numbers.append(i)
    return remarks, kept, numbers


def _data_columns(rows: list[list[str]]) -> list[int]:
    # the columns that hold numbers, levels or times in most of the last rows: whatever stands above is a head
    tail = rows[1:][-40:] or rows
    found = []
    for c in range(max(len(row) for row in tail)):
        cells = [row[c] for row in tail if c < len(row) and row[c]]
        if not cells:
            # not seen at the end, perhaps: then in most of all rows
            cells = [row[c] for row in rows if c < len(row) and row[c]]
            cells = cells if 2 * len(cells) >= len(rows) else []
        cells = cells[-4:]
        if cells and 2 * sum(map(is_data, cells)) >= len(cells):
            found.append(c)
    return found


def _first_row(rows: list[list[str]], data: list[int], keys: bool) -> int:
    start = next((i for i, row in enumerate(rows) if _is_row(row, data) and not (keys and row[0])), len(rows))
    while 0 < start < len(rows) and _is_partly(rows[start - 1], data):
        start -= 1
    return start


def _is_partly(row: list[str], data: list[int]) -> bool:
    # a time, and cells that are empty: rows like it come before the first that is whole
    return len(row) > max(data) and bool(row[data[0]]) and all(not cell or is_data(cell) for cell in row)


def _is_row(row: list[str], data: list[int]) -> bool:
    cells = [row[c] for c in data if c < len(row) and row[c]]
    return len(cells) >= min(2, len(data)) and all(map(is_data, cells))


def _heads(above: list[list[str]], data: list[int]) -> tuple[dict[int, str], dict[int, str], list[list[str]]]:
    # names and units of the columns, from the rows right above the data; and the rows above those
    def at(row: list[str]) -> dict[int, str]:
        return {c: row[c] for c in data if c < len(row) and row[c]}

    rows = [row for row in above if any(row)]
    if not rows or not at(rows[-1]):
        return {}, {}, rows
    last = at(rows[-1])
    if all(_is_unit(text) for text in last.values()) and len(rows) > 1 and len(at(rows[-2])) >= len(last):
        units = {c: text.strip("()[]") for c, text in last.items()}
        # a start and an increment may stand behind the units
        behind = [[key, value] for key, value in zip(rows[-2], rows[-1], strict=False) if key and is_data(value)]
        return at(rows[-2]), units, [*rows[:-2], *behind]
    behind = [re.split(r"[:=]", cell, maxsplit=1) for cell in rows[-1] if "=" in cell]
    return last, {}, [*rows[:-1], *behind]


def _is_unit(text: str) -> bool:
    try:
        return (
            voltage_unit(text.strip("()[]")) is not None
            or time_unit_us(text.strip("()[]")) is not None
            or bool(_COUNTERS.fullmatch(text))
        )
    except BadInput:
        return True


def _preamble(rows: list[list[str]]) -> dict[str, str]:
    # the few entries that say how long and how much: key -> text
    found: dict[str, str] = {}
    for row in rows:
        cells = [cell.strip().strip('"').rstrip(":") for cell in row if cell.strip()]
        if len(cells) == 1 and (match := re.match(r"([A-Za-z ]+?)\s*[:=]\s*(\S.*)", cells[0])):
            cells = [match[1], match[2]]
        if cells and _IN_SECONDS.search(cells[0]):
            found.setdefault("horizontal", "s")
        if len(cells) < 2:
            continue
        for key, pattern in _ENTRIES:
            if pattern.fullmatch(cells[0].strip()):
                found.setdefault(key, cells[1])
    return found


def _listed(remarks: list[list[str]], names: dict[int, str], data: list[int]) -> dict[int, str]:
    # sigrok-cli lists its channels in a remark, and puts their kind above the columns
    for row in remarks:
        if len(row) == 2 and re.fullmatch(r"Channels \(\d+/\d+\)", row[0]):
            listed = [name.strip() for name in row[1].split(",")]
            columns = [c for c in data if names.get(c, "logic").lower() in ("logic", "analog")]
            if len(listed) == len(columns):
                return dict(zip(columns, listed, strict=True))
    return {}


def _figure(text: str, unit: str = "") -> tuple[float, str] | None:
    # `Analog:5.0`, `1.0E-06`, `0.01000us`, `-0.5s`, `1 MHz`
    match = re.search(r"([-+]?\d+(?:[.,]\d+)?(?:[eE][-+]?\d+)?)\s*([a-zA-Zµμ/]*)", text.rpartition(":")[2])
    return (float(match[1].replace(",", ".")), match[2] or unit) if match else None


def _find_time(
    layout: Layout,
    rows: list[list[str]],
    data: list[int],
    names: dict[int, str],
    units: dict[int, str],
    preamble: dict[str, str],
    remarks: list[list[str]],
    fail: Callable[[str], BadInput],
) -> None:
    written = {c: stamp for c in data if (stamp := stamp_of([row[c] for row in rows if c < len(row)]))}
    if written:
        _written_time(layout, rows, written, data)
        return
    numbers = [c for c in data if _rising(rows, c)]
    named = [c for c in numbers if _NAMES_OF_TIME.fullmatch(_bare(names.get(c, ""))) or _only_a_unit(names.get(c, ""))]
    by_unit = [c for c in numbers if time_unit_us(units.get(c, "")) or time_unit_in(names.get(c, ""))]
    counters = [
        c
        for c in numbers
        if _COUNTERS.fullmatch(_bare(units.get(c, ""))) or _COUNTERS.fullmatch(_bare(names.get(c, "")))
    ]
    step_us = _step_us(preamble)
    if counters and step_us and not [c for c in by_unit if c not in counters]:
        layout.time, layout.counts, layout.step_us = (counters[0],), True, step_us
        layout.start_us = _start_us(preamble)
        layout.stamp = Stamp(lambda cell: layout.start_us + float(cell) * step_us)
        return
    both = [c for c in named if c in by_unit] or named or by_unit
    if not both and not names and len(data) > 1 and data[0] in numbers and (preamble.get("horizontal") or step_us):
        both = [data[0]]
    if not both and not names and len(data) > 1 and data[0] in numbers and step_us == 0 and preamble:
        both = [data[0]]
    if both:
        c = both[0]
        unit = time_unit_us(units.get(c, "")) or time_unit_in(names.get(c, "")) or _horizontal(preamble)
        if unit is None and step_us and _agrees(rows, c, step_us):
            unit = 1e6  # its own sample interval is in seconds, and its times are so far apart
        if unit is None:
            raise fail(f"column '{names.get(c, '')}' has no unit: name it 'time [s]' or 'time [ms]'")
        layout.time, layout.stamp = (c,), number_stamp(unit, float(rows[0][c].replace(",", ".")))
        return
    if step_us and len(data) > 1 and data[0] in numbers and _agrees(rows, data[0], step_us):
        layout.time, layout.stamp = (data[0],), number_stamp(1e6, float(rows[0][data[0]]))
        return
    if step_us:
        layout.step_us, layout.start_us = step_us, _start_us(preamble)
        return
    shown = ", ".join(names[c] for c in data if c in names)[:80] or "columns without names"
    raise fail(f"no column of time among {shown}: name it 'time [s]'; the first line names the columns")


def _written_time(layout: Layout, rows: list[list[str]], written: dict[int, Stamp], data: list[int]) -> None:
    whole = [c for c, stamp in written.items() if stamp.absolute and any(":" in row[c] for row in rows if c < len(row))]
    dates = [c for c, stamp in written.items() if stamp.absolute and c not in whole]
    clocks = [c for c, stamp in written.items() if stamp.of_day]
    if whole:
        layout.time, layout.stamp = (whole[0],), written[whole[0]]
    elif dates and clocks:
        date, clock = written[dates[0]], written[clocks[0]]
        layout.time = (dates[0], clocks[0])
        layout.stamp = Stamp(
            lambda cell: sum(f(c) for f, c in zip((date.us, clock.us), cell.split("\n"), strict=True)), absolute=True
        )
    else:
        first = (clocks or dates)[0]
        layout.time, layout.stamp = (first,), written[first]


def _bare(name: str) -> str:
    return re.sub(r"[_\s]+", " ", re.sub(r"[\[({<].*?[\])}>]", " ", name)).strip().removesuffix(" in s").strip()


def _only_a_unit(name: str) -> bool:
    return (bool(name) and not _bare(name) and time_unit_in(name) is not None) or time_unit_us(
        name.removeprefix("in ")
    ) is not None


def _rising(rows: list[list[str]], c: int) -> bool:
    last = None
    for row in rows:
        cell = row[c].replace(",", ".") if c < len(row) else ""
        if not cell:
            return False
        try:
            value = float(cell)
        except ValueError:
            return False
        if last is not None and value < last:
            return True  # times that go backwards are refused where they stand
        last = value
    return last is not None


def _horizontal(preamble: dict[str, str]) -> float | None:
    return time_unit_us(preamble.get("horizontal", "").rpartition(":")[2])


def _start_us(preamble: dict[str, str]) -> float:
    start = _figure(preamble.get("start", ""))
    return start[0] * (time_unit_us(start[1]) or _horizontal(preamble) or 1e6) if start else 0.0


def _step_us(preamble: dict[str, str]) -> float:
    if "interval" in preamble and (found := _figure(preamble["interval"])) and found[0] > 0:
        unit = time_unit_us(found[1]) if found[1] else _horizontal(preamble) or 1e6
        return found[0] * unit if unit else 0.0
    if "rate" in preamble and (found := _figure(preamble["rate"])) and found[0] > 0:
        return 1e6 / (found[0] * _HZ.get(found[1].lower() or "hz", 1.0))
    return 0.0


def _agrees(rows: list[list[str]], c: int, step_us: float) -> bool:
    try:
        apart = [float(b[c]) - float(a[c]) for a, b in pairwise(rows[:20])]
    except (ValueError, IndexError):
        return False
    return bool(apart) and all(abs(gap * 1e6 - step_us) <= 0.02 * step_us for gap in apart)


def _unnamed(c: int, preamble: dict[str, str], channels: int) -> str:
    if channels == 1:
        return preamble.get("source", "") or preamble.get("vertical", "") or f"column {c + 1}"
    return f"column {c + 1}"
