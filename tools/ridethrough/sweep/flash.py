"""States of a flash: how they are kept, read, and which of them count as one."""

from __future__ import annotations

import hashlib
import re
import struct
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from littlefs import lfs
from littlefs.errors import LittleFSError

from ridethrough.boards import Board
from ridethrough.guests.flashfs import FlashFs, entries
from ridethrough.sweep.littlefs_layout import Layout, LayoutReader
from ridethrough.world.chip import ChipParams, FlashChip

REGISTER, LOG, RECORD, OUTAGE = "/register.log", ("/events.log", "/events.old"), "/boot.rec", "/outage"
_OUTAGE_BYTES = 8
LOGGED_ONCE = frozenset(("8F72", "8F1C", "8F43", "E001", "E007", "8F66", "8F67"))
"""Entries that the invariants look for."""
COUNTED = frozenset("8F57 8F1C 81A2 81A3 81B3 E002 E004 E005 E007 E008".split())
"""Entries that the reference counts instead of repeating them, and of which it writes one a minute (COUNTED of
firmware/esme/events.py; a test holds the two together)."""
LOG_BYTES_MIN = 4096 - 160
"""Until so much stands in the event log it drops nothing (LIMIT and _LINE_BYTES, there)."""
SLOTS = ("/slot_a.img", "/slot_b.img")
_LINE = re.compile(rb"\d{6} [0-9A-F]{4}( |$)")
_COUNT = re.compile(rb" \((\d{1,9})\) *$")
_ENTRY = struct.Struct("<QI")


@dataclass(frozen=True)
class Flash:
    """What is on a chip, as the blocks in which it differs from the fresh board's, and which of its blocks
    read unstably."""

    blocks: Mapping[int, bytes] = field(default_factory=dict)
    unstable: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Entry:
    """One line of the event log. `count`: how many times it happened."""

    number: int
    code: str
    count: int

    @classmethod
    def read(cls, line: bytes) -> Entry:
        """From a line that begins with number and code."""
        code = line[7:11].decode()
        more = _COUNT.search(line) if code in COUNTED else None
        return cls(int(line[:6]), code, int(more[1]) if more else 1)


@dataclass(frozen=True)
class Contents:
    """What littlefs finds on a chip. `files`: every file but the resident ones, by path."""

    mounts: bool
    changed: tuple[str, ...] = ()
    """Each resident file that is not as it was, and what became of it, in words."""
    files: Mapping[str, bytes] = field(default_factory=dict)

    @cached_property
    def record(self) -> Record | None:
        """The boot record; None if there is none that can be believed."""
        return Record.read(self.files.get(RECORD, b""))

    @cached_property
    def logged(self) -> frozenset[str]:
        """Which entries that the invariants look for stand in the event log."""
        lines = b"\n".join(self.files.get(path, b"") for path in LOG).split(b"\n")
        return LOGGED_ONCE & {line[7:11].decode("latin-1") for line in lines}

    @property
    def log_bytes(self) -> tuple[int, ...]:
        """How long the event log is."""
        return tuple(len(self.files.get(path, b"")) for path in LOG)

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """The event log, oldest entry first; lines that are none are left out."""
        lines = b"\n".join(self.files.get(path, b"").rstrip(b"\n") for path in reversed(LOG)).split(b"\n")
        return tuple(Entry.read(line) for line in lines if _LINE.match(line))

    @cached_property
    def register_mwh(self) -> int | None:
        """The register's last total; None if there is none."""
        return self._register[-1][0] if self._register else None

    @cached_property
    def register_began(self) -> frozenset[int]:
        """At which counts of the metrology part the register began, by each of its entries: one, if no energy was lost
        and none made up since the first."""
        return frozenset((count - mwh) % 2**32 for mwh, count in self._register)

    @cached_property
    def _register(self) -> list[tuple[int, int]]:
        # the register's entries: total in mWh, count of the metrology part
        log = self.files.get(REGISTER, b"")
        return list(_ENTRY.iter_unpack(log[: len(log) // _ENTRY.size * _ENTRY.size]))


@dataclass(frozen=True)
class Record:
    """What the invariants need of /boot.rec (firmware/esme/bootrec.py writes it; a test holds the two together)."""

    phase: int
    active: int
    outcome: int
    answer_version: int
    reported: bool
    least_counter: int
    command_counter: int
    states: tuple[int, int]
    versions: tuple[int, int]
    counters: tuple[int, int]
    spans: tuple[tuple[int, int], tuple[int, int]]
    """Where the Manufacturer Image lies in each slot's file: offset and length."""
    digests: tuple[bytes, bytes]

    REPORTED = 1
    PENDING = 0xFE
    """An outcome from here on is none yet."""
    CONFIRMED, SCHEDULED, ARMED, TRIAL = range(4)
    _HEAD = struct.Struct("<4sHBBBBBBBBIIII32s32sQ16sI")
    _SLOT = struct.Struct("<BxHIII32s")
    _MORE = struct.Struct("<I32sB3x")

    @classmethod
    def read(cls, data: bytes) -> Record | None:
        """The record in `data`, if it is whole."""
        at = cls._HEAD.size
        if len(data) != at + 2 * cls._SLOT.size + cls._MORE.size + 4 or int.from_bytes(
            data[-4:], "little"
        ) != zlib.crc32(data[:-4]):
            return None
        _, _, phase, active, _, _, _, outcome, reported, _, least, command, answer, _, _, _, _, _, _ = cls._HEAD.unpack(
            data[:at]
        )
        slots = [cls._SLOT.unpack_from(data, at + i * cls._SLOT.size) for i in (0, 1)]
        return cls(
            phase=phase,
            active=active,
            outcome=outcome,
            answer_version=answer,
            reported=reported == cls.REPORTED,
            least_counter=least,
            command_counter=command,
            states=(slots[0][0], slots[1][0]),
            versions=(slots[0][3], slots[1][3]),
            counters=(slots[0][4], slots[1][4]),
            spans=((slots[0][1], slots[0][2]), (slots[1][1], slots[1][2])),
            digests=(slots[0][5], slots[1][5]),
        )

    @classmethod
    def key(cls, data: bytes) -> bytes:
        """What of it tells states apart: all, but of the requests without a permit only whether any is left, and of the
        permits that were used only whether there was one."""
        if cls.read(data) is None:
            return data
        at = len(data) - cls._MORE.size - 4
        permits, permitted, quota = cls._MORE.unpack_from(data, at)
        return data[:at] + bytes((permits > 0, quota > 0)) + bytes(permitted)

    @classmethod
    def without_quota(cls, data: bytes) -> bytes:
        """The record in `data`, with no request left that needs no permit."""
        at = len(data) - cls._MORE.size - 4
        permits, permitted, _ = cls._MORE.unpack_from(data, at)
        body = data[:at] + cls._MORE.pack(permits, permitted, 0)
        return body + zlib.crc32(body).to_bytes(4, "little")

    @property
    def running(self) -> int:
        """The slot that runs: the one on trial, else the confirmed one."""
        return 1 - self.active if self.phase in (self.ARMED, self.TRIAL) else self.active


class Reader:
    """Reads the states of one board's flash. `fresh`: what the factory put on it, `resident`: the paths of
    the files that must never change, `outside`: those that do not tell states apart,
    `unread`: those that are written and renamed, and that nobody ever reads; `register`: the reference's
    register, "" if there is none."""

    def __init__(
        self,
        board: Board,
        fresh: bytes,
        resident: frozenset[str],
        outside: tuple[str, ...],
        unread: frozenset[str] = frozenset(),
        register: str = "",
    ) -> None:
        self.fresh = fresh
        self._params = ChipParams.of(board)
        self._block_bytes = board.block_bytes
        self._page_bytes = board.page_bytes
        self._resident = resident
        self._outside = set(outside)
        self._unread = unread
        self._register = register
        self._fresh_layout = LayoutReader(board.block_bytes).read(fresh)
        root = {block for pair in self._fresh_layout.pairs[:1] for block in pair.blocks}
        self._lasting = self._fresh_layout.used - root
        """The blocks that held a resident file or a folder, but for the root's own metadata."""
        flash = FlashFs(FlashChip(self._params, bytearray(fresh)))
        flash.mount()
        self.asked: set[bytes] = set()
        """The keys of contents of which littlefs has been asked in this process."""
        self._deep = any(path.count("/") > 1 for path in _walk(flash, "/").keys() - resident)
        self._at_root = frozenset(path for path in resident if path.count("/") == 1)
        self._fresh_files = {path: flash.read_file(path) for path in resident}

    def restore(self, flash: Flash) -> bytearray:
        """The bytes of a state."""
        data = bytearray(self.fresh)
        size = self._block_bytes
        for block, content in flash.blocks.items():
            data[block * size : (block + 1) * size] = content
        return data

    def fill(self, data: bytearray, free_blocks: int) -> None:
        """Fills the file system with one more file until so many blocks are free."""
        flash = FlashFs(FlashChip(self._params, data))
        flash.mount()
        blocks = self._params.blocks - int(lfs.fs_size(flash.fs)) - free_blocks
        if blocks > 0:
            flash.write_files({"/filler": bytes(blocks * (self._block_bytes - 8) - 64)})

    def layouts(self) -> LayoutReader:
        """A reader of layouts, for one chip."""
        return LayoutReader(self._block_bytes)

    def contents(
        self, data: bytearray, unstable: frozenset[int] = frozenset(), touched: Collection[int] | None = None
    ) -> Contents:
        """What is on a chip that holds `data`; outside the blocks `touched` it is as the factory left it."""
        chip = FlashChip(self._params, data)
        chip.unstable = set(unstable)
        flash = FlashFs(chip, alive=lambda: False, cache_bytes=self._block_bytes)
        try:
            flash.mount()
        except (LittleFSError, OSError):
            return Contents(False)
        try:
            untouched = self._untouched(data, touched)
            sizes = _walk(flash, "/", deep=not untouched or self._deep)
            paths = sizes.keys()
            files = {path: flash.read_file(path, size) for path, size in sizes.items() if path not in self._resident}
            there = self._at_root if untouched else self._resident
            gone = [f"{path} is gone" for path in there - paths]
            other = [f"{p} changed" for p in there & paths if flash.read_file(p, sizes[p]) != self._fresh_files[p]]
        except (LittleFSError, OSError):
            return Contents(False)
        finally:
            flash.close()
        return Contents(True, tuple(sorted(gone + other)), files)

    def contents_by(self, found: Layout, data: bytearray, touched: Collection[int]) -> Contents | None:
        """The same by `found`, the layout of what is there, many times faster; None if littlefs has to be asked."""
        if found.root is None or self._deep or not self._untouched(data, touched):
            return None
        gone = [f"{path} is gone" for path in self._at_root - found.root.keys()]
        other = [
            f"{p} changed" for p in self._at_root if found.root.get(p, self._fresh_files[p]) != self._fresh_files[p]
        ]
        files = {path: content for path, content in found.root.items() if path not in self._resident}
        return Contents(True, tuple(sorted(gone + other)), files)

    def _untouched(self, data: bytearray, touched: Collection[int] | None) -> bool:
        # Is every lasting block as it was?
        size = self._block_bytes
        blocks = self._lasting if touched is None else self._lasting.intersection(touched)
        return all(data[b * size : (b + 1) * size] == self.fresh[b * size : (b + 1) * size] for b in blocks)

    def key(self, contents: Contents, high_mwh: int) -> bytes:
        """Equal for contents that count as one: the same files, without times, of the log which entries that matter
        stand in it, the register as where it stands to the highest that was ever reported, the record by `Record.key`,
        and what nobody ever reads as being there or not."""
        sha = hashlib.sha256(repr((contents.mounts, contents.changed, sorted(contents.logged))).encode())
        for path, content in sorted(contents.files.items()):
            if path in self._outside:
                continue
            if path in self._unread:
                content = b""
            elif path == self._register:
                whole = bool(content) and len(content) % _ENTRY.size == 0
                content = b"%d %d" % (whole, (contents.register_mwh or 0) >= high_mwh)
            elif self._register and path == OUTAGE:
                # when an outage began is a time
                content = b"%d" % (len(content) == _OUTAGE_BYTES)
            elif self._register and path == RECORD:
                content = Record.key(content)
            sha.update(repr((path, len(content))).encode() + content)
        return sha.digest()[:16]

    def shape(self, found: Layout) -> tuple[int, ...]:
        """How the next commit to each metadata pair will go: the pages left in its block. Where they are not blank
        littlefs appends nothing, and has the pair compacted: as where none is left."""
        return tuple((self._block_bytes - p.end) // self._page_bytes if p.blank else 0 for p in found.pairs)


def _walk(flash: FlashFs, folder: str, deep: bool = True) -> dict[str, int]:
    # The files in a folder and (`deep`) below it, and their sizes.
    found: dict[str, int] = {}
    for entry in entries(flash.fs, folder):
        path = folder.rstrip("/") + "/" + entry.name
        if entry.type != 2:
            found[path] = entry.size
        elif deep:
            found |= _walk(flash, path)
    return found
