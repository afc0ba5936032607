"""A reading drawn: an example on either side of its limit, with what the engine makes of it in lanes, one below the
other. Not to scale: every stretch between two changes has its length written on it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as Xml

from ridethrough.reports.markup import svg_bytes
from ridethrough.reports.timeline import Glyphs
from ridethrough.rules import Evidence, Rule
from ridethrough.rules.amounts import amount
from ridethrough.rules.cuts import cuts
from ridethrough.rules.exemptions import taken_off
from ridethrough.rules.reading import Reading
from ridethrough.rules.reboots import spans
from ridethrough.rules.side import AT_LEAST
from ridethrough.rules.words import show_span
from ridethrough.support.files import write_atomically
from ridethrough.support.quantities import show_rounded
from ridethrough.traces import Interval
from ridethrough.traces.intervals import covers, outside
from ridethrough.workbench.behaviour import CALM_US, trace_of
from ridethrough.workbench.criteria import Example, Pair
from ridethrough.world.hub_params import HubParams

_LABEL = 10
_MARKED = {"command": "c", "shutdown": "s", "reset": "R", "boot": "b", "application": "a", "outcome": "o", "ad1": "!"}
_PAD_US = 10_000_000
_LOW_MV = 10_800
"""Below this CH power is drawn as not there: 90 % of 12 V."""
_ROW, _TOP, _LEFT, _WIDTH = 26, 64, 96, 900
_STYLE = """
svg { background: #fff; font: 13px system-ui, sans-serif; } text { fill: #222; } .small { font-size: 11px; fill: #555; }
.bold { font-weight: bold; } .grid { stroke: #d9dce2; } .kept { fill: #1a6b3c; } .broken { fill: #b3141b; }
.mains, .power { fill: #bfe3cd; } .forbidden { fill: #f0b429; } .cut { fill: #e2574c; fill-opacity: .45; }
.reboot { fill: #cfdcf3; } .exempt { fill: #c9c9d4; } .counted { fill: #e2574c; }
"""
_DARK = """
@media (prefers-color-scheme: dark) { @media screen { svg { background: #16181d; } text { fill: #e6e6e6; }
  .small { fill: #a8a8a8; } .grid { stroke: #343842; } .kept { fill: #7fdba5; } .broken { fill: #ff8a80; }
  .mains, .power { fill: #24513a; } .reboot { fill: #2c3c5c; } .exempt { fill: #4a4d5a; } } }
"""
SCREEN_STYLE = _STYLE + _DARK
"""For light and dark."""


@dataclass(frozen=True)
class Lane:
    """A row: when what it is called goes on."""

    name: str
    style: str
    when: Sequence[Interval]


@dataclass(frozen=True)
class Diagram:
    """One example. `points`: the moments between which nothing changes, in us; `marks`: letters for events."""

    title: str
    said: str
    points: tuple[int, ...]
    lanes: tuple[Lane, ...]
    marks: tuple[tuple[int, str], ...]

    @classmethod
    def of(cls, rule: Rule, reading: Reading, example: Example) -> Diagram:
        """The example as `reading` sees it."""
        trace = trace_of(example.behaviour, HubParams())
        evidence = Evidence(trace)
        found = amount(evidence, reading, AT_LEAST)
        counted = [cut.at for cut in found.cuts] if found else []
        lanes = [
            Lane("mains", "mains", trace.when("mains", 1)),
            Lane("CH power", "power", outside(trace.voltages["ch_mv"].below(_LOW_MV, trace.end_us), trace.end_us)),
            Lane("forbidden", "forbidden", evidence.truth(reading.forbid).sure),
            Lane("cut", "cut", cuts(evidence, reading, AT_LEAST)),
            Lane("reboot", "reboot", [] if reading.always else spans(evidence, reading, AT_LEAST)),
            Lane("exempt", "exempt", taken_off(evidence, reading, AT_LEAST)),
            Lane("counted", "counted", counted),
        ]
        lanes = [lane for lane in lanes if lane.when and not (lane.name == "mains" and len(lane.when) == 1)]
        letters: dict[int, str] = {}
        for e in trace.log:
            if e.name in _MARKED:
                letters[e.t_us] = letters.get(e.t_us, "") + _MARKED[e.name]
        marks = list(letters.items())
        ends = {t for lane in lanes for i in lane.when for t in i} | {t for t, _ in marks}
        begin, end = CALM_US - _PAD_US, trace.end_us - CALM_US + _PAD_US
        last = max([t for t in ends if t < trace.end_us] or [end])
        end = min(trace.end_us, max(end, last + _PAD_US))
        points = sorted({begin, *(t for t in ends if begin < t < end), end})
        what = f"{reading.name}: " if reading.name else ""
        return cls(f"{what}{example.said}", example.verdict.sentence(), tuple(points), tuple(lanes), tuple(marks))

    @property
    def weights(self) -> list[float]:
        """How wide each stretch is drawn: by the order of magnitude of its length."""
        return [1 + max(0.0, math.log10((b - a) / 1000)) / 2 for a, b in pairwise(self.points)]

    def text(self, width: int, glyphs: Glyphs) -> Iterator[str]:
        """Lines of text, `width` characters at most."""
        columns = max(len(self.points) * 4, min(width, 110) - _LABEL)
        share = columns / sum(self.weights)
        sizes = [max(3, int(w * share)) for w in self.weights]
        at = [sum(sizes[:i]) for i in range(len(sizes) + 1)]
        yield f"{self.title}: {self.said}"
        row = [" "] * (at[-1] + 1)
        for t, letter in self.marks:
            if self.points[0] <= t <= self.points[-1]:
                begin = at[self.points.index(t)]
                row[begin : begin + len(letter)] = letter
        yield f"{'':<{_LABEL}}{''.join(row)}".rstrip()
        for lane in self.lanes:
            fill = (glyphs.full if covers(lane.when, a) else glyphs.none for a, _ in pairwise(self.points))
            yield f"{lane.name:<{_LABEL}}{''.join(c * n for c, n in zip(fill, sizes, strict=True))}"
        spent = [show_rounded(b - a).replace(" ", "") for a, b in pairwise(self.points)]
        yield (
            f"{'':<{_LABEL}}"
            + "".join(f"{(t if len(t) < n else ''):<{n}}" for t, n in zip(spent, sizes, strict=True)).rstrip()
        )

    def draw(self, svg: Xml.Element, top: int) -> int:
        """Draws it into `svg` from `top` on; where it ends."""
        share = (_WIDTH - _LEFT - 16) / sum(self.weights)
        at = [_LEFT + sum(self.weights[:i]) * share for i in range(len(self.weights) + 1)]
        kind = "kept" if self.title.endswith("kept") else "broken"
        _text(svg, 16, top + 18, self.title, f"bold {kind}")
        _text(svg, _LEFT, top + 18, self.said, "small")
        bottom = top + _TOP + _ROW * len(self.lanes)
        for x in at:
            line = {"x1": f"{x:.1f}", "x2": f"{x:.1f}", "y1": str(top + _TOP - 8), "y2": str(bottom), "class": "grid"}
            Xml.SubElement(svg, "line", line)
        for t, letter in self.marks:
            if self.points[0] <= t <= self.points[-1]:
                _text(svg, at[self.points.index(t)] - 4, top + _TOP - 14, letter, "bold")
        for i, lane in enumerate(self.lanes):
            y = top + _TOP + i * _ROW
            _text(svg, 16, y + 14, lane.name)
            for (a, _), x, x2 in zip(pairwise(self.points), at, at[1:], strict=False):
                if covers(lane.when, a):
                    box = {"x": f"{x:.1f}", "width": f"{x2 - x:.1f}", "y": str(y), "height": str(_ROW - 8)}
                    Xml.SubElement(svg, "rect", {**box, "class": lane.style})
        for (a, b), x, x2 in zip(pairwise(self.points), at, at[1:], strict=False):
            label = show_rounded(b - a)
            if len(label) * 6.2 < x2 - x:
                _text(svg, x + 3, bottom + 12, label, "small")
        return bottom + 28


def diagrams(rule: Rule, reading: Reading, pair: Pair) -> list[Diagram]:
    """Of what is kept, if there is something, and of what is broken."""
    return [Diagram.of(rule, reading, example) for example in (pair.kept, pair.broken) if example is not None]


def legend(reading: Reading) -> str:
    """What the lanes are."""
    limit = f"; the limit is {reading.lasting.show(show_span(reading.lasting.limit))}" if reading.lasting else ""
    letters = "R reset, c command, s shutdown, b boot, a application, o outcome, ! AD1"
    return f"Not to scale. CH power: at or above 10.8 V; forbidden: {reading.forbid.says}{limit}. {letters}."


def svg_of(drawn: Sequence[Diagram], title: str, note: str, style: str = _STYLE) -> bytes:
    """The drawings one below the other, as an SVG that stands alone. As it is, for a document: word processors take
    what stands in a media query for everybody's."""
    svg = Xml.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "role": "img", "width": str(_WIDTH)})
    Xml.SubElement(svg, "title").text = title
    Xml.SubElement(svg, "style").text = style
    _text(svg, 16, 24, title, "bold")
    y = 36
    for one in drawn:
        y = one.draw(svg, y)
    for line in _wrapped(note, 140):
        y += 16
        _text(svg, 16, y, line, "small")
    svg.set("viewBox", f"0 0 {_WIDTH} {y + 14}")
    svg.set("height", str(y + 14))
    return svg_bytes(svg)


def write_svg(drawn: Sequence[Diagram], title: str, note: str, path: Path) -> None:
    """Writes them, for light and dark; BadInput if the file cannot be written."""
    write_atomically(path, svg_of(drawn, title, note, SCREEN_STYLE))


def _wrapped(text: str, width: int) -> Iterator[str]:
    import textwrap

    yield from textwrap.wrap(text, width)


def _text(svg: Xml.Element, x: float, y: float, text: str, style: str = "") -> None:
    Xml.SubElement(svg, "text", {"x": f"{x:.1f}", "y": f"{y:.1f}", **({"class": style} if style else {})}).text = text
