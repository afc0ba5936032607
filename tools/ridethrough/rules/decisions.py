"""Who decided which key of a rule, and when: kept in the rule file itself, as `[[decision]]` tables."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ridethrough.rules.keys import CHOICES, DEFAULTS, KEYS, OPEN
from ridethrough.support.errors import BadInput, suggestion
from ridethrough.support.text import shown
from ridethrough.support.toml import Table

NOTHING = "none"
"""What is written of a key that is left out."""
DECISIONS_MAX = 200
_WORDS_MAX = 200


@dataclass(frozen=True)
class Decision:
    """`was`: what the key said before, "?" if it was open. `on`: a date, as ISO 8601 has it."""

    key: str
    value: str
    by: str
    on: str
    was: str = OPEN

    def stands(self, raw: Mapping[str, Any]) -> bool:
        """Does the rule say it still?"""
        value = raw.get(self.key)
        return (NOTHING if value is None else str(value)) == self.value or (
            value is None and str(DEFAULTS.get(self.key, NOTHING)) == self.value
        )


def decision_of(table: Table) -> Decision:
    """One `[[decision]]`. BadInput if it says too little."""
    found = Decision(
        table.text("key"), table.text("value"), table.text("by"), table.text("on"), table.text("was", OPEN)
    )
    if found.key not in KEYS:
        raise table.fail("key", f"'{found.key[:40]}' is no key of a rule{suggestion(found.key, KEYS)}")
    table.parsed("on", date_of, found.on)
    table.parsed("by", who, found.by)
    table.done()
    return found


def date_of(text: str) -> str:
    """A date such as 2026-11-26. BadInput if it is none."""
    from datetime import date

    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            raise ValueError
        date.fromisoformat(text)
    except ValueError as e:
        raise BadInput(f"'{text[:40]}' is no date: write it like 2026-11-26") from e
    return text


def who(text: str) -> str:
    """A person's or a body's name. BadInput if it is none."""
    if not text.strip() or len(text) > _WORDS_MAX or "\n" in text:
        raise BadInput(f"who decides is one line of 1 to {_WORDS_MAX} characters")
    return text.strip()


def decided(text: str, source: Path, decision: Decision) -> tuple[str, str]:
    """The text of a rule file with one more decision in it, and what its key said before. BadInput if the key stands
    in several tables, so that nobody can say which is meant, or if the text cannot be edited."""
    if decision.key not in CHOICES:
        raise BadInput(f"'{decision.key}' cannot be decided{suggestion(decision.key, CHOICES)}")
    if decision.value == OPEN:
        raise BadInput(f"'{OPEN}' is no decision: write it into the file by hand if the question is open again")
    new, was = with_key(text, source, decision.key, decision.value)
    return new.rstrip("\n") + "\n\n" + written(replace(decision, was=was)), was


def with_key(text: str, source: Path, key: str, value: str) -> tuple[str, str]:
    """The text of a rule file with another value for a key of its [reading], NOTHING to leave it out; and what the key
    said before. BadInput if the key stands in several tables, or the text cannot be edited."""
    header = re.search(r"^[ \t]*\[reading\][ \t]*(?:#[^\n]*)?$", text, re.M)
    if header is None:
        raise BadInput(f"{source}: [reading] is missing: there is no place for `{key}`")
    later = re.search(r"^[ \t]*\[\[decision\]\]", text[header.end() :], re.M)
    end = header.end() + later.start() if later else len(text)
    head, body, old_decisions = text[: header.end()], text[header.end() : end], text[end:]
    line = re.compile(rf"^(?P<begin>[ \t]*{key}[ \t]*=[ \t]*)(?P<value>[^#\n]*?)(?P<rest>[ \t]*(?:#[^\n]*)?)$", re.M)
    found = list(line.finditer(body))
    quoted = json.dumps(shown(value, keep=""), ensure_ascii=False)
    if len(found) > 1:
        lines = ", ".join(str((head + body).count("\n", 0, len(head) + m.start()) + 1) for m in found)
        raise BadInput(f"{source}: `{key}` stands in lines {lines}: decide it there by hand")
    if found:
        was = found[0]["value"].strip().strip("\"'")
        new = "" if value == NOTHING else found[0]["begin"] + quoted + found[0]["rest"]
        body = body[: found[0].start()] + new + body[found[0].end() :]
    else:
        was = NOTHING
        if value != NOTHING:
            body = f"\n{key} = {quoted}{body}"
    whole = (head + body).rstrip("\n") + "\n" + (f"\n{old_decisions}" if old_decisions else "")
    return whole, was


def written(decision: Decision) -> str:
    """Its `[[decision]]` in a rule file."""
    pairs = {"key": decision.key, "value": decision.value, "was": decision.was, "by": decision.by, "on": decision.on}
    lines = [f"{name:<5} = {json.dumps(shown(value, keep=''), ensure_ascii=False)}" for name, value in pairs.items()]
    return "[[decision]]\n" + "\n".join(lines) + "\n"
