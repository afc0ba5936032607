"""Where two traces of what should be the same run part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ridethrough.traces.trace import Event, Trace


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


SHARE_OF_US = 10_000
"""A share is of the time since the reset, and of no less than this."""


@dataclass(frozen=True)
class Apart:
    """A change that two traces have at different times: in `signal`, at `t_us` of the first trace; `one_us` and
    `other_us` after the reset before it."""

    signal: str
    t_us: int
    one_us: int
    other_us: int

    @property
    def us(self) -> int:
        """By how much one of them is later or earlier."""
        return abs(self.one_us - self.other_us)

    @property
    def share(self) -> float:
        """The same of the first one's time since the reset."""
        return self.us / max(self.one_us, SHARE_OF_US)


@dataclass(frozen=True)
class InOrder:
    """Two traces with the same changes in the same order: which one is furthest apart in time, and which as a share."""

    furthest: Apart
    most: Apart


def in_order(one: Trace, other: Trace) -> Difference | InOrder:
    """For runs whose times cannot be equal: each wire, text and kind of event has the same changes in the same order,
    or the first that it has not. Times count from the reset before them. A boot is announced at the first line of
    boot.py, by a chip at its first instruction: it is left out."""
    furthest = most = Apart("", 0, 0, 0)
    resets = [[0, *(e.t_us for e in t.events("reset"))] for t in (one, other)]
    found: list[Difference] = []
    for name, (mine, theirs) in _changes(one, other).items():
        for i in range(max(len(mine), len(theirs))):
            a = mine[i] if i < len(mine) else None
            b = theirs[i] if i < len(theirs) else None
            if a is None or b is None or a[1] != b[1]:
                t_us = min(x[0] for x in (a, b) if x is not None)
                found.append(Difference(t_us, name, *(str(x[1]) if x is not None else "" for x in (a, b))))
                break
            apart = Apart(name, a[0], _since(resets[0], a[0]), _since(resets[1], b[0]))
            furthest = max(furthest, apart, key=lambda x: x.us)
            most = max(most, apart, key=lambda x: x.share)
    return min(found, key=lambda d: d.t_us) if found else InOrder(furthest, most)


def _changes(one: Trace, other: Trace) -> dict[str, tuple[Sequence[tuple[int, Any]], Sequence[tuple[int, Any]]]]:
    found: dict[str, tuple[Sequence[tuple[int, Any]], Sequence[tuple[int, Any]]]] = {}
    for name in one.wires:
        found[name] = one.wires[name], other.wires[name]
    for name in one.texts.keys() - {"mcu"}:
        found[name] = one.texts[name], other.texts[name]
    mine, theirs = ([(e.t_us, _said(e)) for e in t.log if e.name != "boot"] for t in (one, other))
    found["events"] = mine, theirs
    return found


def _said(event: Event) -> str:
    # what an alert says of its own time makes it no other alert
    return " ".join([event.name, *(str(value) for key, value in event.data.items() if key != "since_us")])


def _since(resets: Sequence[int], t_us: int) -> int:
    return t_us - max((t for t in resets if t < t_us), default=0)
