"""The script of the scripted specimen (specimens/scripted/main.py), checked when it is loaded: what the meter does not
know it would say on its console, and do nothing."""

from __future__ import annotations

import re

from ridethrough.support.errors import suggestion

_TIME = r"[0-9]{1,6}(?:ms|s|min|h|d)"
_NUMBER = "[0-9]{1,10}"
_STEPS = {
    "off": (_TIME,),
    "on": (_TIME,),
    "wait": (_TIME,),
    "ac_lost": (_TIME,),
    "reset": ("activation|commanded|rollback",),
    "restart": (),
    "crash": (),
    "hang": (),
    "application": (_NUMBER,),
    "phase": ("[a-z ]+",),
    "shutdown": ("[a-z]+",),
    "outcome": ("[0-3]", _NUMBER),
    "log": ("[0-9A-F]{4}",),
}
"""Each step, and what follows it."""
_SHOWN = {_TIME: "TIME", _NUMBER: "N", "[0-3]": "N", "[0-9A-F]{4}": "CODE", "[a-z]+": "KIND", "[a-z ]+": "NAME"}


def mistake(script: str) -> str:
    """What is wrong with the first line that is, in words; "" if nothing is."""
    for number, line in enumerate(script.split("\n"), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        step, rest = words[0], words[1:]
        if step not in _STEPS:
            return f"line {number}: '{step}' is no step{suggestion(step, _STEPS)} (steps: {', '.join(_STEPS)})"
        wanted = _STEPS[step]
        if step == "phase" and rest:
            rest = [" ".join(rest)]
        if len(rest) != len(wanted) or not all(map(re.fullmatch, wanted, rest)):
            usage = " ".join([step, *(_SHOWN.get(one, one) for one in wanted)])
            return f"line {number}: '{' '.join(words)[:60]}': '{usage}' expected"
    return ""
