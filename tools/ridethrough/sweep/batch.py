"""A batch of boots, as one process or machine hands it to another, and what it found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ridethrough.sweep.crash_states import Key, State, without_pages
from ridethrough.sweep.faults import Fault
from ridethrough.sweep.joined import Rest, unpack_rests
from ridethrough.sweep.packing import pack, unpack
from ridethrough.sweep.recovery import Recovery, recover
from ridethrough.sweep.result import Result
from ridethrough.sweep.setting import Setting

TASKS = 64
"""Boots in a batch: one to three seconds of work, and much to share. The same for any number of workers, because what a
batch finds may depend on it: within one, a boot may be ended where an earlier one has gone on."""


@dataclass(frozen=True)
class Task:
    """One boot: from the `state`th of the batch's states, after `fault`, and whether the cuts within it are wanted."""

    state: int
    fault: str
    record: bool


@dataclass(frozen=True)
class Batch:
    """Some boots of one level. `states`: packed. `rests`: what is known since the level before, packed, the same for
    each batch of the level, and `more` of it; None: each boot goes on until it is at rest, and `Found.runs` says what
    further faults depend on."""

    level: int
    index: int
    states: bytes
    tasks: tuple[Task, ...]
    rests: bytes | None
    more: bytes

    def apart(self) -> tuple[Batch, bytes | None]:
        """Without `rests`, which all batches of a level share; and these."""
        return replace(self, rests=None), self.rests

    def together(self, shared: bytes | None) -> Batch:
        """With them again."""
        return replace(self, rests=shared)


@dataclass
class Found:
    """What a batch found. `keys`: of its new states in the order of their finding, `states`: these, packed. New is what
    this process has not seen in a level before; it may be known all the same."""

    index: int
    result: Result = field(default_factory=Result)
    keys: tuple[Key, ...] = ()
    states: bytes = b""
    rests: dict[bytes, Rest] = field(default_factory=dict)
    runs: list[tuple[tuple[int, ...], frozenset[int]]] = field(default_factory=list)
    """Of each boot, the moments for a loss of mains and the blocks that it wrote."""


class Worker:
    """Works through batches of one sweep. `seen`: the level in which each key was first seen here."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._seen: dict[Key, int] = {}
        self._level = -1
        self._rests: dict[bytes, Rest] = {}

    def work(self, batch: Batch, heard: Callable[[Recovery, State], None] = lambda recovery, state: None) -> Found:
        """Boots all of it; `heard(recovery, from where)` is called after each boot."""
        found = Found(batch.index)
        states = unpack(batch.states)
        new: dict[Key, State] = {}
        known = None if batch.rests is None else self._known(batch.level, batch.rests) | unpack_rests(batch.more)
        for task in batch.tasks:
            state = states[task.state]
            recovery = recover(self._setting, state, Fault.parse(task.fault), task.record, rests=known)
            found.result.add(recovery, state.phase)
            for key, rest in recovery.rests.items():
                found.rests.setdefault(key, rest)
                if known is not None:
                    known.setdefault(key, rest)
            for key, left in recovery.states.items():
                if self._seen.setdefault(key, batch.level) == batch.level:
                    new.setdefault(key, left)
                    self._seen.setdefault(without_pages(key), batch.level)
            if batch.rests is None:
                found.runs.append((recovery.moments_ms, recovery.touched))
            heard(recovery, state)
        found.keys, found.states = tuple(new), pack(new.values())
        return found

    def _known(self, level: int, packed: bytes) -> dict[bytes, Rest]:
        if level != self._level:
            self._level, self._rests = level, unpack_rests(packed)
        return self._rests


@dataclass(frozen=True)
class Sweeping:
    """The job of a sweep, for whoever works (crews/)."""

    setting: Setting

    def complete(self) -> Sweeping:
        """With all that it takes from files of this machine."""
        return Sweeping(self.setting.complete())

    def worker(self) -> Worker:
        """Somebody who boots."""
        return Worker(self.setting)
