"""UF2 files: what is in one, and which build of MicroPython it is. The format is Microsoft's
(github.com/microsoft/uf2): blocks of 512 bytes, each with its address and length in its head."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from pathlib import Path

from ridethrough.support.errors import BadInput
from ridethrough.support.files import read_bounded

UF2_BYTES_MAX = 8 * 1024 * 1024
_BLOCK, _MAGIC = 512, (0x0A324655, 0x9E5D5157, 0x0AB16F30)
_FAMILY_FLAG, _NOT_MAIN_FLAG = 0x2000, 0x1
_RP2040 = 0xE48BFF56
_FAMILIES = {0xE48BFF59: "an RP2350", 0xE48BFF57: "an RP2350, absolute", 0xADA52840: "an nRF52840"}
_FLASH, FLASH_BYTES = 0x1000_0000, 2 * 1024 * 1024
_VERSION = re.compile(rb"v?(\d+\.\d+\.\d+(?:-preview\.\d+\.g[0-9a-f]+)?) on (\d{4}-\d{2}-\d{2})")
_BOARD = re.compile(rb"([A-Za-z][\x20-\x7e]{2,60}) with RP2040\x00")


@dataclass(frozen=True)
class Build:
    """A build in a UF2 file. `version` and `board` as it says of itself, "" where it does not."""

    path: Path
    bytes: int
    version: str
    board: str

    def words(self) -> str:
        """For people."""
        if not self.version:
            return f"{self.path.name}: a program for the RP2040, no MicroPython that says so"
        return f"{self.path.name}: MicroPython {self.version}{f', {self.board}' if self.board else ''}"


def read_uf2(path: Path) -> Build:
    """What is in the file; BadInput if that is nothing for an RP2040 with 2 MB of flash."""
    data = read_bounded(path, UF2_BYTES_MAX, "UF2 file")
    if not data or len(data) % _BLOCK:
        raise BadInput(f"{path}: {len(data)} bytes are no UF2 file: it has blocks of {_BLOCK} bytes")
    image = bytearray()
    for number, at in enumerate(range(0, len(data), _BLOCK)):
        first, second, flags, address, size, _, _, family = struct.unpack_from("<8I", data, at)
        (last,) = struct.unpack_from("<I", data, at + _BLOCK - 4)
        if (first, second, last) != _MAGIC:
            raise BadInput(f"{path}: block {number} is none of UF2: is the file whole?")
        if flags & _NOT_MAIN_FLAG:
            continue
        if flags & _FAMILY_FLAG and family != _RP2040:
            known = _FAMILIES.get(family, f"family {family:#x}")
            raise BadInput(f"{path}: is for {known}, not for an RP2040: take the build for a Raspberry Pi Pico")
        if not (address >= _FLASH and address + size <= _FLASH + FLASH_BYTES and size <= 476):
            raise BadInput(f"{path}: block {number} goes to {address:#x}, which is not within 2 MB of flash")
        offset = address - _FLASH
        if len(image) < offset + size:
            image.extend(b"\xff" * (offset + size - len(image)))
        image[offset : offset + size] = data[at + 32 : at + 32 + size]
    if not image:
        raise BadInput(f"{path}: nothing in it goes to flash")
    version, board = _VERSION.search(image), _BOARD.search(image)
    return Build(
        path.resolve(),
        len(image),
        f"{version[1].decode()} of {version[2].decode()}" if version else "",
        board[1].decode() if board else "",
    )
