"""A trace as an SVG drawing: the curves as they are, with the limits and what happened drawn in.

Stands alone (no font, script or style from elsewhere) and follows the reader's light or dark scheme. Along
the axis of time everything is placed in percent, so a page can stretch the plot without its text.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as Xml

from ridethrough.reports.markup import svg_bytes
from ridethrough.rules import Verdict
from ridethrough.rules.words import show_span
from ridethrough.support.files import write_atomically
from ridethrough.support.quantities import show_time
from ridethrough.traces import Interval, Trace, Voltage
from ridethrough.traces.alerts import alerts
from ridethrough.traces.intervals import covers, joined, touching, without

LEFT_PX, WIDTH_PX = 110, 1000
_ROW, _GAP, _TOP = 30, 12, 12
_TOP_MV = 13_200
_WINDOW_LOW_MV = 10_800
_POINTS_MAX = 4000
_SEEN_PERCENT = 0.2
_LETTER_PERCENT, _NARROW_LETTER_PERCENT = 0.8, 2.6
"""How wide a letter is, of a plot as wide as a page, and of one on a telephone (400 px)."""
_WIDE = "wideonly"
"""The class of words that have room on a wide page alone; page.css hides them on a narrow one."""
_NARROW = "narrowonly"
"""The class of the short words that stand there instead."""
_BOLD = 1.35
_COLUMNS = 2000
"""So finely a curve is drawn at most: more than a screen has columns."""
STYLE = """
.rt { font: 13px system-ui, sans-serif; }
.rt text { fill: #222; } .rt .small { font-size: 11px; fill: #555; }
.rt .line { fill: none; stroke: #1a6b3c; stroke-width: 1.6; vector-effect: non-scaling-stroke; }
.rt .limit { stroke: #999; stroke-dasharray: 4 3; } .rt .grid { stroke: #e4e4e4; }
.rt .on { fill: #bfe3cd; } .rt .bad { fill: #e2574c; } .rt .band { fill: #cfdcf3; stroke: #fff; }
.rt .counted { fill: #e2574c; fill-opacity: .28; }
.rt .hole { fill: #f1f1f1; stroke: #888; stroke-dasharray: 2 3; }
.rt .reset { stroke: #b8860b; } .rt .alert { stroke: #c4161c; stroke-width: 2; }
.rt .alerttext { fill: #c4161c; font-weight: bold; }
.rt .narrowonly { display: none; } .rt .ranout { stroke: #b3141b; stroke-width: 1.5; }
@media (prefers-color-scheme: dark) { @media screen {
  .rt text { fill: #e6e6e6; } .rt .small { fill: #a8a8a8; }
  .rt .line { stroke: #6fd39a; } .rt .grid { stroke: #2b2e36; } .rt .on { fill: #24513a; }
  .rt .hole { fill: #24272f; stroke: #999; }
  .rt .band { fill: #2c3c5c; stroke: #16181d; } .rt .alerttext { fill: #ff7a70; }
} }
"""
_PAPER = "svg { background: #fff; } @media (prefers-color-scheme: dark) { svg { background: #16181d; } }"


def write_picture(trace: Trace, verdict: Verdict, title: str, path: Path) -> None:
    """Draws `trace` into `path`; BadInput if the file cannot be written."""
    write_atomically(path, picture_of(trace, verdict, title))


def picture_of(trace: Trace, verdict: Verdict, title: str) -> bytes:
    """The bytes of the file."""
    drawing = Drawing(trace, verdict)
    above = 56
    height = str(drawing.height + above)
    svg = Xml.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "role": "img", "class": "rt"})
    svg.set("viewBox", f"0 0 {WIDTH_PX} {height}")
    Xml.SubElement(svg, "title").text = f"{title}. {verdict.sentence()}"
    Xml.SubElement(svg, "style").text = STYLE + _PAPER
    _text(svg, "16", 24, title, {"font-weight": "bold", "font-size": "15"})
    _text(svg, "16", 44, verdict.sentence(), {"class": "small"})
    for element, x, width in ((drawing.labels, 0, LEFT_PX), (drawing.plot, LEFT_PX, WIDTH_PX - LEFT_PX - 20)):
        size = {"x": str(x), "y": str(above), "width": str(width), "height": str(drawing.height)}
        svg.append(element)
        element.attrib.update(size)
    return svg_bytes(svg)


class Drawing:
    """`labels` and `plot` are SVG elements of the same `height`. `limits_mv`: drawn into CH power;
    the verdict's witness is shaded."""

    def __init__(self, trace: Trace, verdict: Verdict, limits_mv: Sequence[float] = (_WINDOW_LOW_MV,)) -> None:
        self._trace = trace
        self._y = _TOP
        self.labels = Xml.Element("svg")
        self.plot = Xml.Element("svg", {"overflow": "visible"})
        grid = Xml.SubElement(self.plot, "g")
        self._levels("mains", trace.when("mains", 1), unseen=trace.unseen("mains"))
        top = self._y
        self._voltage("CH power", trace.voltages["ch_mv"], limits_mv, [], trace.unseen("ch_mv"))
        if verdict.witness and verdict.status in ("fail", "undecided"):
            self._box((verdict.witness.from_us, verdict.witness.to_us), top, 2 * _ROW, "counted")
        if (ran_out_us := verdict.limit_ran_out_us) is not None:
            self._ran_out(ran_out_us, top)
        if trace.voltages["hub_mv"].segments:
            self._voltage(
                "hub supply", trace.voltages["hub_mv"], (trace.hub_lost_mv,), trace.dark(), trace.unseen("hub_mv")
            )
        self._bands("hub", trace.texts["hub"])
        self._levels("AC lost", trace.when("ac_lost", 1), "bad", trace.unseen("ac_lost"))
        self._levels("meter runs", trace.application_runs())
        self._bands("update", trace.texts["phase"])
        bottom = self._y
        self._grid(grid, bottom)
        resets = [(event.t_us, str(event.data.get("kind", ""))) for event in trace.events("reset")]
        sent = [(a.t_us, f"AD1, {'legitimate' if a.legitimate else 'false'} ({a.doing})") for a in alerts(trace)]
        for label, style, marks, below in (("resets", "reset", resets, 16), ("alerts", "alert", sent, 32)):
            if marks:
                _text(self.labels, "16", bottom + below + 14, label)
                self._marks(marks, bottom, style, below)
        self.height = bottom + 60

    def _percent(self, t_us: int) -> float:
        return round(100 * t_us / max(1, self._trace.end_us), 4)

    def _label(self, text: str, height: int) -> int:
        top = self._y
        _text(self.labels, "16", top + height // 2 + 4, text)
        self._y += height + _GAP
        return top

    def _box(self, at: Interval, top: int, height: int, style: str) -> None:
        x = self._percent(at[0])
        size = {"x": f"{x}%", "width": f"{max(0.07, round(self._percent(at[1]) - x, 4))}%"}
        Xml.SubElement(self.plot, "rect", {"class": style, **size, "y": str(top), "height": str(height)})

    def _ran_out(self, t_us: int, top: int) -> None:
        # the moment from which on the rule was broken
        x = f"{self._percent(t_us)}%"
        line = {"class": "ranout", "x1": x, "x2": x, "y1": str(top - 4), "y2": str(top + 2 * _ROW + 4)}
        mark = Xml.SubElement(self.plot, "line", line)
        Xml.SubElement(mark, "title").text = f"the limit ran out, {show_time(t_us)}"
        _text(self.plot, x, top + 2 * _ROW - 8, "limit", {"class": "small", "dx": "4"})

    def _levels(
        self, label: str, intervals: Sequence[Interval], style: str = "on", unseen: Sequence[Interval] = ()
    ) -> None:
        if not intervals and not unseen and not self._trace.knows(label):
            return
        top = self._label(label, _ROW // 2)
        for at in self._seen(intervals):
            self._box(at, top, _ROW // 2, style)
        self._unseen(unseen, top, _ROW // 2)

    def _seen(self, intervals: Sequence[Interval]) -> Sequence[Interval]:
        # what is nearer together than a column of a screen is drawn as one, if there is so much of it
        return intervals if len(intervals) <= _COLUMNS else joined(intervals, self._trace.end_us // _COLUMNS)

    def _bands(self, label: str, changes: list[tuple[int, str]]) -> None:
        if not changes:
            return
        top = self._label(label, _ROW - 6)
        drawn_us = -1
        for i, (t_us, name) in enumerate(changes):
            stop = changes[i + 1][0] if i + 1 < len(changes) else self._trace.end_us
            if name in ("idle", "off") or (
                len(changes) > _COLUMNS and stop - drawn_us < self._trace.end_us // _COLUMNS
            ):
                continue
            drawn_us = stop
            self._box((t_us, stop), top, _ROW - 6, "band")
            room = self._percent(stop) - self._percent(t_us)
            if room > (len(name) + 1) * _LETTER_PERCENT:
                tier = "" if room > (len(name) + 1) * _NARROW_LETTER_PERCENT else f" {_WIDE}"
                _text(self.plot, f"{self._percent(t_us)}%", top + 16, name, {"class": "small" + tier, "dx": "4"})

    def _voltage(
        self,
        label: str,
        voltage: Voltage,
        limits_mv: Sequence[float],
        dark: list[Interval],
        unseen: Sequence[Interval],
    ) -> None:
        height = 2 * _ROW
        top = self._label(label, height)
        for at in dark:
            self._box(at, top, height, "bad")
        for mv in sorted({round(mv) for mv in limits_mv}):
            y = round(top + height * (1 - mv / _TOP_MV), 2)
            line = {"class": "limit", "x1": "0", "x2": "100%", "y1": str(y), "y2": str(y)}
            Xml.SubElement(self.plot, "line", line)
            end = {"class": "small", "text-anchor": "end", "dx": "-4"}
            _text(self.plot, "100%", y + 12, f"{mv / 1000:g} V", end)
        # the curve has a scale of its own, which is stretched with the plot
        scale = {"viewBox": f"0 0 1000 {_TOP_MV}", "preserveAspectRatio": "none", "width": "100%"}
        inner = Xml.SubElement(self.plot, "svg", {**scale, "y": str(top), "height": str(height)})
        curves: list[list[tuple[float, float]]] = [[]]
        pieces = list(voltage.pieces(self._trace.end_us))
        fine = max(1, min(24, _POINTS_MAX // (2 * len(pieces) + 1)))
        for segment, stop in pieces:
            steps = 1 if segment.shape in ("flat", "ramp") else fine
            whole = (segment.t_us, stop)
            for a, b in without([whole], touching(unseen, [whole])):
                if covers(unseen, a - 1):
                    curves.append([])
                curves[-1] += [
                    (self._percent(t_us) * 10, _TOP_MV - segment.mv_at(t_us))
                    for t_us in (a + (b - 1 - a) * i // steps for i in range(steps + 1))
                ]
        thin = sum(map(len, curves)) > _POINTS_MAX
        for points in filter(None, curves):
            drawn = _thinned(points) if thin else points
            Xml.SubElement(
                inner, "polyline", {"class": "line", "points": " ".join(f"{x:.3f},{y:.0f}" for x, y in drawn)}
            )
        self._unseen(unseen, top, height)

    def _unseen(self, unseen: Sequence[Interval], top: int, height: int) -> None:
        for a, b in unseen[:_POINTS_MAX]:
            if self._percent(b) - self._percent(a) < _SEEN_PERCENT:
                continue
            self._box((a, b), top, height, "hole")
            Xml.SubElement(self.plot[-1], "title").text = f"not seen, {show_time(a)} to {show_time(b)}"
            middle = {"class": "small", "text-anchor": "middle"}
            room = self._percent(b) - self._percent(a)
            text = "not seen" if room > 8 * _LETTER_PERCENT else "?"
            _text(
                self.plot,
                f"{round((self._percent(a) + self._percent(b)) / 2, 4)}%",
                top + height // 2 + 4,
                text,
                middle,
            )

    def _grid(self, grid: Xml.Element, bottom: int) -> None:
        end_us = self._trace.end_us
        steps_s = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 3600, 7200, 86_400, 432_000, 10**9)
        step_us = next((s * 10**6 for s in steps_s if end_us / s / 1e6 <= 12), end_us + 1)
        for t_us in range(0, end_us + 1, step_us):
            x = f"{self._percent(t_us)}%"
            Xml.SubElement(grid, "line", {"class": "grid", "x1": x, "x2": x, "y1": "0", "y2": str(bottom)})
            tier = "" if t_us % (4 * step_us) == 0 else f" {_WIDE}"
            words = show_span(t_us) if t_us else "0 s"
            _text(self.plot, x, bottom + 14, words, {"class": "small" + tier, "dx": "-8" if t_us else "0"})

    def _marks(self, marks: list[tuple[int, str]], bottom: int, style: str, below: int) -> None:
        # Text that would lie over its neighbour's is left out: the lines are all there.
        free, narrow_free, kind = 0.0, 0.0, "alerttext" if style == "alert" else "small"
        before = -1.0
        for t_us, text in marks:
            percent = self._percent(t_us)
            if len(marks) > _COLUMNS and percent - before < 100 / _COLUMNS:
                continue
            before = percent
            x = f"{percent}%"
            line = {"x1": x, "x2": x, "y1": "0", "y2": str(bottom + below + 4)}
            mark = Xml.SubElement(self.plot, "line", {"class": style, **line})
            Xml.SubElement(mark, "title").text = f"{text}, {show_time(t_us)}"
            letters = len(text) * (_BOLD if style == "alert" else 1)
            width, narrow = letters * _LETTER_PERCENT, letters * _NARROW_LETTER_PERCENT
            # on the side on which it has room on a narrow page, if it has any
            right = percent + narrow > 100 and percent > 50
            begin, narrow_begin = (percent - width, percent - narrow) if right else (percent, percent)
            anchor = {"text-anchor": "end", "dx": "-4"} if right else {"dx": "4"}
            fits = narrow_begin >= narrow_free and narrow_begin >= 0 and narrow_begin + narrow <= 104
            if begin >= free:
                tier = "" if fits else f" {_WIDE}"
                _text(self.plot, x, bottom + below + 14, text, anchor | {"class": kind + tier})
                free = begin + width + 1
                if fits:
                    narrow_free = narrow_begin + narrow + 2
            short, comma, _ = text.partition(",")
            if comma and not fits and percent >= narrow_free:
                _text(self.plot, x, bottom + below + 14, short, anchor | {"class": f"{kind} {_NARROW}"})
                narrow_free = percent + len(short) * _BOLD * _NARROW_LETTER_PERCENT + 2


def _thinned(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    # Of the points in each column of a screen the first, the lowest, the highest and the last, in their order.
    drawn: list[tuple[float, float]] = []
    first, last_x = 0, points[-1][0]
    width = max(last_x - points[0][0], 1e-9) / _COLUMNS
    while first < len(points):
        end_x = points[first][0] + width
        end = bisect_left(points, (end_x, float("-inf")), lo=first + 1)
        column = range(first, end)
        low, high = min(column, key=lambda i: points[i][1]), max(column, key=lambda i: points[i][1])
        drawn += [points[i] for i in sorted({first, low, high, end - 1})]
        first = end
    return drawn


def _text(parent: Xml.Element, x: str, y: float, text: str, attributes: dict[str, str] | None = None) -> None:
    Xml.SubElement(parent, "text", {"x": x, "y": str(y), **(attributes or {})}).text = text
