"""littlefs on the flash chip, as firmware's `open`, `os` and `vfs` find it."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from littlefs import lfs
from littlefs.errors import LittleFSError

from ridethrough.guests.flashfs import FlashFs, entries, read_and_close
from ridethrough.world.runtime import Gone

_RDONLY, _WRONLY, _RDWR = 1, 2, 3
_CREAT, _EXCL, _TRUNC, _APPEND = 0x100, 0x200, 0x400, 0x800
_MODES = {
    "r": _RDONLY,
    "w": _WRONLY | _CREAT | _TRUNC,
    "a": _WRONLY | _CREAT | _APPEND,
    "x": _WRONLY | _CREAT | _EXCL,
    "+": _RDWR,
}
"""As extmod/vfs_lfsx_file.c maps a mode's letter."""
DIR_MODE, FILE_MODE = 0x4000, 0x8000
"""What stat() says first of a folder, and of a file."""
_Found = TypeVar("_Found")


def _failed(e: LittleFSError) -> OSError:
    return OSError(-e.code)


class LfsFile:
    """An open file as MicroPython has it."""

    def __init__(self, owner: LfsVfs, path: str, mode: str) -> None:
        # As the port reads a mode: letter by letter, and what it does not know means nothing.
        flags = 0
        for letter in mode:
            flags |= _MODES.get(letter, 0)
        self._owner = owner
        self._path = path
        self._text = "b" not in mode
        self._reads, self._writes = bool(flags & _RDONLY), bool(flags & _WRONLY)
        self._closed = True  # until it is open
        self._handle = self._do(lfs.file_open, path, lfs.LFSFileFlag(flags))
        self._closed = False
        owner.open_files[self._handle] = path if self._writes else ""

    def _do(self, function: Callable[..., Any], *args: Any) -> Any:
        return self._owner.do(self._path, function, *args, writes=self._writes)

    def _call(self, function: Callable[..., Any], *args: Any) -> Any:
        if self._closed:
            raise ValueError("I/O operation on closed file")
        return self._do(function, self._handle, *args)

    def read(self, n: int = -1) -> bytes | str:
        if n is None or n < 0:
            n = max(0, self._call(lfs.file_size) - self._call(lfs.file_tell))
        data = bytes(self._read(n))
        return data.decode() if self._text else data

    def _read(self, n: int) -> bytes:
        # littlefs does not look: on a board it reads what is not there, here it would abort
        if not self._reads:
            raise OSError(errno.EBADF)
        return self._call(lfs.file_read, n)  # type: ignore[no-any-return]

    def readinto(self, buf: Any) -> int:
        view = memoryview(buf).cast("B")
        data = self._read(len(view))
        view[: len(data)] = data
        return len(data)

    def readline(self) -> bytes | str:
        line = b""
        while not line.endswith(b"\n"):
            c = bytes(self._read(1))
            if not c:
                break
            line += c
        return line.decode() if self._text else line

    def __iter__(self) -> Iterator[bytes | str]:
        while line := self.readline():
            yield line

    def write(self, data: Any) -> int:
        if not self._writes:
            raise OSError(errno.EBADF)
        return int(self._call(lfs.file_write, data.encode() if isinstance(data, str) else bytes(data)))

    def seek(self, offset: int, whence: int = 0) -> int:
        return int(self._call(lfs.file_seek, offset, whence))

    def tell(self) -> int:
        return int(self._call(lfs.file_tell))

    def flush(self) -> None:
        self._call(lfs.file_sync)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._owner.open_files.pop(self._handle, None)
            self._do(lfs.file_close, self._handle)

    def __del__(self) -> None:
        if not self._closed and self._writes:
            self._owner.open_files[self._handle] = ""
            self._owner.left_open(self._path)

    def __enter__(self) -> LfsFile:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class LfsVfs:
    """The root file system. What is written runs under its path's name in the chip's counts. `left_open` is
    told of files that were dropped without being closed: a board commits them at some garbage collection."""

    def __init__(
        self,
        flash: FlashFs,
        set_purpose: Callable[[str], None],
        left_open: Callable[[str], None],
        alive: Callable[[], bool],
        clock_start: int,
    ) -> None:
        self._flash = flash
        self._fs = flash.fs
        self._clock_start = clock_start
        self._alive = alive
        self._set_purpose = set_purpose
        self.left_open = left_open
        self._listed: dict[str, dict[str, tuple[int, int]] | None] = {}
        # littlefs keeps a list of open files: their memory must outlive whoever forgets to close them
        self.open_files: dict[Any, str] = {}

    def do(self, path: str, function: Callable[..., Any], *args: Any, writes: bool = False) -> Any:
        # A guest that is gone must not reach littlefs again: after an error it is in no state to go on.
        if not self._alive():
            raise Gone
        if writes:
            self._set_purpose(path)
            self._listed.clear()
        try:
            return function(self._fs, *args)
        except LittleFSError as e:
            if not self._alive():
                raise Gone from None
            raise _failed(e) from None

    def ended(self) -> None:
        """The firmware has ended: what is still open for writing was left so."""
        for path in [p for p in self.open_files.values() if p]:
            self.left_open(path)

    def open(self, path: str, mode: str) -> LfsFile:
        return LfsFile(self, path, mode)

    def load(self, path: str) -> bytes:
        """All of a file."""
        return self._look(path, lambda fs: read_and_close(fs, lfs.file_open(fs, path, "rb")))

    def _look(self, path: str, work: Callable[[Any], _Found]) -> _Found:
        return self.do(path, lambda fs: self._flash.look(work))  # type: ignore[no-any-return]

    def find(self, path: str) -> tuple[int, int] | None:
        """Mode and size of what is there; None if nothing is."""
        folder, _, name = path.rpartition("/")
        if folder not in self._listed:
            self._listed[folder] = self._list(folder)
        listed = self._listed[folder]
        if listed is not None and name not in ("", ".", ".."):
            return listed.get(name)
        try:
            found = self.do(path, lfs.stat, path)
        except OSError as e:
            if e.errno == errno.ENOENT:
                return None
            raise
        return (DIR_MODE if found.type == 2 else FILE_MODE), found.size

    def stat(self, path: str) -> tuple[int, ...]:
        found = self.find(path)
        if found is None:
            raise OSError(errno.ENOENT)
        mode, size = found
        # no times are kept here: each file is as old as the clock, as if it had been written right after a reset
        return (mode, 0, 0, 0, 0, 0, size, *[0 if mode == DIR_MODE else self._clock_start] * 3)

    def _list(self, folder: str) -> dict[str, tuple[int, int]] | None:
        # A folder is read once for all questions about it, until something is written; imports ask many.
        if "//" in folder or "/." in folder or not folder.startswith("/" if folder else ""):
            return None

        def whole(fs: Any) -> dict[str, tuple[int, int]]:
            found = entries(fs, folder or "/")
            return {entry.name: (DIR_MODE if entry.type == 2 else FILE_MODE, entry.size) for entry in found}

        try:
            return self._look(folder, whole)
        except OSError:
            return None

    def ilistdir(self, path: str) -> Iterator[tuple[str, int, int, int]]:
        handle = self.do(path, lfs.dir_open, path)
        try:
            while (entry := self.do(path, lfs.dir_read, handle)) is not None:
                if entry.name not in (".", ".."):
                    yield (entry.name, DIR_MODE if entry.type == 2 else FILE_MODE, 0, entry.size)
        finally:
            self.do(path, lfs.dir_close, handle)

    def remove(self, path: str) -> None:
        self.do(path, lfs.remove, path, writes=True)

    def mkdir(self, path: str) -> None:
        self.do(path, lfs.mkdir, path, writes=True)

    def rename(self, old: str, new: str) -> None:
        self.do(new, lfs.rename, old, new, writes=True)

    def statvfs(self, path: str) -> tuple[int, ...]:
        info = lfs.fs_stat(self._fs)
        free = info.block_count - lfs.fs_size(self._fs)
        return (info.block_size, info.block_size, info.block_count, free, free, 0, 0, 0, 0, info.name_max)

    def mount(self, readonly: bool, mkfs: bool) -> None:
        pass

    def umount(self) -> None:
        pass
