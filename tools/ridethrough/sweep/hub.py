"""Judges the hub's part of one recovery."""

from __future__ import annotations

from dataclasses import replace

from ridethrough.invariants.hub import ac_lost_wrong, darkness, false_alerts, missed_alerts, power_back, unexcused
from ridethrough.invariants.violation import Violation
from ridethrough.support.quantities import show_time
from ridethrough.sweep.faults import Fault
from ridethrough.sweep.outages import hub_alone
from ridethrough.sweep.setting import Setting
from ridethrough.traces import Interval, Trace
from ridethrough.traces.ac_lost import LAG_US_MAX, ac_lost

DARK_BUDGET_US = 60_000_000
"""What the firmware lets an update cost, at most: docs/sweep.md."""
_SOON_US = 500_000


def judge_hub(
    setting: Setting, fault: Fault, start_us: int, trace: Trace, drove_ac_ok: bool = True
) -> tuple[int, list[Violation]]:
    """The longest darkness that no mains loss excuses, and what broke. `start_us`: when the fault ended;
    `drove_ac_ok`: the firmware has driven the pin of that name since."""
    board = setting.board
    dark = trace.dark() if board.hold != "none" else _after_planned_resets(trace)
    dark = [d for d in dark if d[1] > start_us]
    beyond_us = unexcused(board, trace, dark)
    longest_us = max(beyond_us, default=0)
    broken: list[Violation] = []
    if fault.extra != "hold":
        # in order of time: the first is what a replay ends with
        broken += sorted((v for _, v in darkness(board, trace, dark)), key=lambda v: v.t_us)
    else:
        limit_us = DARK_BUDGET_US + 2 * longest_us + 1_000_000
        if sum(beyond_us) > limit_us:
            said = f"the hub was without supply for {show_time(sum(beyond_us))} in all, at most {show_time(limit_us)}"
            broken.append(Violation("darkness-budget", said, trace.end_us))
    if fault.powered_up and fault.extra not in ("off", "dip", "hold"):
        broken += power_back(board, trace)
    broken += false_alerts(trace)
    broken += missed_alerts(trace)
    if fault.powered_up and not fault.extra:
        broken += [Violation(name, text, 0) for name, text in hub_alone(setting, trace)]
    # an undriven line tells the hub something, too
    why = "" if drove_ac_ok else f"; nothing drove ac_ok (GPIO {board.pins['ac_ok'].gpio}), and that counts, too"
    wrong = ac_lost_wrong(ac_lost(trace), LAG_US_MAX, LAG_US_MAX)
    broken += [replace(v, t_us=trace.end_us, text=v.text + why) for v in wrong]
    return longest_us, broken


def _after_planned_resets(trace: Trace) -> list[Interval]:
    # A board that cannot hold the rail must not reset itself; a watchdog it cannot help.
    planned = [e.t_us for e in trace.events("reset") if e.data["kind"] in ("activation", "rollback", "commanded")]
    return [(a, b) for a, b in trace.dark() if any(t <= a < t + _SOON_US for t in planned)]
