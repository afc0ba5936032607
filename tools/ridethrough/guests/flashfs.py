"""littlefs on a board's flash chip, with the parameters that the MicroPython port uses.

Used by the cpython guest for the running firmware, and to lay down the files of a fresh board.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, TypeVar

from littlefs import UserContext, lfs
from littlefs.errors import LittleFSError

from ridethrough.boards import Board
from ridethrough.boards.firmware import Firmware
from ridethrough.support.errors import BadInput
from ridethrough.world.chip import ChipParams, FlashChip

READ_BYTES, CYCLES, LOOKAHEAD_BYTES = 32, 100, 32
"""rp2's: read size and lookahead are vfs.VfsLfs2's defaults, block cycles is fixed in its C code."""
_IO_ERROR, _EXISTS, _NO_SPACE = -5, -17, -28
_Found = TypeVar("_Found")


class _Device(UserContext):
    """littlefs's four calls, on a chip. `spend(us)` lets time pass and says how much did; `alive()` is
    asked before each: littlefs-python swallows exceptions, so a chip without a board returns an error."""

    def __init__(self, chip: FlashChip, spend: Callable[[int], int], alive: Callable[[], bool]) -> None:
        self._chip = chip
        self._spend = spend
        self._alive = alive
        self._block_bytes = chip.params.block_bytes
        self.writes = 0
        """How many programs and erases were made."""

    def read(self, cfg: Any, block: int, off: int, size: int) -> bytearray:
        at = block * self._block_bytes + off
        if self._chip.unstable:
            return bytearray(self._chip.read(at, size))
        return self._chip.data[at : at + size]

    def prog(self, cfg: Any, block: int, off: int, data: bytes) -> int:
        if not self._alive():
            return _IO_ERROR
        result = self._chip.program(block * self._block_bytes + off, data, self._spend)
        self.writes += 1
        return result if self._alive() else _IO_ERROR

    def erase(self, cfg: Any, block: int) -> int:
        if not self._alive():
            return _IO_ERROR
        result = self._chip.erase(block, self._spend)
        self.writes += 1
        return result if self._alive() else _IO_ERROR

    def sync(self, cfg: Any) -> int:
        return 0


def read_and_close(fs: lfs.LFSFilesystem, handle: lfs.LFSFile, size: int | None = None) -> bytes:
    """An open file's bytes; LittleFSError if they cannot be read. It is closed either way: littlefs keeps a list of
    what is open, and a handle that was dropped in it is memory that somebody else gets. `size`: as it is known."""
    try:
        return bytes(lfs.file_read(fs, handle, lfs.file_size(fs, handle) if size is None else size))
    finally:
        lfs.file_close(fs, handle)


def entries(fs: lfs.LFSFilesystem, folder: str) -> Iterator[Any]:
    """The entries of a folder, but for itself and the one above; LittleFSError if they cannot be read. It is closed
    either way."""
    handle = lfs.dir_open(fs, folder)
    try:
        while (entry := lfs.dir_read(fs, handle)) is not None:
            if entry.name not in (".", ".."):
                yield entry
    finally:
        lfs.dir_close(fs, handle)


class FlashFs:
    """A littlefs on `chip`. `fs` is littlefs-python's handle, for its `lfs` functions. `cache_bytes`: for whoever only
    reads, how much at a time; what is programmed at a time depends on it."""

    def __init__(
        self,
        chip: FlashChip,
        spend: Callable[[int], int] = lambda us: us,
        alive: Callable[[], bool] = lambda: True,
        cache_bytes: int = 0,
    ) -> None:
        page = chip.params.page_bytes
        self._chip = chip
        self._device = _Device(chip, spend, alive)
        self._glass: FlashFs | None = None
        self._seen = -1  # the device's writes, when that was mounted
        cache = cache_bytes or min(chip.params.block_bytes, 4 * max(READ_BYTES, page))
        self._config = lfs.LFSConfig(
            context=self._device,
            block_size=chip.params.block_bytes,
            block_count=chip.params.blocks,
            # A board reads 32 bytes at a time. What is programmed and erased does not depend on it (the tests
            # compare with the VM's littlefs, which does), and each read costs us a call.
            read_size=cache,
            prog_size=page,
            cache_size=cache,
            lookahead_size=LOOKAHEAD_BYTES,
            block_cycles=CYCLES,
        )
        self.fs = lfs.LFSFilesystem()

    def format(self) -> None:
        lfs.format(self.fs, self._config)

    def mount(self) -> None:
        """Mounts; littlefs.LittleFSError if there is no sound file system."""
        lfs.mount(self.fs, self._config)

    def close(self) -> None:
        """Gives back what littlefs has allocated; nobody may ask it for anything from then on. Whatever it says: a
        flash that is gone in the middle of something leaves it in any state."""
        with contextlib.suppress(LittleFSError):
            lfs.unmount(self.fs)
        if self._glass:
            self._glass.close()
            self._glass = None

    def look(self, work: Callable[[lfs.LFSFilesystem], _Found]) -> _Found:
        """What `work` finds, which only reads, and closes all that it opens. It is given another mount of the same
        flash, which reads whole blocks: littlefs looks at the same directory again and again, and each read costs us
        a call. LittleFSError as from littlefs."""
        if self._chip.unstable:
            # no two reads of such a block are alike: what this mount has read already, it has to keep
            return work(self.fs)
        if self._seen != self._device.writes:
            if self._glass:
                self._glass.close()
            self._glass = FlashFs(self._chip, alive=lambda: False, cache_bytes=self._chip.params.block_bytes)
            self._seen = self._device.writes
            try:
                self._glass.mount()
            except LittleFSError:
                self._glass = None
        return work(self._glass.fs if self._glass else self.fs)

    def write_files(self, files: Mapping[str, bytes]) -> None:
        """Writes files by absolute path, making their folders."""
        made = {""}
        for path, data in files.items():
            parts = path.split("/")[1:-1]
            for i in range(len(parts)):
                folder = "/" + "/".join(parts[: i + 1])
                if folder not in made:
                    made.add(folder)
                    self._make_folder(folder)
            handle = lfs.file_open(self.fs, path, "wb")
            try:
                lfs.file_write(self.fs, handle, data)
            finally:
                lfs.file_close(self.fs, handle)

    def remove(self, path: str) -> None:
        """Of a file that may not be there."""
        with contextlib.suppress(LittleFSError):
            lfs.remove(self.fs, path)

    def _make_folder(self, folder: str) -> None:
        try:
            lfs.mkdir(self.fs, folder)
        except LittleFSError as e:
            if e.code != _EXISTS:
                raise

    def read_file(self, path: str, size: int | None = None) -> bytes:
        """A file's bytes; OSError if it is not there. `size`: as it is known."""
        try:
            handle = lfs.file_open(self.fs, path, "rb")
        except LittleFSError as e:
            raise OSError(-e.code, path) from e
        return read_and_close(self.fs, handle, size)


def fresh_flash(firmware: Firmware, board: Board, blank: bool = False) -> bytes:
    """A board's flash as the factory leaves it; `blank`: with MicroPython's empty file system."""
    files = {} if blank else firmware.fresh_board(board)
    return _flash(tuple(files.items()), board.block_bytes, board.blocks, board.page_bytes)


@lru_cache(maxsize=32)
def _flash(files: tuple[tuple[str, bytes], ...], block_bytes: int, blocks: int, page_bytes: int) -> bytes:
    chip = FlashChip(ChipParams(block_bytes, blocks, page_bytes, 1, 1))
    flash = FlashFs(chip)
    flash.format()
    flash.mount()
    try:
        flash.write_files(dict(files))
    except LittleFSError as e:
        if e.code != _NO_SPACE:
            raise BadInput(f"a file of the firmware cannot be written to the flash: {e}") from e
        raise BadInput(f"the firmware does not fit a flash of {block_bytes * blocks} bytes") from e
    return bytes(chip.data)
