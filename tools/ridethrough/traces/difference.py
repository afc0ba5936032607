"""Where two traces of what should be the same run part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ridethrough.traces.trace import Trace


@dataclass(frozen=True)
class Difference:
    """The first change or event of `signal` that one trace has and the other has not, at `t_us`. `one` and
    `other` say what each has there, "" for nothing."""

    t_us: int
    signal: str
    one: str
    other: str


def first_difference(one: Trace, other: Trace) -> Difference | None:
    """The earliest moment at which wires, voltages, texts, events, the console or the flash at the end are not
    equal to the microsecond; None if all are."""
    found = [d for d in _differences(one, other) if d is not None]
    return min(found, key=lambda d: d.t_us, default=None)


def _differences(one: Trace, other: Trace) -> Iterator[Difference | None]:
    for name in one.wires:
        yield _first(name, one.wires[name], other.wires[name])
    for name in one.texts:
        yield _first(name, one.texts[name], other.texts[name])
    for name in one.voltages:
        pieces = [
            [(s.t_us, f"{s.shape} from {s.v0_mv:.3f} mV") for s in t.voltages[name].segments] for t in (one, other)
        ]
        yield _first(name, *pieces)
        if pieces[0] == pieces[1] and one.voltages[name] != other.voltages[name]:
            yield Difference(one.end_us, name, "slope", "another slope")
    events = [[(e.t_us, " ".join([e.name, *map(str, e.data.values())])) for e in t.log] for t in (one, other)]
    yield _first("events", *events)
    yield _first("console", one.notes.get("console", []), other.notes.get("console", []))
    flashes = [t.notes.get("flash", b"") for t in (one, other)]
    if flashes[0] != flashes[1]:
        at = next((i for i, (a, b) in enumerate(zip(*flashes, strict=False)) if a != b), min(map(len, flashes)))
        yield Difference(
            one.end_us, "flash", f"byte {at}: {flashes[0][at : at + 8].hex()}", flashes[1][at : at + 8].hex()
        )


def _first(signal: str, one: Sequence[tuple[int, Any]], other: Sequence[tuple[int, Any]]) -> Difference | None:
    for i in range(max(len(one), len(other))):
        a = one[i] if i < len(one) else None
        b = other[i] if i < len(other) else None
        if a == b:
            continue
        t_us = min(x[0] for x in (a, b) if x is not None)
        return Difference(t_us, signal, *(str(x[1]) if x is not None and x[0] == t_us else "" for x in (a, b)))
    return None
