"""What a virtual board keeps while it lies in a drawer: its flash, in a file, and beside it how far the meter's
metrology part has counted."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from ridethrough.boards import Board
from ridethrough.support.errors import BadInput
from ridethrough.support.files import check_regular, read_bounded, why

_COUNT_BYTES_MAX = 64


class FlashFile:
    """The flash file at `path`: what the chip holds is there after each operation, so that killing this
    process is to the board what a power cut is. `fresh` is what a new file holds. BadInput if the file
    is no flash of `board`, or another process serves it."""

    def __init__(self, path: Path, board: Board, fresh: bytes) -> None:
        self._path, size = path, board.flash_bytes
        try:
            if path.exists():
                # a disk would look like a new file
                check_regular(path)
            path.parent.mkdir(parents=True, exist_ok=True)
            fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except (OSError, ValueError) as e:
            raise BadInput(f"{path}: {why(e)}") from e
        self._file = os.fdopen(fd, "r+b")
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as e:
            self._file.close()
            raise BadInput(f"{path}: another board is being served from it") from e
        held = os.fstat(fd).st_size
        if held == 0:
            try:
                self._write(0, fresh)
            except BadInput:
                # half a flash would be none of this board
                os.ftruncate(fd, 0)
                self._file.close()
                raise
        elif held != size:
            self._file.close()
            raise BadInput(f"{path}: {held} bytes: no flash of {board.name}, which has {size}")
        self.flash = bytearray(os.pread(fd, size, 0))
        self._count = path.with_name(path.name + ".mwh")

    def keep(self, at: int, data: bytes) -> None:
        """The flash holds `data` at `at` from now on. BadInput if the disk is full."""
        self._write(at, data)

    def _write(self, at: int, data: bytes) -> None:
        while data:
            try:
                done = os.pwrite(self._file.fileno(), data, at)
            except OSError as e:
                raise BadInput(f"{self._path}: {why(e)}: the board's flash cannot be kept") from e
            at, data = at + done, data[done:]

    def mwh(self, otherwise: int) -> int:
        """How far the metrology part has counted; `otherwise` on a new board."""
        try:
            if not self._count.exists():
                return otherwise
            text = read_bounded(self._count, _COUNT_BYTES_MAX, "count of mWh").decode()
        except (OSError, UnicodeDecodeError):
            text = ""
        if not text.strip().isdecimal() or len(text) > 20:
            raise BadInput(f"{self._count}: a whole number of mWh expected; remove the file to begin anew")
        return int(text)

    def keep_mwh(self, mwh: int) -> None:
        """Remembers it."""
        part = self._count.with_name(self._count.name + ".part")
        try:
            part.write_text(f"{mwh}\n")
            part.replace(self._count)
        except OSError as e:
            raise BadInput(f"{self._count}: {why(e)}: the board's count cannot be kept") from e

    def close(self) -> None:
        self._file.close()
