"""A board's wiring as an SVG drawing, made of board.toml alone, so that the two cannot disagree."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as Xml

from ridethrough.boards.board import Board, PinFacts
from ridethrough.reports.markup import svg_bytes
from ridethrough.support.files import write_atomically

_STYLE = """
svg { background: #fff; font: 13px system-ui, sans-serif; }
text { fill: #222; } .small { font-size: 11px; fill: #555; } .bold { font-weight: bold; }
.part { fill: #f4f6f9; stroke: #5c626d; } .chip { fill: #e6f4ea; stroke: #1a6b3c; }
.wire { stroke: #1a6b3c; stroke-width: 1.6; fill: none; }
.joint { fill: #1a6b3c; }
.resistor { fill: #fff; stroke: #1a6b3c; stroke-width: 1.4; }
.safety { fill: #b3141b; font-weight: bold; }
@media (prefers-color-scheme: dark) {
  svg { background: #16181d; } text { fill: #e6e6e6; } .small { fill: #a8a8a8; }
  .part { fill: #1e2128; stroke: #a3a9b5; }
  .chip { fill: #1c3527; stroke: #7fdba5; } .wire { stroke: #6fd39a; }
  .joint { fill: #6fd39a; }
  .resistor { fill: #16181d; stroke: #6fd39a; } .safety { fill: #ff8a80; }
}
"""
_PARTS: dict[str, tuple[str, str]] = {
    "ch_enable": ("enable of the high-side switch", "12 V source -> switch -> CH power"),
    "enable_sense": ("enable behind the OR of pin and latch", "read back by the preflight"),
    "latch_set": ("set of the latch", "a pulse of 100 ns or more"),
    "latch_clear": ("clear of the latch", "never pulsed by the firmware"),
    "latch_q": ("output of the latch", "OR ch_enable -> enable of the switch"),
    "ac_ok": ("gate of an N-channel transistor", "drain: AC lost; high keeps AC lost low"),
    "mains": ("mains detector, isolated", "high while mains is present"),
    "running_n": ("test point running_n", "low while an application runs; the witness looks here"),
    "ch_present_n": ("device present of the hub", "low when a hub is fitted"),
    "ch_sense": ("CH power through a divider", "the firmware measures what it holds"),
    "metrology_scl": ("metrology part, SCL", "I2C, 400 kHz"),
    "metrology_sda": ("metrology part, SDA", "I2C, 400 kHz"),
}
_HOLDS = {
    "none": "Nothing holds the enable through a reset: the firmware refuses to activate.",
    "pull": "The pull-up holds the enable through every reset, for as long as the board's supply is there.",
    "latch": "The latch holds the enable through every reset, for as long as the board's supply is there.",
    "pad": "The pad holds the enable through every reset but power-on and brown-out.",
}
_ROW, _TOP, _CHIP_X, _CHIP_W, _PART_X, _PART_W = 46, 116, 30, 250, 470, 400
_BUS_X, _LIFT = 450, 18
"""Where the supply goes down, and how far above a pin's wire its pull-up lies."""


def write_wiring(board: Board, path: Path) -> None:
    """Draws `board` into `path`; BadInput if the file cannot be written."""
    rows = [(role, board.pins[role]) for role in _PARTS if role in board.pins]
    height = _TOP + _ROW * len(rows) + 60
    svg = Xml.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 900 {height}", "role": "img"})
    Xml.SubElement(svg, "title").text = f"Wiring of {board.title}"
    Xml.SubElement(svg, "style").text = _STYLE
    _text(svg, 30, 28, board.title, "bold")
    _text(svg, 30, 50, _HOLDS[board.hold], "small")
    _text(
        svg,
        30,
        70,
        "A bench with an isolated supply only: on a real meter these lines may be at mains potential.",
        "safety",
    )
    box = {"class": "chip", "x": str(_CHIP_X), "width": str(_CHIP_W), "y": str(_TOP - 12), "rx": "6"}
    Xml.SubElement(svg, "rect", {**box, "height": str(_ROW * len(rows) + 8)})
    for i, (role, pin) in enumerate(rows):
        _row(svg, board, role, pin, _TOP + i * _ROW)
    _supply(svg, board, rows)
    bottom = _TOP + _ROW * len(rows) - 4
    _ground(svg, _CHIP_X + _CHIP_W // 2, bottom, 12)
    _ground(svg, _PART_X + _PART_W // 2, bottom - 10, 22)
    source = f"Ground is common throughout. Drawn from {board.name}/board.toml."
    _text(svg, 30, height - 14, source, "small")
    write_atomically(path, svg_bytes(svg))


def _supply(svg: Xml.Element, board: Board, rows: list[tuple[str, PinFacts]]) -> None:
    # The chip's supply, from which the pull-ups go.
    pulled = [i for i, (_, pin) in enumerate(rows) if pin.pull_up_ohm]
    top = _TOP - 24
    _text(svg, _BUS_X + 8, top + 4, f"{board.io_mv / 1000:g} V", "small")
    _wire(svg, _CHIP_X + _CHIP_W - 30, _TOP - 12, _CHIP_X + _CHIP_W - 30, top)
    _wire(svg, _CHIP_X + _CHIP_W - 30, top, _BUS_X, top)
    if pulled:
        _wire(svg, _BUS_X, top, _BUS_X, _TOP + pulled[-1] * _ROW + 14 - _LIFT)


def _row(svg: Xml.Element, board: Board, role: str, pin: PinFacts, y: int) -> None:
    what, why = _PARTS[role]
    middle = y + 14
    _text(svg, _CHIP_X + 12, middle, role, "bold")
    _text(svg, _CHIP_X + 12, middle + 15, _number(board, pin), "small")
    _wire(svg, _CHIP_X + _CHIP_W, middle, _PART_X, middle)
    if pin.pull_up_ohm:
        _wire(svg, _BUS_X - 70, middle, _BUS_X - 70, middle - _LIFT)
        _wire(svg, _BUS_X - 70, middle - _LIFT, _BUS_X, middle - _LIFT)
        _resistor(svg, _BUS_X - 54, middle - _LIFT - 5, 36, 10)
        _joint(svg, _BUS_X - 70, middle)
        _joint(svg, _BUS_X, middle - _LIFT)
        _text(svg, _CHIP_X + _CHIP_W + 8, middle - 5, f"{pin.pull_up_ohm / 1000:g} kOhm", "small")
    if pin.divider > 1:
        _resistor(svg, _BUS_X - 34, middle - 5, 36, 10)
        _wire(svg, _BUS_X - 70, middle, _BUS_X - 70, middle + 8)
        _resistor(svg, _BUS_X - 75, middle + 5, 10, 14)
        _joint(svg, _BUS_X - 70, middle)
        _ground(svg, _BUS_X - 70, middle + 19, 2)
        _text(svg, _CHIP_X + _CHIP_W + 8, middle - 5, f"{(pin.divider - 1) * 20} over 20 kOhm", "small")
    box = {"class": "part", "x": str(_PART_X), "width": str(_PART_W), "y": str(y - 6), "height": "38", "rx": "4"}
    Xml.SubElement(svg, "rect", box)
    _text(svg, _PART_X + 10, middle - 3, what)
    _text(svg, _PART_X + 10, middle + 12, why, "small")


def _number(board: Board, pin: PinFacts) -> str:
    # stm32 counts 16 for each letter
    own = f"P{'ABCDEFGHI'[pin.gpio // 16]}{pin.gpio % 16}" if board.port == "stm32" else f"GPIO{pin.gpio}"
    return f"{own}: {pin.label}" if pin.label else own


def _wire(parent: Xml.Element, x1: int, y1: int, x2: int, y2: int) -> None:
    ends = {"x1": str(x1), "y1": str(y1), "x2": str(x2), "y2": str(y2)}
    Xml.SubElement(parent, "line", {"class": "wire", **ends})


def _resistor(parent: Xml.Element, x: int, y: int, width: int, height: int) -> None:
    place = {"x": str(x), "y": str(y), "width": str(width), "height": str(height)}
    Xml.SubElement(parent, "rect", {"class": "resistor", **place})


def _joint(parent: Xml.Element, x: int, y: int) -> None:
    # wires that cross without one are not connected
    Xml.SubElement(parent, "circle", {"class": "joint", "cx": str(x), "cy": str(y), "r": "2.6"})


def _ground(parent: Xml.Element, x: int, y: int, stem: int) -> None:
    _wire(parent, x, y, x, y + stem)
    for i, half in enumerate((9, 6, 3)):
        _wire(parent, x - half, y + stem + 3 * i, x + half, y + stem + 3 * i)


def _text(parent: Xml.Element, x: int, y: int, text: str, style: str = "") -> None:
    Xml.SubElement(parent, "text", {"x": str(x), "y": str(y), **({"class": style} if style else {})}).text = text
