"""One self-contained HTML page: no network, no build step. Readable in print, in a dark scheme and by a
screen reader; what failed stands out first.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as Xml

from ridethrough.reports.markup import html_text
from ridethrough.reports.picture import STYLE, Drawing
from ridethrough.reports.timeline import happenings
from ridethrough.rules import Verdict
from ridethrough.support.files import write_atomically
from ridethrough.traces import Trace
from ridethrough.version import VERSION

_LEGEND = (
    "In timelines the green curve is CH power at the pins, a dashed line a limit of the rule. Shaded red is what a "
    "broken rule counts, solid red behind the hub's supply is the time without it. A grey box with a "
    "dotted edge is time that nobody saw. Lines across mark resets and alerts; point at one."
)


_PICTURE_PX = 680
"""As wide as a page of paper between its margins."""
_TINTS = {"hole": "#f6e9fb", "overreach": "#f6e9fb", "fail": "#fde8e6", "undecided": "#fdf3dc"}
"""As page.css has them in the light."""


@dataclass(frozen=True)
class Td:
    """A table's cell: text, classes, what a pointer shows, a smaller line below, and the heading it leads to."""

    text: str
    style: str = ""
    title: str = ""
    under: str = ""
    link: str = ""


def anchor_of(heading: str) -> str:
    """The id of a heading, for links."""
    return "".join(c if c.isalnum() else "-" for c in heading.lower()).strip("-")[:60]


class Page:
    """Built from top to bottom; `write` makes the file."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._body = Xml.Element("body")
        self._main = self._at = Xml.SubElement(self._body, "main")
        self._has_timeline = False
        self._ids: set[str] = set()
        self.add("h1", title)

    def add(self, tag: str, text: str, style: str = "", **attributes: str) -> Xml.Element:
        """An element with text, at the end."""
        element = Xml.SubElement(self._at, tag, {**({"class": style} if style else {}), **attributes})
        _fill(element, text)
        return element

    def heading(self, text: str, level: int = 2) -> None:
        """A heading, which can be led to."""
        anchor = anchor_of(text)
        while anchor in self._ids:
            anchor += "-"
        self._ids.add(anchor)
        self.add(f"h{level}", text, id=anchor)

    def contents(self) -> None:
        """A list of the page's parts, below its title; to be asked for when they are all there."""
        nav = Xml.Element("nav", {"aria-label": "contents"})
        items = Xml.SubElement(nav, "ul")
        for part in self._main.iter("h2"):
            link = Xml.SubElement(Xml.SubElement(items, "li"), "a", {"href": "#" + part.attrib["id"]})
            link.text = part.text
        self._main.insert(1, nav)

    def bullets(self, texts: Iterable[str], style: str = "") -> None:
        """A list."""
        element = self.add("ul", "", style)
        for text in texts:
            _fill(Xml.SubElement(element, "li"), text)

    @contextmanager
    def fold(self, summary: str) -> Iterator[None]:
        """What is added meanwhile is opened with a click, and left out in print."""
        outer, details = self._at, self.add("details", "", "fold")
        Xml.SubElement(details, "summary").text = summary
        self._at = details
        try:
            yield
        finally:
            self._at = outer

    def folded(self, summary: str, texts: Iterable[str]) -> None:
        """A list that is opened with a click, and stands open in print."""
        details = self.add("details", "")
        Xml.SubElement(details, "summary").text = summary
        items = Xml.SubElement(details, "ul")
        for text in texts:
            _fill(Xml.SubElement(items, "li"), text)

    def verdict(self, verdict: Verdict, before: str = "") -> None:
        """The verdict, as what the eye meets first."""
        self.add("p", before + verdict.sentence(), f"verdict {verdict.status}")

    def table(
        self, caption: str, head: Sequence[str | Td], rows: Iterable[Sequence[str | Td]], upright: bool = True
    ) -> None:
        """A table; the first cell of each row is its heading. Not `upright`: many narrow columns, whose heads
        stand on end and stay in sight."""
        self.add("p", caption, "soft")
        wide = self.add("div", "", "wide" if upright else "wide many", tabindex="0", role="region")
        wide.set("aria-label", caption)
        # a word processor that opens the page knows no CSS variables: what it is to keep stands in attributes, too
        plain = {"border": "1", "cellpadding": "4", "cellspacing": "0"}
        table = Xml.SubElement(wide, "table", plain if upright else {**plain, "class": "up-head"})
        line = Xml.SubElement(Xml.SubElement(table, "thead"), "tr")
        for i, value in enumerate(head):
            style = {"scope": "col", **({} if upright or not i else {"class": "up"})}
            _cell(line, "th", value if isinstance(value, Td) else Td(value), style)
        body = Xml.SubElement(table, "tbody")
        for row in rows:
            line = Xml.SubElement(body, "tr")
            for i, value in enumerate(row):
                td = value if isinstance(value, Td) else Td(value)
                tint = next((colour for name, colour in _TINTS.items() if name in td.style.split()), "")
                attributes = {k: v for k, v in (("class", td.style), ("title", td.title), ("bgcolor", tint)) if v}
                _cell(line, "td" if i else "th", td, attributes | ({} if i else {"scope": "row"}))

    def timeline(self, trace: Trace, verdict: Verdict, limits_mv: Sequence[float], name: str) -> None:
        """The trace as a drawing that can be stretched, and in words."""
        drawing = Drawing(trace, verdict, limits_mv)
        if not self._has_timeline:
            self._has_timeline = True
            self.add("p", _LEGEND, "soft")
        box = self.add("div", "", "timeline")
        zoom = Xml.SubElement(box, "p", {"class": "zoom"})
        for text, factor in (("wider", "2"), ("narrower", "0.5"), ("whole", "0"), ("copy as picture", "copy")):
            Xml.SubElement(zoom, "button", {"type": "button", "value": factor}).text = text
        Xml.SubElement(zoom, "output", {"class": "soft"}).text = ""
        both = Xml.SubElement(box, "div", {"class": "both"})
        drawing.labels.attrib.update(
            {"class": "rt", "width": "110", "height": str(drawing.height), "aria-hidden": "true"}
        )
        both.append(drawing.labels)
        scroll = Xml.SubElement(both, "div", {"class": "scroll", "tabindex": "0", "role": "img"})
        scroll.set("aria-label", f"Timeline of {name}. {verdict.sentence()}")
        drawing.plot.attrib.update({"class": "rt plot", "width": "100%", "height": str(drawing.height)})
        scroll.append(drawing.plot)
        details = Xml.SubElement(box, "details")
        Xml.SubElement(details, "summary").text = "what happened, in words"
        items = Xml.SubElement(details, "ol")
        for line in list(happenings(trace))[:500]:
            Xml.SubElement(items, "li").text = line.plain.strip()

    def picture(self, svg: bytes, words: str) -> None:
        """A drawing as a picture: what is copied out of the page stays one. `words`: for who cannot see it."""
        source = "data:image/svg+xml;base64," + base64.b64encode(svg).decode()
        # a word processor takes the size from here
        size = [int(Xml.fromstring(svg).attrib[name]) for name in ("width", "height")]
        scale = min(1.0, _PICTURE_PX / size[0])
        width, height = (str(round(px * scale)) for px in size)
        self.add("img", "", "drawing", src=source, alt=words, width=width, height=height)

    def html(self) -> str:
        """The page."""
        root = Xml.Element("html", {"lang": "en-GB"})
        head = Xml.SubElement(root, "head")
        Xml.SubElement(head, "meta", {"charset": "utf-8"})
        Xml.SubElement(head, "meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"})
        Xml.SubElement(head, "title").text = self._title
        Xml.SubElement(head, "style").text = _beside("page.css") + STYLE
        root.append(self._body)
        footer = Xml.SubElement(self._body, "footer", {"class": "soft"})
        Xml.SubElement(
            footer, "p"
        ).text = f"Made by Ridethrough {VERSION}. Hub figures are assumed: none has been published."
        Xml.SubElement(self._body, "script").text = _beside("page.js")
        return html_text(root)

    def write(self, path: Path) -> None:
        """Writes the page; BadInput if that cannot be done."""
        write_atomically(path, self.html().encode())


def _cell(line: Xml.Element, tag: str, td: Td, attributes: dict[str, str]) -> None:
    cell = Xml.SubElement(line, tag, attributes)
    inner = Xml.SubElement(cell, "a", {"href": "#" + td.link}) if td.link else cell
    inner.text = td.text
    if td.under:
        Xml.SubElement(cell, "small").text = td.under


def _fill(element: Xml.Element, text: str) -> None:
    # words in backticks are keys and their values
    first, *rest = text.split("`")
    element.text = first
    for i, part in enumerate(rest):
        if i % 2 == 0:
            Xml.SubElement(element, "code").text = part
        else:
            element[-1].tail = part


def _beside(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
