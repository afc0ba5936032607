"""One recovery of a sweep: a board starts from what a fault left, the faults stop, and it is watched until it
has come to rest. Every moment of it is a moment at which the next fault can strike.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import pairwise

from ridethrough.guests.named import guest_named
from ridethrough.guests.protocol import GUEST_ENDED
from ridethrough.headend import client
from ridethrough.headend.head_end import HeadEnd
from ridethrough.invariants.violation import Violation
from ridethrough.scenarios import Step
from ridethrough.sweep.crash_states import Key, Memory, Recorder, State
from ridethrough.sweep.faults import CLOCKS, Fault
from ridethrough.sweep.flash import SLOTS, Contents
from ridethrough.sweep.hub import judge_hub
from ridethrough.sweep.joined import Joiner, Rest, Rests
from ridethrough.sweep.setting import Setting
from ridethrough.sweep.watch import Watch
from ridethrough.traces import Trace
from ridethrough.world.clock import Order
from ridethrough.world.site import Site
from ridethrough.world.world import ClockError, World

_SLICE_US = 500_000
_SETTLE_US, _FIRST_SETTLE_US = 3_500_000, 12_000_000
"""How long a board is watched after its last start: longer than the 3 s in which an application confirms
itself; the first time, longer than it needs to come to rest."""
_DIP_US = 50_000
ROT_PLACES = (20, 80, 100, 130, 200, -100, -10)
"""Where a slot's file rots: outer header, inner header (three), payload (two), supplier's signature."""


@dataclass(frozen=True)
class Ended:
    """A guest ended by itself: how, and `t_us` after the start of the boot that `path` ends with."""

    how: str
    t_us: int
    path: tuple[str, ...]

    @property
    def ident(self) -> str:
        """What a replay takes."""
        return "-".join(self.path)


@dataclass
class Recovery:
    """What one recovery showed. `start_us`: when the fault ended in `trace`; 0 after a power cut."""

    fault: Fault
    trace: Trace
    start_us: int
    operations: int
    boots: int
    dark_us: int
    """The longest darkness of the hub that no mains loss excuses."""
    took_us: int
    """From the start to the last thing that the head-end was told."""
    broken: list[Violation]
    end: tuple[Key, State] | None
    """None if it was ended where another one had gone on."""
    states: dict[Key, State] = field(default_factory=dict)
    counts: Counter[Key] = field(default_factory=Counter)
    unmerged: list[tuple[State, Key]] = field(default_factory=list)
    moments_ms: tuple[int, ...] = ()
    """Moments for a mains loss: one for each phase of the update in each boot."""
    touched: frozenset[int] = frozenset()
    """Flash blocks that were written since the fresh board."""
    heard: frozenset[str] = frozenset()
    """The names of all events."""
    ended: tuple[Ended, ...] = ()
    """Each time at which the guest ended by itself."""
    console: tuple[tuple[int, str], ...] = ()
    """Each line that the board said, and when (us)."""
    rests: dict[bytes, Rest] = field(default_factory=dict)
    """What followed each moment from which another may be spared the rest, if nothing broke."""


def recover(
    setting: Setting,
    state: State,
    fault: Fault,
    record: bool = True,
    unmerged: bool = False,
    rests: Rests | None = None,
) -> Recovery:
    """Runs from `state`, after the `fault`, until the board is at rest, the bound is passed, or the rest is known from
    `rests`."""
    return _Run(setting, state, fault, unmerged, rests or {}).go(record)


class _Run:
    def __init__(self, setting: Setting, state: State, fault: Fault, unmerged: bool, rests: Rests) -> None:
        self._setting = setting
        self._state = state
        self._fault = fault
        board, world = setting.board, setting.scenario.world
        hub = world.hub
        # A reset comes when it is worst: a quarter into a transmit burst of a hub that is up.
        burst_us = hub.boot_us + hub.join_us + hub.burst_every_us - hub.burst_us * 3 // 4
        self._start_us = 0 if fault.powered_up else board.supply_start_us + burst_us
        self._mains_lost_us = self._start_us + fault.number * 1000  # with `off` and `dip`
        before_mwh = world.load_w * self._start_us // 3_600_000
        error = CLOCKS.get(fault.extra, world.clock)
        error = replace(error, steps=tuple((t + self._start_us, s) for t, s in error.steps))
        meter = self._world(world, error, state.mwh - before_mwh)
        flash = setting.reader.restore(state.flash)
        self._site = Site(board, meter, guest_named(setting.guest), flash)
        self._clock = self._site.clock
        chip = self._site.mcu.chip
        chip.unstable = set(state.flash.unstable)
        self._spoil_flash()
        self._begin()
        self._drove_ac_ok = False
        self._site.mcu.wiring.on_wire = self._pins_moved
        steps = setting.steps
        if "register" in board.signals and setting.reference:
            steps = tuple(s for step in (None, *steps) for s in (step, Step("ask", line="register")) if s)
        commands = setting.lived.commands if setting.lived else 0
        self._head_end = HeadEnd(
            self._site, steps, setting.image, again=True, blind=not setting.reference, counter=commands
        )
        self._here = replace(state, path=(*state.path, fault.word))
        self._recorder = Recorder(
            setting.reader,
            chip,
            state.flash,
            self._remembered,
            self._present,
            self._check,
            # where a loss of mains with warning, clocks and the hold strike next, a moment more or less may count
            setting.by_page or not state.path,
            fault.spoils_flash,
        )
        self._watch = Watch(setting, self._site, state.memory, self._recorder.contents, fault.spoils_flash)
        self._recorder.unmerged = [] if unmerged else None
        self._watch.told = self._recorder.told
        self._joiner = Joiner(
            rests,
            self._site,
            self._head_end,
            self._recorder,
            self._watch,
            (self._start_us, setting),
            f"clocks {fault.extra or 'right'}",
        )
        if setting.reference and fault.extra in ("", *CLOCKS):
            self._joiner.listen()

    def _world(self, world: World, error: ClockError, mwh: int) -> World:
        mains: tuple[tuple[int, bool], ...] = ((0, True),)
        lost_us = self._mains_lost_us
        if self._off():
            mains = (*mains, (lost_us, False))
        elif self._fault.extra == "dip":
            mains = (*mains, (lost_us, False), (lost_us + _DIP_US, True))
        return World(
            mains=mains,
            converter_restart_us=world.converter_restart_us,
            boot_us=world.boot_us,
            clock=error,
            hub=world.hub,
            load_w=world.load_w,
            start_mwh=mwh,
            network=world.network,
            parts=world.parts,
            fetch_fails=self._fault.number if self._fault.extra == "fetch" else 0,
        )

    def _begin(self) -> None:
        mcu, state = self._site.mcu, self._state
        if self._fault.extra == "hold":
            mcu.wiring.fail_hold()
        if not self._fault.powered_up:
            mcu.stand_in()

            def start() -> None:
                mcu.wiring.latch = state.latch and self._fault.extra != "hold"
                mcu.reset(self._fault.kind)

            self._clock.at(self._start_us, Order.WORLD, start)

    def _spoil_flash(self) -> None:
        fault, mcu = self._fault, self._site.mcu
        chip = mcu.chip
        if fault.extra == "bad":
            chip.bad = frozenset({fault.number})
        elif fault.extra == "full":
            self._setting.reader.fill(chip.data, fault.number)
        elif fault.extra in ("rota", "rotb"):
            self._rot(SLOTS["ab".index(fault.extra[-1])], fault.number)

    def _rot(self, path: str, number: int) -> None:
        # Flips a bit of one file: of the places on the chip that hold these bytes, the one that is in it.
        data = self._site.mcu.chip.data
        content = self._contents().files.get(path, b"")
        place = ROT_PLACES[number % len(ROT_PLACES)] % max(1, len(content))
        piece = content[place : place + 24]
        at = data.find(piece) if piece else -1
        while at >= 0:
            data[at] ^= 1
            if self._contents().files.get(path) != content:
                return
            data[at] ^= 1
            at = data.find(piece, at + 1)

    def _pins_moved(self, wire: str, level: int) -> None:
        # before the fault no firmware runs
        if self._clock.now_us >= self._start_us:
            gpio = self._setting.board.pins["ac_ok"].gpio
            self._drove_ac_ok |= self._site.mcu.wiring.pins.driven(gpio)

    def _check(self, contents: Contents) -> None:
        self._watch.flash(contents)

    def _remembered(self) -> tuple[Memory, bool]:
        return self._watch.memory, self._site.mcu.wiring.latch

    def _present(self) -> State:
        site = self._site
        phases = site.trace.texts["phase"]
        return replace(
            self._here,
            memory=self._watch.memory,
            mwh=site.metrology.total_mwh(),
            latch=site.mcu.wiring.latch,
            phase=phases[-1][1] if phases else "",
            t_us=self._clock.now_us,
        )

    def _contents(self) -> Contents:
        chip = self._site.mcu.chip
        return self._setting.reader.contents(chip.data, frozenset(chip.unstable))

    def go(self, record: bool) -> Recovery:
        clock, watch = self._clock, self._watch
        sweep = self._setting.scenario.sweep
        # cuts before the mains loss are those of the recovery without it
        self._recorder.recording = record and self._fault.extra not in ("off", "dip")
        if record and not self._recorder.recording:
            clock.at(self._mains_lost_us, Order.WORLD, self._record)
        until_us = self._start_us + sweep.within_us
        while not self._at_rest() and not self._too_long():
            clock.run(min(clock.now_us + _SLICE_US, until_us))
        rest = self._joiner.rest
        took_us = clock.now_us - self._start_us
        if not self._off() and not rest and not watch.broken:
            self._settle()
        site = self._site
        trace = site.finish()
        # a power cut in the end leaves whatever is there now
        end = None if rest else self._recorder.finish()
        dark_us, broken = judge_hub(self._setting, self._fault, self._start_us, trace, self._drove_ac_ok)
        for violation in broken:
            watch.report(violation.invariant, violation.text, violation.t_us)
        if not self._off():
            if not rest:
                watch.end(trace, self._recorder.contents())
            watch.boot_log(trace)
        if not self._state.path and not self._fault.extra:
            watch.stated(trace)
        site.close()
        recovery = Recovery(
            self._fault,
            trace,
            self._start_us,
            self._recorder.operations,
            len(trace.events("boot")) + (rest.boots if rest else 0),
            dark_us,
            took_us + (rest.took_us if rest else 0),
            [replace(b, path=self._here.path) for b in watch.broken],
            end,
            self._recorder.states,
            self._recorder.counts,
            self._recorder.unmerged or [],
            self._moments(trace),
            self._recorder.touched(),
            frozenset(e.name for e in trace.log) | {name for name, changes in trace.texts.items() if changes},
            self._ended(trace),
            tuple(site.mcu.console.log),
        )
        if rest:
            recovery.heard |= rest.heard
        if not (recovery.broken or recovery.dark_us or self._off()):
            end_us = self._start_us + recovery.took_us
            recovery.rests = self._joiner.known_from_now_on(end_us, recovery.boots, recovery.heard)
        return recovery

    def _ended(self, trace: Trace) -> tuple[Ended, ...]:
        path = self._here.path
        return tuple(
            Ended(str(e.data["text"]), e.t_us - self._start_us, path)
            for e in trace.events("fault")
            if e.data["kind"] == GUEST_ENDED
        )

    def _record(self) -> None:
        self._recorder.recording = True

    def _off(self) -> bool:
        return self._fault.extra == "off"

    def _at_rest(self) -> bool:
        if self._joiner.rest:
            return True
        if self._off():
            texts = self._site.trace.texts["mcu"]
            return self._clock.now_us > self._mains_lost_us and texts[-1][1] == "off"
        return self._head_end.done() and self._clock.now_us > self._mains_lost_us and self._watch.running()

    def _too_long(self) -> bool:
        # Has the recovery taken more time, or more boots, than it may?
        sweep = self._setting.scenario.sweep
        if self._clock.now_us >= self._start_us + sweep.within_us:
            if not self._watch.running():
                self._watch.stopped()
            left = self._head_end.not_reached()
            waiting = f", the head-end still at: {left[0]}" if left else ""
            self._watch.report("converges", f"not at rest after {sweep.within_us // 10**6} s{waiting}")
            return True
        # other firmware may start its interpreter anew for ever, and take no time for it
        soft = 0 if self._setting.reference else self._site.mcu.soft_resets
        if len(self._site.trace.events("boot")) + soft > sweep.boots:
            self._watch.report("boots", f"more than {sweep.boots} boots, and not at rest")
            return True
        return False

    def _settle(self) -> None:
        clock = self._clock
        settle_us = _SETTLE_US if self._state.path else _FIRST_SETTLE_US
        starts = {"application", "boot"}
        clock.run(clock.now_us + _SLICE_US)
        while not self._too_long():
            began_us = max((e.t_us for e in self._site.trace.log if e.name in starts), default=0)
            if clock.now_us >= began_us + settle_us and not self._in_recovery():
                break
            clock.run(clock.now_us + _SLICE_US)
        if "register" in self._setting.board.signals and self._setting.reference:
            self._head_end.start(client.ask("register"), clock.now_us)
            clock.run(clock.now_us + _SLICE_US)

    def _in_recovery(self) -> bool:
        # A board that has given up its slot for a while tries it again. With a rotten slot it may have none.
        if not self._setting.reference:
            return False
        ran = self._site.trace.events("application")
        return bool(ran) and str(ran[-1].data.get("version")) == "0" and not self._fault.spoils_flash

    def _moments(self, trace: Trace) -> tuple[int, ...]:
        phases = [t for t, _ in trace.texts["phase"]]
        runs = [t for t, _ in trace.texts["mcu"]] + [e.t_us for e in trace.events("application")]
        edges = sorted({t for t in (*phases, *runs) if t > self._start_us} | {trace.end_us})
        return tuple(
            ((a + b) // 2 - self._start_us) // 1000
            for a, b in pairwise(edges)
            if b - a > 2000 and any(x <= a < y for x, y in trace.when("mcu", "run"))
        )
