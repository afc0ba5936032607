"""Files that are read and written whole, or not at all."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from ridethrough.support.errors import BadInput

FOLDER_BYTES_MAX = 4 * 1024 * 1024
"""More than the files of any firmware have in all."""
_ENTRIES_MAX = 20_000
"""More than any firmware has: who names a home directory is told so, and does not wait."""


def check_regular(path: Path) -> int:
    """The size of a file that somebody brought. BadInput if it is none: a device or a pipe has no end, and may have
    no beginning. It is not opened, which could block."""
    try:
        found = path.stat()
    except (OSError, ValueError) as e:
        raise BadInput(f"{path}: {why(e)}") from e
    mode = found.st_mode
    if stat.S_ISDIR(mode):
        raise BadInput(f"{path}: Is a directory: name a file")
    if not stat.S_ISREG(mode):
        kind = "a pipe" if stat.S_ISFIFO(mode) else "a socket" if stat.S_ISSOCK(mode) else "a device"
        raise BadInput(f"{path}: is {kind}, not a file: copy it into a file first")
    return found.st_size


def why(e: OSError | ValueError) -> str:
    """What is wrong with a path, in a few words. ValueError: a name that no file can have."""
    return (e.strerror or str(e)) if isinstance(e, OSError) else f"no name of a file: {e}"


def read_bounded(path: Path, bytes_max: int, what: str) -> bytes:
    """The bytes of a file that somebody brought; BadInput if it cannot be read, or is larger than any
    `what` is: its size is looked at before memory is taken."""
    size = check_regular(path)
    try:
        with path.open("rb") as file:
            # a size may also be a lie, as in /proc
            data = file.read(bytes_max + 1) if size <= bytes_max else b""
    except OSError as e:
        raise BadInput(f"{path}: {why(e)}") from e
    if max(size, len(data)) > bytes_max:
        raise BadInput(f"{path}: larger than {bytes_max} bytes: no {what}")
    return data


def read_folder(folder: Path, bytes_max: int, apart: tuple[str, ...] = ()) -> dict[str, bytes]:
    """The files below `folder` by relative path, in order of name, without caches, dot files and the folders `apart`.
    BadInput if they are more than a board holds."""
    files: dict[str, bytes] = {}
    left = bytes_max
    for path in _below(folder):
        relative = path.relative_to(folder)
        hidden = any(part.startswith((".", "__pycache__")) for part in relative.parts)
        if hidden or relative.parts[0] in apart or not path.is_file():
            continue
        if check_regular(path) > left:
            raise BadInput(f"{folder}: more than {bytes_max} bytes: no board holds that")
        files[relative.as_posix()] = read_bounded(path, left, "firmware file")
        left -= len(files[relative.as_posix()])
    return files


def _below(folder: Path) -> Iterator[Path]:
    found = list(islice(folder.rglob("*"), _ENTRIES_MAX + 1))
    if len(found) > _ENTRIES_MAX:
        raise BadInput(f"{folder}: more than {_ENTRIES_MAX} files and folders: is this a firmware?")
    yield from sorted(found)


def check_writable(path: Path) -> None:
    """BadInput if `path` could not be written later; its folder is made."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise BadInput(f"{path}: is a folder: name a file")
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", suffix=".part"):
            pass
    except (OSError, ValueError) as e:
        raise BadInput(f"{path}: cannot be written: {why(e)}") from e


def write_atomically(path: Path, data: bytes) -> None:
    """Writes `path`, making its folder; BadInput if that cannot be done, and then nothing is left behind."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # not resolve(): a link that leads to itself is an error of another kind to it on each Python
        path = Path(os.path.realpath(path))
        if path.exists() and not path.is_file():
            # a pipe or a device is written to, not replaced
            with path.open("wb") as out:
                out.write(data)
            return
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        part = Path(name)
        try:
            with os.fdopen(handle, "wb") as out:
                out.write(data)
            part.chmod(0o666 & ~_umask())
            part.replace(path)
        except BaseException:
            part.unlink()
            raise
    except (OSError, ValueError) as e:
        raise BadInput(f"{path}: cannot be written: {why(e)}") from e


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
