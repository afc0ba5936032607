"""Which darkness of the hub nothing excuses: mains was there, and the board had had its time to start."""

from __future__ import annotations

from collections.abc import Iterable

from ridethrough.boards import Board
from ridethrough.traces import Interval, Trace
from ridethrough.traces.intervals import merged, overlap_us


def unexcused(board: Board, trace: Trace, dark: Iterable[Interval], handled: Iterable[Interval] = ()) -> list[int]:
    """Of each darkness the microseconds that neither lost mains nor the start after it excuses, nor, with a pad
    hold, a brown-out (the chip's own supply is what holds a pad), nor `handled`. The hub's capacitor hides how
    long the rail takes to come back, so a start is excused whole."""
    excused = [*handled, *((a, b + board.back_us) for a, b in trace.when("mains", 0))]
    if board.hold == "pad":
        browned = [e.t_us for e in trace.events("reset") if e.data.get("kind") == "brown-out"]
        excused += [(t_us, t_us + board.back_us) for t_us in browned]
    every = merged(excused)
    return [b - a - overlap_us((a, b), every) for a, b in dark]
