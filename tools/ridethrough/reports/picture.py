"""A run as an SVG drawing: the curves as they are, and what happened beside them.

Stands alone (no font, script or style from elsewhere) and follows the reader's light or dark scheme.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as Xml

from ridethrough.quantities import show_time
from ridethrough.reports.summary import Summary
from ridethrough.traces import Interval, Trace, Voltage
from ridethrough.whole import write_whole

_LEFT, _WIDTH, _ROW, _GAP = 110, 1000, 30, 12
_PLOT = _WIDTH - _LEFT - 20
_TOP_MV = 13_200
_STYLE = """
svg { font: 13px system-ui, sans-serif; background: #fff; }
text { fill: #222; } .small { font-size: 11px; fill: #555; }
.line { fill: none; stroke: #1a6b3c; stroke-width: 1.6; }
.limit { stroke: #999; stroke-dasharray: 4 3; } .grid { stroke: #e4e4e4; }
.on { fill: #bfe3cd; } .bad { fill: #e2574c; } .band { fill: #cfdcf3; stroke: #fff; }
.reset { stroke: #b8860b; } .alert { stroke: #c4161c; stroke-width: 2; }
.alerttext { fill: #c4161c; font-weight: bold; }
@media (prefers-color-scheme: dark) {
  svg { background: #16181d; } text { fill: #e6e6e6; } .small { fill: #a8a8a8; }
  .line { stroke: #6fd39a; } .grid { stroke: #2b2e36; } .on { fill: #24513a; } .band { fill: #2c3c5c; stroke: #16181d; }
  .alerttext { fill: #ff7a70; }
}
"""


def write_picture(trace: Trace, summary: Summary, title: str, path: Path) -> None:
    """Draws `trace` into `path`; BadInput if the file cannot be written."""
    svg = _Drawing(trace, summary, title).svg()
    write_whole(path, Xml.tostring(svg, encoding="utf-8") + b"\n")


class _Drawing:
    def __init__(self, trace: Trace, summary: Summary, title: str) -> None:
        self._trace = trace
        self._summary = summary
        self._title = title
        self._y = 64
        self._root = Xml.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "role": "img"})
        Xml.SubElement(self._root, "title").text = f"{title}. {summary.verdict.sentence()}"
        Xml.SubElement(self._root, "style").text = _STYLE

    def svg(self) -> Xml.Element:
        trace = self._trace
        self._text(16, 24, self._title, {"font-weight": "bold", "font-size": "15"})
        self._text(16, 44, self._summary.verdict.sentence(), {"class": "small"})
        grid = Xml.SubElement(self._root, "g")
        self._levels("mains", trace.when("mains", 1))
        self._voltage("CH power", trace.voltages["ch_mv"], 10_800)
        self._voltage("hub supply", trace.voltages["hub_mv"], trace.hub_lost_mv)
        self._bands("hub", trace.texts["hub"])
        self._levels("AC lost", trace.when("ac_lost", 1), "bad")
        self._levels("meter runs", trace.application_runs())
        self._bands("update", trace.texts["phase"])
        bottom = self._y
        self._grid(grid, bottom)
        for event in trace.events("reset"):
            self._mark(event.t_us, bottom, "reset", str(event.data.get("kind", "")), 16)
        for alert in self._summary.alerts:
            kind = "legitimate" if alert.legitimate else "false"
            self._mark(alert.t_us, bottom, "alert", f"AD1, {kind} ({alert.doing})", 32)
        self._root.set("viewBox", f"0 0 {_WIDTH} {bottom + 66}")
        return self._root

    def _x(self, t_us: int) -> float:
        return round(_LEFT + _PLOT * t_us / max(1, self._trace.end_us), 2)

    def _text(self, x: float, y: float, text: str, attributes: dict[str, str] | None = None) -> None:
        Xml.SubElement(self._root, "text", {"x": str(x), "y": str(y), **(attributes or {})}).text = text

    def _label(self, text: str, height: int) -> int:
        top = self._y
        self._text(16, top + height / 2 + 4, text)
        self._y += height + _GAP
        return top

    def _box(self, a: int, b: int, top: int, height: int, style: str) -> None:
        x = self._x(a)
        size = {"x": str(x), "width": str(max(0.6, round(self._x(b) - x, 2))), "y": str(top), "height": str(height)}
        Xml.SubElement(self._root, "rect", {"class": style, **size})

    def _levels(self, label: str, intervals: list[Interval], style: str = "on") -> None:
        top = self._label(label, _ROW // 2)
        for a, b in intervals:
            self._box(a, b, top, _ROW // 2, style)

    def _bands(self, label: str, changes: list[tuple[int, str]]) -> None:
        top = self._label(label, _ROW - 6)
        for i, (t_us, name) in enumerate(changes):
            stop = changes[i + 1][0] if i + 1 < len(changes) else self._trace.end_us
            if name in ("idle", "off"):
                continue
            self._box(t_us, stop, top, _ROW - 6, "band")
            if self._x(stop) - self._x(t_us) > 7 * len(name):
                self._text(self._x(t_us) + 4, top + 16, name, {"class": "small"})

    def _voltage(self, label: str, voltage: Voltage, limit_mv: int) -> None:
        height = 2 * _ROW
        top = self._label(label, height)

        def y(mv: float) -> float:
            return round(top + height * (1 - mv / _TOP_MV), 2)

        points = []
        for segment, stop in voltage.pieces(self._trace.end_us):
            steps = 1 if segment.shape in ("flat", "ramp") else 24
            for i in range(steps + 1):
                t_us = segment.t_us + (stop - 1 - segment.t_us) * i // steps
                points.append(f"{self._x(t_us)},{y(segment.mv_at(t_us))}")
        for a, b in self._trace.dark() if label == "hub supply" else []:
            self._box(a, b, top, height, "bad")
        line = {"x1": str(_LEFT), "x2": str(_LEFT + _PLOT), "y1": str(y(limit_mv)), "y2": str(y(limit_mv))}
        Xml.SubElement(self._root, "line", {"class": "limit", **line})
        at = {"class": "small", "text-anchor": "end"}
        self._text(_LEFT + _PLOT - 4, y(limit_mv) + 12, f"{limit_mv / 1000:g} V", at)
        Xml.SubElement(self._root, "polyline", {"class": "line", "points": " ".join(points)})

    def _grid(self, grid: Xml.Element, bottom: int) -> None:
        end_us = self._trace.end_us
        step_us = next(s * 10**6 for s in (1, 2, 5, 10, 20, 30, 60, 120, 600, 10**9) if end_us / s / 1e6 <= 12)
        for t_us in range(0, end_us + 1, step_us):
            x = str(self._x(t_us))
            Xml.SubElement(grid, "line", {"class": "grid", "x1": x, "x2": x, "y1": "56", "y2": str(bottom)})
            self._text(float(x) - 8, bottom + 14, show_time(t_us).replace("0 us", "0 s"), {"class": "small"})

    def _mark(self, t_us: int, bottom: int, style: str, text: str, below: int) -> None:
        x = self._x(t_us)
        line = {"x1": str(x), "x2": str(x), "y1": "56", "y2": str(bottom + below + 4)}
        Xml.SubElement(self._root, "line", {"class": style, **line})
        right = x > _WIDTH - 160
        anchor = {"text-anchor": "end" if right else "start"}
        kind = {"class": "alerttext" if style == "alert" else "small"}
        self._text(x - 4 if right else x + 4, bottom + below + 14, text, anchor | kind)
