"""Where littlefs keeps things: which blocks are metadata and how full they are, which hold files.

What a file contains is always asked of littlefs itself. This reads only what it does not tell, after its
SPEC.md: how the next commit of a metadata pair will go (appended, or the pair compacted), and which
blocks a cut could change without anybody being able to read the difference.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

_DELETED = 0x3FF
_NONE = 0xFFFFFFFF
_INVALID = 0x80000000


@dataclass(frozen=True)
class Pair:
    """One metadata pair: its two blocks, the SHA-1 of the log in the current one, where that log ends (bytes),
    and whether what follows it is still blank."""

    blocks: tuple[int, int]
    digest: bytes
    end: int
    blank: bool


@dataclass(frozen=True)
class Layout:
    """`pairs` in the order of the directory tree; none if there is no file system. `used`: every block that
    metadata or a file may occupy; blocks of deleted files may be among them."""

    pairs: tuple[Pair, ...]
    used: frozenset[int]


class LayoutReader:
    """Reads the layout of what `data` holds at each call; blocks that only grew are not read twice."""

    def __init__(self, block_bytes: int) -> None:
        self._block_bytes = block_bytes
        self._logs: dict[int, tuple[bytes, _Log]] = {}

    def read(self, data: bytes | bytearray) -> Layout:
        """The layout now."""
        pairs: list[Pair] = []
        used: set[int] = set()
        seen: set[tuple[int, int]] = set()
        at: tuple[int, int] | None = (0, 1)
        while at is not None and at not in seen:
            seen.add(at)
            used.update(at)
            found = self._current(data, at)
            if found is None:
                break
            log = found
            pairs.append(Pair((min(at), max(at)), log.digest, log.end, log.blank))
            for head, size in log.files:
                used.update(_file_blocks(data, self._block_bytes, head, size))
            at = log.tail
        return Layout(tuple(pairs), frozenset(used))

    def _current(self, data: bytes | bytearray, pair: tuple[int, int]) -> _Log | None:
        size = self._block_bytes
        logs = [self._log(b, bytes(data[b * size : (b + 1) * size])) for b in pair if (b + 1) * size <= len(data)]
        whole = [log for log in logs if log.end]
        if len(whole) == 2:
            newer = (whole[1].revision - whole[0].revision) & 0xFFFFFFFF
            return whole[1] if 0 < newer < 0x80000000 else whole[0]
        return whole[0] if whole else None

    def _log(self, number: int, block: bytes) -> _Log:
        known = self._logs.get(number)
        if known is None or not known[0] or not block.startswith(known[0]):
            known = (b"", _Log(int.from_bytes(block[:4], "little")))
        log = _read(block, known[1])
        if log.end != known[1].end:
            log = replace(log, digest=hashlib.sha1(block[: log.end], usedforsecurity=False).digest())
        self._logs[number] = (block[: log.end], log)
        return log


@dataclass(frozen=True)
class _Log:
    revision: int
    end: int = 0
    tag: int = _NONE
    digest: bytes = b""
    blank: bool = False
    tail: tuple[int, int] | None = None
    files: tuple[tuple[int, int], ...] = ()


def _read(block: bytes, log: _Log) -> _Log:
    # A metadata block: a revision, then commits of XOR-chained tags, each ended by a CRC. Goes on from `log`.
    tag, at, begun = log.tag, log.end or 4, log.end
    tail = log.tail
    files = list(log.files)
    while at + 4 <= len(block):
        new = int.from_bytes(block[at : at + 4], "big") ^ tag
        size = 0 if new & 0x3FF == _DELETED else new & 0x3FF
        if new & _INVALID or at + 4 + size > len(block):
            break
        tag, kind, body = new, new >> 20 & 0x7FF, block[at + 4 : at + 4 + size]
        if kind & 0x780 == 0x500:
            if zlib.crc32(block[begun : at + 4]) ^ _NONE != int.from_bytes(body[:4], "little"):
                break
            at += 4 + size
            tag ^= (kind & 1) << 31
            log = replace(log, end=at, tag=tag, tail=tail, files=tuple(files))
            begun = at
            continue
        if kind & 0x700 == 0x600 and size == 8:
            tail = int.from_bytes(body[:4], "little"), int.from_bytes(body[4:], "little")
            tail = None if tail[0] == _NONE else tail
        elif kind == 0x202 and size == 8:
            files.append((int.from_bytes(body[:4], "little"), int.from_bytes(body[4:], "little")))
        at += 4 + size
    blank = block.count(0xFF, log.end) == len(block) - log.end
    return replace(log, blank=blank)


def _file_blocks(data: bytes | bytearray, block_bytes: int, head: int, size: int) -> Iterator[int]:
    # A file is a list of blocks from the last to the first; each begins with the number of the one before.
    blocks = len(data) // block_bytes
    for left in range(_index(size, block_bytes), -1, -1):
        if head >= blocks:
            return
        yield head
        if left:
            head = int.from_bytes(data[head * block_bytes : head * block_bytes + 4], "little")


def _index(size: int, block_bytes: int) -> int:
    # The number of a file's last block: lfs_ctz_index.
    at = max(0, size - 1)
    usable = block_bytes - 8
    i = at // usable
    return i if i == 0 else (at - 4 * ((i - 1).bit_count() + 2)) // usable
