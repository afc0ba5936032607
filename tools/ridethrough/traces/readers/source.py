"""What a reader of any format offers: its channels, and a stream of their changes."""

from __future__ import annotations

import gzip
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ridethrough.support.errors import BadInput
from ridethrough.support.files import check_regular

GZIP = b"\x1f\x8b"
LINE_BYTES_MAX = 64 * 1024
_BLOCK_BYTES = 1 << 18
CHANNELS_MAX = 1024
TIME_US_MAX = 400 * 24 * 3600 * 10**6
Value = float | str | None
"""A voltage or level, a text, or None for not known (x, z)."""
Sink = Callable[[int, Value], None]
"""Takes (t_us, value)."""


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
    within_mv: int = 0
    """By how much a voltage may be off."""
    first_us: int = 0
    """What the capture's own clock shows where ours is 0, once `feed` is through."""
    end_us: int = 0
    """The time of the last sample, once `feed` is through."""

    @abstractmethod
    def feed(self, sinks: Mapping[str, Sink], progress: Callable[[int], None]) -> None:
        """Hands every change of these channels to its sink, each channel's in order of time. `progress(bytes)`
        now and then: how far the file has been read."""


class Lines:
    """A file of text, plain or gzip, in blocks of lines, none longer than LINE_BYTES_MAX."""

    def __init__(self, path: Path) -> None:
        self._path = path
        check_regular(path)
        try:
            self._raw: BinaryIO = path.open("rb")
            packed = self._raw.read(2) == GZIP
            self._raw.seek(0)
        except OSError as e:
            raise BadInput(f"{path}: {e.strerror}") from e
        self._file: BinaryIO | gzip.GzipFile = gzip.GzipFile(fileobj=self._raw) if packed else self._raw
        self.before = 0
        """How many lines came before the block that was given out last."""

    def blocks(self) -> Iterator[list[bytes]]:
        """The lines, without their ends, many at a time."""
        rest, given = b"", 0
        while True:
            try:
                data = self._file.read(_BLOCK_BYTES)
            except (EOFError, zlib.error, gzip.BadGzipFile) as e:
                raise BadInput(f"{self._path}: compressed, and broken or cut short: {e}") from e
            except OSError as e:
                raise BadInput(f"{self._path}: {e.strerror or e}") from e
            self.before += given
            text = rest + data
            if b"\r" in text:
                text = text.replace(b"\r", b"")
            lines = text.split(b"\n")
            rest = lines.pop() if data else b""
            given = len(lines)
            if len(rest) > LINE_BYTES_MAX:
                raise self.fail(given, f"a line of more than {LINE_BYTES_MAX} bytes: is this a capture?")
            if lines:
                yield lines
            if not data:
                self._raw.close()
                return

    def fail(self, index: int, problem: str) -> BadInput:
        """About the line at `index` of the block."""
        return BadInput(f"{self._path}:{self.before + index + 1}: {problem}")

    def bytes_read(self) -> int:
        """How far the file has been read."""
        return 0 if self._raw.closed else self._raw.tell()
