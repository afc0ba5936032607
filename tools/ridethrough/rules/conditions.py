"""The words of a condition -> when it holds in a trace.

A condition is one or more forms joined by `and`. Each form is one entry of `_FORMS`; each may end in
`for D`, `for at most D`, `in the last D` or `within D of EVENT`; `no X in the last D` and `no X within D of EVENT` are
the only ways to say not. docs/rules.md lists them all.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from ridethrough.rules.words import at_most, plain, show_span, time_us
from ridethrough.support.errors import BadInput, suggestion
from ridethrough.support.quantities import NOMINAL_MV, parse_voltage_mv
from ridethrough.traces import Trace, Truth
from ridethrough.traces.capture import OFF_MV

KINDS = ("activation", "commanded", "watchdog", "brown-out", "crash", "rollback", "power-up")
EVENTS = ("command", "shutdown", "reset", "boot", "application", "confirm", "outcome", "ad1", "missed ad1", "fault")

_Test = Callable[[Trace], Truth]


@dataclass(frozen=True)
class _Said:
    # What one form comes to: plain English, signal temporal logic, when it holds, the voltages at which it changes.
    says: str
    stl: str
    test: _Test
    levels_mv: tuple[float, ...] = ()


_Form = Callable[[re.Match[str]], _Said]


def _just_above(mv: float) -> float:
    # at or below V is below the next number that there is
    return math.nextafter(mv, math.inf)


_HOWS = {
    "at or below": "at or below|at most|no more than|not more than|not above|<=|≤",
    "at or above": "at or above|at least|no less than|not less than|not below|>=|≥",
    "below": "below|under|less than|lower than|<",
    "above": "above|over|more than|greater than|higher than|exceeding|in excess of|>",
}
_SIGNS = {"at or below": "<=", "at or above": ">=", "below": "<", "above": ">"}


def _power(match: re.Match[str]) -> _Said:
    how = next(how for how, words in _HOWS.items() if re.fullmatch(words, match["how"].lower()))
    value, signal = match["value"], "hub_mv" if match["hub"] else "ch_mv"
    mv = parse_voltage_mv(value)
    edge = _just_above(mv) if how in ("at or below", "above") else mv
    volts = f"{value} ({mv / 1000:g} V)" if "%" in value else value
    words = f"CH power{' at the hub' if match['hub'] else ''} is {how} {volts}"

    def test(trace: Trace) -> Truth:
        below = trace.below(signal, edge)
        return below if how.endswith("below") else below.otherwise(trace.end_us)

    return _Said(words, f"{signal} {_SIGNS[how]} {mv}", test, (edge,))


def _window_mv(match: re.Match[str]) -> tuple[int, int]:
    # `10.8 V..13.2 V`, `90..110 %`, `12 V +-10 %`, `+-10 %`
    if match["give"]:
        middle_mv = parse_voltage_mv(match["middle"]) if match["middle"] else NOMINAL_MV
        if match["give"].endswith("%"):
            give_mv = parse_voltage_mv(match["give"]) * middle_mv / NOMINAL_MV
        else:
            give_mv = parse_voltage_mv(match["give"])
        if give_mv != int(give_mv):
            raise BadInput(f"'{match[0][:40]}' is no whole number of millivolts on either side")
        low, high = middle_mv - int(give_mv), middle_mv + int(give_mv)
    else:
        unit = re.sub(r"[\d. ]", "", match["high"])
        low_text = match["low"] if re.search("[A-Za-z%]", match["low"]) else f"{match['low']} {unit}"
        low, high = parse_voltage_mv(low_text), parse_voltage_mv(match["high"])
    if not 0 <= low < high:
        raise BadInput(f"'{match[0][:60]}': a window from {low / 1000:g} V up to {high / 1000:g} V is empty")
    return low, high


def _range(match: re.Match[str]) -> _Said:
    low, high = _window_mv(match)
    inside = match["where"].lower() != "outside"

    def test(trace: Trace) -> Truth:
        above = trace.below("ch_mv", _just_above(high)).otherwise(trace.end_us)
        out = trace.below("ch_mv", low).or_(above)
        return out.otherwise(trace.end_us) if inside else out

    words = f"CH power is {'within' if inside else 'outside'} {low / 1000:g} V to {high / 1000:g} V"
    stl = f"(ch_mv >= {low} and ch_mv <= {high})" if inside else f"(ch_mv < {low} or ch_mv > {high})"
    return _Said(words, stl, test, (low, _just_above(high)))


def _off(match: re.Match[str]) -> _Said:
    says = f"CH power is off (below {OFF_MV / 1000:g} V)"
    return _Said(says, f"ch_mv < {OFF_MV}", lambda t: t.below("ch_mv", OFF_MV), (OFF_MV,))


def _wire(words: str, name: str, level: int) -> _Form:
    return lambda match: _Said(words, f"{name} == {level}", lambda trace: trace.wire(name, level))


def _text(words: str, name: str, value: str) -> _Form:
    return lambda match: _Said(words, f"{name} == {value}", lambda trace: trace.text(name, value))


def _ch_down(match: re.Match[str]) -> _Said:
    says = "the CH is out of service"
    return _Said(says, "not (hub == up)", lambda t: t.text("hub", "up").otherwise(t.end_us))


def _meter_down(match: re.Match[str]) -> _Said:
    says = "the meter's application does not run"
    return _Said(says, "not meter_runs", lambda t: t.meter_runs().otherwise(t.end_us))


def _meter_up(match: re.Match[str]) -> _Said:
    return _Said("the meter's application runs", "meter_runs", lambda t: t.meter_runs())


def _phase(match: re.Match[str]) -> _Said:
    phase = match["phase"].lower()
    return _Said(f"the update is in phase {phase}", f"phase == {phase}", lambda t: t.text("phase", phase))


def _event(match: re.Match[str]) -> _Said:
    name = match["event"].lower()
    words = {"ad1": "an AD1 is sent", "missed ad1": "a due AD1 is not sent"}.get(name, f"there is {_a(name)}")
    event = name.replace(" ", "_")
    return _Said(words, event, lambda t: t.moments(event))


def _false_ad1(match: re.Match[str]) -> _Said:
    def test(trace: Trace) -> Truth:
        lost = trace.with_what_was_before(trace.wire("mains", 0)).lasted(trace.ad1_limit_us)
        # mains may come back in the very microsecond of the alert
        return trace.moments("ad1").and_(lost.lately(1, trace.end_us).otherwise(trace.end_us))

    says = "an AD1 is sent though mains was not lost throughout the hub's limit before it"
    return _Said(says, "(ad1 and not historically[0,LIMIT] (mains == 0))", test)


def _reset(match: re.Match[str]) -> _Said:
    kind = match["kind"].lower()
    return _Said(
        f"there is {_a(kind)} reset", f"reset_{kind.replace('-', '_')}", lambda t: t.moments("reset", "kind", kind)
    )


def _reboot(match: re.Match[str]) -> _Said:
    def test(trace: Trace) -> Truth:
        power_up = trace.moments("reset", "kind", "power-up")
        return trace.moments("reset").and_(power_up.otherwise(trace.end_us))

    return _Said("there is a reset that is no power-up", "(reset and not reset_power_up)", test)


def _outcome(match: re.Match[str]) -> _Said:
    n = match["n"]
    return _Said(f"outcome {n} is reported", f"outcome_{n}", lambda t: t.moments("outcome", "outcome", n))


def _code(match: re.Match[str]) -> _Said:
    code = match["code"].upper()
    return _Said(f"the meter logs 0x{code}", f"log_{code}", lambda t: t.moments("gbcs", "code", code))


def _a(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


_HOW = "|".join(_HOWS.values())
_V = r"\d+(?:\.\d+)? ?[A-Za-z%]+"
_WINDOW = (
    rf"(?:(?P<low>\d+(?:\.\d+)? ?[A-Za-z%]*) ?(?:\.\.\.?|-|to) ?(?P<high>{_V})"
    rf"|(?:(?P<middle>{_V}) ?)?(?:\+/-|\+-|±|plus or minus) ?(?P<give>{_V}))"
)
_FORMS: tuple[tuple[str, str, _Form], ...] = (
    ("CH power below 90 %", rf"CH power (?P<hub>at the hub )?(?P<how>{_HOW}) ?(?P<value>{_V})", _power),
    ("CH power outside 10.8 V..13.2 V", rf"CH power (?P<where>outside|within|inside)(?: of)? {_WINDOW}", _range),
    ("CH power off", r"(?:CH power off|no CH power)", _off),
    ("converter off", r"converter off", _wire("the meter's converter is switched off", "ch_enable", 0)),
    ("converter on", r"converter on", _wire("the meter's converter is switched on", "ch_enable", 1)),
    ("CH up", r"CH (?:up|(?:back )?in service)", _text("the CH is in service", "hub", "up")),
    ("CH down", r"CH (?:down|out of service)", _ch_down),
    ("CH off", r"CH off", _text("the CH's store is used up", "hub", "off")),
    ("CH on store", r"CH on (?:its )?store", _text("the CH lives on its store", "hub", "store")),
    ("CH fitted", r"CH fitted", _wire("a CH is fitted", "ch_present", 1)),
    ("no CH", r"no CH(?: fitted)?", _wire("no CH is fitted", "ch_present", 0)),
    ("mains on", r"mains on", _wire("mains is on", "mains", 1)),
    ("mains lost", r"(?:mains (?:lost|off)|no mains)", _wire("mains is lost", "mains", 0)),
    ("ac lost", r"ac lost", _wire("AC lost is high", "ac_lost", 1)),
    ("meter up", r"meter (?:up|running)", _meter_up),
    ("meter down", r"meter down", _meter_down),
    ("meter in reset", r"meter in reset", _wire("the meter is held in reset", "reset", 1)),
    ("meter off", r"meter off", _text("the meter has no power", "mcu", "off")),
    ("update in trial", r"update in (?P<phase>[a-z]{1,20})", _phase),
    ("ad1", rf"(?P<event>{'|'.join(EVENTS)})", _event),
    ("false ad1", r"false ad1", _false_ad1),
    ("reboot", r"(?:any )?reboot", _reboot),
    ("watchdog reset", rf"(?P<kind>{'|'.join(KINDS)})(?: reset)?", _reset),
    ("outcome 3", r"outcome (?P<n>[0-3])", _outcome),
    ("log 0x8F36", r"(?:log )?0x(?P<code>[0-9A-Fa-f]{4})", _code),
)  # fmt: skip
EXAMPLES = tuple(example for example, _, _ in _FORMS)
_MOMENTS = ("ad1", "false ad1", "reboot", "watchdog reset", "outcome 3", "log 0x8F36")
_SAME = {"start": "reset", "any start": "reset"}
"""Other words for the same."""
_ENDINGS = re.compile(r"(?i)(?P<base>.+?) (?P<how>for|in the last) (?P<time>[\d<≤].*|(?:at|not|no|less|under|up) .*)")
_WITHIN = re.compile(r"(?i)(?P<base>.+?) within (?P<time>\d.*?) (?:of|after) (?P<event>.+)")
_IS = re.compile(r"(?i)^(CH power at the hub|CH power|CH|mains|converter|meter|update)(?: is| are| being)(?= )")
_NO = re.compile(r"(?i)no (?P<base>.+)")
_REVERSE = {
    "on": ("off", "lost"), "off": ("on", "up", "fitted"), "up": ("down", "off"), "down": ("up",), "lost": ("on",),
    "below": ("above",), "above": ("below",), "outside": ("within",), "within": ("outside",),
}  # fmt: skip
"""Words, and those that say the reverse: never to be suggested for them."""


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
    speaks_of: _Test | None = None
    """The events after which it wants or forbids something; None where it is about any time."""
    stl: str = ""
    """The same in signal temporal logic, with past operators as rtamt writes them; times in us, voltages in mV."""

    @property
    def about_power(self) -> bool:
        """It holds while CH power is too low, and nothing else."""
        low = f"{_HOWS['below']}|{_HOWS['at or below']}"
        return re.fullmatch(rf"(?i)(?:no CH power|CH power(?: is)? (?:off|(?:{low}) ?{_V}))", self.text) is not None

    @property
    def lasts_us(self) -> int:
        """Of `X for D`: D. 0 of any other."""
        ending = _ENDINGS.fullmatch(self.text)
        return time_us(ending["time"]) if ending and ending["how"] == "for" and ending["time"][0].isdigit() else 0

    @classmethod
    def parse(cls, text: str) -> Condition:
        """BadInput if the words are not of the language."""
        return _parsed(text)

    @classmethod
    def _of(cls, text: str) -> Condition:
        words = plain(text)
        parts = [_part(part) for part in re.split(r"(?i) and ", words)]
        if len(parts) == 1:
            return parts[0]
        levels = tuple(level for part in parts for level in part.levels_mv)
        says = " and ".join(part.says for part in parts)
        momentary = any(part.momentary for part in parts)
        stl = "(" + " and ".join(part.stl for part in parts) + ")"
        speaks_of = next((part.speaks_of for part in parts if part.speaks_of), None)
        return cls(words, says, _all_of([part.holds for part in parts]), levels, momentary, speaks_of, stl)


@lru_cache(maxsize=1024)
def _parsed(text: str) -> Condition:
    # thousands of readings are made of the same few
    return Condition._of(text)


def _all_of(tests: list[_Test]) -> _Test:
    def test(trace: Trace) -> Truth:
        found = tests[0](trace)
        for more in tests[1:]:
            found = found.and_(more(trace))
        return found

    return test


def _part(words: str) -> Condition:
    if within := _WITHIN.fullmatch(words):
        return _within(words, within)
    ending = _ENDINGS.fullmatch(words)
    if ending is None:
        return _base(words)
    how = ending["how"].lower()
    if how == "for" and (most := at_most(ending["time"])) is not None:
        base = _base(ending["base"])
        most_us = most.limit - most.inclusive
        if most_us < 1:
            raise BadInput(f"'{words[:60]}': the time must be longer than 0")
        bound = f"{'less than' if most.inclusive else 'at most'} {show_span(most.limit)}"
        says = f"{base.says} in a piece of {bound}"
        return Condition(words, says, _short(base, most_us), base.levels_mv, stl=_piece(base.stl, most_us))
    us = time_us(ending["time"])
    if us == 0:
        raise BadInput(f"'{words[:60]}': the time must be longer than 0")
    if how == "for":
        base = _base(ending["base"])
        says, stl = f"{base.says} and has been for {show_span(us)}", f"historically[0,{us}] ({base.stl})"
        return Condition(words, says, _lasted(base, us), base.levels_mv, stl=stl)
    without_no = _without_no(ending["base"])
    base = _base(without_no or ending["base"])
    lately, stl = _lately(base, us), f"once[0,{us}] ({base.stl})"
    if not without_no:
        says = f"at some time in the last {show_span(us)} {base.says}"
        return Condition(words, says, lately, base.levels_mv, stl=stl)
    says = f"at no time in the last {show_span(us)} {base.says}"
    return Condition(words, says, lambda t: lately(t).otherwise(t.end_us), base.levels_mv, stl=f"not {stl}")


def _without_no(words: str) -> str:
    match = _NO.fullmatch(words)
    return match["base"] if match else ""


def _within(words: str, match: re.Match[str]) -> Condition:
    # `X within D of E`: X, in the D after an E. `no X within D of E`: the moment at which D after an E have passed
    # without an X.
    us, event = time_us(match["time"]), _base(match["event"])
    if us == 0:
        raise BadInput(f"'{words[:60]}': the time must be longer than 0")
    if not event.momentary:
        raise BadInput(
            f"'{words[:60]}': '{match['event'][:40]}' is no event, so nothing begins with it; events are: "
            f"{', '.join(EVENTS)}, reboot, KIND reset, outcome N, log CODE"
        )
    without_no = _without_no(match["base"])
    base = _base(without_no or match["base"])
    levels = base.levels_mv + event.levels_mv
    after = f"{show_span(us)} after {event.says.removeprefix('there is ')}"
    if not without_no:
        lately = _lately(event, us)
        says = f"{base.says} at most {after}"
        stl = f"({base.stl} and once[0,{us}] {event.stl})"
        holds = _all_of([base.holds, lately])
        return Condition(words, says, holds, levels, base.momentary, event.holds, stl)

    def test(trace: Trace) -> Truth:
        events = trace.with_what_was_before(event.holds(trace))
        return events.unmet(trace.with_what_was_before(base.holds(trace)), us, trace.end_us)

    stl = f"(once[{us},{us}] {event.stl} and not once[0,{us}] ({base.stl}))"
    says = f"{after} have passed in which at no time {base.says}"
    return Condition(words, says, test, levels, True, event.holds, stl)


def demanded(text: str) -> Condition:
    """What is forbidden where `X within D of EVENT`, or `no X within D of EVENT`, is demanded."""
    words = plain(text)
    if _WITHIN.fullmatch(words) is None or " and " in words.lower():
        raise BadInput(
            f"'{words[:60]}' cannot be demanded: `require` takes 'X within D of EVENT' or 'no X within D of EVENT', "
            "such as 'CH up within 10 min of outcome'; for all else say what is forbidden (`forbid`)"
        )
    return _part(_without_no(words) or f"no {words}")


def _short(base: Condition, us: int) -> _Test:
    return lambda trace: trace.with_what_was_before(base.holds(trace)).lasting_at_most(us, trace.end_us)


def _piece(stl: str, us: int) -> str:
    # not historically, and not for longer before it ends: the piece around this moment is no longer
    return f"({stl} and not (({stl}) until (historically[0,{us}] ({stl}))))"


def _lasted(base: Condition, us: int) -> _Test:
    return lambda trace: trace.with_what_was_before(base.holds(trace)).lasted(us)


def _lately(base: Condition, us: int) -> _Test:
    return lambda trace: trace.with_what_was_before(base.holds(trace)).lately(us, trace.end_us)


def _base(words: str) -> Condition:
    bare = re.sub(r"(?i)^(?:an?|the|any) (?=\S)", "", words)
    bare = _IS.sub(r"\1", bare)
    bare = _SAME.get(bare.lower(), bare)
    for example, pattern, form in _FORMS:
        match = re.fullmatch(pattern, bare, re.IGNORECASE)
        if match:
            said = form(match)
            return Condition(words, said.says, said.test, said.levels_mv, example in _MOMENTS, stl=said.stl)
    raise BadInput(f"'{words[:60]}' is no condition{_hint(words)}")


def _hint(words: str) -> str:
    import difflib

    said = words.lower().split()
    if "or" in said:
        return "; there is no 'or' within one: `unless` takes a list, and a second [[limit]] forbids something else"
    denied = bool({"no", "not", "without"} & set(said))
    if denied:
        # the nearest words would say the reverse
        opposites = "mains lost, CH down, no CH, converter off, meter down, no X in the last D, no X within D of EVENT"
        return f"; 'not' reads two ways and is not in the language; what is: {opposites}"
    meant = [word for one in said for word in difflib.get_close_matches(one, _REVERSE, n=1)]
    reverse = {word for one in meant for word in _REVERSE[one]}
    return suggestion(words, [example for example in EXAMPLES if not reverse & set(example.lower().split())])
