"""One reading of a sentence: a value for each key of the rule language, and the errors where there is none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from ridethrough.rules.conditions import Condition, demanded
from ridethrough.rules.forms import KINDS
from ridethrough.rules.keys import (
    ANY_START,
    BACK,
    CALENDAR,
    DEFAULTS,
    DURING,
    FROM,
    PER,
    PLANNED,
    SCOPES,
    TO,
    UNPLANNED,
)
from ridethrough.rules.words import Boundary, lasting, plain, show_span, time_us, times
from ridethrough.support.errors import BadInput, suggestion
from ridethrough.support.quantities import show_time
from ridethrough.support.toml import Table, brief

_AMOUNT_KEYS = ("forbid", "require", "lasting", "times", "per", "ends_when", "unless", "tolerance")


@dataclass(frozen=True)
class Exemption:
    """`unless`: time under it is taken off, or, with a scope of `SCOPES`, the whole cut is dropped."""

    condition: Condition
    scope: str = ""


@dataclass(frozen=True)
class Reading:
    """Every key, parsed. `back_us`: for how long power has to be back (0: at all); `until`: instead, the condition
    that ends a cut. `window_us`: `per` is a time. `during`: kinds of reset; empty for `always`. `from_`, `to`: one of
    their words, or a condition's text, which is then `begins` or `ends`. `raw` is what was written."""

    forbid: Condition
    lasting: Boundary | None
    times: Boundary | None
    per: str
    window_us: int
    back_us: int
    until: Condition | None
    during: tuple[str, ...]
    from_: str
    to: str
    unless: tuple[Exemption, ...]
    tolerance_us: int
    raw: Mapping[str, Any]
    name: str = ""
    begins: Condition | None = None
    ends: Condition | None = None

    @cached_property
    def what(self) -> tuple[str, ...]:
        """What is written for the keys that say what counts and how much of it."""
        return tuple(str(self.raw.get(key)) for key in _AMOUNT_KEYS)

    @cached_property
    def which(self) -> tuple[str, ...]:
        """What is written for the keys that say which reboots it speaks of."""
        back = self.raw.get("forbid") if self.to == "power back" else ""
        return tuple(str(x) for x in (self.always, self.during, self.from_, self.to, back))

    @property
    def calendar(self) -> str:
        """What `per` is of a calendar: "day", "month", or "" if it is none."""
        return self.per.removeprefix("calendar ") if self.per in CALENDAR else ""

    @property
    def any_start(self) -> bool:
        """Does it speak of power-ups as of any other reset?"""
        return self.during == (ANY_START,)

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """All that it rests on."""
        given = (self.forbid, self.until, self.begins, self.ends, *(x.condition for x in self.unless))
        return tuple(c for c in given if c is not None)

    @property
    def always(self) -> bool:
        return not self.during

    @property
    def any_reboot(self) -> bool:
        return self.during == ("any reboot",)

    @property
    def boundary(self) -> Boundary:
        """What an amount is compared with, in us, or as a count where there is `times`."""
        return self.times or self.duration

    @property
    def decides_us(self) -> int:
        """The shortest cut that decides. 0 where none is too short for that: in a sum, in a count, or where any time at
        all is too long."""
        plain = self.per == "cut" and not self.times and not self.window_us
        return self.duration.limit if plain else 0

    @property
    def duration(self) -> Boundary:
        """What makes a cut long enough: without `lasting`, any time at all."""
        return self.lasting or Boundary(0, False)


def parse_reading(table: Table, raw: Mapping[str, Any], name: str = "") -> Reading:
    """The reading that `raw` spells, with no key open; `table` is where errors point to."""
    value = DEFAULTS | {key: v for key, v in raw.items() if v is not None}
    if "require" in value:
        if raw.get("forbid") is not None:
            raise table.fail("require", "`forbid` says what must not be, `require` what must: one of them has to go")
        if raw.get("during", "always") != "always":
            raise table.fail("require", "it names the event that it is about, in `of EVENT`: leave `during` out")
        for key in ("lasting", "times", "tolerance", "per", "ends_when"):
            if raw.get(key) is not None:
                raise table.fail(
                    "require",
                    f"it says itself how long it may take: `{key}` has no place beside it, nor in the [reading] above",
                )
        value["during"] = "always"

    def parsed(key: str, parse: Any) -> Any:
        if key not in value:
            return None
        if not isinstance(value[key], str):
            raise table.fail(key, f"a text in quotes expected, not {brief(value[key])}")
        return table.parsed(key, parse, value[key])

    window_us, per = parsed("per", _per)
    back_us, until = parsed("ends_when", _ends_when)
    from_, begins = parsed("from", lambda text: _side_of_a_reboot(text, FROM))
    to, ends = parsed("to", lambda text: _side_of_a_reboot(text, TO))
    reading = Reading(
        forbid=parsed("require", demanded) if "require" in value else parsed("forbid", Condition.parse),
        lasting=parsed("lasting", lasting),
        times=parsed("times", times),
        per=per,
        window_us=window_us,
        back_us=back_us,
        until=until,
        during=table.parsed("during", _during, value["during"]),
        from_=from_,
        to=to,
        unless=table.parsed("unless", _unless, value["unless"]) if "unless" in value else (),
        tolerance_us=parsed("tolerance", time_us),
        raw=dict(raw),
        name=name,
        begins=begins,
        ends=ends,
    )
    if reading.lasting and reading.tolerance_us >= max(1, reading.lasting.limit):
        raise table.fail("tolerance", f"{show_time(reading.tolerance_us)} is as long as the limit itself")
    return reading


def _choice(text: str, choices: tuple[str, ...]) -> str:
    words = plain(text).lower()
    if words not in choices:
        raise BadInput(f"'{words[:40]}' is not known{suggestion(words, choices)}")
    return words


@lru_cache(maxsize=256)
def _side_of_a_reboot(text: str, choices: tuple[str, ...]) -> tuple[str, Condition | None]:
    words = plain(text)
    bare = words.lower().removeprefix("the ").removeprefix("a ")
    if bare in choices:
        return bare, None
    try:
        return words, Condition.parse(words)
    except BadInput as e:
        near = suggestion(bare, choices)
        hint = near if "did you mean" in near else f"; known: {', '.join(choices)}, an event or a condition"
        raise BadInput(f"'{words[:40]}' is not known{hint}") from e


@lru_cache(maxsize=256)
def _per(text: str) -> tuple[int, str]:
    words = plain(text).lower().removeprefix("per ").removeprefix("each ").removeprefix("every ")
    if words in (*PER, *CALENDAR):
        return 0, words
    words = words.removeprefix("any ").removeprefix("one ").removeprefix("a ")
    if words in (*PER, *CALENDAR):
        return 0, words
    if words in ("activation", "update activation"):
        raise BadInput('\'activation\': write per = "reboot" and during = "activation"')
    if words in ("month", "calendar"):
        raise BadInput(f"'{words}' reads two ways: write 'calendar month', or a window such as '30 d'")
    if words in ("day", "1 day", "1 d"):
        raise BadInput("'day' reads two ways: write 'calendar day', or 'any 24 hours'")
    try:
        us = time_us("1 weeks" if words == "week" else words)
    except BadInput as e:
        known = (*PER, *CALENDAR, "any 10 min", "any 24 hours")
        raise BadInput(f"'{words[:40]}' is not known{suggestion(words, known)}") from e
    if us == 0:
        raise BadInput("a window of no time holds nothing")
    return us, show_span(us)


@lru_cache(maxsize=256)
def _ends_when(text: str) -> tuple[int, Condition | None]:
    words = plain(text)
    if words.lower() == BACK:
        return 0, None
    if words.lower().startswith(f"{BACK} for "):
        return time_us(words[len(BACK) + 5 :]), None
    return 0, Condition.parse(words)


def _during(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        kind = plain(value).lower().removeprefix("during ")
        if re.search(r"\b(?:not|no|except|without|but|never)\b", kind):
            raise BadInput(
                f"'{kind[:40]}': there is no 'not': name the kinds that it speaks of, such as [\"watchdog\", \"crash\"]"
            )
        if kind not in DURING:
            kind = kind.removeprefix("any ").removeprefix("an ").removeprefix("a ")
            kind = kind.removesuffix(" reboots").removesuffix(" reboot").removesuffix(" reset")
        if kind in ("reboot", "reboots", "reset", "resets", ""):
            raise BadInput(
                f"'{kind}' is not known; did you mean 'any reboot' (power-ups left out) or 'any start' (power-ups too)?"
            )
        word = _choice(kind, (*DURING, *KINDS))
        return {"always": (), "planned": PLANNED, "unplanned": UNPLANNED}.get(word, (word,))
    if not isinstance(value, list) or not value or not all(isinstance(v, str) for v in value):
        raise BadInput('a text such as "any reboot", or a list of kinds such as ["watchdog", "crash"] expected')
    return tuple(_choice(kind, KINDS) for kind in value)


def _unless(value: Any) -> tuple[Exemption, ...]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not texts or not all(isinstance(v, str) for v in texts):
        raise BadInput("a condition, or a list of conditions, expected")
    return tuple(_exemption(plain(text)) for text in texts)


@lru_cache(maxsize=256)
def _exemption(words: str) -> Exemption:
    for scope in SCOPES:
        if words.lower().endswith(" " + scope):
            return Exemption(Condition.parse(words[: -len(scope)].strip()), scope)
    return Exemption(Condition.parse(words))
