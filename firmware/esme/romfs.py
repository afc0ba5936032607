# ROMFS, MicroPython's read-only file system, mounted where it lies in a slot's file: a stock Pico
# build has vfs.VfsRom switched off. Format: records of (kind, length, payload), both numbers in
# base 128, high bit set on all bytes but the last; see MicroPython's docs/reference/romfs.
import io

_MAGIC = b"\xd2\xcd\x31"
_PADDING, _DATA, _POINTER, _DIRECTORY, _FILE = 1, 2, 3, 4, 5
_DIR_MODE = 0x4000
_FILE_MODE = 0x8000
_ENOENT, _EIO, _EROFS, _EISDIR, _EINVAL = 2, 5, 30, 21, 22


class RomFile(io.IOBase):
    # A reader of `length` bytes at `start`; text if `text`.
    def __init__(self, fs, start, length, text):
        self._fs = fs
        self._start = start
        self._length = length
        self._at = 0
        self._text = text

    def readinto(self, buf):
        n = min(len(buf), self._length - self._at)
        if n <= 0:
            return 0
        self._fs.fetch(self._start + self._at, memoryview(buf)[:n])
        self._at += n
        return n

    def read(self, n=-1):
        left = max(0, self._length - self._at)
        buf = bytearray(left if n is None or n < 0 else min(n, left))
        self.readinto(buf)
        return str(buf, "utf-8") if self._text else bytes(buf)

    def seek(self, offset, whence=0):
        at = offset + (0, self._at, self._length)[whence]
        if at < 0:
            raise OSError(_EINVAL)
        self._at = at
        return at

    def ioctl(self, request, arg):
        return 0  # close and flush have nothing to do

    def close(self):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *args):
        pass


class RomFs:
    # Mounts the ROMFS of at most `limit` bytes that begins at `base` of the open file `f`.
    def __init__(self, f, base, limit):
        self._f = f
        self._cwd = "/"
        head = bytearray(3)
        self._end = base + limit
        self.fetch(base, head)
        if head != _MAGIC:
            raise OSError(_EIO)
        length, at = self._number(base + 3)
        if length > self._end - at:
            raise OSError(_EIO)
        self._base = base
        self._root = (at, at + length)

    def fetch(self, at, buf):
        if at + len(buf) > self._end:
            raise OSError(_EIO)
        self._f.seek(at)
        if self._f.readinto(buf) != len(buf):
            raise OSError(_EIO)

    def _number(self, at):
        value = 0
        byte = bytearray(1)
        for _ in range(5):
            self.fetch(at, byte)
            at += 1
            value = value << 7 | byte[0] & 0x7F
            if byte[0] < 0x80:
                return value, at
        raise OSError(_EIO)

    def _records(self, at, end):
        # Yields (kind, start, end) of each record's payload.
        while at < end:
            kind, at = self._number(at)
            length, at = self._number(at)
            if length > end - at:
                raise OSError(_EIO)
            yield kind, at, at + length
            at += length

    def _entries(self, at, end):
        # Yields (kind, name, start, end) of files and directories.
        for kind, start, stop in self._records(at, end):
            if kind == _FILE or kind == _DIRECTORY:
                length, start = self._number(start)
                if length > stop - start:
                    raise OSError(_EIO)
                name = bytearray(length)
                self.fetch(start, name)
                yield kind, str(name, "utf-8"), start + length, stop

    def _find(self, path):
        if not path.startswith("/"):
            path = self._cwd + path
        kind, (start, end) = _DIRECTORY, self._root
        for part in path.split("/"):
            if part in ("", "."):
                continue
            if kind != _DIRECTORY:
                raise OSError(_ENOENT)
            for kind, name, start, end in self._entries(start, end):
                if name == part:
                    break
            else:
                raise OSError(_ENOENT)
        return kind, start, end

    def _data(self, start, end):
        # (offset, length) of a file's bytes
        for kind, at, stop in self._records(start, end):
            if kind == _DATA:
                return at, stop - at
            if kind == _POINTER:
                length, at = self._number(at)
                offset, at = self._number(at)
                return self._base + offset, length
        return start, 0

    def mount(self, readonly, mkfs):
        pass

    def umount(self):
        pass

    def open(self, path, mode):
        kind, start, end = self._find(path)
        if kind == _DIRECTORY:
            raise OSError(_EISDIR)
        if "w" in mode or "a" in mode or "+" in mode:
            raise OSError(_EROFS)
        at, length = self._data(start, end)
        return RomFile(self, at, length, "b" not in mode)

    def stat(self, path):
        kind, start, end = self._find(path)
        if kind == _DIRECTORY:
            return (_DIR_MODE, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        return (_FILE_MODE, 0, 0, 0, 0, 0, self._data(start, end)[1], 0, 0, 0)

    def ilistdir(self, path):
        kind, start, end = self._find(path)
        if kind != _DIRECTORY:
            raise OSError(_EINVAL)
        for kind, name, at, stop in self._entries(start, end):
            if kind == _DIRECTORY:
                yield (name, _DIR_MODE, 0, 0)
            else:
                yield (name, _FILE_MODE, 0, self._data(at, stop)[1])

    def chdir(self, path):
        if self._find(path)[0] != _DIRECTORY:
            raise OSError(_ENOENT)
        self._cwd = path if path.endswith("/") else path + "/"

    def getcwd(self):
        return self._cwd
