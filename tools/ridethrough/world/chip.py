"""The flash chip: NOR rules, the datasheet's times, and what a power cut leaves behind.

An erase sets a sector to ones; a program only clears bits. Each takes its time, in which the world goes
on. If the MCU is gone before an operation ends, the operation stays half done: a program has written a
share of its bytes, an erase has blanked a share of its sector; and from then on the chip answers that
guest with an I/O error, whatever the firmware catches.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class ChipParams:
    """Geometry and times, from the chip's datasheet (board.toml)."""

    block_bytes: int
    blocks: int
    page_bytes: int
    program_page_us: int
    erase_us: int


class FlashChip:
    """`data` is what the chip holds. Work is counted by `purpose`: the file that is being written."""

    def __init__(self, params: ChipParams) -> None:
        self.params = params
        self.data = bytearray(b"\xff" * (params.block_bytes * params.blocks))
        self.purpose = "(mount)"
        self.programmed_bytes: Counter[str] = Counter()
        self.programs: Counter[str] = Counter()
        self.erases: Counter[str] = Counter()

    def read(self, at: int, size: int) -> bytes:
        return bytes(self.data[at : at + size])

    def program(self, at: int, data: bytes, spend: Callable[[int], int]) -> None:
        """Programs `data` at `at`. `spend(us)` lets time pass and returns how much of it really did."""
        pages = -(-len(data) // self.params.page_bytes)
        whole_us = pages * self.params.program_page_us
        done = len(data) * spend(whole_us) // whole_us
        old = int.from_bytes(self.data[at : at + done], "big")
        self.data[at : at + done] = (old & int.from_bytes(data[:done], "big")).to_bytes(done, "big")
        self.programs[self.purpose] += 1
        self.programmed_bytes[self.purpose] += len(data)

    def erase(self, block: int, spend: Callable[[int], int]) -> None:
        """Erases one block."""
        size = self.params.block_bytes
        done = size * spend(self.params.erase_us) // self.params.erase_us
        self.data[block * size : block * size + done] = b"\xff" * done
        self.erases[self.purpose] += 1
