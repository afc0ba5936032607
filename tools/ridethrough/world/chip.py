"""The flash chip: NOR rules, the datasheet's times, what a power cut leaves behind, and what can be wrong
with a chip.

An erase sets a sector to ones; a program only clears bits. Each takes its time, in which the world goes
on. If the MCU is gone before an operation ends, the operation stays half done: a program has written a
share of its bytes, an erase has blanked a share of its sector; and from then on the chip answers that
guest with an I/O error, whatever the firmware catches.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from ridethrough.boards import Board

_CORRUPT = -84
"""littlefs's word for a block that should be considered bad."""


@dataclass(frozen=True)
class ChipParams:
    """Geometry and times, from the chip's datasheet (board.toml). `reports_errors`: the port's driver tells
    littlefs of an operation that failed; the rp2's does not."""

    block_bytes: int
    blocks: int
    page_bytes: int
    program_page_us: int
    erase_us: int
    reports_errors: bool = False

    @classmethod
    def of(cls, board: Board) -> ChipParams:
        """The chip on a board."""
        return cls(
            board.block_bytes,
            board.blocks,
            board.page_bytes,
            board.program_page_us,
            board.erase_us,
            board.flash_reports_errors,
        )


@dataclass(frozen=True)
class Operation:
    """A program of `data` at `at`, or (no data) the erase of the block that begins there."""

    at: int
    data: bytes = b""


class FlashChip:
    """`data` is what the chip holds. Work is counted by `purpose`: the file that is being written.

    `bad` blocks take neither a program nor an erase. A block in `unstable` was cut off in the middle of an
    erase: its zeros read as anything until it is erased. `on_operation` hears of each operation before it
    begins, `on_written(at, size)` after it, whole or not.
    """

    def __init__(self, params: ChipParams, data: bytearray | None = None) -> None:
        self.params = params
        self.data = bytearray(b"\xff" * (params.block_bytes * params.blocks)) if data is None else data
        self.bad: frozenset[int] = frozenset()
        self.unstable: set[int] = set()
        self.on_operation: Callable[[Operation], None] = lambda operation: None
        self.on_written: Callable[[int, int], None] = lambda at, size: None
        self.busy = False
        """An operation is under way."""
        self.purpose = "(mount)"
        self.programmed_bytes: Counter[str] = Counter()
        self.programs: Counter[str] = Counter()
        self.erases: Counter[str] = Counter()
        self._noise = random.Random(0)

    def read(self, at: int, size: int) -> bytes:
        """What the chip answers."""
        data = bytes(self.data[at : at + size])
        if self.unstable and at // self.params.block_bytes in self.unstable:
            value = int.from_bytes(data, "big") | self._noise.getrandbits(8 * size) if size else 0
            data = value.to_bytes(size, "big")
        return data

    def program(self, at: int, data: bytes, spend: Callable[[int], int]) -> int:
        """Programs `data` at `at`. `spend(us)` lets time pass and returns how much of it really did.
        Returns 0, or an error if the driver reports one."""
        self.on_operation(Operation(at, data))
        pages = -(-len(data) // self.params.page_bytes)
        whole_us = pages * self.params.program_page_us
        done = len(data) * self._spent(whole_us, spend) // whole_us
        self.programs[self.purpose] += 1
        self.programmed_bytes[self.purpose] += len(data)
        if at // self.params.block_bytes in self.bad:
            return _CORRUPT if self.params.reports_errors else 0
        self.data[at : at + done] = programmed(self.data[at : at + done], data[:done])
        self.on_written(at, done)
        return 0

    def _spent(self, us: int, spend: Callable[[int], int]) -> int:
        self.busy = True
        try:
            return spend(us)
        finally:
            self.busy = False

    def erase(self, block: int, spend: Callable[[int], int]) -> int:
        """Erases one block; returns as `program` does."""
        size = self.params.block_bytes
        self.on_operation(Operation(block * size))
        whole_us = self.params.erase_us
        done = size * self._spent(whole_us, spend) // whole_us
        self.erases[self.purpose] += 1
        if block in self.bad:
            return _CORRUPT if self.params.reports_errors else 0
        self.data[block * size : block * size + done] = b"\xff" * done
        self.on_written(block * size, done)
        if done == size:
            self.unstable.discard(block)
        return 0


def programmed(old: bytes | bytearray, data: bytes) -> bytes:
    """What is there after `data` was programmed over `old`: bits are only cleared."""
    return (int.from_bytes(old, "big") & int.from_bytes(data, "big")).to_bytes(len(data), "big")
