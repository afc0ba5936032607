"""A verdict as a file: what was judged, by which rule, how it was read, and what came of it, so that somebody else can
try it again. The format is fixed: docs/verdict-file.md.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ridethrough.rules import Rule, Verdict
from ridethrough.rules.rule import sha256_of
from ridethrough.support.errors import BadInput
from ridethrough.support.files import read_bounded, write_atomically
from ridethrough.support.text import utf8
from ridethrough.version import VERSION

FORMAT = "ridethrough-verdict-1"
BYTES_MAX = 4 * 1024 * 1024
_BLOCK = 1 << 20
_SAID = ("rule_id", "rule_version", "status", "witness", "margin_us", "limit", "reason")
OPTIONS: dict[str, type] = {"map": list, "scale": float, "threshold": list, "blip": str, "at": list, "assume": list,
                            "zone": str}  # fmt: skip
"""The options of `check` on which a verdict rests, and their types."""


@dataclass(frozen=True)
class Entry:
    """One verdict of a file, as it is written there; `capture` and `rule` are paths, or a rule's id in the library."""

    capture: str
    capture_sha256: str
    rule: str
    rule_sha256: str
    said: Mapping[str, Any]


def sha256_of_file(path: Path) -> str:
    """Of its bytes. BadInput if it cannot be read."""
    sha = hashlib.sha256()
    if path.exists() and not path.is_file():
        raise BadInput(f"{path}: no file")
    try:
        with path.open("rb") as f:
            while block := f.read(_BLOCK):
                sha.update(block)
    except OSError as e:
        raise BadInput(f"{path}: cannot be read: {e.strerror}") from e
    return sha.hexdigest()


def said(rule: Rule, verdict: Verdict) -> dict[str, Any]:
    """What a rule and its verdict say, without what is only for people."""
    return {
        "rule_id": rule.id,
        "rule_version": rule.version,
        "status": verdict.status,
        "witness": vars(verdict.witness) if verdict.witness else None,
        "margin_us": verdict.margin_us,
        "limit": verdict.limit,
        "reason": verdict.readings or verdict.cause,
    }


def write(
    path: Path, judged: Sequence[tuple[Path, str, Rule, Verdict]], options: Mapping[str, Any], words: Sequence[str]
) -> None:
    """Writes `judged` (capture, rule as it was asked for, rule, verdict); `words` are the verdicts for people. Paths
    are written as seen from the file's folder."""
    entries = [
        {
            "capture": _from(path, capture),
            "capture_sha256": sha256_of_file(capture),
            "rule": _from(path, Path(asked)) if asked.endswith(".toml") else asked,
            "rule_sha256": sha256_of(rule),
            **said(rule, verdict),
            "sentence": sentence,
        }
        for (capture, asked, rule, verdict), sentence in zip(judged, words, strict=True)
    ]
    data = {"format": FORMAT, "tool": f"ridethrough {VERSION}", "options": dict(options), "verdicts": entries}
    write_atomically(path, utf8(json.dumps(data, indent=2, ensure_ascii=False) + "\n"))


def _from(path: Path, other: Path) -> str:
    return Path(os.path.relpath(other, path.parent)).as_posix()


def load(path: Path) -> tuple[str, dict[str, Any], list[Entry]]:
    """The tool that wrote it, the options, and the verdicts. BadInput if it is no verdict file."""
    try:
        data = json.loads(read_bounded(path, BYTES_MAX, "verdict file").decode("utf-8"))
    except (ValueError, RecursionError) as e:
        raise BadInput(f"{path}: no JSON: {str(e)[:100]}") from e
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise BadInput(f"{path}: no verdict file of this format ({FORMAT}): `check --verdict FILE` writes one")
    options = data.get("options")
    if not isinstance(options, dict) or any(not _is_option(key, value) for key, value in options.items()):
        raise BadInput(f"{path}: its options are not those of `check`: {', '.join(OPTIONS)}")
    entries = data.get("verdicts")
    if not isinstance(entries, list) or not entries:
        raise BadInput(f"{path}: it holds no verdicts")
    return str(data.get("tool", ""))[:80], options, [_entry(path, i, one) for i, one in enumerate(entries)]


def _is_option(key: str, value: object) -> bool:
    kind = OPTIONS.get(key)
    if kind is list:
        return isinstance(value, list) and all(isinstance(v, str) for v in value)
    if kind is float:
        return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
    return kind is str and isinstance(value, str)


def _entry(path: Path, i: int, one: object) -> Entry:
    names = ("capture", "capture_sha256", "rule", "rule_sha256")
    if not isinstance(one, dict) or not all(isinstance(one.get(name), str) for name in names):
        raise BadInput(f"{path}: verdicts[{i}]: {', '.join(names)} expected, as texts")
    told = {key: one.get(key) for key in _SAID}
    return Entry(one["capture"], one["capture_sha256"], one["rule"], one["rule_sha256"], told)
