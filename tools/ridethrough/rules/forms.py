"""The forms of a condition, one for each thing that may hold in a trace: words, plain English, temporal logic, and
when it holds. docs/rules.md lists them all.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from ridethrough.support.errors import BadInput
from ridethrough.support.quantities import NOMINAL_MV, parse_voltage_mv
from ridethrough.traces import Trace, Truth
from ridethrough.traces.capture import OFF_MV
from ridethrough.traces.intervals import without

KINDS = ("activation", "commanded", "watchdog", "brown-out", "crash", "rollback", "power-up")
EVENTS = ("command", "shutdown", "reset", "boot", "application", "confirm", "outcome", "ad1", "missed ad1", "fault")

Test = Callable[[Trace], Truth]


@dataclass(frozen=True)
class Said:
    """What one form comes to: plain English, signal temporal logic, when it holds, the voltages at which it changes."""

    says: str
    stl: str
    test: Test
    levels_mv: tuple[float, ...] = ()


Form = Callable[[re.Match[str]], Said]


def _just_above(mv: float) -> float:
    # at or below V is below the next number that there is
    return math.nextafter(mv, math.inf)


HOWS = {
    "at or below": "at or below|at most|no more than|not more than|not above|<=|≤",
    "at or above": "at or above|at least|no less than|not less than|not below|>=|≥",
    "below": "below|under|less than|lower than|<",
    "above": "above|over|more than|greater than|higher than|exceeding|in excess of|>",
}
_SIGNS = {"at or below": "<=", "at or above": ">=", "below": "<", "above": ">"}


def _power(match: re.Match[str]) -> Said:
    how = next(how for how, words in HOWS.items() if re.fullmatch(words, match["how"].lower()))
    value, signal = match["value"], "hub_mv" if match["hub"] else "ch_mv"
    mv = parse_voltage_mv(value)
    edge = _just_above(mv) if how in ("at or below", "above") else mv
    volts = f"{value} ({mv / 1000:g} V)" if "%" in value else value
    words = f"CH power{' at the hub' if match['hub'] else ''} is {how} {volts}"

    def test(trace: Trace) -> Truth:
        below = trace.below(signal, edge)
        return below if how.endswith("below") else below.otherwise(trace.end_us)

    return Said(words, f"{signal} {_SIGNS[how]} {mv}", test, (edge,))


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


def _range(match: re.Match[str]) -> Said:
    low, high = _window_mv(match)
    inside = match["where"].lower() != "outside"

    def test(trace: Trace) -> Truth:
        above = trace.below("ch_mv", _just_above(high)).otherwise(trace.end_us)
        out = trace.below("ch_mv", low).or_(above)
        return out.otherwise(trace.end_us) if inside else out

    words = f"CH power is {'within' if inside else 'outside'} {low / 1000:g} V to {high / 1000:g} V"
    stl = f"(ch_mv >= {low} and ch_mv <= {high})" if inside else f"(ch_mv < {low} or ch_mv > {high})"
    return Said(words, stl, test, (low, _just_above(high)))


def _off(match: re.Match[str]) -> Said:
    says = f"CH power is off (below {OFF_MV / 1000:g} V)"
    return Said(says, f"ch_mv < {OFF_MV}", lambda t: t.below("ch_mv", OFF_MV), (OFF_MV,))


def _wire(words: str, name: str, level: int) -> Form:
    return lambda match: Said(words, f"{name} == {level}", lambda trace: trace.wire(name, level))


def _text(words: str, name: str, value: str) -> Form:
    return lambda match: Said(words, f"{name} == {value}", lambda trace: trace.text(name, value))


def _ch_down(match: re.Match[str]) -> Said:
    says = "the CH is out of service"
    return Said(says, "not (hub == up)", lambda t: t.text("hub", "up").otherwise(t.end_us))


def _meter_down(match: re.Match[str]) -> Said:
    says = "the meter's application does not run"
    return Said(says, "not meter_runs", lambda t: t.meter_runs().otherwise(t.end_us))


def _meter_up(match: re.Match[str]) -> Said:
    return Said("the meter's application runs", "meter_runs", lambda t: t.meter_runs())


def _phase(match: re.Match[str]) -> Said:
    phase = match["phase"].lower()
    return Said(f"the update is in phase {phase}", f"phase == {phase}", lambda t: t.text("phase", phase))


def _event(match: re.Match[str]) -> Said:
    name = match["event"].lower()
    words = {"ad1": "an AD1 is sent", "missed ad1": "a due AD1 is not sent"}.get(name, f"there is {_a(name)}")
    event = name.replace(" ", "_")
    return Said(words, event, lambda t: t.moments(event))


def _false_ad1(match: re.Match[str]) -> Said:
    def test(trace: Trace) -> Truth:
        lost = trace.with_what_was_before(trace.wire("mains", 0)).lasted(trace.ad1_limit_us)
        # mains may come back in the very microsecond of the alert
        return trace.moments("ad1").and_(lost.lately(1, trace.end_us).otherwise(trace.end_us))

    says = "an AD1 is sent though mains was not lost throughout the hub's limit before it"
    return Said(says, "(ad1 and not historically[0,LIMIT] (mains == 0))", test)


def _reset(match: re.Match[str]) -> Said:
    kind = match["kind"].lower()
    return Said(
        f"there is {_a(kind)} reset", f"reset_{kind.replace('-', '_')}", lambda t: t.moments("reset", "kind", kind)
    )


def _reboot(match: re.Match[str]) -> Said:
    def test(trace: Trace) -> Truth:
        power_up = trace.moments("reset", "kind", "power-up")
        if not power_up.exact:
            resets = trace.events("reset")
            earlier_us = [-1, *(e.t_us for e in resets)]
            none = [e.t_us for e, t in zip(resets, earlier_us, strict=False) if not trace.may_be_power_up(e, t)]
            power_up = replace(power_up, may=without(power_up.may, [(t, t + 1) for t in none]))
        return trace.moments("reset").and_(power_up.otherwise(trace.end_us))

    return Said("there is a reset that is no power-up", "(reset and not reset_power_up)", test)


def _outcome(match: re.Match[str]) -> Said:
    n = match["n"]
    return Said(f"outcome {n} is reported", f"outcome_{n}", lambda t: t.moments("outcome", "outcome", n))


def _code(match: re.Match[str]) -> Said:
    code = match["code"].upper()
    return Said(f"the meter logs 0x{code}", f"log_{code}", lambda t: t.moments("gbcs", "code", code))


def _a(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


_HOW = "|".join(HOWS.values())
VOLTAGE = r"\d+(?:\.\d+)? ?[A-Za-z%]+"
_WINDOW = (
    rf"(?:(?P<low>\d+(?:\.\d+)? ?[A-Za-z%]*) ?(?:\.\.\.?|-|to) ?(?P<high>{VOLTAGE})"
    rf"|(?:(?P<middle>{VOLTAGE}) ?)?(?:\+/-|\+-|±|plus or minus) ?(?P<give>{VOLTAGE}))"
)
FORMS: tuple[tuple[str, str, Form], ...] = (
    ("CH power below 90 %", rf"CH power (?P<hub>at the hub )?(?P<how>{_HOW}) ?(?P<value>{VOLTAGE})", _power),
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
"""An example, the words as a pattern, and what they come to."""
EXAMPLES = tuple(example for example, _, _ in FORMS)
MOMENTS = ("ad1", "false ad1", "reboot", "watchdog reset", "outcome 3", "log 0x8F36")
"""Those that are about events, by their examples."""
