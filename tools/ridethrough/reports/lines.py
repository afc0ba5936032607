"""Lines for a terminal: pieces of text, each with a style in Rich's words. What colours them stands in
cli/terminal.py, so that a report needs nothing but the standard library.
"""

from __future__ import annotations


class Line:
    """`parts`: each piece of the line and its style, "" for none."""

    __slots__ = ("parts",)

    def __init__(self, parts: tuple[tuple[str, str], ...] = ()) -> None:
        self.parts = parts

    @property
    def plain(self) -> str:
        """The text alone."""
        return "".join(text for text, _ in self.parts)


def styled(text: str, style: str = "") -> Line:
    """A line of one piece."""
    return Line(((text, style),))


def joined(*parts: str | tuple[str, str]) -> Line:
    """A line of several pieces; one without a style is a plain text."""
    return Line(tuple((part, "") if isinstance(part, str) else part for part in parts))
