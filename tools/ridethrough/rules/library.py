"""The rules that come with the project, by name."""

from __future__ import annotations

from ridethrough.support.paths import RULES

LITERAL = "mp102-wg-2020-04"
"""The Working Group's sentence as it stands: what is judged by if nothing else is asked for."""


def names() -> list[str]:
    """Each by its id."""
    return sorted(p.stem for p in RULES.glob("*.toml"))


def literal_first() -> list[str]:
    """The same, but the sentence itself before its variants."""
    return sorted(names(), key=lambda name: (name != LITERAL, name))
