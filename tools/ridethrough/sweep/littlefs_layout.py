"""Where littlefs keeps things: which blocks are metadata and how full they are, which hold files.

This reads what littlefs does not tell, after its SPEC.md: how the next commit of a metadata pair will go (appended,
or the pair compacted), and which blocks a cut could change without anybody being able to read the difference. It
also reads the files of the root folder, many times faster than a mount does; what they contain is asked of littlefs
itself wherever a content is new (flash.py).
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import reduce
from operator import xor

_DELETED = 0x3FF
_REGULAR = 0x001
_CREATE, _DELETE, _HARD_TAIL, _MOVE = 0x401, 0x4FF, 0x601, 0x7FF
_NONE = 0xFFFFFFFF
_INVALID = 0x80000000


@dataclass(frozen=True, slots=True)
class Pair:
    """One metadata pair: its two blocks, the SHA-1 of the log in the current one, where that log ends (bytes),
    whether what follows it is still blank, and how often it was compacted."""

    blocks: tuple[int, int]
    digest: bytes
    end: int
    blank: bool
    revision: int


@dataclass(frozen=True)
class Layout:
    """`pairs` in the order of the directory tree; none if there is no file system. `used`: every block that
    metadata or a file may occupy; blocks of deleted files may be among them."""

    pairs: tuple[Pair, ...]
    used: frozenset[int]
    root: Mapping[str, bytes] | None = None
    """The root folder's files by path; None if they cannot be told from here."""
    metadata: frozenset[int] = frozenset()
    """The blocks of `pairs`."""
    logs: tuple[bytes, ...] = ()
    """The digests of `pairs`."""


class LayoutReader:
    """Reads the layout of what one chip holds, again and again: what has not changed since is not read twice."""

    def __init__(self, block_bytes: int) -> None:
        self._block_bytes = block_bytes
        self._seen: dict[int, dict[bytes, _Log]] = {}
        self._now: dict[int, _Log] = {}
        self._chains: dict[tuple[int, int], tuple[int, ...]] = {}
        self._contents: dict[tuple[int, int], bytes] = {}
        self._layout: Layout | None = None

    def read(self, data: bytes | bytearray, changed: Iterable[int] | None = None) -> Layout:
        """The layout now. `changed`: the blocks that may differ from what they held at the last call; None: any."""
        last = self._layout
        if changed is None:
            self._now.clear()
            self._chains.clear()
            self._contents.clear()
            last = None
        elif last is not None and last.used.isdisjoint(changed):
            return last
        for block in changed or ():
            self._now.pop(block, None)
            for file in [file for file, chain in self._chains.items() if block in chain]:
                del self._chains[file]
                self._contents.pop(file, None)
                last = None
        logs, blocks, whole = self._list(data)
        if last is not None and last.logs == tuple([log.digest for log in logs]):
            # a torn commit, most times: nothing has changed but what stands behind the last one
            if [pair.blank for pair in last.pairs] != [log.blank for log in logs]:
                pairs = [
                    pair if pair.blank == log.blank else replace(pair, blank=log.blank)
                    for pair, log in zip(last.pairs, logs, strict=True)
                ]
                self._layout = replace(last, pairs=tuple(pairs))
            return self._layout or last
        pairs = [
            Pair((min(at), max(at)), log.digest, log.end, log.blank, log.revision)
            for at, log in zip(blocks, logs, strict=False)
        ]
        # what is no part of the layout any more is forgotten: nobody would be told of its changes
        chains: dict[tuple[int, int], tuple[int, ...]] = {}
        used = {block for pair in blocks for block in pair}
        for file in {file for log in logs for file in log.files}:
            chain = self._chains.get(file)
            if chain is None:
                chain = tuple(_file_blocks(data, self._block_bytes, *file))
            chains[file] = chain
            used.update(chain)
        self._chains = chains
        self._now = {block: log for block, log in self._now.items() if block in used}
        self._layout = Layout(
            tuple(pairs),
            frozenset(used),
            self._root(data, logs, whole),
            frozenset(block for pair in pairs for block in pair.blocks),
            tuple(pair.digest for pair in pairs),
        )
        return self._layout

    def complete_at(self, block: int) -> int:
        """Up to where the last commit in a block of metadata has to be there for it to count (bytes), as of the last
        call of `read`: what is behind is padding. 0 if there is none."""
        log = self._now.get(block)
        return log.crc_end if log else 0

    def _list(self, data: bytes | bytearray) -> tuple[list[_Log], list[tuple[int, int]], bool]:
        # The pairs of the whole tree in their order, the blocks of each, and whether the list could be read to its end.
        logs: list[_Log] = []
        blocks: list[tuple[int, int]] = []
        at: tuple[int, int] | None = (0, 1)
        while at is not None and at not in blocks:
            blocks.append(at)
            log = self._current(data, at)
            if log is None:
                return logs, blocks, False
            logs.append(log)
            at = log.tail
        return logs, blocks, at is None

    def _root(self, data: bytes | bytearray, logs: list[_Log], whole: bool) -> Mapping[str, bytes] | None:
        # `whole`: every pair of the list could be read. A move that a cut has left half done is littlefs's business.
        moves = [int.from_bytes(log.move, "little") for log in logs]
        if not whole or not logs or reduce(xor, moves) & _HAS_MOVE:
            return None
        files: dict[str, bytes] = {}
        contents: dict[tuple[int, int], bytes] = {}
        for log in logs:
            for entry in log.entries:
                if entry is None:
                    return None
                name, kind, where = entry
                if kind != _REGULAR:
                    continue
                if isinstance(where, tuple):
                    content = self._contents.get(where)
                    if content is None:
                        content = _file_bytes(data, self._block_bytes, self._chains[where], where[1])
                    where = contents[where] = content
                files["/" + name] = where
            if not log.hard:
                break
        self._contents = contents
        return files

    def _current(self, data: bytes | bytearray, pair: tuple[int, int]) -> _Log | None:
        logs = [self._log(data, b) for b in pair if (b + 1) * self._block_bytes <= len(data)]
        whole = [log for log in logs if log.end]
        if len(whole) == 2:
            newer = (whole[1].revision - whole[0].revision) & 0xFFFFFFFF
            return whole[1] if 0 < newer < 0x80000000 else whole[0]
        return whole[0] if whole else None

    def _log(self, data: bytes | bytearray, number: int) -> _Log:
        log = self._now.get(number)
        if log is not None:
            return log
        block = bytes(data[number * self._block_bytes : (number + 1) * self._block_bytes])
        seen = self._seen.setdefault(number, {})
        log = seen.get(block)
        if log is None:
            begun = [one for known, one in seen.items() if one.end and block.startswith(known[: one.end])]
            known = max(begun, key=lambda one: one.end, default=_Log(int.from_bytes(block[:4], "little")))
            log = _read(block, known)
            if len(seen) >= _REMEMBERED:
                del seen[next(iter(seen))]
            seen[block] = log
        self._now[number] = log
        return log


_Entry = tuple[str, int, bytes | tuple[int, int]]
"""Name, kind, and what it contains: bytes, or (head, size) of a list of blocks."""
_HAS_MOVE = 0x70000000


@dataclass(frozen=True, slots=True)
class _Log:
    revision: int
    end: int = 0
    crc_end: int = 0
    tag: int = _NONE
    digest: bytes = b""
    blank: bool = False
    tail: tuple[int, int] | None = None
    hard: bool = False
    files: tuple[tuple[int, int], ...] = ()
    entries: tuple[_Entry | None, ...] = ()
    move: bytes = b""


_REMEMBERED = 4
"""Contents of a block: as it is, as it will be, and torn in between."""


def _read(block: bytes, log: _Log) -> _Log:
    # A metadata block: a revision, then commits of XOR-chained tags, each ended by a CRC. Goes on from `log`.
    tag, at, begun = log.tag, log.end or 4, log.end
    tail, hard, move = log.tail, log.hard, log.move
    files, entries = list(log.files), list(log.entries)
    found = log
    while at + 4 <= len(block):
        new = int.from_bytes(block[at : at + 4], "big") ^ tag
        size = 0 if new & 0x3FF == _DELETED else new & 0x3FF
        if new & _INVALID or at + 4 + size > len(block):
            break
        tag, kind, number, body = new, new >> 20 & 0x7FF, new >> 10 & 0x3FF, block[at + 4 : at + 4 + size]
        if kind & 0x780 == 0x500:
            if zlib.crc32(block[begun : at + 4]) ^ _NONE != int.from_bytes(body[:4], "little"):
                break
            crc_end = at + 8
            at += 4 + size
            tag ^= (kind & 1) << 31
            begun = at
            found = _Log(log.revision, at, crc_end, tag, b"", False, tail, hard, tuple(files), tuple(entries), move)
            continue
        if kind & 0x700 == 0x600 and size == 8:
            tail = int.from_bytes(body[:4], "little"), int.from_bytes(body[4:], "little")
            tail, hard = (None if tail[0] == _NONE else tail), kind == _HARD_TAIL
        elif kind == _MOVE:
            move = body
        elif number != _DELETED:
            _entry(entries, kind, number, body)
            if kind == 0x202 and size == 8:
                files.append((int.from_bytes(body[:4], "little"), int.from_bytes(body[4:], "little")))
        at += 4 + size
    blank = block.count(0xFF, found.end) == len(block) - found.end
    if found is log:
        return log if log.blank == blank else replace(log, blank=blank)
    return replace(found, digest=hashlib.sha1(block[: found.end], usedforsecurity=False).digest(), blank=blank)


def _entry(entries: list[_Entry | None], kind: int, number: int, body: bytes) -> None:
    # One tag of a folder's entry: its numbers move up with each that is created before it, and down again.
    if kind == _CREATE:
        entries.insert(number, None)
    elif kind == _DELETE:
        del entries[number : number + 1]
    elif kind < 0x100:
        entries += [None] * (number + 1 - len(entries))
        before = entries[number]
        entries[number] = (body.decode("utf-8", "surrogateescape"), kind, before[2] if before else b"")
    elif kind in (0x201, 0x202) and number < len(entries):
        before = entries[number]
        where = body if kind == 0x201 else (int.from_bytes(body[:4], "little"), int.from_bytes(body[4:], "little"))
        entries[number] = (before[0], before[1], where) if before else None


def _file_blocks(data: bytes | bytearray, block_bytes: int, head: int, size: int) -> Iterator[int]:
    # A file is a list of blocks from the last to the first; each begins with the number of the one before.
    blocks = len(data) // block_bytes
    for left in range(_index(size, block_bytes), -1, -1):
        if head >= blocks:
            return
        yield head
        if left:
            head = int.from_bytes(data[head * block_bytes : head * block_bytes + 4], "little")


def _file_bytes(data: bytes | bytearray, block_bytes: int, chain: tuple[int, ...], size: int) -> bytes:
    # The `number`th block of a file begins with as many pointers as its number can be halved, and one.
    parts = []
    for number, block in enumerate(reversed(chain)):
        pointers = (number & -number).bit_length() if number else 0
        parts.append(data[block * block_bytes + 4 * pointers : (block + 1) * block_bytes])
    return b"".join(parts)[:size]


def _index(size: int, block_bytes: int) -> int:
    # The number of a file's last block: lfs_ctz_index.
    at = max(0, size - 1)
    usable = block_bytes - 8
    i = at // usable
    return i if i == 0 else (at - 4 * ((i - 1).bit_count() + 2)) // usable
