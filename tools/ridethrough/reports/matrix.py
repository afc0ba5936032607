"""A matrix of rules and specimens, for a terminal, a page, a spreadsheet and a program."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from ridethrough.reports.lines import Line, joined, styled
from ridethrough.reports.page import Page, Td, anchor_of
from ridethrough.workbench.matrix import HOLE, OVERREACH, Cell, Matrix

_LETTER = {"pass": "ok", "fail": "X", "undecided": "?", "vacuous": "-"}
_STYLE = {"pass": "green", "fail": "red", "undecided": "yellow", "vacuous": "dim"}
_FLAG = {HOLE: "H", OVERREACH: "O", "": ""}
LEGEND = (
    "ok kept, X broken, ? undecided, - the rule does not speak about it; H a hole: kept, though the meter did harm; "
    "O overreach: broken, though the hub noticed nothing; ~ another hub would change this cell"
)

_CAPTION = (
    "Hole: the rule is kept, though the meter did harm; a rule that is about something else leaves such to others. "
    "Overreach: it is broken, though the hub noticed nothing. ~: another hub would change this cell. "
    "Point at a cell for the verdict and how far it holds."
)
_WORDS = {"pass": "kept", "fail": "broken", "undecided": "?", "vacuous": "-"}
_SIGNS = {**_WORDS, "pass": "✓", "fail": "✗"}
_SAID = "?: undecided. -: the rule does not speak about this meter."
_MANY = 8
"""More rules than this have a sign in each cell instead of a word, so that all of them can be seen at once."""


def _mark(cell: Cell) -> str:
    return _LETTER[cell.verdict.status] + _FLAG[cell.flag] + ("~" if cell.valid else "")


def terminal(found: Matrix) -> Iterator[Line]:
    """A row for each specimen; the rules are numbered, and named below."""
    width = max((len(s.name) for s in found.specimens), default=0) + 2
    yield styled(" " * width + "".join(f"{i:>5}" for i in range(1, len(found.rules) + 1)), "bold")
    for specimen, row in zip(found.specimens, found.cells, strict=True):
        marks = ((f"{_mark(cell):>5}", "bold magenta" if cell.flag else _STYLE[cell.verdict.status]) for cell in row)
        yield joined(f"{specimen.name:<{width}}", *marks, (f"   {specimen.harm.words()}", "dim"))
    yield Line()
    for i, rule in enumerate(found.rules, 1):
        yield styled(f"{i:>3} {rule.id}")
    yield Line()
    yield styled(LEGEND, "dim")


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


def add_matrix(page: Page, found: Matrix, links: bool = False) -> None:
    """The matrix as a table of a page. `links`: the page has a heading for each rule and each meter."""
    many = len(found.rules) > _MANY
    signs = _SIGNS if many else _WORDS
    heads = [Td(rule.id, link=anchor_of(rule.id) if links else "") for rule in found.rules]
    body = []
    for specimen, row in zip(found.specimens, found.cells, strict=True):
        sentence = specimen.scenario.sentence or specimen.scenario.title
        link = anchor_of(specimen.scenario.title) if links else ""
        cells: list[str | Td] = [Td(specimen.name, under=sentence, link=link), Td(specimen.harm.words(), "soft")]
        for rule, cell in zip(found.rules, row, strict=True):
            words = [rule.id, cell.verdict.sentence(), cell.flag, *(v.sentence() for v in cell.valid)]
            style = f"c {cell.verdict.status} {cell.flag}".strip()
            mark = signs[cell.verdict.status] + (" ~" if cell.valid else "")
            flag = "over" if many and cell.flag == OVERREACH else cell.flag
            cells.append(Td(mark, style, ". ".join(w for w in words if w), flag))
        body.append(cells)
    legend = ("✓: kept. ✗: broken. over: overreach. " if many else "") + _SAID
    page.table(f"{_CAPTION} {legend}", ["meter", "what the hub did", *heads], body, upright=False)
