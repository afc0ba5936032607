"""A rule's curve: lines for a terminal, rows for a spreadsheet, and a drawing."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree as Xml

from ridethrough.reports.lines import Line, styled
from ridethrough.reports.markup import svg_bytes
from ridethrough.rules import Verdict
from ridethrough.support.files import write_atomically
from ridethrough.support.quantities import show_rounded
from ridethrough.workbench.curve import Curve, Point

_LINES: tuple[tuple[str, str, Callable[[Point], int]], ...] = (
    ("broken", "broken", lambda p: p.broken),
    ("hole", "harmful, and not broken (holes)", lambda p: p.holes),
    ("over", "broken, though the hub noticed nothing (overreach)", lambda p: p.overreaches),
    ("undecided", "undecided", lambda p: p.undecided),
)
_STYLE = """
svg { background: #fff; font: 13px system-ui, sans-serif; } text { fill: #222; } .small { font-size: 11px; fill: #555; }
.bold { font-weight: bold; } .grid { stroke: #e4e4e4; } .axis { stroke: #5c626d; } .bars { opacity: .16; }
.line { fill: none; stroke-width: 2.2; } .broken { stroke: #b3141b; } .hole { stroke: #7a1fa2; stroke-dasharray: 7 3; }
.over { stroke: #8a5a00; stroke-dasharray: 2 3; } .undecided { stroke: #5c626d; stroke-dasharray: 1 4; }
@media (prefers-color-scheme: dark) { @media screen { svg { background: #16181d; } text { fill: #e6e6e6; }
  .small { fill: #a8a8a8; } .grid { stroke: #2b2e36; } .axis { stroke: #a3a9b5; } .broken { stroke: #ff8a80; }
  .hole { stroke: #e0a5f5; } .over { stroke: #ffcf70; } .undecided { stroke: #a3a9b5; } } }
"""
_WIDTH, _LEFT, _RIGHT, _TOP, _PLOT = 900, 60, 24, 60, 300


def lines(curve: Curve) -> Iterator[Line | str]:
    """A line for each value, and below it what has changed since the one before."""
    yield styled(
        f"{curve.rule.id}: `{curve.key}` over {len(curve.points)} values, {len(curve.specimens)} meters", "bold"
    )
    width = max(len(p.written) for p in curve.points)
    yield f"  {curve.key:<{width}}  broken  harm let through  broken for nothing  undecided"
    for i, point in enumerate(curve.points):
        yield (
            f"  {point.written:<{width}}  {point.broken:>6}  {point.holes:>16}  {point.overreaches:>18}"
            f"  {point.undecided:>9}"
        )
        new, gone = curve.newly(i), curve.no_longer(i)
        if i and new:
            yield f"      newly broken: {', '.join(f'{s.name} ({_beyond(v)})' for s, v in new)}"
        if gone:
            was = curve.points[i - 1].written
            yield f"      no longer: {', '.join(f'{s.name} ({_beyond(v)} at {was})' for s, v in gone)}"
    yield styled("  Harm let through: meters that harm their hub and are not broken. Hub figures are assumed.", "dim")


def _beyond(verdict: Verdict) -> str:
    margin = verdict.margin_us or 0
    return f"{margin} beyond" if verdict.counts else f"{show_rounded(margin)} beyond" if margin else "exactly"


def as_csv(curve: Curve) -> str:
    """A row for each value and meter."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(("value", "meter", "verdict", "margin", "flag"))
    for point in curve.points:
        for specimen, verdict, mark in zip(curve.specimens, point.verdicts, point.marks, strict=True):
            margin = "" if verdict.margin_us is None else verdict.margin_us
            table.writerow((point.written, specimen.name, verdict.status, margin, mark))
    return out.getvalue()


def write_svg(curve: Curve, path: Path) -> None:
    """Draws it into `path`; BadInput if the file cannot be written."""
    write_atomically(path, svg_of(curve))


def svg_of(curve: Curve) -> bytes:
    """The drawing: how many meters, over the values."""
    most = max(1, len(curve.specimens))
    height = _TOP + _PLOT + 80 + 18 * len(_LINES)
    svg = Xml.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "role": "img", "viewBox": f"0 0 {_WIDTH} {height}",
                              "width": str(_WIDTH), "height": str(height)})  # fmt: skip
    title = f"{curve.rule.id}: meters over `{curve.key}`"
    Xml.SubElement(svg, "title").text = title
    Xml.SubElement(svg, "style").text = _STYLE
    _text(svg, 16, 26, title.replace("`", ""), "bold")
    _text(svg, 16, 46, f"of {len(curve.specimens)} meters; hub figures are assumed", "small")
    low, high = curve.points[0].number, curve.points[-1].number

    def x(point: Point) -> float:
        return _LEFT + (point.number - low) / max(1, high - low) * (_WIDTH - _LEFT - _RIGHT)

    def y(count: int) -> float:
        return _TOP + _PLOT * (1 - count / most)

    for count in range(0, most + 1, max(1, most // 6)):
        _line(svg, _LEFT, y(count), _WIDTH - _RIGHT, y(count), "grid")
        _text(svg, _LEFT - 8, y(count) + 4, str(count), "small", "end")
    free = 0.0
    for point in curve.points:
        label, at = point.value, x(point)
        if at - 3.2 * len(label) >= free and at + 3.2 * len(label) <= _WIDTH:
            _text(svg, at, _TOP + _PLOT + 18, label, "small", "middle")
            free = at + 3.2 * len(label) + 6
        _line(svg, at, _TOP + _PLOT, at, _TOP + _PLOT + 4, "axis")
    _line(svg, _LEFT, _TOP + _PLOT, _WIDTH - _RIGHT, _TOP + _PLOT, "axis")
    for i, (style, words, count_of) in enumerate(_LINES):
        steps = " ".join(f"{x(p):.1f},{y(count_of(p)):.1f}" for p in curve.points)
        Xml.SubElement(svg, "polyline", {"class": f"line {style}", "points": steps})
        row = _TOP + _PLOT + 44 + 18 * i
        _line(svg, _LEFT, row, _LEFT + 40, row, f"line {style}")
        _text(svg, _LEFT + 50, row + 4, words, "small")
    return svg_bytes(svg)


def _line(svg: Xml.Element, x: float, y: float, x2: float, y2: float, style: str) -> None:
    at = {"x1": f"{x:.1f}", "y1": f"{y:.1f}", "x2": f"{x2:.1f}", "y2": f"{y2:.1f}"}
    Xml.SubElement(svg, "line", {**at, "class": style})


def _text(svg: Xml.Element, x: float, y: float, text: str, style: str, anchor: str = "start") -> None:
    at = {"x": f"{x:.1f}", "y": f"{y:.1f}", "class": style, "text-anchor": anchor}
    Xml.SubElement(svg, "text", at).text = text
