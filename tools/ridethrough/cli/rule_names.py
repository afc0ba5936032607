"""Rules by the names that a command line gives them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ridethrough.rules import Rule
from ridethrough.rules.library import LITERAL

RULE = LITERAL


def named_apart(names: Sequence[str]) -> list[Rule]:
    """The rules, each with an id of its own: of files that have the same one, the file's name is told."""
    rules = [Rule.load(name) for name in names]
    ids = [rule.id for rule in rules]
    return [replace(rule, id=name) if ids.count(rule.id) > 1 else rule for name, rule in zip(names, rules, strict=True)]
