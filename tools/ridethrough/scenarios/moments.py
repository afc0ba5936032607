"""Lists of moments in a scenario file, such as [["0 s", "on"], ["20 s", "off"]]."""

from __future__ import annotations

from collections.abc import Iterator

from ridethrough.support.quantities import parse_time_us
from ridethrough.support.toml import Table


def moments(table: Table, key: str, expected: str) -> Iterator[tuple[int, str, str]]:
    """(t_us, that time as it was written, text), in order of time; nothing without the key. BadInput for what is none:
    `expected` says what a list looks like."""
    value = table.raw(key)
    last_us = 0
    for entry in value if isinstance(value, list) else [] if value is None else [value]:
        if not (isinstance(entry, list) and len(entry) == 2 and all(isinstance(e, str) for e in entry)):
            raise table.fail(key, f"{expected} expected")
        t_us = table.parsed(key, parse_time_us, entry[0])
        if t_us < last_us:
            raise table.fail(key, f"'{entry[0]}' is earlier than what stands before it")
        last_us = t_us
        yield t_us, entry[0], entry[1]
