"""One reading of a sentence: a value for each key of the rule language, and the errors where there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ridethrough.rules.conditions import KINDS, Condition
from ridethrough.rules.keys import BACK, DEFAULTS, DURING, FROM, PER, PLANNED, SCOPES, TO, UNPLANNED
from ridethrough.rules.words import Boundary, lasting, plain, show_span, time_us, times
from ridethrough.support.errors import BadInput, suggestion
from ridethrough.support.quantities import show_time
from ridethrough.support.toml import Table, brief


@dataclass(frozen=True)
class Exemption:
    """`unless`: time under it is taken off, or, with a scope of `SCOPES`, the whole cut is dropped."""

    condition: Condition
    scope: str = ""


@dataclass(frozen=True)
class Reading:
    """Every key, parsed. `back_us`: for how long power has to be back (0: at all); `until`: instead, the
    condition that ends a cut. `window_us`: `per` is a time. `during`: kinds of reset; empty for `always`.
    `raw` is what was written."""

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

    def parsed(key: str, parse: Any) -> Any:
        if key not in value:
            return None
        if not isinstance(value[key], str):
            raise table.fail(key, f"a text in quotes expected, not {brief(value[key])}")
        return table.parsed(key, parse, value[key])

    window_us, per = parsed("per", _per)
    back_us, until = parsed("ends_when", _ends_when)
    reading = Reading(
        forbid=parsed("forbid", Condition.parse),
        lasting=parsed("lasting", lasting),
        times=parsed("times", times),
        per=per,
        window_us=window_us,
        back_us=back_us,
        until=until,
        during=table.parsed("during", _during, value["during"]),
        from_=parsed("from", lambda text: _choice(text, FROM)),
        to=parsed("to", lambda text: _choice(text, TO)),
        unless=table.parsed("unless", _unless, value["unless"]) if "unless" in value else (),
        tolerance_us=parsed("tolerance", time_us),
        raw=dict(raw),
        name=name,
    )
    if reading.lasting and reading.tolerance_us >= max(1, reading.lasting.limit):
        raise table.fail("tolerance", f"{show_time(reading.tolerance_us)} is as long as the limit itself")
    return reading


def _choice(text: str, choices: tuple[str, ...]) -> str:
    words = plain(text).lower()
    if words not in choices:
        raise BadInput(f"'{words[:40]}' is not known{suggestion(words, choices)}")
    return words


def _per(text: str) -> tuple[int, str]:
    words = plain(text).lower()
    if words in PER:
        return 0, words
    try:
        us = time_us(words)
    except BadInput as e:
        raise BadInput(f"'{words[:40]}' is not known{suggestion(words, (*PER, '10 min', '30 d'))}") from e
    if us == 0:
        raise BadInput("a window of no time holds nothing")
    return us, show_span(us)


def _ends_when(text: str) -> tuple[int, Condition | None]:
    words = plain(text)
    if words.lower() == BACK:
        return 0, None
    if words.lower().startswith(f"{BACK} for "):
        return time_us(words[len(BACK) + 5 :]), None
    return 0, Condition.parse(words)


def _during(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        kind = plain(value)
        if not kind.lower().startswith("any"):
            kind = kind.removesuffix(" reboots").removesuffix(" reboot")
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


def _exemption(words: str) -> Exemption:
    for scope in SCOPES:
        if words.lower().endswith(" " + scope):
            return Exemption(Condition.parse(words[: -len(scope)].strip()), scope)
    return Exemption(Condition.parse(words))
