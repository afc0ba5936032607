"""What must hold of a hub and of the line that tells it of mains, in any trace: darkness, alerts, AC lost."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from ridethrough.boards import Board
from ridethrough.invariants.violation import Violation
from ridethrough.support.quantities import show_time
from ridethrough.traces import Interval, Trace
from ridethrough.traces.ac_lost import AcLost
from ridethrough.traces.alerts import DOINGS, alerts
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


def darkness(
    board: Board, trace: Trace, dark: Iterable[Interval] | None = None, handled: Iterable[Interval] = ()
) -> list[tuple[int, Violation]]:
    """Each darkness that nothing excuses, the longest first: for how long, and what to say of it. `dark`: of which
    there is to speak; all of the trace's by default."""
    looked_at = list(trace.dark() if dark is None else dark)
    beyond = zip(unexcused(board, trace, looked_at, handled), looked_at, strict=True)
    return [
        (us, Violation("darkness", f"the hub was without supply for {show_time(us)} from {show_time(at)} on, "
                       "though mains was there", at))
        for us, at in sorted(((us, a) for us, (a, _) in beyond if us > 0), reverse=True)
    ]  # fmt: skip


def power_back(board: Board, trace: Trace) -> Iterator[Violation]:
    """After a power-up at 0 CH power is there within the board's stated time."""
    for a, b in trace.voltages["ch_mv"].below(trace.hub_back_mv, trace.end_us)[:1]:
        if a == 0 and b > board.back_us:
            text = f"CH power is back {show_time(b)} after mains, at most {show_time(board.back_us)}"
            yield Violation("darkness", text, b)


def false_alerts(trace: Trace, doings: Collection[str] = DOINGS) -> Iterator[Violation]:
    """AD1s that are not legitimate and somebody's of `doings`."""
    for alert in alerts(trace):
        if not alert.legitimate and alert.doing in doings:
            after = show_time(alert.t_us - alert.since_us)
            yield Violation("false-ad1", f"at {show_time(alert.t_us)}, by the {alert.doing}, after {after}", alert.t_us)


def missed_alerts(trace: Trace) -> Iterator[Violation]:
    """AD1s that were due, and for which the hub's store was too empty."""
    for event in trace.events("missed_ad1"):
        yield Violation("missed-ad1", "the hub's store was empty before its limit", event.t_us)


def ac_lost_wrong(seen: AcLost, high_us_max: int, low_us_max: int) -> Iterator[Violation]:
    """AC lost untrue to mains for longer than that: high with mains on, low without."""
    for what, us, most_us in (
        ("high with mains on", seen.high_with_mains_us, high_us_max),
        ("low without mains", seen.low_without_mains_us, low_us_max),
    ):
        if us > most_us:
            yield Violation("ac-lost", f"{what} for {show_time(us)}, at most {show_time(most_us)}", 0)
