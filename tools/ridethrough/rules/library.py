"""The rules that come with the project, at a glance."""

from __future__ import annotations

import tomllib

from ridethrough.rules.keys import count, open_keys
from ridethrough.support.paths import RULES

LITERAL = "mp102-wg-2020-04"
"""The Working Group's sentence as it stands: what is judged by if nothing else is asked for."""


def names() -> list[str]:
    """Each by its id."""
    return sorted(p.stem for p in RULES.glob("*.toml"))


def literal_first() -> list[str]:
    """The same, but the sentence itself before its variants."""
    return sorted(names(), key=lambda name: (name != LITERAL, name))


def glance(name: str) -> tuple[int, str]:
    """How many readings a rule of the library has, and what it is, without reading it as a rule."""
    data = tomllib.loads((RULES / f"{name}.toml").read_text(encoding="utf-8"))
    base = data["reading"]
    limits = data.get("limit") or [{}]
    head = data["rule"]
    return count(open_keys(base | limit for limit in limits)), head.get("note") or head["text"]
