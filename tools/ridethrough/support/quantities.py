"""Times and voltages as people write them: `3 min`, `1 ms`, `90 %`, `10.8 V`.

Everything inside the program is an integer: microseconds and millivolts.
"""

from __future__ import annotations

import re
from decimal import Decimal

from ridethrough.support.errors import BadInput, suggestion

NOMINAL_MV = 12_000
"""What a percentage of CH power refers to [assumed: the interface's nominal 12 V]."""

_TIME_US = {"us": 1, "ms": 1_000, "s": 10**6, "min": 60 * 10**6, "h": 3600 * 10**6}
_QUANTITY = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Zµ%]*)\s*")
_LONGEST_US = 400 * 24 * 3600 * 10**6


def _split(text: str, what: str, example: str) -> tuple[Decimal, str]:
    match = _QUANTITY.fullmatch(text)
    if match is None or len(text) > 40:
        raise BadInput(f"'{text[:40]}' is not a {what}; write it like '{example}'")
    return Decimal(match[1]), match[2].replace("µ", "u")


def parse_time_us(text: str) -> int:
    """Microseconds of a text such as `3 min`; at most 400 days."""
    number, unit = _split(text, "time", "3 min")
    if unit not in _TIME_US:
        raise BadInput(f"'{text}': unknown unit of time '{unit}'{suggestion(unit, _TIME_US)}")
    us = number * _TIME_US[unit]
    if us != int(us):
        raise BadInput(f"'{text}' is finer than a microsecond")
    if us > _LONGEST_US:
        raise BadInput(f"'{text}' is longer than 400 days")
    return int(us)


def parse_voltage_mv(text: str) -> int:
    """Millivolts of `10.8 V`, `9000 mV`, or `90 %` of 12 V."""
    number, unit = _split(text, "voltage", "90 %")
    factor = {"V": 1000, "mV": 1, "%": NOMINAL_MV // 100}.get(unit)
    if factor is None:
        raise BadInput(f"'{text}': unknown unit of voltage '{unit}'{suggestion(unit, ('V', 'mV', '%'))}")
    mv = number * factor
    if mv != int(mv) or mv > 100_000:
        raise BadInput(f"'{text}' is not a whole number of millivolts below 100 V")
    return int(mv)


def show_time(us: int) -> str:
    """A time for people: `0 us`, `250 ms`, `12.5 s`, `3 min 20 s`, without losing a microsecond."""
    if us < 0:
        return "-" + show_time(-us)
    if us < 1_000:
        return f"{us} us"
    if us < 1_000_000:
        return f"{Decimal(us) / 1000:f} ms".replace(".000 ", " ")
    minutes, rest = divmod(us, 60 * 10**6) if us >= 120 * 10**6 else (0, us)
    seconds = f"{Decimal(rest).scaleb(-6).normalize():f} s"
    if not minutes:
        return seconds
    return f"{minutes} min {seconds}" if rest else f"{minutes} min"


def show_rounded(us: int) -> str:
    """A time for a headline: whole seconds above ten, tenths below, milliseconds and microseconds as they are."""
    if abs(us) < 10**6:
        return show_time(us)
    return show_time(round(us, -6 if abs(us) >= 10**7 else -5))
