"""The guest's mount table: littlefs on the flash chip and whatever the firmware mounts beside it, behind the `os`,
`vfs` and `open` that firmware sees.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from typing import Any

from ridethrough.guests.cpython.files import DIR_MODE, LfsVfs

_CHUNK = 16_384


class Mounts:
    """The mount table, and the functions of `os` and `vfs` over it. The flash is at `at` first, which is the
    working directory."""

    def __init__(self, flash: LfsVfs | None, at: str = "/") -> None:
        self._table: dict[str, Any] = {at: flash}
        self._cwd = at

    def _absolute(self, path: str) -> str:
        parts: list[str] = []
        for part in (path if path.startswith("/") else self._cwd + "/" + path).split("/"):
            if part == "..":
                del parts[-1:]
            elif part not in ("", "."):
                parts.append(part)
        return "/" + "/".join(parts)

    def _find(self, path: str) -> tuple[Any, str]:
        # A path goes to its file system as it is: littlefs itself knows "." and "..".
        if not path.startswith("/"):
            path = self._cwd.rstrip("/") + "/" + path
        for point, fs in self._table.items():
            if point != "/" and (path == point or path.startswith(point + "/")):
                return fs, path[len(point) :] or "/"
        if "/" not in self._table:
            raise OSError(errno.ENODEV if path.strip("/") else errno.EPERM)
        return self._table["/"], path

    def compiled(self, path: str) -> bool:
        """Is the file system that a path leads to the port's own, and not one written in Python?"""
        return isinstance(self._find(path)[0], LfsVfs)

    def load(self, path: str) -> bytes:
        """All of a file."""
        fs, rest = self._find(path)
        if isinstance(fs, LfsVfs):
            return fs.load(rest)
        with fs.open(rest, "rb") as file:
            chunks = []
            buf = bytearray(_CHUNK)
            while n := file.readinto(buf):
                chunks.append(bytes(buf[:n]))
        return b"".join(chunks)

    def mount(self, fsobj: Any, mount_point: str, *, readonly: bool = False) -> None:
        if mount_point in self._table:
            raise OSError(errno.EPERM)
        fsobj.mount(readonly, False)
        self._table[mount_point] = fsobj

    def umount(self, mount_point: Any) -> None:
        for key, fs in list(self._table.items()):
            if key == mount_point or fs is mount_point:
                del self._table[key]
                if self._cwd == key:
                    self._cwd = "/"
                fs.umount()
                return
        raise OSError(errno.EINVAL)

    def open(self, path: str, mode: str = "r", buffering: int = -1, *, encoding: str | None = None) -> Any:
        # the port takes the last two and does nothing with them: text is UTF-8
        fs, rest = self._find(path)
        return fs.open(rest, mode)

    def stat(self, path: str) -> tuple[int, ...]:
        absolute = self._absolute(path)
        if absolute == "/" or absolute in self._table:
            return (DIR_MODE, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        fs, rest = self._find(path)
        return fs.stat(rest)  # type: ignore[no-any-return]

    def kind(self, path: str) -> int:
        """What an import finds there: DIR_MODE, FILE_MODE, or 0 for nothing."""
        try:
            fs, rest = self._find(path)
            if not isinstance(fs, LfsVfs):
                return int(self.stat(path)[0])
            found = fs.find(rest)
        except OSError:
            return 0
        return found[0] if found else 0

    def ilistdir(self, path: str = "") -> Iterator[tuple[str, int, int, int]]:
        if self._absolute(path or self._cwd) != "/" or "/" in self._table:
            fs, rest = self._find(path or self._cwd)
            yield from fs.ilistdir(rest)
        if self._absolute(path or self._cwd) == "/":
            for point in self._table:
                if point != "/":
                    yield (point[1:], DIR_MODE, 0, 0)

    def listdir(self, path: str = "") -> list[str]:
        return [entry[0] for entry in self.ilistdir(path)]

    def _write(self, name: str) -> Callable[..., None]:
        def call(path: str) -> None:
            fs, rest = self._find(path)
            if not hasattr(fs, name):
                raise OSError(errno.EROFS)
            getattr(fs, name)(rest)

        return call

    def rename(self, old: str, new: str) -> None:
        fs, rest = self._find(old)
        other, target = self._find(new)
        if fs is not other:
            raise OSError(errno.EPERM)
        if not hasattr(fs, "rename"):
            raise OSError(errno.EROFS)
        fs.rename(rest, target)

    def chdir(self, path: str) -> None:
        try:
            found = self.stat(path)[0] & DIR_MODE
        except OSError:
            found = 0
        if not found:
            raise OSError(errno.ENOENT)
        self._cwd = self._absolute(path)

    def functions(self) -> dict[str, Any]:
        """What `os` offers of this."""
        return {
            "stat": self.stat,
            "ilistdir": self.ilistdir,
            "listdir": self.listdir,
            "rename": self.rename,
            "remove": self._write("remove"),
            "unlink": self._write("remove"),
            "rmdir": self._write("remove"),
            "mkdir": self._write("mkdir"),
            "chdir": self.chdir,
            "getcwd": lambda: self._cwd,
            "statvfs": lambda path: self._find(path)[0].statvfs(path),
        }
