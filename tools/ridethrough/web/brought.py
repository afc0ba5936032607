"""A capture that was dropped on the page: the command line's readers, and its doubts."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ridethrough.cli import check
from ridethrough.reports.picture import picture_of
from ridethrough.rules import Rule
from ridethrough.support.errors import BadInput, Param
from ridethrough.traces.readers import open_source
from ridethrough.web.spelling import message, sentence


def judged(
    path: Path, fields: Mapping[str, Any], rules: Sequence[Rule], progress: Callable[[str, int, int], None]
) -> dict[str, Any]:
    """Each rule's verdict over the capture, what these rest on, and a picture. `channels`: those that it has; `bad`:
    why nothing was judged. `fields`: what the form beside it says."""
    progress(path.name, 0, 1)
    # what is no capture at all has no channels to choose from either
    channels = list(open_source(path).channels)
    try:
        options = argparse.Namespace(
            map=[f"{signal}={channel}" for signal, channel in fields.get("map", {}).items() if channel],
            at=_parts(fields.get("at", "")),
            assume=list(fields.get("assume", [])),
            threshold=_parts(fields.get("threshold", "")),
            scale=_factor(fields.get("scale", "")),
            blip=fields.get("blip") or check.BLIP,
            zone=fields.get("zone", ""),
        )
        found = list(check.judge_capture(rules, path, options))
    except BadInput as e:
        return {"name": path.name, "channels": channels, "bad": _said(message(e), path), "verdicts": []}
    capture, first, verdict = found[0]
    return {
        "name": path.name,
        "channels": channels,
        "bad": "",
        "rests_on": capture.rests_on,
        "verdicts": [
            {"id": rule.id, "status": verdict.status, "sentence": _said(sentence(verdict), path)}
            for _, rule, verdict in found
        ],
        # with the verdict that was found: another would not know of `blip`
        "svg": picture_of(capture, verdict, first.id).decode(),
    }


def _said(text: str, path: Path) -> str:
    # the page knows a file by its name; where it lies meanwhile is nobody's business
    return text.replace(str(path), path.name)


def _parts(text: str) -> list[str]:
    return [part.strip() for line in text.splitlines() for part in line.split(",") if part.strip()]


def _factor(text: str) -> float | None:
    if not text.strip():
        return None
    try:
        return float(text)
    except ValueError as e:
        raise BadInput(Param("scale"), f": '{text[:20]}' is no number, such as 6 or 10") from e
