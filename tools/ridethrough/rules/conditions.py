"""The words of a condition -> when it holds in a trace.

A condition is one or more forms joined by `and`. Each form is one entry of FORMS (forms.py); each may end in
`for D`, `for at most D`, `in the last D` or `within D of EVENT`; `no X in the last D` and `no X within D of EVENT` are
the only ways to say not. docs/rules.md lists them all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

from ridethrough.rules.forms import EVENTS, EXAMPLES, FORMS, HOWS, MOMENTS, VOLTAGE, Test
from ridethrough.rules.words import at_most, plain, show_span, time_us
from ridethrough.support.errors import BadInput, suggestion
from ridethrough.traces import Trace, Truth

_SAME = {"start": "reset", "any start": "reset"}
"""Other words for the same."""
_ENDINGS = re.compile(r"(?i)(?P<base>.+?) (?P<how>for|in the last) (?P<time>[\d<≤].*|(?:at|not|no|less|under|up) .*)")
_WITHIN = re.compile(r"(?i)(?P<base>.+) within (?P<time>\d.*?) (?:of|after) (?P<event>.+)")
_IS = re.compile(r"(?i)^(CH power at the hub|CH power|CH|mains|converter|meter|update)(?: is| are| being)(?= )")
_ARTICLE = re.compile(r"(?i)^(?:an?|the|any) (?=\S)")
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
    holds: Test
    levels_mv: tuple[float, ...] = ()
    """The voltages at which it changes; a reader of samples keeps the moments when these are passed."""
    momentary: bool = False
    """It is about events, each of which takes no time."""
    speaks_of: Test | None = None
    """The events after which it wants or forbids something; None where it is about any time."""
    event: str = ""
    """Those events in words."""
    stl: str = ""
    """The same in signal temporal logic, with past operators as rtamt writes them; times in us, voltages in mV."""

    @property
    def about_power(self) -> bool:
        """It holds while CH power is too low, and nothing else."""
        low = f"{HOWS['below']}|{HOWS['at or below']}"
        return (
            re.fullmatch(rf"(?i)(?:no CH power|CH power(?: is)? (?:off|(?:{low}) ?{VOLTAGE}))", self.text) is not None
        )

    @property
    def lasts_us(self) -> int:
        """Of `X for D`: D. 0 of any other."""
        ending = _ENDINGS.fullmatch(self.text)
        return time_us(ending["time"]) if ending and ending["how"] == "for" and ending["time"][0].isdigit() else 0

    @cached_property
    def times_us(self) -> tuple[int, ...]:
        """The times that its own words name."""
        found = []
        for part in re.split(r"(?i) and ", self.text):
            if within := _WITHIN.fullmatch(part):
                found.append(time_us(within["time"]))
            elif ending := _ENDINGS.fullmatch(part):
                most = at_most(ending["time"])
                found.append(most.limit if most else time_us(ending["time"]))
        return tuple(found)

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
        about = next((part for part in parts if part.speaks_of), parts[0])
        return cls(
            words, says, _all_of([part.holds for part in parts]), levels, momentary, about.speaks_of, about.event, stl
        )


@lru_cache(maxsize=1024)
def _parsed(text: str) -> Condition:
    # thousands of readings are made of the same few
    return Condition._of(text)


def _all_of(tests: list[Test]) -> Test:
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
    if how == "for" and _base(ending["base"]).momentary:
        raise BadInput(
            f"'{words[:60]}': an event takes no time, so it never lasts; leave 'for {ending['time'][:20]}' out"
        )
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
    if base.says == event.says:
        raise BadInput(
            f"'{words[:60]}': the event would count against itself; that it comes again is said with `times` and `per`"
        )
    levels = base.levels_mv + event.levels_mv
    after = f"{show_span(us)} after {event.says.removeprefix('there is ')}"
    if not without_no:
        says = f"{base.says} at most {after}"
        stl = f"({base.stl} and once[0,{us}] {event.stl})"

        def holds(trace: Trace) -> Truth:
            return base.holds(trace).after(trace.with_what_was_before(event.holds(trace)), us, trace.end_us)

        return Condition(
            words, says, holds, levels, base.momentary, event.holds, _ARTICLE.sub("", match["event"].lower()), stl
        )

    def test(trace: Trace) -> Truth:
        events = trace.with_what_was_before(event.holds(trace))
        return events.unmet(trace.with_what_was_before(base.holds(trace)), us, trace.end_us)

    stl = f"(once[{us},{us}] {event.stl} and not once[0,{us}] ({base.stl}))"
    says = f"{after} have passed in which at no time {base.says}"
    return Condition(words, says, test, levels, True, event.holds, _ARTICLE.sub("", match["event"].lower()), stl)


def demanded(text: str) -> Condition:
    """What is forbidden where `X within D of EVENT`, or `no X within D of EVENT`, is demanded."""
    words = plain(text)
    if _WITHIN.fullmatch(words) is None or " and " in words.lower():
        raise BadInput(
            f"'{words[:60]}' cannot be demanded: `require` takes 'X within D of EVENT' or 'no X within D of EVENT', "
            "such as 'CH up within 10 min of outcome'; for all else say what is forbidden (`forbid`)"
        )
    return _part(_without_no(words) or f"no {words}")


def _short(base: Condition, us: int) -> Test:
    return lambda trace: trace.with_what_was_before(base.holds(trace)).lasting_at_most(us, trace.end_us)


def _piece(stl: str, us: int) -> str:
    # not historically, and not for longer before it ends: the piece around this moment is no longer
    return f"({stl} and not (({stl}) until (historically[0,{us}] ({stl}))))"


def _lasted(base: Condition, us: int) -> Test:
    return lambda trace: trace.with_what_was_before(base.holds(trace)).lasted(us)


def _lately(base: Condition, us: int) -> Test:
    return lambda trace: trace.with_what_was_before(base.holds(trace)).lately(us, trace.end_us)


def _base(words: str) -> Condition:
    bare = _ARTICLE.sub("", words)
    bare = _IS.sub(r"\1", bare)
    bare = _SAME.get(bare.lower(), bare)
    for example, pattern, form in FORMS:
        match = re.fullmatch(pattern, bare, re.IGNORECASE)
        if match:
            said = form(match)
            return Condition(words, said.says, said.test, said.levels_mv, example in MOMENTS, stl=said.stl)
    raise BadInput(f"'{words[:60]}' is no condition{_hint(words)}")


def _hint(words: str) -> str:
    import difflib

    said = words.lower().split()
    if "or" in said:
        return "; there is no 'or' within one: `unless` takes a list, and a second [[limit]] forbids something else"
    denied = bool({"no", "not", "without", "never", "except", "neither"} & set(said)) or "n't" in words.lower()
    if denied:
        # the nearest words would say the reverse
        opposites = "mains lost, CH down, no CH, converter off, meter down, no X in the last D, no X within D of EVENT"
        return f"; 'not' reads two ways and is not in the language; what is: {opposites}"
    meant = [word for one in said for word in difflib.get_close_matches(one, _REVERSE, n=1)]
    reverse = {word for one in meant for word in _REVERSE[one]}
    return suggestion(words, [example for example in EXAMPLES if not reverse & set(example.lower().split())])
