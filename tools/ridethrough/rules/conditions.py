"""The words of a condition -> when it holds in a trace.

A condition is one or more forms joined by `and`. Each form is one entry of `_FORMS`; each may end in
`for D` or `in the last D`; `no X in the last D` is the only way to say not. docs/rules.md lists them all.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from ridethrough.rules.words import plain, show_span, time_us
from ridethrough.support.errors import BadInput, suggestion
from ridethrough.support.quantities import parse_voltage_mv
from ridethrough.traces import Trace, Truth
from ridethrough.traces.capture import OFF_MV

KINDS = ("activation", "commanded", "watchdog", "brown-out", "crash", "rollback", "power-up")
EVENTS = ("command", "shutdown", "reset", "boot", "application", "confirm", "outcome", "ad1", "missed ad1", "fault")

_Test = Callable[[Trace], Truth]
_Form = Callable[[re.Match[str]], tuple[str, _Test, tuple[float, ...]]]


def _just_above(mv: float) -> float:
    # at or below V is below the next number that there is
    return math.nextafter(mv, math.inf)


def _power(match: re.Match[str]) -> tuple[str, _Test, tuple[float, ...]]:
    how, value, signal = match["how"].lower(), match["value"], "hub_mv" if match["hub"] else "ch_mv"
    mv = parse_voltage_mv(value)
    edge = _just_above(mv) if how in ("at or below", "above") else mv
    volts = f"{value} ({mv / 1000:g} V)" if "%" in value else value
    words = f"CH power{' at the hub' if match['hub'] else ''} is {how} {volts}"

    def test(trace: Trace) -> Truth:
        below = trace.below(signal, edge)
        return below if how.endswith("below") else below.otherwise(trace.end_us)

    return words, test, (edge,)


def _outside(match: re.Match[str]) -> tuple[str, _Test, tuple[float, ...]]:
    low, high = (parse_voltage_mv(match[i]) for i in ("low", "high"))
    if low >= high:
        raise BadInput(f"a window from {match['low']} up to {match['high']} is empty: the lower voltage comes first")

    def test(trace: Trace) -> Truth:
        above = trace.below("ch_mv", _just_above(high)).otherwise(trace.end_us)
        return trace.below("ch_mv", low).or_(above)

    return f"CH power is outside {low / 1000:g} V to {high / 1000:g} V", test, (low, _just_above(high))


def _off(match: re.Match[str]) -> tuple[str, _Test, tuple[float, ...]]:
    return f"CH power is off (below {OFF_MV / 1000:g} V)", lambda t: t.below("ch_mv", OFF_MV), (OFF_MV,)


def _wire(words: str, name: str, level: int) -> _Form:
    return lambda match: (words, lambda trace: trace.wire(name, level), ())


def _text(words: str, name: str, value: str) -> _Form:
    return lambda match: (words, lambda trace: trace.text(name, value), ())


def _ch_down(match: re.Match[str]) -> tuple[str, _Test, tuple[float, ...]]:
    return "the CH is out of service", lambda t: t.text("hub", "up").otherwise(t.end_us), ()


def _meter_down(match: re.Match[str]) -> tuple[str, _Test, tuple[float, ...]]:
    return "the meter's application does not run", lambda t: t.meter_runs().otherwise(t.end_us), ()


def _phase(match: re.Match[str]) -> tuple[str, _Test, tuple[float, ...]]:
    phase = match["phase"].lower()
    return f"the update is in phase {phase}", lambda t: t.text("phase", phase), ()


def _event(match: re.Match[str]) -> tuple[str, _Test, tuple[float, ...]]:
    name = match["event"].lower()
    words = {"ad1": "an AD1 is sent", "missed ad1": "a due AD1 is not sent"}.get(name, f"there is a {name}")
    return words, lambda t: t.moments(name.replace(" ", "_")), ()


def _reset(match: re.Match[str]) -> tuple[str, _Test, tuple[float, ...]]:
    kind = match["kind"].lower()
    words = f"there is {'an' if kind[0] in 'aeiou' else 'a'} {kind} reset"
    return words, lambda t: t.moments("reset", "kind", kind), ()


def _outcome(match: re.Match[str]) -> tuple[str, _Test, tuple[float, ...]]:
    return f"outcome {match['n']} is reported", lambda t: t.moments("outcome", "outcome", match["n"]), ()


def _code(match: re.Match[str]) -> tuple[str, _Test, tuple[float, ...]]:
    code = match["code"].upper()
    return f"the meter logs 0x{code}", lambda t: t.moments("gbcs", "code", code), ()


_HOW = "below|at or below|above|at or above"
_V = r"\d+(?:\.\d+)? ?[A-Za-z%]+"
_FORMS: tuple[tuple[str, str, _Form], ...] = (
    ("CH power below 90 %", rf"CH power (?P<hub>at the hub )?(?P<how>{_HOW}) (?P<value>{_V})", _power),
    ("CH power outside 10.8 V..13.2 V", rf"CH power outside (?P<low>{_V}) ?(?:\.\.|-|to) ?(?P<high>{_V})", _outside),
    ("CH power off", r"CH power off", _off),
    ("converter off", r"converter off", _wire("the meter's converter is switched off", "ch_enable", 0)),
    ("converter on", r"converter on", _wire("the meter's converter is switched on", "ch_enable", 1)),
    ("CH up", r"CH up", _text("the CH is in service", "hub", "up")),
    ("CH down", r"CH down", _ch_down),
    ("CH off", r"CH off", _text("the CH's store is used up", "hub", "off")),
    ("CH on store", r"CH on store", _text("the CH lives on its store", "hub", "store")),
    ("CH fitted", r"CH fitted", _wire("a CH is fitted", "ch_present", 1)),
    ("no CH", r"no CH", _wire("no CH is fitted", "ch_present", 0)),
    ("mains on", r"mains on", _wire("mains is on", "mains", 1)),
    ("mains lost", r"mains lost", _wire("mains is lost", "mains", 0)),
    ("ac lost", r"ac lost", _wire("AC lost is high", "ac_lost", 1)),
    ("meter down", r"meter down", _meter_down),
    ("meter in reset", r"meter in reset", _wire("the meter is held in reset", "reset", 1)),
    ("meter off", r"meter off", _text("the meter has no power", "mcu", "off")),
    ("update in trial", r"update in (?P<phase>[a-z]{1,20})", _phase),
    ("ad1", rf"(?P<event>{'|'.join(EVENTS)})", _event),
    ("watchdog reset", rf"(?P<kind>{'|'.join(KINDS)}) reset", _reset),
    ("outcome 3", r"outcome (?P<n>[0-3])", _outcome),
    ("log 0x8F36", r"(?:log )?0x(?P<code>[0-9A-Fa-f]{4})", _code),
)  # fmt: skip
EXAMPLES = tuple(example for example, _, _ in _FORMS)
_MOMENTS = ("ad1", "watchdog reset", "outcome 3", "log 0x8F36")
_ENDINGS = re.compile(r"(?P<base>.+?) (?P<how>for|in the last) (?P<time>\d.*)")


@dataclass(frozen=True)
class Condition:
    """A condition: its words, what they say in plain English, and when they hold in a trace."""

    text: str
    says: str
    holds: _Test
    levels_mv: tuple[float, ...] = ()
    """The voltages at which it changes; a reader of samples keeps the moments when these are passed."""
    momentary: bool = False
    """It is about events, each of which takes no time."""

    @property
    def about_power(self) -> bool:
        """It holds while CH power is too low, and nothing else."""
        return re.fullmatch(rf"(?i)CH power (off|(below|at or below) {_V})", self.text) is not None

    @classmethod
    def parse(cls, text: str) -> Condition:
        """BadInput if the words are not of the language."""
        words = plain(text)
        parts = [_part(part) for part in re.split(r"(?i) and ", words)]
        if len(parts) == 1:
            return parts[0]
        levels = tuple(level for part in parts for level in part.levels_mv)
        says = " and ".join(part.says for part in parts)
        momentary = any(part.momentary for part in parts)
        return cls(words, says, _all_of([part.holds for part in parts]), levels, momentary)


def _all_of(tests: list[_Test]) -> _Test:
    def test(trace: Trace) -> Truth:
        found = tests[0](trace)
        for more in tests[1:]:
            found = found.and_(more(trace))
        return found

    return test


def _part(words: str) -> Condition:
    ending = _ENDINGS.fullmatch(words)
    if ending is None:
        return _base(words)
    us, how = time_us(ending["time"]), ending["how"]
    if us == 0:
        raise BadInput(f"'{words[:60]}': the time must be longer than 0")
    if how == "for":
        base = _base(ending["base"])
        return Condition(words, f"{base.says} and has been for {show_span(us)}", _lasted(base, us), base.levels_mv)
    without_no = re.fullmatch(r"(?i)no (?P<base>.+)", ending["base"])
    base = _base(without_no["base"] if without_no else ending["base"])
    lately = _lately(base, us)
    if without_no is None:
        says = f"at some time in the last {show_span(us)} {base.says}"
        return Condition(words, says, lately, base.levels_mv)
    says = f"at no time in the last {show_span(us)} {base.says}"
    return Condition(words, says, lambda t: lately(t).otherwise(t.end_us), base.levels_mv)


def _lasted(base: Condition, us: int) -> _Test:
    return lambda trace: trace.with_what_was_before(base.holds(trace)).lasted(us)


def _lately(base: Condition, us: int) -> _Test:
    return lambda trace: trace.with_what_was_before(base.holds(trace)).lately(us, trace.end_us)


def _base(words: str) -> Condition:
    for example, pattern, form in _FORMS:
        match = re.fullmatch(pattern, words, re.IGNORECASE)
        if match:
            says, holds, levels_mv = form(match)
            return Condition(words, says, holds, levels_mv, example in _MOMENTS)
    raise BadInput(f"'{words[:60]}' is no condition{_hint(words)}")


def _hint(words: str) -> str:
    said = words.lower().split()
    if "or" in said:
        return "; there is no 'or' within one: `unless` takes a list, and a second [[limit]] forbids something else"
    denied = bool({"no", "not", "without"} & set(said))
    if denied:
        # the nearest words would say the reverse
        opposites = "mains lost, CH down, no CH, converter off, meter down, no X in the last D"
        return f"; 'not' reads two ways and is not in the language; what is: {opposites}"
    return suggestion(words, EXAMPLES)
