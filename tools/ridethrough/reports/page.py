"""One self-contained HTML page: no network, no build step. Readable in print, in a dark scheme and by a
screen reader; what failed stands out first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as Xml

from ridethrough.reports.picture import STYLE, Drawing
from ridethrough.reports.timeline import happenings
from ridethrough.rules import Verdict
from ridethrough.traces import Trace
from ridethrough.version import VERSION
from ridethrough.whole import write_whole


@dataclass(frozen=True)
class Td:
    """A table's cell: text, classes, what a pointer shows, and a smaller line below."""

    text: str
    style: str = ""
    title: str = ""
    under: str = ""


class Page:
    """Built from top to bottom; `write` makes the file."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._body = Xml.Element("body")
        self._main = Xml.SubElement(self._body, "main")
        self._ids: set[str] = set()
        self.add("h1", title)

    def add(self, tag: str, text: str, style: str = "", **attributes: str) -> Xml.Element:
        """An element with text, at the end."""
        element = Xml.SubElement(self._main, tag, {**({"class": style} if style else {}), **attributes})
        element.text = text
        return element

    def heading(self, text: str, level: int = 2) -> str:
        """A heading; returns its id, for links."""
        anchor = "".join(c if c.isalnum() else "-" for c in text.lower()).strip("-")[:60]
        while anchor in self._ids:
            anchor += "-"
        self._ids.add(anchor)
        self.add(f"h{level}", text, id=anchor)
        return anchor

    def bullets(self, texts: Iterable[str], style: str = "") -> None:
        """A list."""
        element = self.add("ul", "", style)
        for text in texts:
            Xml.SubElement(element, "li").text = text

    def verdict(self, verdict: Verdict, before: str = "") -> None:
        """The verdict, as what the eye meets first."""
        self.add("p", before + verdict.sentence(), f"verdict {verdict.status}")

    def table(
        self, caption: str, head: Sequence[str], rows: Iterable[Sequence[str | Td]], upright: bool = True
    ) -> None:
        """A table; the first cell of each row is its heading."""
        self.add("p", caption, "soft")
        wide = self.add("div", "", "wide", tabindex="0", role="region")
        wide.set("aria-label", caption)
        table = Xml.SubElement(wide, "table", {} if upright else {"class": "up-head"})
        line = Xml.SubElement(Xml.SubElement(table, "thead"), "tr")
        for i, text in enumerate(head):
            cell = Xml.SubElement(line, "th", {"scope": "col", **({} if upright or not i else {"class": "up"})})
            cell.text = text
        body = Xml.SubElement(table, "tbody")
        for row in rows:
            line = Xml.SubElement(body, "tr")
            for i, value in enumerate(row):
                td = value if isinstance(value, Td) else Td(value)
                attributes = {k: v for k, v in (("class", td.style), ("title", td.title)) if v}
                cell = Xml.SubElement(line, "td" if i else "th", attributes | ({} if i else {"scope": "row"}))
                cell.text = td.text
                if td.under:
                    Xml.SubElement(cell, "small").text = td.under

    def timeline(self, trace: Trace, verdict: Verdict, limits_mv: Sequence[float], name: str) -> None:
        """The trace as a drawing that can be stretched, and in words."""
        drawing = Drawing(trace, verdict, limits_mv)
        box = self.add("div", "", "timeline")
        zoom = Xml.SubElement(box, "p", {"class": "zoom"})
        for text, factor in (("wider", "2"), ("narrower", "0.5"), ("whole", "0")):
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
        return "<!DOCTYPE html>\n" + Xml.tostring(root, encoding="unicode", method="html") + "\n"

    def write(self, path: Path) -> None:
        """Writes the page; BadInput if that cannot be done."""
        write_whole(path, self.html().encode())


def _beside(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
