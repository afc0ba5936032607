"""Explain any file as an image, field by field: where it stands, what it says, what is wrong with it."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, field

from ridethrough.images import layout
from ridethrough.images.keys import EMULATED, signature_holds

_OUTER_NAMES = (
    "file identifier", "header version", "header length", "field control", "manufacturer code", "image type",
    "file version", "Zigbee stack version", "header string", "total size",
)  # fmt: skip
_INNER_NAMES = (
    "magic", "format", "inner header length", "version", "hardware", "security counter", "follows from", "follows to",
    "resident library", "payload length", "spare", "payload SHA-256",
)  # fmt: skip
_SHOWN_BYTES = 16
_HEX = {"file identifier", "header version", "field control", "manufacturer code", "image type", "hardware"}


@dataclass(frozen=True)
class Field:
    """One field: where it stands, how long it is, what it says."""

    at: int
    size: int
    name: str
    value: str


@dataclass
class Report:
    """`image`: it has an OTA header. `problems`: everything wrong with it. `verdicts`: what was checked."""

    image: bool = False
    fields: list[Field] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    verdicts: dict[str, bool] = field(default_factory=dict)
    signed_by_everybody: bool = False

    @property
    def status(self) -> int:
        """0 well-formed and nothing that was asked fails, 1 something fails, 2 no image."""
        if not self.image:
            return 2
        return 1 if self.problems or not all(self.verdicts.values()) else 0


def inspect_image(data: bytes, supplier: bytes | None = None, maker: bytes | None = None) -> Report:
    """Explains `data`; checks the outer signature with `supplier` and the inner one with `maker` (64
    bytes, x then y) where given."""
    report = Report()
    if len(data) < layout.OUTER.size or data[:4] != layout.OUTER_IDENT.to_bytes(4, "little"):
        report.problems.append(f"no Zigbee OTA header: the file does not begin with 1e f1 ee 0b{_elsewhere(data)}")
        return report
    report.image = True
    values = layout.OUTER.unpack_from(data)
    _list(report, layout.OUTER, _OUTER_NAMES, values, 0)
    _, form, header_bytes, control, _, _, version, _, _, total = values
    problems = report.problems
    if form != layout.OUTER_FORM:
        problems.append(f"header version {form:#06x}, 0x0100 expected")
    if control & ~layout.CONTROL_KNOWN:
        problems.append(f"field control {control:#06x}: bits that have no meaning are set, and a board refuses it")
    hardware = _optional(report, data, control)
    expected = layout.OUTER.size + sum(size for bit, _, size in layout.OPTIONAL if control & bit)
    if header_bytes != expected:
        problems.append(f"header length {header_bytes}, its field control makes it {expected}")
    if total != len(data):
        problems.append(f"header says {total} bytes, the file has {len(data)}")
    end = min(total, len(data)) - layout.TAIL_BYTES
    content = data[header_bytes : min(total, len(data))]
    if header_bytes >= layout.OUTER.size and (parts := _sub_elements(content, header_bytes)):
        report.fields += parts
        problems.append("sub-elements instead of a Manufacturer Image and its signature: not an image for our boards")
        return report
    if not layout.OUTER.size <= header_bytes <= end:
        problems.append("no room for a Manufacturer Image and its signature")
        return report
    if not data.startswith(layout.INNER_MAGIC, header_bytes) and data[end : end + 2] != layout.MARKER:
        report.fields.append(
            Field(header_bytes, len(content), "content", "neither a Manufacturer Image nor sub-elements")
        )
        problems.append("no signature is announced by 00 40: not an image for our boards")
        return report
    manufacturer = data[header_bytes:end]
    _inner(report, manufacturer, header_bytes, version, hardware, maker)
    report.fields.append(Field(end, 2, "signature length", data[end : end + 2].hex(" ")))
    report.fields.append(Field(end + 2, 64, "supplier's signature", data[end + 2 : end + 66].hex()))
    if data[end : end + 2] != layout.MARKER:
        problems.append("the signature is not announced by 00 40")
    signature = data[end + 2 : end + 66]
    if supplier is not None:
        report.verdicts["supplier's signature"] = signature_holds(supplier, manufacturer, signature)
    report.signed_by_everybody = signature_holds(EMULATED.supplier.public, manufacturer, signature)
    report.fields.append(
        Field(header_bytes, len(manufacturer), "Manufacturer Image SHA-256", hashlib.sha256(manufacturer).hexdigest())
    )
    return report


def _elsewhere(data: bytes) -> str:
    # Some makers put theirs into a container of their own.
    at = data.find(layout.OUTER_IDENT.to_bytes(4, "little"))
    return f"; one begins at byte {at}, in a container: cut off what stands before it" if at > 0 else ""


def _sub_elements(content: bytes, base: int) -> list[Field]:
    # Somebody else's file: its sub-elements, and what is behind them; none if it does not begin with one.
    found: list[Field] = []
    at = 0
    while len(content) - at >= layout.SUB_ELEMENT.size and len(found) < layout.SUB_ELEMENTS_MAX:
        tag, length = layout.SUB_ELEMENT.unpack_from(content, at)
        begin = at + layout.SUB_ELEMENT.size
        known = layout.SUB_ELEMENTS.get(tag, "of the maker's own" if tag >= 0xF000 else "")
        if length > len(content) - begin or not (known or found):
            break
        name = known or "unknown"
        head = content[begin : begin + min(length, _SHOWN_BYTES)].hex(" ")
        value = f"{length} bytes: {head}{' ...' if length > _SHOWN_BYTES else ''}"
        found.append(Field(base + at, begin - at + length, f"sub-element {tag:#06x}, {name}", value))
        at = begin + length
    if found and at < len(content):
        found.append(Field(base + at, len(content) - at, "rest", "behind the last sub-element"))
    return found


def _list(report: Report, form: struct.Struct, names: tuple[str, ...], values: tuple[object, ...], base: int) -> None:
    at = base
    codes = form.format.lstrip("<").replace("32s", "S").replace("8s", "s")
    sizes = {"I": 4, "H": 2, "S": 32, "s": 8}
    for name, value, code in zip(names, values, codes, strict=True):
        if isinstance(value, bytes):
            shown = value.hex() if "SHA" in name else repr(value.rstrip(b"\0"))[2:-1]
        else:
            shown = f"{value:#06x}" if name in _HEX else str(value)
        report.fields.append(Field(at, sizes[code], name, shown))
        at += sizes[code]


def _optional(report: Report, data: bytes, control: int) -> tuple[int, int] | None:
    at = layout.OUTER.size
    hardware = None
    for bit, name, size in layout.OPTIONAL:
        if control & bit:
            part = data[at : at + size]
            report.fields.append(Field(at, size, name, part.hex(" ")))
            if bit == layout.HARDWARE_PRESENT and len(part) == size:
                low, high = struct.unpack("<HH", part)
                hardware = (low, high)
            at += size
    return hardware


def _inner(
    report: Report, manufacturer: bytes, base: int, version: int, hardware: tuple[int, int] | None, maker: bytes | None
) -> None:
    if len(manufacturer) < layout.PAYLOAD_AT or not manufacturer.startswith(layout.INNER_MAGIC):
        report.fields.append(Field(base, len(manufacturer), "Manufacturer Image", "inner format is not ours"))
        return
    values = layout.INNER.unpack_from(manufacturer)
    _list(report, layout.INNER, _INNER_NAMES, values, base)
    inner = manufacturer[: layout.INNER.size]
    signature = manufacturer[layout.INNER.size : layout.PAYLOAD_AT]
    payload = manufacturer[layout.PAYLOAD_AT :]
    report.fields.append(Field(base + layout.INNER.size, 64, "maker's signature", signature.hex()))
    report.fields.append(Field(base + layout.PAYLOAD_AT, len(payload), "payload", "ROMFS"))
    _, form, inner_bytes, inner_version, inner_hardware, _, _, _, _, length, spare, sha = values
    problems = report.problems
    if form != layout.INNER_FORM or inner_bytes != layout.INNER.size or spare:
        problems.append("inner header: a format we do not know")
    if length != len(payload):
        problems.append(f"inner header says {length} bytes of payload, there are {len(payload)}")
    if hashlib.sha256(payload).digest() != sha:
        problems.append("payload SHA-256 differs from the inner header's")
    if inner_version != version:
        problems.append(f"the outer header says version {version}, the inner one {inner_version}")
    if hardware is None:
        problems.append("the outer header names no hardware versions: our boards refuse it")
    elif not hardware[0] <= inner_hardware <= hardware[1]:
        problems.append(f"hardware {inner_hardware:#06x} is not within the outer header's range")
    if maker is not None:
        report.verdicts["maker's signature"] = signature_holds(maker, inner, signature)
