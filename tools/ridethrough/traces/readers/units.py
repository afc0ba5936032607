"""Units in the names of columns and signals. They are read, or refused; never guessed.

A unit stands in brackets (`CH1 (mV DC)`), behind a word (`rail_mV`, `CH1 millivolts`, `U in mV`, `U / mV`) or before it
(`mV CH1`), in any SI prefix. A name without one has none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ridethrough.support.errors import BadInput

_PREFIXES = {
    "": 1.0, "n": 1e-9, "u": 1e-6, "µ": 1e-6, "μ": 1e-6, "m": 1e-3, "c": 1e-2, "d": 1e-1, "k": 1e3, "K": 1e3, "G": 1e9,
    "nano": 1e-9, "micro": 1e-6, "milli": 1e-3, "centi": 1e-2, "deci": 1e-1, "kilo": 1e3, "mega": 1e6, "giga": 1e9,
}  # fmt: skip
"""Both letters for micro are in use, and K for kilo. M alone is left out: in capitals mV is often written so."""
_KIND = r"(?:[ _-]?(?:dc|ac|rms|eff|avg|mean|pk|peak|pp))?"
_SHORT = re.compile(rf"(?i:(?P<prefix>[a-zµμ]?)v){_KIND}", re.ASCII | re.IGNORECASE)
_LONG = re.compile(r"(?P<prefix>nano|micro|milli|centi|deci|kilo|mega|giga|m|u|µ|μ|k)?[ -]?volts?", re.IGNORECASE)
_OTHERS = re.compile(
    r"(?i:(?:[numµμk]|milli|micro|kilo)?"
    r"(?:a(?:mps?|mp[eè]res?)?(?:[ _-]?(?:dc|ac|rms))?|w|watts?|va|ohms?|Ω|hz|f|farads?)"
    r"|°?[cf]|deg[cf]?|kelvin|db[a-z]*|%|counts?|lsb|bits?|[munµ]?ah?|rpm|pa|bar)"
)
_BRACKETS = re.compile(r"[\[({<](.*?)[\])}>]")
_TIME_US: dict[str, float] = {
    "s": 1e6, "sec": 1e6, "secs": 1e6, "second": 1e6, "seconds": 1e6, "sekunden": 1e6, "ms": 1e3, "msec": 1e3,
    "millisecond": 1e3, "milliseconds": 1e3, "us": 1.0, "µs": 1.0, "μs": 1.0, "usec": 1.0, "microsecond": 1.0,
    "microseconds": 1.0, "ns": 1e-3, "nsec": 1e-3, "nanosecond": 1e-3, "nanoseconds": 1e-3, "ps": 1e-6, "min": 60e6,
    "mins": 60e6, "minute": 60e6, "minutes": 60e6, "h": 3600e6, "hr": 3600e6, "hrs": 3600e6, "hour": 3600e6,
    "hours": 3600e6, "d": 86_400e6, "day": 86_400e6, "days": 86_400e6,
}  # fmt: skip


@dataclass(frozen=True)
class Unit:
    """A unit that was found. `mv`: what one of it is, in mV; None if it is no voltage. `text`: as it was written."""

    mv: float | None
    text: str


def voltage_unit(text: str) -> Unit | None:
    """A unit that stands alone, as in a row of units or between brackets; None if it is none."""
    word = text.strip().strip(".")
    if match := _LONG.fullmatch(word):
        return Unit(1000 * _PREFIXES[(match["prefix"] or "").lower()], word)
    if match := _SHORT.fullmatch(word):
        prefix = match["prefix"]
        if prefix in ("M", "C", "D"):
            raise BadInput(f"the unit '{word}' reads two ways, mega or milli: write it as mV, or in volts")
        factor = _PREFIXES.get(prefix, _PREFIXES.get(prefix.lower()))
        return None if factor is None else Unit(1000 * factor, word)
    return Unit(None, word) if _OTHERS.fullmatch(word) else None


def unit_in(name: str) -> Unit | None:
    """The unit that a name carries; None if it carries none. BadInput if it carries two that differ."""
    found = [unit for part in _BRACKETS.findall(name) if (unit := voltage_unit(part))]
    rest = _BRACKETS.sub(" ", name)
    if not found:
        slash = re.search(r"(?:/|\bin\b|,|;|:)\s*([^\s/,;:]+(?:\s+(?:dc|ac|rms))?)\s*$", rest, re.IGNORECASE)
        if slash and (unit := voltage_unit(slash[1])):
            found.append(unit)
    if not found:
        # a word by itself: only one that is a voltage for sure. A letter may be the channel's name
        words = [w for w in re.split(r"[\s_\-./,:;]+", rest) if w]
        found = [u for w in words if len(w) > 1 and (u := voltage_unit(w)) and u.mv is not None]
    factors = {unit.mv for unit in found}
    if len(factors) > 1:
        raise BadInput(f"'{name}' names two units, {found[0].text} and {found[1].text}: which is it?")
    return found[0] if found else None


def unknown_unit(name: str, time_name: str) -> str:
    """What stands where a unit would, in brackets such as those of the time's unit, and is none that is known."""
    pattern = r"([\[({<])([^\W\d_]{1,16})[\])}>]\s*$"
    own, time = re.search(pattern, name), re.search(pattern, time_name)
    return own[2] if own and time and own[1] == time[1] and time_unit_us(time[2]) and not _is_unit(own[2]) else ""


def without_unit(name: str) -> str:
    """A name without the unit in its brackets, for whoever asks for it by the name alone."""
    return " ".join(_BRACKETS.sub(lambda m: " " if _is_unit(m[1]) else m[0], name).split())


def _is_unit(text: str) -> bool:
    try:
        return voltage_unit(text) is not None or time_unit_us(text) is not None
    except BadInput:
        return True


def time_unit_us(text: str) -> float | None:
    """Microseconds in a unit of time that stands alone; None if it is none."""
    word = text.strip().strip(".")
    return _TIME_US.get(word, _TIME_US.get(word.lower()))


def time_unit_in(name: str) -> float | None:
    """Microseconds in the unit of time that a name carries: `Time [s]`, `t_ms`, `Elapsed time (s)`, `in s`."""
    for part in _BRACKETS.findall(name):
        if (us := time_unit_us(part)) is not None:
            return us
    words = [w for w in re.split(r"[\s_\-./,:;]+", _BRACKETS.sub(" ", name)) if w]
    units = [us for w in words[1:] or words if (us := time_unit_us(w)) is not None]
    return units[-1] if units else None
