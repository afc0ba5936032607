"""A reading in signal temporal logic, with the operators of the past as rtamt writes them: definitions, line by line.
The last one says when it is broken. Where STL has no words (sums of time, counts), the line says so itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from ridethrough.rules.reading import Reading

NOTE = "Times in us, voltages in mV; an event is true for a microsecond; [0,D) leaves out D ago."
_ENDS = {"boot": "boot", "application": "application"}
_PENDING = "((not outcome) since reset_activation)"


def formula(reading: Reading) -> Iterator[str]:
    """Lines of `name := formula`; a line with `sum` or `count` is beyond STL and names what it adds up."""
    yield f"bad := {reading.forbid.stl}"
    yield f"cut := {_cut(reading)}"
    if not reading.always:
        yield f"reset_spoken_of := {_resets(reading)}"
        yield f"begin := {_begin(reading)}"
        yield f"end := {_end(reading)}"
        yield "reboot := (not end) since begin"
        yield "spoken_of := cut since (cut and reboot), or later in the same cut"
    whole = [x for x in reading.unless if x.scope]
    for i, x in enumerate(whole, 1):
        held = "(rise(cut) and {})" if x.scope == "when it began" else "(cut and {})"
        yield f"exempt_{i} := cut since {held.format(f'({x.condition.stl})')}, or later in the same cut"
    counted = " and ".join(
        [
            "cut" if reading.always else "spoken_of",
            *(f"not exempt_{i}" for i in range(1, len(whole) + 1)),
            *(f"not ({x.condition.stl})" for x in reading.unless if not x.scope),
        ]
    )
    yield f"counted := {counted}"
    yield f"breach := {_breach(reading)}"


def _cut(reading: Reading) -> str:
    if reading.until is not None:
        return f"bad or ((not ({reading.until.stl})) since bad)"
    if reading.back_us:
        return f"bad or (once[0,{reading.back_us}) bad and eventually[0,{reading.back_us}) bad)"
    return "bad"


def _resets(reading: Reading) -> str:
    if reading.any_start:
        return "reset"
    if reading.any_reboot:
        return "reset and not reset_power_up"
    return " or ".join(f"reset_{kind.replace('-', '_')}" for kind in reading.during)


def _begin(reading: Reading) -> str:
    if reading.begins is not None:
        return f"rise({reading.begins.stl}) and ((not rise({reading.begins.stl})) until reset_spoken_of)"
    if reading.from_ == "reset":
        return "reset_spoken_of"
    return f"{reading.from_} and ((not reset) until reset_spoken_of)"


def _end(reading: Reading) -> str:
    if reading.ends is not None:
        return reading.ends.stl
    outcome = f"outcome or (application and not {_PENDING})"
    if reading.to == "power back":
        return f"fall(bad), the first after the reset; or {outcome}"
    return _ENDS.get(reading.to, outcome)


def _breach(reading: Reading) -> str:
    over = {"cut": "each cut", "reboot": "each reboot", "update": "each update"}.get(reading.per)
    if over is None:
        over = f"each {reading.per}" if reading.calendar else f"any {reading.window_us}"
    duration = reading.duration
    if reading.times:
        sign = ">=" if reading.times.inclusive else ">"
        long = f"{'>=' if duration.inclusive else '>'} {duration.limit}"
        return f"count over {over} of the cuts with sum(counted) {long} {sign} {reading.times.limit}"
    taken_off = any(not x.scope for x in reading.unless)
    if reading.per == "cut" and not taken_off:
        if not duration.limit and not duration.inclusive:
            return "counted"
        return f"historically[0,{duration.limit}{')' if duration.inclusive else ']'} counted"
    return f"sum over {over} of counted {'>=' if duration.inclusive else '>'} {duration.limit}"
