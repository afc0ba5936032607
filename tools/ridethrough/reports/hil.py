"""What runs of a board on the desk have shown: a record that can be filed, as JSON and as a page, worst first."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ridethrough.devices.hil import HilRun
from ridethrough.reports.page import Page
from ridethrough.reports.table import OUTCOMES
from ridethrough.rules import Evidence, Rule, Verdict
from ridethrough.rules.explain import explain
from ridethrough.rules.verdict import WORST_FIRST, worst_exit_status, worst_of
from ridethrough.support.quantities import show_time
from ridethrough.traces.ac_lost import LAG_US_MAX
from ridethrough.traces.capture import Capture
from ridethrough.version import VERSION


@dataclass(frozen=True)
class Judged:
    """A run, numbered from 1, with a verdict for each rule."""

    number: int
    run: HilRun
    capture: Capture
    verdicts: tuple[Verdict, ...]

    @cached_property
    def ac_lost_us(self) -> int:
        """For how long at a stretch AC lost said that mains is lost; it never was."""
        return max((b - a for a, b in self.capture.wire("ac_lost", 1).sure), default=0)

    @cached_property
    def exit_status(self) -> int:
        """0 the update was done, AC lost told the truth and the rules were kept; 1 not; 3 undecided."""
        if self.run.outcome != 0 or self.run.problem or self.ac_lost_us > LAG_US_MAX:
            return 1
        doubt_us = max((b - a for a, b in self.capture.wire("ac_lost", 1).may if a > 0), default=0)
        return worst_exit_status([3 if doubt_us > LAG_US_MAX else 0, *(v.exit_status for v in self.verdicts)])


def judge(runs: Sequence[HilRun], rules: Sequence[Rule]) -> list[Judged]:
    """Worst first."""
    levels = frozenset(level for rule in rules for level in rule.levels_mv)
    found = []
    for number, run in enumerate(runs, 1):
        capture = run.capture(levels)
        evidence = Evidence(capture)
        found.append(Judged(number, run, capture, tuple(rule.check(evidence) for rule in rules)))
    return sorted(found, key=_badness)


def _badness(j: Judged) -> tuple[int, int, int]:
    worst = worst_of(j.verdicts)
    margin_us = worst.margin_us or 0
    return (
        (1, 3, 0).index(j.exit_status),
        WORST_FIRST.index(worst.status),
        -margin_us if worst.status == "fail" else margin_us,
    )


def outcome(j: Judged) -> str:
    """What came of the update, in a few words."""
    if j.run.problem:
        return j.run.problem
    answer = OUTCOMES.get(j.run.outcome, str(j.run.outcome))
    return f"outcome {answer}, version {j.run.version} runs"


def as_json(
    judged: Sequence[Judged], rules: Sequence[Rule], path: Path, image: bytes, note: str, within_mv: int
) -> dict[str, Any]:
    """Everything that somebody needs who was not there."""
    worst = judged[0].run
    return {
        "made": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "by": f"ridethrough {VERSION}",
        "note": note,
        "image": {"file": path.name, "bytes": len(image), "sha256": hashlib.sha256(image).hexdigest()},
        "instrument": {"witness": worst.recording.who, "within_mv": within_mv},
        "assumed": ["mains on", "CH fitted"],
        "rules": [{"id": rule.id, "text": rule.text, "reading": explain(rule)} for rule in rules],
        "trials": [
            {
                "number": j.number,
                "board": j.run.hello,
                "outcome": j.run.outcome,
                "version": j.run.version,
                "problem": j.run.problem,
                "verdicts": [{"rule": v.rule_id, "status": v.status, "sentence": v.sentence()} for v in j.verdicts],
                "ac_lost_us": j.ac_lost_us,
                "stated": [{"event": name, "kind": kind, "t_us": t_us} for name, kind, t_us in j.run.stated],
                "capture": {
                    "file": j.run.vcd.name,
                    "sha256": j.run.sha256,
                    "watched_us": j.run.recording.now_us,
                    "sample_us": j.run.recording.apart_us,
                    "lines_lost": j.run.recording.lines_lost,
                    "edges_lost": j.run.recording.edges_lost,
                    "unwatched_us": j.run.recording.unwatched_us,
                },
            }
            for j in judged
        ],
    }


def write_page(
    judged: Sequence[Judged],
    rules: Sequence[Rule],
    record: dict[str, Any],
    path: Path,
    again: Callable[[HilRun], str],
) -> None:
    """The same for people, with timelines; `again(run)` is the line that judges a run's capture again. BadInput if it
    cannot be written."""
    page = Page("A board under test")
    worst = judged[0]
    style = {0: "pass", 1: "fail", 3: "undecided"}[worst.exit_status]
    good = sum(j.exit_status == 0 for j in judged)
    page.add("p", f"{good} of {len(judged)} went well. The worst, run {worst.number}: {outcome(worst)}",
             f"verdict {style}")  # fmt: skip
    page.bullets(
        [
            f"made {record['made']} by {record['by']}",
            *([f"note: {record['note']}"] if record["note"] else []),
            "board: " + ", ".join(f"{key} `{value}`" for key, value in worst.run.hello.items()),
            "image: {file}, {bytes} bytes, SHA-256 `{sha256}`".format(**record["image"]),
            f"instrument: witness `{record['instrument']['witness']}`, voltages within "
            f"{record['instrument']['within_mv']} mV [assumed unless it was measured]",
            "assumed: mains on throughout, CH fitted; command and outcome to within a tenth of a second",
        ]
    )
    page.table("Worst first", ("run", "update", "AC lost wrong for", *(rule.id for rule in rules)),
               [(str(j.number), outcome(j), show_time(j.ac_lost_us), *(v.sentence() for v in j.verdicts))
                for j in judged])  # fmt: skip
    for rule in rules:
        page.heading(f"Rule {rule.id}")
        page.add("blockquote", rule.text)
        page.bullets(explain(rule))
    for j in judged:
        page.heading(f"Run {j.number}")
        recording = j.run.recording
        for rule, verdict in zip(rules, j.verdicts, strict=True):
            page.verdict(verdict, f"{rule.id}: ")
            page.timeline(j.capture, verdict, sorted(rule.levels_mv), f"run {j.number}")
        page.bullets(
            [
                f"capture: {j.run.vcd.name}, SHA-256 `{j.run.sha256}`",
                f"watched for {show_time(recording.now_us)}, a sample every {show_time(recording.apart_us)} or sooner; "
                f"{recording.lines_lost} lines and {recording.edges_lost} edges lost, not known for "
                f"{show_time(recording.unwatched_us)} in all",
                f"again: `{again(j.run)}`",
            ]
        )
    page.write(path)
