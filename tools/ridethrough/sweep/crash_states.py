"""Where faults strike: before and inside every operation on the flash, and wherever the board has told
somebody something; and what each of these moments would leave behind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from ridethrough.sweep.flash import Contents, Flash, Reader
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


Key = tuple[object, ...]


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
    `states`, how many byte states each stood for in `counts`. `present()` is the memory, metrology, latch
    and phase of this moment; `check(contents)` is told of each content that is new in this recovery."""

    def __init__(
        self,
        reader: Reader,
        chip: FlashChip,
        start: Flash,
        present: Callable[[], State],
        check: Callable[[Contents], None],
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
        self._present = present
        self._check = check
        self._last: Operation | None = None
        self._told = 0
        self._layouts = reader.layouts()
        self._known: dict[tuple[object, ...], bytes] = {}
        self._flash_key: Key = ()
        self._high_mwh = -1
        self._live: frozenset[int] = frozenset()
        self._metadata: frozenset[int] = frozenset()
        self._checked: set[bytes] = set()
        self._stale = True
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
        if block in self._live:
            self._stale = True
            if block not in self._metadata:
                self._known.clear()

    def _slice(self, block: int) -> bytearray:
        return self._chip.data[block * self._block_bytes : (block + 1) * self._block_bytes]

    def _key(self) -> Key:
        # The key of what is on the chip; only metadata and the blocks of files can change it.
        high = self._present().memory.register_high_mwh
        if self._stale or high != self._high_mwh:
            self._high_mwh = high
            self._flash_key = self._read(frozenset(self._chip.unstable))
            self._stale = False
        return self._flash_key

    def _read(self, unstable: frozenset[int]) -> Key:
        # littlefs is asked only where its metadata differs from all that was seen in this recovery.
        found = self._layouts.read(self._chip.data)
        self._live = found.used
        self._metadata = frozenset(block for pair in found.pairs for block in pair.blocks)
        logs = tuple(pair.digest for pair in found.pairs)
        which = (logs, unstable & self._live, self._high_mwh)
        key = self._known.get(which)
        if key is None:
            contents = self._reader.contents(self._chip.data, unstable)
            key = self._known[which] = self._reader.key(contents, self._high_mwh)
            if key not in self._checked:
                self._checked.add(key)
                self._check(contents)
        return key, self._reader.shape(found)

    def _inside(self, operation: Operation) -> None:
        size = self._block_bytes
        block = operation.at // size
        live, metadata = self._live, self._metadata
        for name, done, unsteady in tears(operation, size, self._chip.params.page_bytes):
            whole = self._slice(block)
            torn = bytearray(whole)
            at = operation.at - block * size
            torn[at : at + done] = (
                programmed(torn[at : at + done], operation.data[:done]) if operation.data else b"\xff" * done
            )
            unstable = frozenset(self._chip.unstable | ({block} if unsteady else set()))
            key = self._flash_key
            if block in live:
                self._chip.data[block * size : (block + 1) * size] = torn
                if block not in metadata:
                    self._known.clear()
                key = self._read(unstable)
                self._chip.data[block * size : (block + 1) * size] = whole
            self._add(f"{self.operations}.{name}", self._blocks | {block: bytes(torn)}, key, unstable)
        self._live, self._metadata = live, metadata

    def told(self) -> None:
        """Somebody has been told something: a cut now leaves the same flash and another memory."""
        if self.recording:
            self._settle()
            self._told += 1
            self._add(f"{self.operations}.t{self._told}", self._blocks, self._key())

    def touched(self) -> frozenset[int]:
        """The blocks that were written since the fresh board."""
        return frozenset(self._blocks)

    def finish(self) -> tuple[Key, State]:
        """The state at the end of the recovery."""
        if self._failure:
            raise self._failure
        self._settle()
        content, now = self._key(), self._present()
        return self._whole(content, now), self._state("end", now, self._blocks, frozenset(self._chip.unstable))

    @staticmethod
    def _whole(content: Key, now: State) -> Key:
        return (*content, now.memory.key(), now.latch)

    @staticmethod
    def _state(point: str, now: State, blocks: dict[int, bytes], unstable: frozenset[int]) -> State:
        path = (*now.path[:-1], f"{now.path[-1]}.{point}")
        return replace(now, flash=Flash(dict(blocks), unstable), path=path)

    def _add(self, point: str, blocks: dict[int, bytes], content: Key, unstable: frozenset[int] | None = None) -> None:
        now = self._present()
        key = self._whole(content, now)
        self.counts[key] += 1
        if key not in self.states or self.unmerged is not None:
            if unstable is None:
                unstable = frozenset(self._chip.unstable)
            state = self._state(point, now, blocks, unstable)
            self.states.setdefault(key, state)
            if self.unmerged is not None:
                self.unmerged.append((state, key))
