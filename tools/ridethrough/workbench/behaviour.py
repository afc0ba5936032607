"""What a meter, the street and an installer may do, in a few words each: small enough to search through, and
a trace when it has been found.

A behaviour is a list of steps in time. Edges are sharp and the hub hangs directly on the rail, so that what
is found is about the rule's words; specimens and boards have the physics.
"""

from __future__ import annotations

from dataclasses import dataclass

from ridethrough.rules.forms import KINDS
from ridethrough.rules.words import show_span
from ridethrough.traces import Segment, Trace
from ridethrough.workbench.hub_replay import with_hub
from ridethrough.world.hub_params import HubParams

FULL_MV, SAG_MV = 12_000, 9_000
CALM_US = 600_000_000
"""Before and after a behaviour: the hub is up and its store is full."""
RESETS = ("activation", "commanded", "watchdog", "crash", "rollback")
"""Those that are searched through; a step may have any kind of reset."""
_EVENT_WORDS = {
    "command": "command accepted",
    "shutdown": "shutdown begins",
    "boot": "boot code runs",
    "application": "application runs",
    "outcome": "outcome reported",
}
MARKS = tuple(_EVENT_WORDS)


@dataclass(frozen=True)
class Step:
    """For `for_us`: CH power at `ch_mv`, mains or the hub there or not. At its beginning, `event`: one of
    MARKS, the kind of a reset, or "". `runs`: the meter's application does."""

    for_us: int
    ch_mv: int = FULL_MV
    event: str = ""
    mains: bool = True
    fitted: bool = True

    def words(self) -> str:
        """The step for people."""
        parts = []
        if self.event:
            parts.append(_EVENT_WORDS.get(self.event, f"{self.event} reset"))
        if self.mains:
            parts.append({0: "power off", FULL_MV: "power on"}.get(self.ch_mv, f"power at {self.ch_mv / 1000:g} V"))
        else:
            parts.append("mains lost")
        if not self.fitted:
            parts.append("hub off its pins")
        return f"{', '.join(parts)} for {show_span(self.for_us)}"


Behaviour = tuple[Step, ...]


def trace_of(behaviour: Behaviour, hub: HubParams) -> Trace:
    """The trace, with what a hub with these figures does; calm before and after."""
    return trace_of_steps((Step(CALM_US), *behaviour, Step(CALM_US)), hub)


def trace_of_steps(steps: Behaviour, hub: HubParams) -> Trace:
    """The trace of these steps and nothing else."""
    trace = Trace()
    last = None
    at = 0
    for step in steps:
        if step.event in KINDS:
            trace.add_event(at, "reset", kind=step.event)
            trace.set_wire("running_n", at, 1)
            trace.set_text("mcu", at, "boot")
        elif step.event:
            trace.add_event(at, step.event, **({"outcome": "0"} if step.event == "outcome" else {}))
            if step.event == "application":
                trace.set_wire("running_n", at, 0)
                trace.set_text("mcu", at, "run")
        if last is None:
            trace.set_wire("running_n", 0, 0)
            trace.set_text("mcu", 0, "run")
            trace.set_wire("ch_enable", 0, 1)
            trace.set_wire("reset", 0, 0)
        mv = step.ch_mv if step.mains else 0
        trace.voltages["ch_mv"].add(Segment(at, "flat", float(mv)))
        trace.voltages["hub_mv"].add(Segment(at, "flat", float(mv if step.fitted else 0)))
        trace.set_wire("mains", at, int(step.mains))
        trace.set_wire("ac_lost", at, int(not step.mains))
        trace.set_wire("ch_present", at, int(step.fitted))
        last = step
        at += step.for_us
    trace.end_us = at
    return with_hub(trace, hub)


def words(behaviour: Behaviour) -> list[str]:
    """A line for each step, or for each pair of steps that repeats."""
    lines, i = [], 0
    while i < len(behaviour):
        pair, times = behaviour[i : i + 2], 1
        while behaviour[i + 2 * times : i + 2 * times + 2] == pair:
            times += 1
        if times > 1 and len(pair) == 2:
            lines.append(f"{times} times: {pair[0].words()}, {pair[1].words()}")
            i += 2 * times
        else:
            lines.append(behaviour[i].words())
            i += 1
    return lines
