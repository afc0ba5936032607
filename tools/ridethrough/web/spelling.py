"""The library's parameters as the page's fields: no other place knows what they are called there."""

from __future__ import annotations

import re

from ridethrough.rules import Verdict
from ridethrough.support.errors import BadInput, Param

_FIELDS = {
    "assumed": "assume",
    "channels": "channel of",
    "scale": "probe factor",
    "stated": "at",
    "threshold_mv": "threshold",
    "thresholds": "threshold",
    "zone": "time zone",
}
_OPTIONS = {"--at": "at", "--map": "channel of", "--assume": "assume", "--scale": "probe factor", "--blip": "blip",
            "--threshold": "threshold"}  # fmt: skip
_OPTION = re.compile("|".join(_OPTIONS))


def field(param: Param) -> str:
    """A parameter as the page calls it."""
    if param.name == "channels":
        signal, _, _ = param.value.partition("=")
        return f"the field “channel of {signal}”"
    return f"the field “{_FIELDS.get(param.name, param.name)}”{f' with {param.value}' if param.value else ''}"


def message(e: BadInput) -> str:
    """The one line that an error gets."""
    return _OPTION.sub(lambda m: f"the field “{_OPTIONS[m[0]]}”", e.spelled(field))


def sentence(verdict: Verdict) -> str:
    """A verdict for people, with the fields that would decide it."""
    if not verdict.cures:
        return verdict.sentence()
    return f"{verdict.sentence()}: {' or '.join(field(cure) for cure in verdict.cures)} would say"
