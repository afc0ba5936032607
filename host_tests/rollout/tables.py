"""The tables and pictures of docs/rollout.md, made anew (`make rollout`), and what a test holds them with: the counts
that they show, and a digest of each block's, so that a few blocks tell whether all would come out the same."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from functools import partial
from pathlib import Path

import numpy as np
from ridethrough.crews.crew import crew_of
from ridethrough.reports import rollout_pictures as pictures
from ridethrough.reports.rollout import WORTH, Row, frontier, late, percent, rows, sentence
from ridethrough.rollout.nation import Result, roll_out
from ridethrough.rollout.plan_file import load_plan
from ridethrough.rollout.tables import observed
from ridethrough.rollout.worker import Done

ROOT = Path(__file__).resolve().parents[2]
COUNTED = Path(__file__).parent / "counted.json"
PAGE = ROOT / "docs" / "rollout.md"
PLANS = ("working-group-1400k", "working-group-500k")
SEED = 1
BETWEEN = re.compile(r"(<!-- table: remedies -->\n).*?(<!-- end of table -->)", re.DOTALL)


def digest(done: Done) -> str:
    """Of one block's counts."""
    counts = [np.ascontiguousarray(column, dtype="<i8").tobytes() for column in vars(done.totals).values()]
    return hashlib.sha256(b"".join(counts)).hexdigest()[:8]


def table(name: str, answer: str, found: list[Row]) -> str:
    """One plan's remedies, alone and as it combines them, and the best of the pairs."""
    plan = load_plan(name)
    best = {row.words for row in frontier(found)}
    shown = [r for r in found if len(r.choice.remedies) <= 1 or r.words in best or set(_names(plan, r)) in _sets(plan)]
    lines = [f"### {plan.title}", "", f"`{name}`: {answer}", ""]
    lines += ["| remedies | false alerts left | removed | lost | late |", "|---|---|---|---|---|"]
    for row in shown:
        words = f"**{row.words}**" if row.words in best else row.words
        lines.append(
            f"| {words} | {row.false.mean:,.0f} | {percent(row.removed)} | {round(row.lost.mean):,} | {late(row)} |"
        )
    return "\n".join(lines)


def _names(plan, row: Row) -> list[str]:
    return [plan.remedies[i].name for i in row.choice.remedies]


def _sets(plan) -> list[set[str]]:
    return [set(one) for one in plan.combined]


def page_with(tables: list[str]) -> str:
    """docs/rollout.md with these tables in it."""
    words = f"Bold: worth having: {WORTH}. *Lost* below nothing: mended meters told outages that the others did not."
    text = "\n\n".join([*tables, words])
    return BETWEEN.sub(lambda m: f"{m[1]}{text}\n{m[2]}", PAGE.read_text())


def main() -> int:
    kept, tables = {}, []
    for name in PLANS:
        plan = load_plan(name)
        print(f"{name}: the emulator runs the meters, then the nation is counted", flush=True)
        behaviours = observed(plan, lambda *told: None)
        digests: dict[int, str] = {}
        result = roll_out(plan, behaviours, SEED, 1, partial(crew_of, jobs=2), heard=partial(note, digests))
        kept[name] = {
            "answer": sentence(result),
            "choices": result.draws[0].choices.tolist(),
            "blocks": [digests[i] for i in sorted(digests)],
        }
        tables.append(table(name, sentence(result), rows(result)))
        if name == PLANS[0]:
            draw(result)
    COUNTED.write_text(json.dumps(kept) + "\n")
    PAGE.write_text(page_with(tables))
    return 0


def note(digests: dict[int, str], done: Done) -> None:
    if done.totals is not None:
        digests[done.task.block] = digest(done)


def draw(result: Result) -> None:
    folder = ROOT / "docs" / "pictures"
    found = rows(result)
    for name, svg in (
        ("days", pictures.days(result)),
        ("areas", pictures.tiles(result)),
        ("remedies", pictures.frontier(found, frontier(found))),
        ("curves", pictures.curves(result)),
    ):
        (folder / f"rollout-{name}.svg").write_bytes(svg)


if __name__ == "__main__":
    sys.exit(main())
