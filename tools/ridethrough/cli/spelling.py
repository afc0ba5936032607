"""The library's parameters as options of the command line: no other place knows what they are called here."""

from __future__ import annotations

import shlex

from ridethrough.rules import Verdict
from ridethrough.support.errors import BadInput, Param

_OPTIONS = {
    "assumed": "--assume",
    "board_port": "--board-port",
    "channels": "--map",
    "guest": "--guest",
    "link": "--link",
    "port": "--port",
    "scale": "--scale",
    "stated": "--at",
    "threshold_mv": "--threshold",
    "thresholds": "--threshold",
    "witness_port": "--witness-port",
    "zone": "--zone",
}


def option(param: Param) -> str:
    """A parameter as it is typed here."""
    return f"{_OPTIONS[param.name]} {param.value}".rstrip()


def message(e: BadInput) -> str:
    """The one line that an error gets."""
    return e.spelled(option)


def sentence(verdict: Verdict) -> str:
    """A verdict for people, with the options that would decide it."""
    cures = [f"{_OPTIONS[c.name]} {shlex.quote(c.value)}" for c in verdict.cures]
    if not cures:
        return verdict.sentence()
    return f"{verdict.sentence()}: {' or '.join(cures)} would say"
