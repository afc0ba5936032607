"""A trace as VCD, for GTKWave, Surfer or PulseView.

Voltages are analytic inside; here they become integer samples on a step of `STEP_MV`, with one more at
every threshold that the hub or a rule uses. The file says so in its comment.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from ridethrough.support.files import write_atomically
from ridethrough.traces.segments import Segment
from ridethrough.traces.trace import Trace

STEP_MV = 50


def write_vcd(trace: Trace, path: str | Path, step_mv: int = STEP_MV) -> None:
    """Writes `trace` to `path`; BadInput if that cannot be done."""
    write_atomically(Path(path), vcd_of(trace, step_mv).encode())


def vcd_of(trace: Trace, step_mv: int = STEP_MV) -> str:
    """The text of the file."""
    # who only judges has no need of it
    from vcd import VCDWriter

    out = io.StringIO()
    thresholds = ", ".join(str(mv) for mv in trace.thresholds_mv)
    comment = f"voltages in mV, a sample every {step_mv} mV and at {thresholds} mV"
    with VCDWriter(out, timescale="1 us", date="", version="ridethrough", comment=comment) as vcd:
        changes: list[tuple[int, int, object, object]] = []
        for name, points in trace.wires.items():
            wire = vcd.register_var("ridethrough", name, "wire", size=1, init="x")
            changes += [(t_us, 0, wire, level) for t_us, level in points]
        for name, voltage in trace.voltages.items():
            mv = vcd.register_var("ridethrough", name, "integer", size=32, init=0)
            for segment, stop in voltage.pieces(trace.end_us):
                changes += [(t, 1, mv, v) for t, v in _samples(segment, stop, step_mv, trace.thresholds_mv)]
        for name, texts in trace.texts.items():
            text = vcd.register_var("ridethrough", name, "string", init="")
            changes += [(t_us, 2, text, value.replace(" ", "_")) for t_us, value in texts]
        names = sorted({e.name for e in trace.log})
        marks = {n: vcd.register_var("ridethrough.events", n, "event") for n in names}
        details = {n: vcd.register_var("ridethrough.details", n, "string", init="") for n in names}
        for e in trace.log:
            detail = ",".join(f"{k}={v}" for k, v in e.data.items()).replace(" ", "_")
            changes.append((e.t_us, 3, details[e.name], detail))
            changes.append((e.t_us, 3, marks[e.name], True))
        changes.sort(key=lambda c: (c[0], c[1]))
        for t_us, _, var, value in changes:
            vcd.change(var, t_us, value)  # type: ignore[arg-type]
        vcd.close(trace.end_us)
        return out.getvalue()


def _samples(segment: Segment, stop_us: int, step_mv: int, thresholds_mv: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    """(t_us, mv) at the start of a piece and wherever it passes a step or a threshold."""
    first = segment.mv_at(segment.t_us)
    last = segment.mv_at(stop_us - 1)
    low, high = min(first, last), max(first, last)
    levels = {mv for mv in thresholds_mv if low < mv < high}
    levels.update(range((int(low) // step_mv + 1) * step_mv, int(high) + 1, step_mv))
    points = {segment.t_us: int(first)}
    for mv in levels:
        if first > last:
            # a sample is the integer part of the voltage: just below a level it must read below it
            t_us = segment.first_below_us(mv, stop_us)
        else:
            t_us = segment.first_at_least_us(mv, stop_us)
        if t_us is not None:
            points[t_us] = int(segment.mv_at(t_us))
    points[stop_us - 1] = int(last)
    yield from sorted(points.items())
