"""Two runs that should be the same, drawn around the moment at which they part."""

from __future__ import annotations

from collections.abc import Iterator

from ridethrough.reports.timeline import Glyphs
from ridethrough.traces import Trace
from ridethrough.traces.difference import Difference

_COLUMNS = 60
_LABEL = 26
_AROUND_US = (100, 1_000, 10_000, 100_000, 1_000_000)
_WIRES = ("ch_enable", "ac_lost", "running_n")


def draw(difference: Difference, names: tuple[str, str], traces: tuple[Trace, Trace], glyphs: Glyphs) -> Iterator[str]:
    """A few lines: what each run has there, and its wires and events before and after."""
    names = (names[0].rpartition("/")[2][:12], names[1].rpartition("/")[2][:12])
    at_us = difference.t_us
    around_us = _span(at_us, traces)
    yield f"first difference at {at_us / 1e6:.6f} s: {difference.signal}"
    for name, has in zip(names, (difference.one, difference.other), strict=True):
        yield f"  {name:<12} {has or 'nothing'}"
    yield f"{'':<{_LABEL}}{-around_us:>+d} us".ljust(_LABEL + _COLUMNS // 2) + "|"
    for wire in dict.fromkeys((*_WIRES, difference.signal)):
        if wire in traces[0].wires:
            for name, trace in zip(names, traces, strict=True):
                yield f"{wire:<12}{name:<{_LABEL - 12}}{_levels(trace, wire, at_us, around_us, glyphs)}"
    for name, trace in zip(names, traces, strict=True):
        yield f"{'events':<12}{name:<{_LABEL - 12}}{_events(trace, at_us, around_us, glyphs)}"


def _span(at_us: int, traces: tuple[Trace, Trace]) -> int:
    # As close as shows anything but the difference itself.
    times = [t for trace in traces for wire in _WIRES for t, _ in trace.wires[wire]]
    times += [e.t_us for trace in traces for e in trace.log]
    return next((us for us in _AROUND_US if sum(abs(t - at_us) < us for t in times) > 1), _AROUND_US[-1])


def _levels(trace: Trace, wire: str, at_us: int, around_us: int, glyphs: Glyphs) -> str:
    line = ""
    for i in range(_COLUMNS):
        t_us = at_us + (2 * i - _COLUMNS) * around_us // _COLUMNS
        line += glyphs.full if trace.wire_at(wire, t_us) else glyphs.none
    return line


def _events(trace: Trace, at_us: int, around_us: int, glyphs: Glyphs) -> str:
    line = [" "] * _COLUMNS
    for event in trace.log:
        column = (event.t_us - at_us + around_us) * _COLUMNS // (2 * around_us)
        if 0 <= column < _COLUMNS:
            line[column] = glyphs.mark
    return "".join(line).rstrip()
