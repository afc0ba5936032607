"""A hostile world as a state machine: Hypothesis drives any board through what a street, an installer and a
supplier may do to it, and shrinks what breaks an invariant.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis import target
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ridethrough.invariants.table import INVARIANTS
from ridethrough.testing.asked import Asked
from ridethrough.testing.bench import Bench
from ridethrough.testing.tally import Tally, count_steps, rules_of
from ridethrough.world.world import ClockError, World

WAITS = st.one_of(st.integers(0, 2_000), st.sampled_from([10_000, 170_000]))
"""ms: moments, to hit something in the middle, and the times that mean something to a hub."""

_FAILURES = {name: type("AssertionError", (AssertionError,), {"__module__": "builtins"}) for name in INVARIANTS}
"""For each invariant a type of its own, raised in one place: Hypothesis tells failures apart by type and place. So two
invariants are two failures, and one that breaks at a step here and at the end there is one."""


class HostileWorld(RuleBasedStateMachine):
    """Subclass it, name your `board` and `firmware`, and hand `.TestCase` to pytest::

        class Mine(HostileWorld):
            board, firmware = "./my_board", "./my_firmware"

        TestMine = Mine.TestCase

    `says`: lines that it may type at the console; `asks`: lines that it types after every step, so that the
    answers can be compared. `updates`: it may push images (the reference's console). `versions`: what firmware
    with an updater of its own may run; with them `version` is judged.
    """

    board: ClassVar[str | Path] = "rpi_pico"
    firmware: ClassVar[str | Path] = ""
    guest: ClassVar[str] = "cpython"
    says: ClassVar[tuple[bytes, ...]] = ()
    asks: ClassVar[tuple[bytes, ...]] = ()
    updates: ClassVar[bool] = False
    versions: ClassVar[tuple[int | str, ...]] = ()
    last: ClassVar[Bench | None] = None
    """The bench of the run that ended last, for the plugin's report."""
    ran: ClassVar[dict[str, Tally]] = {}
    """Of the machines that have run since it was emptied, by name, for the plugin's report."""
    _tallies: ClassVar[dict[type, Tally]] = {}

    def __init__(self) -> None:
        count_steps(type(self))
        super().__init__()
        self._outer_error = sys.exc_info()[1]
        self._steps: list[tuple[str, tuple[Asked, ...], int]] = []

    @classmethod
    def effects(cls) -> dict[str, tuple[int, int]]:
        """Of each rule, how often it took effect, and how often it was tried, over all runs so far: what it asked of
        the bench was done, all of it. `asks` counts as a rule."""
        return cls._tally().effects()

    @classmethod
    def _tally(cls) -> Tally:
        # by the class itself: a machine does not count for the one that it extends
        if cls not in HostileWorld._tallies:
            never = {name for name, given in (("say", cls.says), ("push", cls.updates)) if not given}
            rules = {rule.function.__name__ for rule in rules_of(cls)} - never
            HostileWorld._tallies[cls] = Tally((*sorted(rules), *(["asks"] if cls.asks else [])))
        return HostileWorld._tallies[cls]

    @initialize(drift_ppm=st.sampled_from([0, 10_000, -10_000]))
    def power_up(self, drift_ppm: int) -> None:
        """Mains comes on, and the board has a minute; its crystal may be wrong."""
        world = World(clock=ClockError(drift_ppm=drift_ppm))
        self.bench = HostileWorld.last = Bench(self.board, self.firmware, guest=self.guest, world=world)
        self._fitted = True
        self._version = 1
        for version in self.versions:
            self.bench.sent(version)
        self.bench.wait(60)

    @rule(ms=WAITS)
    def wait(self, ms: int) -> None:
        """Time passes."""
        self.bench.wait(ms / 1000)

    @precondition(lambda self: self.bench.powered)
    @rule(ms=st.integers(1, 150))
    def dip(self, ms: int) -> None:
        """Mains is away for so short a time that the meter's own supply may outlive it."""
        self.bench.mains(False)
        self.bench.wait(ms / 1000)
        self.bench.mains(True)
        self.bench.wait(2)

    @precondition(lambda self: self.bench.powered)
    @rule(ms=WAITS)
    def mains_off(self, ms: int) -> None:
        """The street goes dark, and stays so for a while."""
        self.bench.mains(False)
        self.bench.wait(ms / 1000)

    @precondition(lambda self: not self.bench.powered)
    @rule()
    def mains_on(self) -> None:
        """It comes back."""
        self.bench.mains(True)
        self.bench.wait(2)

    @rule()
    def hub_in_or_out(self) -> None:
        """A hand at the hub."""
        self._fitted = not self._fitted
        self.bench.hub(self._fitted)
        self.bench.wait(1)

    @rule()
    def brown_out(self) -> None:
        """The chip's supply dips."""
        self.bench.brown_out()
        self.bench.wait(5)

    @rule()
    def press_reset(self) -> None:
        """Somebody presses the button."""
        self.bench.press_reset()
        self.bench.wait(5)

    @precondition(lambda self: self.says)
    @rule(data=st.data())
    def say(self, data: st.DataObject) -> None:
        """A line at the console."""
        self.bench.type(data.draw(st.sampled_from(self.says), label="line"))
        self.bench.wait(0.5)

    @rule(noise=st.binary(min_size=1, max_size=20))
    def noise(self, noise: bytes) -> None:
        """Bytes from a broken link; none that a board takes for Ctrl-C or Ctrl-D."""
        self.bench.type(bytes(b for b in noise if b > 4) + b"\n")
        self.bench.wait(0.1)

    @precondition(lambda self: self.updates)
    @rule()
    def push(self) -> None:
        """A new version is sent and activated."""
        self._version += 1
        self.bench.push(self._version)
        self.bench.wait(15)

    @invariant()
    def nothing_is_broken(self) -> None:
        """The bench's invariants hold so far."""
        if hasattr(self, "bench"):
            self._ask()
            self._judge()

    def _judge(self) -> None:
        found = self.bench.broken()
        if found:
            # no assert: pytest would add to its text what stands there already
            raise _FAILURES[found[0].partition(":")[0]]("; ".join(found))

    def stepped(self, name: str, call: Callable[[], Any]) -> Any:
        """Makes one step and remembers what it asked of the bench. Every rule comes through here."""
        asked, since_us = len(self.bench.asked), self.bench.now_us
        try:
            result = call()
        except Exception:
            # one that fails was made; one that Hypothesis broke off (no Exception) was not
            self._steps.append((name, self.bench.asked[asked:], self.bench.now_us - since_us))
            raise
        self._steps.append((name, self.bench.asked[asked:], self.bench.now_us - since_us))
        return result

    def _ask(self) -> None:
        for line in self.asks:
            self.stepped("asks", partial(self._ask_one, line))

    def _ask_one(self, line: bytes) -> None:
        self.bench.type(line)
        self.bench.wait(0.2)

    def teardown(self) -> None:
        """Every trouble ends; the board has to come to rest. After a step that has failed nothing more is asked: the
        failure has been told."""
        if hasattr(self, "bench"):
            try:
                # Hypothesis calls this while the step's error is on its way
                if sys.exc_info()[1] is self._outer_error:
                    self.bench.converges()
                    self._ask()
                    target(float(self.bench.longest_dark_us()), label="longest darkness, us")
                    self._judge()
            finally:
                self._count()
                self.bench.close()

    def _count(self) -> None:
        tally = HostileWorld.ran[type(self).__name__] = self._tally()
        for step in self._steps:
            tally.add(*step)
