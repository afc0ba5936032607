"""What a reader of any format offers: its channels, and a stream of their changes."""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from ridethrough.support.errors import BadInput
from ridethrough.support.files import check_regular

UTF8_MARK = codecs.BOM_UTF8
GZIP = b"\x1f\x8b"
LINE_BYTES_MAX = WORD_BYTES_MAX = 64 * 1024
_BLOCK_BYTES, _WORDS_BYTES = 1 << 18, 1 << 14
_BLANK = re.compile(rb"\s")
CHANNELS_MAX = 1024
TIME_US_MAX = 400 * 24 * 3600 * 10**6
Value = float | str | None
"""A voltage or level, a text, or None for not known (x, z)."""


Take = Callable[[int, Value], None]


class Sink(Protocol):
    """Takes a channel's changes or samples, in order of time."""

    @property
    def take(self) -> Take:
        """Of one: t_us, value."""

    def several(self, times_us: Sequence[int], values: Sequence[Value]) -> None:
        """The same for many changes, each later than the one before: a call costs more than what it is for."""

    def many(self, times_us: Any, values: Any) -> None:
        """The same for NumPy arrays (int64, float64); nan is not known."""


@dataclass(frozen=True)
class Channel:
    """`sampled`: between two values it was anywhere between them; else a value holds until the next.
    `unit_mv`: what one unit of its values is, in mV; 0 for levels of 0 and 1. `unit`: as it was written."""

    name: str
    sampled: bool = False
    unit_mv: float = 0.0
    what: str = "level"
    """level, voltage, text, or event."""
    unit: str = ""


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
    also: Mapping[str, str] = {}
    """Other names under which a channel may be asked for."""
    holes: Mapping[str, list[tuple[int, int]]] = {}
    """Of sampled channels, once `feed` is through: from the last sample before each hole to the first after it."""
    apart_us: Mapping[str, int] = {}
    """How far apart a sampled channel's other samples are at most."""
    first_us: int = 0
    """What the capture's own clock shows where ours is 0, once `feed` is through."""
    epoch_us: int | None = None
    """The moment of our 0, in us since 1970, where the capture knows the date."""
    clock_zone_known: bool = True
    """Does that date say of which time zone it is?"""
    of_day_us: int | None = None
    """The same in us since midnight, where it knows the time of day alone."""
    end_us: int = 0
    """The time of the last sample, once `feed` is through."""

    def problem(self, name: str) -> str:
        """Why a channel cannot be asked for; nothing if it can. Nobody is troubled by the others."""
        return ""

    def extent(self, name: str) -> tuple[float, float]:
        """The lowest and the highest value of a voltage among the first rows; (0, 0) if nobody has looked."""
        return 0.0, 0.0

    @abstractmethod
    def feed(self, sinks: Mapping[str, Sink], progress: Callable[[int], None]) -> None:
        """Hands every change of these channels to its sink, each channel's in order of time. `progress(bytes)`
        now and then: how far the file has been read."""


class _Recoded:
    # A stream of UTF-16 as UTF-8.
    def __init__(self, file: BinaryIO | gzip.GzipFile, encoding: str) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")

    def read(self, size: int) -> bytes:
        while True:
            data = self._file.read(size)
            text = self._decoder.decode(data, final=not data)
            if text or not data:
                return text.encode("utf-8")


def utf16(head: bytes) -> str:
    """The encoding of a text that is UTF-16, with its mark or without; else nothing."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    odd, even = head[1:40:2], head[0:40:2]
    if len(head) >= 8 and not any(odd) and all(even):
        return "utf-16-le"
    return "utf-16-be" if len(head) >= 8 and not any(even) and all(odd) else ""


class _Opened:
    # A file, plain or gzip, as bytes.
    def __init__(self, path: Path) -> None:
        self._path = path
        check_regular(path)
        try:
            self._raw: BinaryIO = path.open("rb")
            packed = self._raw.read(2) == GZIP
            self._raw.seek(0)
        except OSError as e:
            raise BadInput(f"{path}: {e.strerror}") from e
        self._file: Any = gzip.GzipFile(fileobj=self._raw) if packed else self._raw

    def _read(self, size: int) -> bytes:
        # so many bytes; fewer at the end, and then none
        try:
            data: bytes = self._file.read(size)
        except (EOFError, zlib.error, gzip.BadGzipFile) as e:
            raise BadInput(f"{self._path}: compressed, and broken or cut short: {e}") from e
        except OSError as e:
            raise BadInput(f"{self._path}: {e.strerror or e}") from e
        if not data:
            self._raw.close()
        return data

    def bytes_read(self) -> int:
        """How far the file has been read."""
        return 0 if self._raw.closed else self._raw.tell()


class Lines(_Opened):
    """A file of text, plain or gzip, in blocks of lines, none longer than LINE_BYTES_MAX. `text`: marks of UTF-8 are
    taken off, and UTF-16 is handed out as UTF-8."""

    def __init__(self, path: Path, text: bool = False) -> None:
        super().__init__(path)
        self._marked = text
        if text and (encoding := utf16(self._peek())):
            self._file = _Recoded(self._file, encoding)
        self.before = 0
        """How many lines came before the block that was given out last."""

    def _peek(self) -> bytes:
        try:
            head: bytes = self._file.read(64)
            self._file.seek(0)
        except (EOFError, zlib.error, gzip.BadGzipFile, OSError):
            # said when it is read
            return b""
        return head

    def blocks(self) -> Iterator[list[bytes]]:
        """The lines, without their ends, many at a time."""
        rest, given = b"", 0
        while True:
            data = self._read(_BLOCK_BYTES)
            self.before += given
            text = rest + data
            if self._marked:
                self._marked = False
                text = text.removeprefix(UTF8_MARK)
            if b"\r" in text:
                # some write CR alone
                text = text.replace(b"\r", b"" if b"\n" in text else b"\n")
            lines = text.split(b"\n")
            rest = lines.pop() if data else b""
            given = len(lines)
            if len(rest) > LINE_BYTES_MAX:
                raise self.fail(given, f"a line of more than {LINE_BYTES_MAX} bytes: is this a capture?")
            if lines:
                yield lines
            if not data:
                return

    def fail(self, index: int, problem: str) -> BadInput:
        """About the line at `index` of the block."""
        return BadInput(f"{self._path}:{self.before + index + 1}: {problem}")


class Words(_Opened):
    """A file of words with white space between them, plain or gzip, in blocks of whole words that end before a `seam`,
    or else with a line, or else between words. Of a word that is longer than WORD_BYTES_MAX, the first WORD_BYTES_MAX +
    1 bytes are given out."""

    def __init__(self, path: Path, seam: bytes) -> None:
        super().__init__(path)
        self._seam = seam
        self._given = 0

    def blocks(self) -> Iterator[bytes]:
        """The text, piece by piece."""
        rest, cut_off = b"", False
        while data := self._read(_WORDS_BYTES):
            if cut_off:
                blank = _BLANK.search(data)
                if blank is None:
                    continue
                data = data[blank.start() :]
            text = rest + data
            cut = max(text.rfind(self._seam), 0) or text.rfind(b"\n") + 1
            if not cut:
                cut = len(text) if text[-1:].isspace() else len(text) - len(text.rsplit(None, 1)[-1])
            if cut:
                self._given += 1
                yield text[:cut]
            rest = text[cut:]
            cut_off = len(rest) > WORD_BYTES_MAX and _BLANK.search(rest, 1) is None
            if cut_off:
                rest = rest[: WORD_BYTES_MAX + 1]
        self._given += 1
        yield rest + b"\n"

    def fail(self, before: int, problem: str) -> BadInput:
        """About the line of the block given out last before which it has so many lines."""
        # they are counted only if something is wrong
        blocks = islice(Words(self._path, self._seam).blocks(), self._given - 1)
        line = before + sum(block.count(b"\n") for block in blocks)
        return BadInput(f"{self._path}:{line + 1}: {problem}")
