"""A matrix of rules and specimens, for a terminal, a page, a spreadsheet and a program."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from rich.text import Text

from ridethrough.reports.page import Page, Td
from ridethrough.workbench.matrix import HOLE, OVERREACH, Cell, Matrix

_LETTER = {"pass": "ok", "fail": "X", "undecided": "?", "vacuous": "-"}
_STYLE = {"pass": "green", "fail": "red", "undecided": "yellow", "vacuous": "dim"}
_FLAG = {HOLE: "H", OVERREACH: "O", "": ""}
LEGEND = (
    "ok kept, X broken, ? undecided, - the rule does not speak about it; H a hole: kept, though the meter did harm; "
    "O overreach: broken, though the hub noticed nothing; ~ another hub would change this cell"
)

_CAPTION = (
    "Hole: the rule is kept, though the meter did harm. Overreach: it is broken, though the hub noticed nothing. "
    "~: another hub would change this cell; point at a cell for the verdict and how far it holds."
)


def _mark(cell: Cell) -> str:
    return _LETTER[cell.verdict.status] + _FLAG[cell.flag] + ("~" if cell.valid else "")


def terminal(found: Matrix) -> Iterator[Text]:
    """A row for each specimen; the rules are numbered, and named below."""
    width = max((len(s.name) for s in found.specimens), default=0) + 2
    yield Text(" " * width + "".join(f"{i:>5}" for i in range(1, len(found.rules) + 1)), "bold")
    for specimen, row in zip(found.specimens, found.cells, strict=True):
        line = Text(f"{specimen.name:<{width}}")
        for cell in row:
            style = "bold magenta" if cell.flag else _STYLE[cell.verdict.status]
            line.append(f"{_mark(cell):>5}", style)
        yield line.append(f"   {specimen.harm.words()}", "dim")
    yield Text()
    for i, rule in enumerate(found.rules, 1):
        yield Text(f"{i:>3} {rule.id}")
    yield Text()
    yield Text(LEGEND, "dim")


def rows(found: Matrix) -> Iterator[dict[str, Any]]:
    """Each cell, for programs."""
    for specimen, row in zip(found.specimens, found.cells, strict=True):
        for rule, cell in zip(found.rules, row, strict=True):
            yield {
                "specimen": specimen.name,
                "tag": specimen.scenario.tag,
                "rule": rule.id,
                "status": cell.verdict.status,
                "sentence": cell.verdict.sentence(),
                "flag": cell.flag,
                "harm": specimen.harm.words(),
                "holds": "; ".join(v.sentence() for v in cell.valid),
            }


def as_csv(found: Matrix) -> str:
    """A row for each cell."""
    out = io.StringIO()
    writer = None
    for row in rows(found):
        if writer is None:
            writer = csv.DictWriter(out, list(row), lineterminator="\n")
            writer.writeheader()
        writer.writerow(row)
    return out.getvalue()


def add_matrix(page: Page, found: Matrix) -> None:
    """The matrix as a table of a page."""
    head = ["meter", "what the hub did", *(rule.id for rule in found.rules)]
    body = []
    for specimen, row in zip(found.specimens, found.cells, strict=True):
        sentence = specimen.scenario.sentence or specimen.scenario.title
        cells: list[str | Td] = [Td(specimen.name, under=sentence), Td(specimen.harm.words(), "soft")]
        for rule, cell in zip(found.rules, row, strict=True):
            words = [rule.id, cell.verdict.sentence(), cell.flag, *(v.sentence() for v in cell.valid)]
            style = f"c {cell.verdict.status} {cell.flag}".strip()
            cells.append(Td(_words(cell), style, ". ".join(w for w in words if w), cell.flag))
        body.append(cells)
    page.table(_CAPTION, head, body, upright=False)


def _words(cell: Cell) -> str:
    word = {"pass": "kept", "fail": "broken", "undecided": "?", "vacuous": "-"}[cell.verdict.status]
    return word + (" ~" if cell.valid else "")
