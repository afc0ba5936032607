"""From the fresh board to the fixpoint: each state that a fault can leave is booted once in each fault, and the
cuts within that boot give the next states.

Power cuts and resets go on until no state is new. What else can go wrong (clocks, a failed hold, a flash
that is bad, full or rotten, mains lost with warning) strikes the first run and every state one cut away
from it; docs/sweep.md says why.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice

from ridethrough.invariants.table import NEEDS
from ridethrough.invariants.violation import Violation
from ridethrough.scenarios import Scenario
from ridethrough.sweep.crash_states import Key, Memory, State
from ridethrough.sweep.faults import CLOCKS, FAULTS, Fault
from ridethrough.sweep.flash import Flash, Record
from ridethrough.sweep.recovery import ROT_PLACES, Ended, Recovery, recover
from ridethrough.sweep.setting import Setting
from ridethrough.sweep.watch import not_checked
from ridethrough.traces import Trace

_FREE_BLOCKS = (0, 1, 2, 4, 8, 16)
_FETCHES = range(1, 9)

Task = tuple[State, Fault, bool]
"""From where, how, and whether the cuts within that boot are wanted."""


@dataclass
class Result:
    """What a sweep found. `cut_states`: byte states that cuts left, counted each time; `largest_key`: how many
    of them the fullest merged state stood for. `broken`: each distinct failure of an invariant, by name, as it
    was first seen; `failures`: how many boots broke each invariant."""

    boots: int = 0
    operations: int = 0
    cut_states: int = 0
    merged_states: int = 0
    largest_key: int = 0
    per_cut: list[int] = field(default_factory=list)
    """New merged states after one cut, after two, and so on."""
    fixpoint: bool = False
    longest_dark_us: int = 0
    longest_recovery_us: int = 0
    most_boots: int = 0
    by_fault: Counter[str] = field(default_factory=Counter)
    broken: dict[str, list[Violation]] = field(default_factory=dict)
    ways: Counter[str] = field(default_factory=Counter)
    """How many boots led to each distinct failure, by Violation.kind."""
    failures: Counter[str] = field(default_factory=Counter)
    ended: dict[str, Ended] = field(default_factory=dict)
    """How guests ended by themselves, and the first time of each; `endings`: in how many boots."""
    endings: Counter[str] = field(default_factory=Counter)
    not_checked: dict[str, str] = field(default_factory=dict)
    keys: Counter[Key] = field(default_factory=Counter)
    """How many byte states each merged state stood for."""
    failed_hold_dark_us: int = 0

    @property
    def held(self) -> list[str]:
        """The invariants that were checked and held."""
        return [name for name in NEEDS if name not in self.failures and name not in self.not_checked]


def sweep(
    setting: Setting,
    cuts: int | None = None,
    faults: Iterable[str] = FAULTS,
    jobs: int = 1,
    progress: Callable[[Result, int], None] = lambda result, waiting: None,
) -> Result:
    """Sweeps to the fixpoint, or through `cuts` cuts, in `jobs` processes; the same result for any number of
    them. `progress(result, waiting)` is called after each boot."""
    result = Result()
    chosen = frozenset(faults)
    fresh = first_state(setting)
    heard: set[str] = set()
    booted: set[tuple[Key, str]] = set()
    known: set[Key] = set()

    def learn(recovery: Recovery) -> list[tuple[Key, State]]:
        # What a recovery adds to the result; the states that are new.
        nonlocal heard
        _take(result, recovery)
        heard |= recovery.heard
        new = [(key, state) for key, state in recovery.states.items() if key not in known]
        known.update(key for key, _ in new)
        return new

    wave = [(fresh, fault, True) for fault in _first_faults(chosen)]
    depth = 0
    with _workers(setting, jobs) as run:
        while wave:
            found: list[tuple[Key, State]] = []
            extra: list[Task] = []
            for i, ((state, fault, _), recovery) in enumerate(run(wave)):
                found += learn(recovery)
                if depth <= 1 and not fault.extra:
                    extra += _further(setting, state, fault, recovery, chosen, depth, cuts or 2)
                progress(result, len(wave) - i - 1)
            # further faults in the runs of this wave: what they leave belongs to it
            for _, recovery in run(extra):
                found += learn(recovery)
                progress(result, 0)
            depth += 1
            if found:
                result.per_cut.append(len(found))
            last = cuts is not None and depth >= cuts
            over = cuts is not None and depth > cuts
            wave = [] if over else list(_next(setting, found, booted, chosen, depth, last))
            result.fixpoint = not found and not over
    result.merged_states = len(known)
    result.largest_key = max(result.keys.values(), default=0)
    # what broke was checked: of an application that is never heard of, `converges` speaks
    needs = not_checked(setting, frozenset(heard))
    result.not_checked = {name: needs[name] for name in needs if name not in result.failures}
    return result


def first_state(setting: Setting) -> State:
    """The board that the sweep begins with."""
    lived = setting.lived
    if lived is None:
        return fresh_state(setting.scenario)
    contents = setting.reader.contents(bytearray(lived.flash))
    record = contents.record
    answers = ((record.command_counter, f"{record.outcome} version={record.answer_version}"),) if record else ()
    memory = Memory(
        answers=answers if record and record.outcome < Record.PENDING else (),
        register_high_mwh=contents.register_mwh or 0,
        least_high=record.least_counter if record else 0,
        command_high=lived.commands,
    )
    return State(Flash(), memory, lived.mwh)


def fresh_state(scenario: Scenario) -> State:
    """A board as the factory leaves it."""
    return State(Flash(), Memory(), scenario.world.start_mwh)


def _first_faults(faults: frozenset[str]) -> Iterator[Fault]:
    yield Fault("power-up")
    if "clock" in faults:
        yield from (Fault("power-up", name) for name in CLOCKS)


def _next(
    setting: Setting,
    found: list[tuple[Key, State]],
    booted: set[tuple[Key, str]],
    faults: frozenset[str],
    depth: int,
    last: bool,
) -> Iterator[Task]:
    # How each new state is booted, and whether the cuts within that boot are wanted.
    rotted: set[tuple[object, ...]] = set()
    for key, state in found:
        after: list[tuple[Fault, bool]] = []
        if "power" in faults:
            after.append((Fault("power-up"), not last))
        if "reset" in faults:
            after.append((Fault("watchdog"), not last))
        if depth == 1:
            # to the firmware a brown-out is a power-up, to the hub a reset: after more cuts it shows nothing new
            if "reset" in faults:
                after.append((Fault("brown-out"), False))
            after += [(fault, False) for fault in _single(setting, state, faults, rotted)]
        for fault, record in after:
            # without power the latch forgets
            where = (*key[:-1], False) if fault.powered_up else key
            if (where, fault.word) not in booted:
                booted.add((where, fault.word))
                yield state, fault, record


def _single(setting: Setting, state: State, faults: frozenset[str], rotted: set[tuple[object, ...]]) -> Iterator[Fault]:
    if "clock" in faults:
        yield from (Fault("power-up", name) for name in CLOCKS)
    if "network" in faults and setting.scenario.world.network:
        yield from (Fault("power-up", "fetch", i) for i in _FETCHES)
    if "hold" in faults and state.phase in ("armed", "trial"):
        yield from (Fault(kind, "hold") for kind in ("watchdog", "brown-out", "power-up"))
    if "flash" in faults and setting.reference:
        reader = setting.reader
        record = reader.contents(reader.restore(state.flash), state.flash.unstable).record
        kind = (record.states, record.phase, record.active) if record else ()
        if kind not in rotted:
            rotted.add(kind)
            for slot in range(2):
                if record and record.states[slot]:
                    yield from (Fault("power-up", f"rot{'ab'[slot]}", i) for i in range(len(ROT_PLACES)))


def _further(
    setting: Setting, state: State, fault: Fault, recovery: Recovery, faults: frozenset[str], depth: int, most_cuts: int
) -> Iterator[Task]:
    # Faults that depend on what a run did: when mains is lost in it, which flash blocks it wrote.
    if "power" in faults and fault.kind != "brown-out" and depth < most_cuts:
        for at_ms in recovery.moments_ms:
            yield state, replace(fault, extra="off", number=at_ms), True
            if depth == 0:
                yield state, replace(fault, extra="dip", number=at_ms), False
    if depth == 0 and "flash" in faults:
        yield from ((state, replace(fault, extra="bad", number=b), False) for b in sorted(recovery.touched))
        if setting.files:
            yield from ((state, replace(fault, extra="full", number=b), False) for b in _FREE_BLOCKS)
    if depth == 0 and "network" in faults and setting.scenario.world.network:
        yield from ((state, replace(fault, extra="fetch", number=i), False) for i in _FETCHES)


def _take(result: Result, recovery: Recovery) -> None:
    result.boots += 1
    result.operations += recovery.operations
    result.cut_states += sum(recovery.counts.values())
    result.keys.update(recovery.counts)
    result.longest_recovery_us = max(result.longest_recovery_us, recovery.took_us)
    result.most_boots = max(result.most_boots, recovery.boots)
    result.by_fault[recovery.fault.extra.rstrip("ab") or recovery.fault.kind] += 1
    if recovery.fault.extra == "hold":
        result.failed_hold_dark_us = max(result.failed_hold_dark_us, recovery.dark_us)
    else:
        result.longest_dark_us = max(result.longest_dark_us, recovery.dark_us)
    for broken in recovery.broken:
        result.failures[broken.invariant] += 1
        result.ways[broken.kind] += 1
        if result.ways[broken.kind] == 1:
            result.broken.setdefault(broken.invariant, []).append(broken)
    for ended in {ended.how: ended for ended in reversed(recovery.ended)}.values():
        result.ended.setdefault(ended.how, ended)
        result.endings[ended.how] += 1


_setting: Setting | None = None


def _init(setting: Setting) -> None:
    global _setting
    _setting = setting


def _init_worker(setting: Setting) -> None:
    _init(setting)
    threading.Thread(target=_end_with_the_sweep, daemon=True).start()


def _end_with_the_sweep() -> None:
    # a sweep that is killed must not leave its workers behind
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _work(task: Task) -> Recovery:
    assert _setting is not None
    state, fault, record = task
    recovery = recover(_setting, state, fault, record)
    # a trace is large, and a failure is run again to be shown
    recovery.trace, recovery.console = Trace(), ()
    return recovery


@contextmanager
def _workers(setting: Setting, jobs: int) -> Iterator[Callable[[list[Task]], Iterator[tuple[Task, Recovery]]]]:
    # Runs tasks and hands back their recoveries in order, whatever the number of processes.
    if jobs <= 1:
        _init(setting)
        yield lambda tasks: ((task, _work(task)) for task in tasks)
        return
    pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), _init_worker, (setting,))
    try:

        def submit(task: Task) -> tuple[Task, Future[Recovery]]:
            with _without_ctrl_c():
                return task, pool.submit(_work, task)

        def run(tasks: list[Task]) -> Iterator[tuple[Task, Recovery]]:
            # no more at once than keeps everybody busy: a recovery holds many states
            todo = iter(tasks)
            waiting = [submit(task) for task in islice(todo, jobs * 3)]
            while waiting:
                task, future = waiting.pop(0)
                recovery = future.result()
                waiting += [submit(task) for task in islice(todo, 1)]
                yield task, recovery

        yield run
    finally:
        # whatever ends the sweep, nobody waits for the rest of the wave
        pool.shutdown(cancel_futures=True)


@contextmanager
def _without_ctrl_c() -> Iterator[None]:
    # A process that is started in here never gets Ctrl-C, which a terminal sends to all of us: it is for the sweep, and
    # a worker that dies of it says so in many lines, and looks like a defect.
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
