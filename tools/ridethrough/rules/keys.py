"""The keys of a reading: their order, their defaults, and what each may be while it is not decided.

Any key may be `?`, not decided: `CHOICES` lists what it is then taken to be, one after the other.
"""

from __future__ import annotations

import math

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

OPEN = "?"
PLANNED = ("activation", "commanded")
UNPLANNED = ("watchdog", "brown-out", "crash", "rollback")
FROM = ("reset", "shutdown", "command")
TO = ("outcome", "application", "power back", "boot")
PER = ("cut", "reboot", "update")
DURING = ("any reboot", "any start", "planned", "unplanned", "always")
ANY_START = "any start"
CALENDAR = ("calendar day", "calendar month")
BACK = "back"
SCOPES = ("when it began", "at any time in it")
KEYS = ("forbid", "require", "lasting", "times", "per", "ends_when", "during", "from", "to", "unless", "tolerance")
DEFAULTS: dict[str, Any] = {
    "forbid": "CH power below 90 %",
    "per": "cut",
    "ends_when": BACK,
    "during": "any reboot",
    "from": "reset",
    "to": "outcome",
    "tolerance": "0 s",
}
CHOICES: dict[str, tuple[Any, ...]] = {
    "forbid": ("CH power below 90 %", "CH power off", "CH power below 9 V", "CH down"),
    "lasting": ("3 min or more", "more than 3 min"),
    "times": (None, "2 or more"),
    "per": ("cut", "reboot", "update", "10 min"),
    "ends_when": (BACK, "back for 1 s", "back for 10 min", "CH up"),
    "during": ("any reboot", "activation", "planned", "unplanned", "always"),
    "from": FROM,
    "to": TO,
    "unless": (None, "mains lost", "mains lost when it began", "mains lost at any time in it"),
    "tolerance": ("0 s", "1 s"),
}
"""What an open key is taken to be: the readings that the sources of docs/rules.md have."""


def open_keys(readings: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """The keys that are not decided in any of the readings, as they are written."""
    written = list(readings)
    return tuple(key for key in KEYS if any(raw.get(key) == OPEN for raw in written))


def count(keys: Iterable[str]) -> int:
    """How many readings a rule has that leaves these open."""
    return math.prod(len(CHOICES[key]) for key in keys)
