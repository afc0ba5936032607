"""One failure again: the boots that led to it, as one trace that ends where the invariant broke."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ridethrough.invariants.violation import Violation
from ridethrough.support.errors import BadInput
from ridethrough.support.quantities import show_time
from ridethrough.sweep.crash_states import State
from ridethrough.sweep.explore import first_state
from ridethrough.sweep.faults import Fault
from ridethrough.sweep.recovery import Recovery, recover
from ridethrough.sweep.setting import Setting
from ridethrough.traces import Segment, Trace
from ridethrough.traces.trace import TEXTS, VOLTAGES, WIRES

OUTAGE_US = 10_000_000
"""How long a power cut lasts in a replay; what is on the flash does not depend on it."""
_AFTER_US = 50_000
_BOOTS_MAX = 64


@dataclass(frozen=True)
class Replay:
    """`steps`: each boot and how it ended, in words; `consoles`: the lines that each said, and when in `trace` (us).
    `trace` ends just after the first broken invariant."""

    trace: Trace
    steps: tuple[str, ...]
    broken: tuple[Violation, ...]
    consoles: tuple[tuple[tuple[int, str], ...], ...]


def replay(setting: Setting, ident: str) -> Replay:
    """Runs what `ident` names. BadInput if it is no id of this sweep."""
    words = ident.split("-")
    if len(words) > _BOOTS_MAX:
        raise BadInput(f"a replay id has at most {_BOOTS_MAX} boots: take it from the sweep's output")
    state = first_state(setting)
    whole = Trace()
    steps = []
    consoles = []
    at_us = 0
    for i, word in enumerate(words[:-1]):
        text, _, point = word.partition(".")
        fault = Fault.parse(text)
        recovery = recover(setting, state, fault, unmerged=True)
        found = next((s for s, _ in recovery.unmerged if s.path[-1] == word), None)
        if found is None:
            raise BadInput(f"'{word}' in the replay id: that boot has no such moment; was the firmware changed since?")
        steps.append(f"boot {i + 1}: {_how(fault)}; {_where(found, point, recovery.start_us)}")
        _append(whole, recovery.trace, at_us, recovery.start_us, found.t_us)
        consoles.append(_said(recovery, at_us, found.t_us))
        at_us += found.t_us - recovery.start_us
        next_fault = Fault.parse(words[i + 1].partition(".")[0])
        if next_fault.powered_up:
            _dark(whole, at_us)
            at_us += OUTAGE_US
        state = found
    fault = Fault.parse(words[-1])
    recovery = recover(setting, state, fault)
    first = min(recovery.broken, key=lambda b: b.t_us, default=None)
    until_us = min(recovery.trace.end_us, first.t_us + _AFTER_US) if first else recovery.trace.end_us
    steps.append(f"boot {len(words)}: {_how(fault)}; the faults stop")
    _append(whole, recovery.trace, at_us, recovery.start_us, until_us)
    consoles.append(_said(recovery, at_us, until_us))
    broken = tuple(replace(b, t_us=b.t_us - recovery.start_us + at_us) for b in recovery.broken)
    return Replay(whole, tuple(steps), broken, tuple(consoles))


def _said(recovery: Recovery, at_us: int, until_us: int) -> tuple[tuple[int, str], ...]:
    # The console's lines up to `until_us`, laid at `at_us`.
    return tuple((t - recovery.start_us + at_us, line) for t, line in recovery.console if t <= until_us)


def _how(fault: Fault) -> str:
    kinds = {"power-up": "power comes", "watchdog": "the watchdog bites", "brown-out": "the MCU browns out"}
    extras = {
        "fast": "the clocks 5 % fast", "slow": "the clocks 5 % slow", "wrap": "the ticks about to wrap",
        "step": "the clock of the day jumps", "hold": "the hold has failed",
        "bad": f"flash block {fault.number} is bad",
        "full": f"{fault.number} flash blocks are free", "rota": "slot a has rotted", "rotb": "slot b has rotted",
        "off": f"mains is lost after {fault.number} ms", "dip": f"mains dips after {fault.number} ms",
        "fetch": f"fetch {fault.number} fails",
    }  # fmt: skip
    return kinds[fault.kind] + (f", {extras[fault.extra]}" if fault.extra else "")


def _where(state: State, point: str, start_us: int) -> str:
    operation, _, tear = point.partition(".")
    if tear.startswith("t"):
        where = f"after flash operation {operation}, when the board had said something"
    elif tear:
        where = f"inside flash operation {operation} ({tear if not tear.isdigit() else f'{tear} bytes done'})"
    else:
        where = f"before flash operation {operation}"
    phase = f", phase {state.phase}" if state.phase else ""
    return f"cut {where}, {show_time(state.t_us - start_us)} after its start{phase}"


def _append(whole: Trace, part: Trace, at_us: int, from_us: int, until_us: int) -> None:
    # What `part` shows from `from_us` to `until_us`, laid at `at_us`.
    shift = at_us - from_us
    for name in WIRES:
        whole.set_wire(name, at_us, part.wire_at(name, from_us) or 0)
        for t_us, level in part.wires[name]:
            if from_us < t_us <= until_us:
                whole.set_wire(name, t_us + shift, level)
    for name in TEXTS:
        before = [v for t, v in part.texts[name] if t <= from_us]
        if before:
            whole.set_text(name, at_us, before[-1])
        for t_us, text in part.texts[name]:
            if from_us < t_us <= until_us:
                whole.set_text(name, t_us + shift, text)
    for name in VOLTAGES:
        whole.voltages[name].add(Segment(at_us, "flat", part.voltages[name].mv_at(from_us)))
        for segment in part.voltages[name].segments:
            if from_us < segment.t_us <= until_us:
                whole.voltages[name].add(replace(segment, t_us=segment.t_us + shift))
    for event in part.log:
        if from_us <= event.t_us <= until_us:
            whole.add_event(event.t_us + shift, event.name, **event.data)
    whole.end_us = until_us + shift


def _dark(whole: Trace, at_us: int) -> None:
    # Power is cut, with no warning: nothing is driven any more.
    for name, level in (("mains", 0), ("reset", 1), ("ch_enable", 0), ("ac_lost", 1), ("running_n", 0)):
        whole.set_wire(name, at_us, level)
    whole.set_text("mcu", at_us, "off")
    for name in VOLTAGES:
        whole.voltages[name].add(Segment(at_us, "flat", 0.0))
