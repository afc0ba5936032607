"""Files that are read and written whole, or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from ridethrough.support.errors import BadInput


def read_bounded(path: Path, bytes_max: int, what: str) -> bytes:
    """The bytes of a file that somebody brought; BadInput if it cannot be read, or is larger than any
    `what` is: its size is looked at before memory is taken."""
    try:
        if path.stat().st_size > bytes_max:
            raise BadInput(f"{path}: larger than {bytes_max} bytes: no {what}")
        return path.read_bytes()
    except OSError as e:
        raise BadInput(f"{path}: {e.strerror}") from e


def check_writable(path: Path) -> None:
    """BadInput if `path` could not be written later; its folder is made."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise BadInput(f"{path}: is a folder: name a file")
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", suffix=".part"):
            pass
    except OSError as e:
        raise BadInput(f"{path}: cannot be written: {e.strerror}") from e


def write_atomically(path: Path, data: bytes) -> None:
    """Writes `path`, making its folder; BadInput if that cannot be done, and then nothing is left behind."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path = path.resolve()
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
    except OSError as e:
        raise BadInput(f"{path}: cannot be written: {e.strerror}") from e


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
