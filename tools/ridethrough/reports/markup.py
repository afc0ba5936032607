"""Trees of elements as the bytes of a file. ElementTree writes what it is given, also what no XML and no HTML may hold:
here is the one place where every text of a page or a drawing passes.
"""

from __future__ import annotations

from xml.etree import ElementTree as Xml

from ridethrough.support.text import shown

_KEEP = "\n\t"


def svg_bytes(root: Xml.Element) -> bytes:
    """A drawing that stands alone."""
    return bytes(Xml.tostring(_safe(root), encoding="utf-8")) + b"\n"


def xml_bytes(root: Xml.Element) -> bytes:
    """A document for programs."""
    Xml.indent(root)
    return bytes(Xml.tostring(_safe(root), encoding="utf-8", xml_declaration=True)) + b"\n"


def html_text(root: Xml.Element) -> str:
    """A page."""
    return "<!DOCTYPE html>\n" + Xml.tostring(_safe(root), encoding="unicode", method="html") + "\n"


def _safe(root: Xml.Element) -> Xml.Element:
    for element in root.iter():
        element.text = element.text and shown(element.text, _KEEP)
        element.tail = element.tail and shown(element.tail, _KEEP)
        for name, value in element.attrib.items():
            element.set(name, shown(value, _KEEP))
    return root
