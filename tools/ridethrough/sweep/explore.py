"""From the fresh board to the fixpoint: each state that a fault can leave is booted once in each fault, and the
cuts within that boot give the next states.

Power cuts and resets go on until no state is new. What else can go wrong (clocks, a failed hold, a flash
that is bad, full or rotten, mains lost with warning) strikes the first run and every state one cut away
from it; docs/sweep.md says why.

It goes level by level: the states that so many cuts leave, all of them, before any that takes one more. A level is
worked through in batches, by whoever is there (crews/); at its end what they found is put together in the order of the
batches, so that nothing depends on who was faster.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace

from ridethrough.crews.crew import Crew, CrewFor, crew_of
from ridethrough.scenarios import Scenario
from ridethrough.sweep.batch import TASKS, Batch, Found, Sweeping, Task
from ridethrough.sweep.crash_states import Key, Memory, State, without_pages, without_power
from ridethrough.sweep.faults import CLOCKS, FAULTS, Fault
from ridethrough.sweep.flash import Flash, Record
from ridethrough.sweep.joined import Rest, pack_rests
from ridethrough.sweep.packing import pack, unpack
from ridethrough.sweep.recovery import ROT_PLACES, Recovery
from ridethrough.sweep.result import Result
from ridethrough.sweep.setting import Setting
from ridethrough.sweep.watch import not_checked

_FREE_BLOCKS = (0, 1, 2, 4, 8, 16)
_FETCHES = range(1, 9)
_MOST_CUTS = 2
"""In so many cuts, but for the last, mains is also lost with warning."""
_APART = 8
"""So many batches there are at least that do not wait for each other."""

Boot = tuple[State, Fault, bool]
"""From where, how, and whether the cuts within that boot are wanted."""
Told = Callable[[Result, int], None]


@dataclass
class Reached:
    """How far a sweep is, at the end of a level: all that the next one needs. `found`: the states of that level,
    packed, and which of them are new."""

    level: int = 0
    result: Result = field(default_factory=Result)
    known: set[Key] = field(default_factory=set)
    powered: set[Key] = field(default_factory=set)
    """What has been booted with power that came back: to such a boot the latch does not matter."""
    rests: dict[bytes, Rest] = field(default_factory=dict)
    found: list[tuple[bytes, tuple[tuple[int, Key], ...]]] = field(default_factory=list)


def sweep(
    setting: Setting,
    cuts: int | None = None,
    faults: Iterable[str] = FAULTS,
    jobs: int = 1,
    progress: Told = lambda result, waiting: None,
    *,
    crew: CrewFor | None = None,
    sample: int | None = None,
    begun: Reached | None = None,
    keep: Callable[[Reached], None] = lambda progress: None,
) -> Result:
    """Sweeps to the fixpoint, or through `cuts` cuts, in `jobs` processes or by another `crew`; the same result for any
    of them. `sample`: of the new states of a level, and of the further faults, only so many are tried, evenly spread.
    `progress(result, waiting)` is called after each boot, or after each batch of another process. `begun`:
    from where to go on; `keep` is given the same at the end of each level."""
    with crew(Sweeping(setting)) if crew else crew_of(Sweeping(setting), jobs) as workers:
        return _Sweep(setting, cuts, frozenset(faults), sample, workers, progress, begun or Reached()).go(keep)


class _Sweep:
    def __init__(
        self,
        setting: Setting,
        cuts: int | None,
        faults: frozenset[str],
        sample: int | None,
        crew: Crew[Found],
        told: Told,
        begun: Reached,
    ) -> None:
        self._setting = setting
        self._cuts = cuts
        self._faults = faults
        self._sample = sample
        self._crew = crew
        self._told = told
        self._at = begun

    def go(self, keep: Callable[[Reached], None]) -> Result:
        at, cuts = self._at, self._cuts
        over = cuts is not None and at.level > cuts
        while at.level == 0 or (at.found and not over):
            self._level()
            over = cuts is not None and at.level > cuts
            keep(at)
        result = at.result
        result.fixpoint = not at.found and not over and not result.left_out
        result.merged_states = sum(result.per_cut)
        result.largest_key = max(result.keys.values(), default=0)
        # what broke was checked: of an application that is never heard of, `converges` speaks
        needs = not_checked(self._setting, frozenset(result.heard))
        result.not_checked = {name: needs[name] for name in needs if name not in result.failures}
        return result

    def _level(self) -> None:
        at = self._at
        # where further faults come from what a boot did, it has to do all of it
        further = at.level == 0 or (at.level == 1 and self._cuts != 1)
        last = self._cuts is not None and at.level >= self._cuts
        if at.level == 0:
            boots: Iterator[Boot] = ((first_state(self._setting), fault, True) for fault in self._first_faults())
        else:
            boots = self._next(at.level, last)
        # what further faults depend on is in memory: there are few boots in these levels
        main = list(boots) if further else boots
        found, runs = self._run(main, 0, None if further else pack_rests(at.rests))
        if further:
            extra = [
                boot
                for (state, fault, _), run in zip(main, runs, strict=True)
                if not fault.extra
                for boot in self._further(state, fault, *run, at.level)
            ]
            taken = self._taken(len(extra))
            extra = [boot for i, boot in enumerate(extra) if i in taken]
            # further faults in the runs of this level: what they leave belongs to it
            found += self._run(extra, len(found), None)[0]
        self._take(found)
        at.level += 1

    def _run(
        self, boots: Iterable[Boot], first: int, rests: bytes | None
    ) -> tuple[list[Found], list[tuple[tuple[int, ...], frozenset[int]]]]:
        # All of them, by the crew; in the order of the batches.
        level = self._at.level
        live = Result(per_cut=list(self._at.result.per_cut))
        live.merge(self._at.result)
        done: dict[int, Found] = {}
        learnt: dict[bytes, Rest] = {}
        behind = left = 0

        def heard(recovery: Recovery, state: State) -> None:
            nonlocal left
            left -= 1
            live.add(recovery, state.phase)
            self._told(live, left)

        def batches() -> Iterator[Batch | None]:
            nonlocal behind, left
            more = b""
            for i, some in enumerate(_in_batches(boots)):
                left += len(some)
                # it knows what those have found that it waits for, and nothing else, whoever is fast
                while rests is not None and behind < waits_for(i):
                    if first + behind not in done:
                        yield None
                        continue
                    for key, rest in done[first + behind].rests.items():
                        learnt.setdefault(key, rest)
                    behind += 1
                    if behind == waits_for(i):
                        more = pack_rests(learnt)
                yield _batch(level, first + i, some, rests, more)

        for one in self._crew.work(batches(), heard):
            done[one.index] = one
            if not self._crew.alone:
                left -= one.result.boots
                live.merge(one.result)
                self._told(live, left)
        found = [done[index] for index in sorted(done)]
        return found, [run for one in found for run in one.runs]

    def _take(self, found: list[Found]) -> None:
        # Puts together what a level has found.
        at = self._at
        at.found = []
        for one in found:
            at.result.merge(one.result)
            new = [(i, key) for i, key in enumerate(one.keys) if key not in at.known]
            for _, key in new:
                # of states that more cuts leave, pages are no part
                at.known |= {key, without_pages(key)}
            if new:
                at.found.append((one.states, tuple(new)))
            for key, rest in one.rests.items():
                at.rests.setdefault(key, rest)
        if at.found:
            at.result.per_cut.append(sum(len(new) for _, new in at.found))
            if self._sample is not None:
                at.found = self._sampled()

    def _taken(self, of: int) -> Collection[int]:
        # Which of so many are tried.
        count = self._sample
        if count is None or count >= of:
            return range(of)
        self._at.result.left_out += of - count
        return {i * of // count for i in range(count)}

    def _sampled(self) -> list[tuple[bytes, tuple[tuple[int, Key], ...]]]:
        at = self._at
        taken = self._taken(at.result.per_cut[-1])
        found, behind = [], 0
        for states, new in at.found:
            some = tuple(one for i, one in enumerate(new, behind) if i in taken)
            behind += len(new)
            if some:
                found.append((states, some))
        return found

    def _first_faults(self) -> Iterator[Fault]:
        yield Fault("power-up")
        if "clock" in self._faults:
            yield from (Fault("power-up", name) for name in CLOCKS)

    def _next(self, level: int, last: bool) -> Iterator[Boot]:
        # How each new state is booted, and whether the cuts within that boot are wanted.
        rotted: set[tuple[object, ...]] = set()
        for packed, new in self._at.found:
            states = unpack(packed)
            for i, key in new:
                state = states[i]
                where = without_power(key)
                first = where not in self._at.powered
                self._at.powered |= {where, without_pages(where)}
                if "power" in self._faults and first:
                    yield state, Fault("power-up"), not last
                if "reset" in self._faults:
                    yield state, Fault("watchdog"), not last
                if level == 1:
                    # to the firmware a brown-out is a power-up, to the hub a reset: later it shows nothing new
                    if "reset" in self._faults:
                        yield state, Fault("brown-out"), False
                    for fault in self._single(state, rotted):
                        if first or not fault.powered_up:
                            yield state, fault, False

    def _single(self, state: State, rotted: set[tuple[object, ...]]) -> Iterator[Fault]:
        setting, faults = self._setting, self._faults
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
        self, state: State, fault: Fault, moments_ms: tuple[int, ...], touched: frozenset[int], level: int
    ) -> Iterator[Boot]:
        # Faults that depend on what a run did: when mains is lost in it, which flash blocks it wrote.
        setting, faults = self._setting, self._faults
        if "power" in faults and fault.kind != "brown-out" and level < (self._cuts or _MOST_CUTS):
            for at_ms in moments_ms:
                yield state, replace(fault, extra="off", number=at_ms), True
                if level == 0:
                    yield state, replace(fault, extra="dip", number=at_ms), False
        if level == 0 and "flash" in faults:
            yield from ((state, replace(fault, extra="bad", number=b), False) for b in sorted(touched))
            if setting.files:
                yield from ((state, replace(fault, extra="full", number=b), False) for b in _FREE_BLOCKS)
        if level == 0 and "network" in faults and setting.scenario.world.network:
            yield from ((state, replace(fault, extra="fetch", number=i), False) for i in _FETCHES)


def waits_for(index: int) -> int:
    """How many batches of a level have to be done before this one begins, which then knows what they have found: half
    of those before it, so that a level of n batches has to wait about log2(n) times, however many work."""
    return max(0, index - max(_APART, index // 2))


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


def _in_batches(boots: Iterable[Boot]) -> Iterator[list[Boot]]:
    some: list[Boot] = []
    for boot in boots:
        some.append(boot)
        if len(some) == TASKS:
            yield some
            some = []
    if some:
        yield some


def _batch(level: int, index: int, boots: list[Boot], rests: bytes | None, more: bytes) -> Batch:
    places: dict[int, int] = {}
    states: list[State] = []
    tasks = []
    for state, fault, record in boots:
        place = places.setdefault(id(state), len(states))
        if place == len(states):
            states.append(state)
        tasks.append(Task(place, fault.word, record))
    return Batch(level, index, pack(states), tuple(tasks), rests, more)
