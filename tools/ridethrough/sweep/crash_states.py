"""Where faults strike: before and inside every operation on the flash, and wherever the board has told
somebody something; and what each of these moments would leave behind.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from ridethrough.sweep.flash import Contents, Flash, Reader
from ridethrough.sweep.littlefs_layout import Layout
from ridethrough.world.chip import FlashChip, Operation, programmed


@dataclass(frozen=True)
class Memory:
    """What the invariants remember from boot to boot. `answers`: (command counter, outcome and version)."""

    answers: tuple[tuple[int, str], ...] = ()
    register_high_mwh: int = 0
    least_high: int = 0
    command_high: int = 0
    logged: frozenset[str] = frozenset()
    trials: int = 0
    """Boots of the new slot since it was armed, while it is on trial."""

    def key(self) -> tuple[object, ...]:
        """What tells states apart; the register is in the flash's key, as an offset."""
        return (
            self.answers,
            self.least_high,
            self.command_high,
            tuple(sorted(self.logged)),
            self.trials,
        )


@dataclass(frozen=True)
class State:
    """What a fault leaves behind. `path` leads to it from the fresh board: one word a boot."""

    flash: Flash
    memory: Memory
    mwh: int
    """What the metrology part stood at."""
    latch: bool = False
    phase: str = ""
    path: tuple[str, ...] = ()
    t_us: int = 0
    """When the fault struck, in the recovery that `path` ends with."""


Key = bytes
"""What tells states apart: a digest of KEY_BYTES, was the latch set, `by_page` a byte for each metadata pair."""
KEY_BYTES = 16
_LATCH = KEY_BYTES
Content = tuple[bytes, tuple[int, ...]]
"""Reader.key of a flash, and its Reader.shape or nothing."""


def key_of(content: Content, memory: tuple[object, ...], latch: bool) -> Key:
    """The key of a state, by `Memory.key`."""
    digest = hashlib.blake2b(repr((content[0], memory)).encode(), digest_size=KEY_BYTES).digest()
    return digest + bytes((latch, *content[1]))


def without_power(key: Key) -> Key:
    """The key of what is left when the latch has forgotten."""
    return key[:_LATCH] + bytes(1) + key[_LATCH + 1 :]


def without_pages(key: Key) -> Key:
    """The key of the same state where states are not told apart by page."""
    return key[: _LATCH + 1]


def tears(operation: Operation, block_bytes: int, page_bytes: int) -> Iterator[tuple[str, int, bool]]:
    """How a cut can leave an operation half done: a name, how many bytes are done, and whether the block
    reads unstably from then on. A program tears at its first byte, in the middle, between pages and before
    its last byte; an erase is half done, or looks done and is not."""
    n = len(operation.data)
    if n:
        for done in sorted({1, n // 2, *range(page_bytes, n, page_bytes), n - 1} - {0, n}):
            yield str(done), done, False
    else:
        yield "half", block_bytes // 2, False
        yield "unstable", 0, True


class Recorder:
    """Follows one recovery on `chip` and collects every state that a cut in it would leave: one of each key in
    `states`, how many byte states each stood for in `counts`. `remembered()` is what the invariants remember at this
    moment, and the latch; `present()` is a state with these, metrology and phase; `check(contents)` is told of each
    content that is new in this recovery. `by_page`: the pages left in metadata tell states apart, too. `spoilt`: the
    chip differs from `start` in more than its blocks."""

    def __init__(
        self,
        reader: Reader,
        chip: FlashChip,
        start: Flash,
        remembered: Callable[[], tuple[Memory, bool]],
        present: Callable[[], State],
        check: Callable[[Contents], None],
        by_page: bool,
        spoilt: bool = False,
    ) -> None:
        self.states: dict[Key, State] = {}
        self.counts: Counter[Key] = Counter()
        self.operations = 0
        self.recording = True
        self.unmerged: list[tuple[State, Key]] | None = None
        """If it is a list: every byte state by itself, too."""
        self._reader = reader
        self._chip = chip
        self._block_bytes = chip.params.block_bytes
        self._blocks = dict(start.blocks)
        self._by_page = by_page
        self._spoilt = spoilt
        self._remembered = remembered
        self._present = present
        self._check = check
        self._last: Operation | None = None
        self._told = 0
        self._layouts = reader.layouts()
        self._changed: set[int] | None = None
        self._known: dict[tuple[object, ...], Contents] = {}
        self._keys: dict[tuple[object, ...], bytes] = {}
        self._flash_key: Content = (b"", ())
        self._high_mwh = -1
        self._live: frozenset[int] = frozenset()
        self._metadata: frozenset[int] = frozenset()
        self._logs: tuple[bytes, ...] = ()
        self._checked: set[bytes] = set()
        self._stale = True
        self._memory: Memory | None = None
        self._memory_key: tuple[object, ...] = ()
        self._whole_keys: dict[tuple[object, ...], Key] = {}
        self._failure: Exception | None = None
        chip.on_operation = self._operation

    def _operation(self, operation: Operation) -> None:
        # Called from within littlefs, where an exception would be lost: it waits for finish().
        try:
            self._record(operation)
        except Exception as e:
            self._failure = self._failure or e

    def _record(self, operation: Operation) -> None:
        self._settle()
        self.operations += 1
        self._told = 0
        self._last = operation
        if self.recording:
            self._add(str(self.operations), self._blocks, self._key())
            self._inside(operation)

    def _settle(self) -> None:
        # The operation before is done: its block is what the chip now holds.
        if self._last is None:
            return
        block, self._last = self._last.at // self._block_bytes, None
        self._blocks[block] = bytes(self._slice(block))
        self._touch(block)
        if block in self._live:
            self._stale = True
            if block not in self._metadata:
                self._forget()

    def _touch(self, block: int) -> None:
        if self._changed is not None:
            self._changed.add(block)

    def _forget(self) -> None:
        # A file's bytes have changed under metadata that stayed.
        self._known.clear()
        self._keys.clear()

    def _slice(self, block: int) -> bytearray:
        return self._chip.data[block * self._block_bytes : (block + 1) * self._block_bytes]

    def _key(self) -> Content:
        # The key of what is on the chip; only metadata and the blocks of files can change it.
        high = self._remembered()[0].register_high_mwh
        if self._stale or high != self._high_mwh:
            self._high_mwh = high
            self._flash_key = self._read(frozenset(self._chip.unstable))
            self._stale = False
        return self._flash_key

    def _look(self) -> Layout:
        found = self._layouts.read(self._chip.data, self._changed)
        self._changed = set()
        self._live, self._metadata, self._logs = found.used, found.metadata, found.logs
        return found

    def _contents(self, found: Layout, unstable: frozenset[int]) -> Contents:
        # Nothing is read where the metadata is as it was before in this recovery.
        which = (self._logs, unstable & self._live)
        contents = self._known.get(which)
        if contents is None:
            if not self._spoilt and not which[1]:
                contents = self._reader.contents_by(found, self._chip.data, self._touched())
            contents = self._known[which] = contents or self._ask(unstable)
        return contents

    def _touched(self) -> Collection[int]:
        # The block of an operation that is under way is none of `_blocks` yet.
        return self._blocks.keys() | ({self._last.at // self._block_bytes} if self._last else set())

    def _ask(self, unstable: frozenset[int]) -> Contents:
        return self._reader.contents(self._chip.data, unstable, None if self._spoilt else self._touched())

    def contents(self) -> Contents:
        """What is on the chip now."""
        if self._chip.busy:
            return self._ask(frozenset(self._chip.unstable))
        self._settle()
        return self._contents(self._look(), frozenset(self._chip.unstable))

    def _read(self, unstable: frozenset[int]) -> Content:
        found = self._look()
        which = (self._logs, unstable & self._live, self._high_mwh)
        key = self._keys.get(which)
        if key is None:
            contents = self._contents(found, unstable)
            key = self._keys[which] = self._reader.key(contents, self._high_mwh)
            if key not in self._reader.asked:
                self._reader.asked.add(key)
                assert self._ask(unstable) == contents, "littlefs finds other files than its metadata says"
            if key not in self._checked:
                self._checked.add(key)
                self._check(contents)
        return key, self._reader.shape(found) if self._by_page else ()

    def _inside(self, operation: Operation) -> None:
        size = self._block_bytes
        block, at = operation.at // size, operation.at % size
        live, metadata, logs = self._live, self._metadata, self._logs
        whole = self._slice(block)
        complete_at = 0
        finished = unfinished = None
        if operation.data and block in metadata:
            self._put(block, self._programmed(whole, at, operation.data))
            self._look()
            complete_at = self._layouts.complete_at(block)
        for name, done, unsteady in tears(operation, size, self._chip.params.page_bytes):
            if operation.data:
                torn = self._programmed(whole, at, operation.data[:done])
            else:
                torn = whole[:at] + b"\xff" * done + whole[at + done :]
            unstable = frozenset(self._chip.unstable | ({block} if unsteady else set()))
            key = self._flash_key
            if block in live and (unsteady or torn != whole):
                # a commit counts as soon as its checksum is there, and not before: how much else is there is one
                short = complete_at > at + done
                known = unfinished if short else finished
                if known is None:
                    self._put(block, torn)
                    if block not in metadata:
                        self._forget()
                    known = self._read(unstable)
                    if short:
                        unfinished = known
                    elif at < complete_at:
                        finished = known
                key = known
            self._add(f"{self.operations}.{name}", self._blocks, key, unstable, (block, torn))
        if block in live:
            self._put(block, whole)
        self._live, self._metadata, self._logs = live, metadata, logs

    @staticmethod
    def _programmed(whole: bytearray, at: int, data: bytes) -> bytearray:
        end = at + len(data)
        return whole[:at] + programmed(whole[at:end], data) + whole[end:]

    def _put(self, block: int, content: bytearray) -> None:
        self._chip.data[block * self._block_bytes : (block + 1) * self._block_bytes] = content
        self._touch(block)

    def told(self) -> None:
        """Somebody has been told something: a cut now leaves the same flash and another memory."""
        if self.recording:
            self._settle()
            self._told += 1
            self._add(f"{self.operations}.t{self._told}", self._blocks, self._key())

    def touched(self) -> frozenset[int]:
        """The blocks that were written since the fresh board."""
        return frozenset(self._blocks)

    def now(self) -> tuple[Content, frozenset[int]]:
        """What is on the chip, when no operation is under way, and which blocks of it read unstably."""
        self._settle()
        return self._key(), frozenset(self._chip.unstable) & self._live

    def finish(self) -> tuple[Key, State]:
        """The state at the end of the recovery."""
        if self._failure:
            raise self._failure
        self._settle()
        content = self._key()
        return self._whole(content), self._state("end", self._blocks, frozenset(self._chip.unstable))

    def _whole(self, content: Content) -> Key:
        memory, latch = self._remembered()
        if memory is not self._memory:
            self._memory, self._memory_key = memory, memory.key()
        which = (content, self._memory_key, latch)
        key = self._whole_keys.get(which)
        if key is None:
            key = self._whole_keys[which] = key_of(*which)
        return key

    def _state(self, point: str, blocks: Mapping[int, bytes], unstable: frozenset[int]) -> State:
        now = self._present()
        path = (*now.path[:-1], f"{now.path[-1]}.{point}")
        return replace(now, flash=Flash(dict(blocks), unstable), path=path)

    def _add(
        self,
        point: str,
        blocks: Mapping[int, bytes],
        content: Content,
        unstable: frozenset[int] | None = None,
        torn: tuple[int, bytearray] | None = None,
    ) -> None:
        key = self._whole(content)
        self.counts[key] += 1
        if key not in self.states or self.unmerged is not None:
            if unstable is None:
                unstable = frozenset(self._chip.unstable)
            if torn:
                blocks = {**blocks, torn[0]: bytes(torn[1])}
            state = self._state(point, blocks, unstable)
            self.states.setdefault(key, state)
            if self.unmerged is not None:
                self.unmerged.append((state, key))
