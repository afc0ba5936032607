"""What a reader of any format offers: its channels, and a stream of their changes."""

from __future__ import annotations

import gzip
import zlib
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ridethrough.errors import BadInput

GZIP = b"\x1f\x8b"
LINE_BYTES_MAX = 64 * 1024
CHANNELS_MAX = 1024
Value = float | str | None
"""A voltage or level, a text, or None for not known (x, z)."""
Change = tuple[int, str, Value]
"""(t_us, channel, value)."""


@dataclass(frozen=True)
class Channel:
    """`sampled`: between two values it was anywhere between them; else a value holds until the next.
    `unit_mv`: what one unit of its values is, in mV; 0 for levels of 0 and 1."""

    name: str
    sampled: bool = False
    unit_mv: float = 0.0
    what: str = "level"
    """level, voltage, text, or event."""


class Source(ABC):
    """A capture's file. BadInput, in one line, for whatever is wrong with it."""

    path: Path
    channels: dict[str, Channel]
    period_us: int = 0
    """How far apart samples are, where that is more than a microsecond."""
    complete: bool = False
    """Written by a run of ours: what is not in it did not happen."""
    resolution_mv: int = 0
    exact_mv: frozenset[int] = frozenset()
    first_us: int = 0
    """What the capture's own clock shows where ours is 0, once `changes` is through."""
    end_us: int = 0
    """The time of the last sample, once `changes` is through."""

    @abstractmethod
    def changes(self, wanted: Collection[str]) -> Iterator[Change]:
        """Every change of these channels, in order of time."""

    @abstractmethod
    def bytes_read(self) -> int:
        """How far the file has been read, for progress."""


class Lines:
    """A file of text, plain or gzip, line by line, none longer than LINE_BYTES_MAX."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._raw: BinaryIO = path.open("rb")
            packed = self._raw.read(2) == GZIP
            self._raw.seek(0)
        except OSError as e:
            raise BadInput(f"{path}: {e.strerror}") from e
        self._file: BinaryIO | gzip.GzipFile = gzip.GzipFile(fileobj=self._raw) if packed else self._raw
        self.number = 0

    def __iter__(self) -> Iterator[bytes]:
        """The lines that are left, each with its end. `number` is that of the last one."""
        read, most = self._file.readline, LINE_BYTES_MAX
        try:
            while line := read(most):
                self.number += 1
                if len(line) == most:
                    raise self.fail(f"a line of more than {most} bytes: is this a capture?")
                yield line
        except (EOFError, zlib.error, gzip.BadGzipFile) as e:
            raise BadInput(f"{self._path}: compressed, and broken or cut short: {e}") from e
        except OSError as e:
            raise BadInput(f"{self._path}: {e.strerror or e}") from e

    def fail(self, problem: str) -> BadInput:
        return BadInput(f"{self._path}:{self.number}: {problem}")

    def bytes_read(self) -> int:
        return self._raw.tell()

    def close(self) -> None:
        self._raw.close()
