"""A board on a bench, in a world that a test drives by hand: one call after the other, in virtual time."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

from ridethrough.boards import Board
from ridethrough.boards.firmware import Firmware
from ridethrough.guests.flashfs import fresh_flash
from ridethrough.guests.named import guest_named
from ridethrough.headend.updates import Update, Updates
from ridethrough.images.build import ImageSpec, build_image
from ridethrough.images.keys import EMULATED
from ridethrough.invariants.hub import ac_lost_wrong, darkness, false_alerts
from ridethrough.invariants.table import INVARIANTS
from ridethrough.invariants.violation import Violation
from ridethrough.support.errors import BadInput
from ridethrough.support.quantities import show_time
from ridethrough.testing.asked import Asked, Effect, Outcome, at_once, planned, read, updated
from ridethrough.traces import Trace
from ridethrough.traces.ac_lost import LAG_US_MAX, ac_lost
from ridethrough.world.site import Site
from ridethrough.world.world import World

_S = 10**6
_CALM_US = 120 * _S


class Bench:
    """`board` and `firmware`: a name, a directory, or loaded. Mains comes on at 0; the hub is fitted.

    >>> bench = Bench()
    >>> bench.wait(60)
    >>> bench.mains(False)
    >>> bench.wait(20)
    >>> bench.mains(True)
    >>> bench.converges()
    >>> bench.broken()
    []
    >>> bench.pending() + bench.no_effect()
    []
    """

    last: ClassVar[Bench | None] = None
    """The bench that was made last, for the plugin's report."""

    def __init__(
        self,
        board: Board | str | Path = "rpi_pico",
        firmware: Firmware | str | Path = "",
        *,
        guest: str = "cpython",
        world: World | None = None,
    ) -> None:
        self.board = board if isinstance(board, Board) else Board.load(str(board))
        self.firmware = firmware if isinstance(firmware, Firmware) else Firmware.load(str(firmware))
        flash = fresh_flash(self.firmware, self.board)
        self._site = Site(self.board, world or World(), guest_named(guest), flash)
        self._sent_us = {"0": 0, "1": 0}
        self._judges_version = bool(self.firmware.application)
        self._now_us = 0
        self._stuck = ""
        self._told: dict[str, str] = {}
        self._asked: list[Asked] = []
        self._said: set[object] = set()
        self._updates: Updates | None = None
        # the world's first moment is over: what is asked from now on comes after it
        self._site.settle()
        Bench.last = self

    # --- what a world does ---

    def wait(self, seconds: float) -> None:
        """Lets time pass. BadInput for less than none."""
        if not math.isfinite(seconds) or seconds < 0:
            raise BadInput(f"wait({seconds}): a time of 0 s or more expected")
        us = round(seconds * _S)
        if seconds and not us:
            self._note(f"wait({seconds})", at_once("shorter than a microsecond"))
        self._run(us)

    def _run(self, us: int) -> None:
        self._now_us += us
        self._site.run(self._now_us)
        self._site.settle()

    def mains(self, on: bool) -> None:
        """Switches the consumer's mains."""
        idle = f"mains is {'on' if on else 'off'} already" if self._site.power.mains == on else ""
        self._do(f"mains({on})", lambda: self._site.set_mains(on), idle)

    def hub(self, fitted: bool) -> None:
        """Plugs the hub in, or pulls it off."""
        idle = f"the hub is {'fitted' if fitted else 'off'} already" if self._site.power.fitted == fitted else ""
        self._do(f"hub({fitted})", lambda: self._site.set_hub(fitted), idle)

    def brown_out(self) -> None:
        """The chip's supply dips: a reset that looks like a power-up."""
        self._do("brown_out()", lambda: self._site.mcu.reset("brown-out"), self._unsupplied())

    def press_reset(self) -> None:
        """Somebody presses the button."""
        self._do("press_reset()", lambda: self._site.mcu.reset("button"), self._unsupplied())

    def hold_fails(self) -> None:
        """Whatever holds the rail through a reset has come off."""
        wiring = self._site.mcu.wiring
        idle = "the board has no hold" if self.board.hold == "none" else "it has failed already"
        self._do("hold_fails()", wiring.fail_hold, idle if self.board.hold == "none" or wiring.hold_failed else "")

    def step_clock(self, seconds: int) -> None:
        """The clock of the day jumps."""
        mcu = self._site.mcu
        idle = "" if mcu.alive else "no firmware runs, and a start sets the clock anew"
        self._do(f"step_clock({seconds})", lambda: mcu.step_clock(seconds), idle if seconds else "a step of 0 s")

    def type(self, data: bytes) -> None:
        """Bytes arrive at the console."""
        if not isinstance(data, bytes):
            raise BadInput(f"type({data!r}): bytes expected")
        console = self._site.mcu.console
        since = console.arrived
        self._site.mcu.type_in(data)
        idle = self._unsupplied() if data else "no bytes"
        self._note(f"type({data!r})", at_once(idle) if idle else read(console, since))

    def push(self, version: int = 2, *, activate: bool = True) -> None:
        """The head-end sends a sound image of that version as soon as an application runs, and activates it; after
        whatever the board goes through it is taken up again, and pushes come one after the other. Time has to pass:
        `pending` says what it waits for. Only for firmware that takes images; BadInput for another."""
        if not self.firmware.application:
            raise BadInput(f"firmware '{self.firmware.name}' has no esme/ and app/: it takes no images")
        spec = ImageSpec(version=version, hardware=self.board.hardware, counter=version)
        update = Update(version, build_image(self.firmware.application, spec, EMULATED, 8192), activate)
        self._sent_us.setdefault(str(version), self._now_us)
        self._updates = self._updates or Updates(self._site)
        self._updates.add(update)
        self._note(f"push({version}{'' if activate else ', activate=False'})", updated(update))

    def sent(self, version: int | str) -> None:
        """Somebody has sent that version by a way of the firmware's own, not by `push`: from now on it may run.
        With it `version` is judged, for firmware that takes no images as well. 1 may run always."""
        self._judges_version = True
        self._sent_us.setdefault(str(version), self._now_us)

    def _do(self, call: str, action: Callable[[], None], idle: str) -> None:
        # `idle`: why it changes nothing
        action()
        self._note(call, at_once(idle))

    def _note(self, call: str, outcome: Callable[[], Outcome]) -> None:
        self._asked.append(Asked(call, self._now_us, outcome))

    def _unsupplied(self) -> str:
        return "" if self._site.mcu.wiring.pins.powered else "the board has no supply"

    # --- what can be seen ---

    @property
    def trace(self) -> Trace:
        """Everything up to now."""
        return self._site.finish()

    @property
    def console(self) -> list[str]:
        """The lines that the board has said."""
        return [line for _, line in self._site.mcu.console.log]

    @property
    def powered(self) -> bool:
        """Is mains on?"""
        return self._site.power.mains

    @property
    def now_us(self) -> int:
        """How much time has passed, in us."""
        return self._now_us

    @property
    def asked(self) -> tuple[Asked, ...]:
        """Everything that it was asked to do, `wait` apart, in that order; `outcome()` of each is what came of it."""
        return tuple(self._asked)

    def pending(self) -> list[str]:
        """What was asked for and is not done yet, a line each with what it waits for: a push, bytes that nobody has
        read, what the world has planned for later."""
        plan = list(planned(self._site))
        self._said.update(plan)
        return [*self._lines(Effect.PENDING), *plan]

    def no_effect(self) -> list[str]:
        """What was asked for and had no effect, a line each with the reason."""
        return self._lines(Effect.NONE)

    def _lines(self, effect: Effect) -> list[str]:
        found = [asked for asked in self._asked if asked.outcome()[0] is effect]
        self._said.update((asked, effect) for asked in found)
        return [asked.line() for asked in found]

    def unsaid(self) -> list[str]:
        """What `pending` and `no_effect` would say and have not said yet, for the plugin's summary: of what a test has
        asked for, it knows."""
        outcomes = [(asked, asked.outcome()[0]) for asked in self._asked]
        undone = [(asked, effect) for asked, effect in outcomes if effect is not Effect.DONE]
        found = [f"{effect.value}: {asked.line()}" for asked, effect in undone if (asked, effect) not in self._said]
        return [*found, *(f"pending: {line}" for line in planned(self._site) if line not in self._said)]

    def close(self) -> None:
        """Ends the guest. The trace stays."""
        self._site.mcu.close()

    # --- what must hold ---

    def not_checked(self) -> list[str]:
        """The invariants that this board does not feed, with what each needs."""
        needs = "version: not checked: needs esme/ and app/, for images that push() sends, or what sent() declares"
        found = [] if self._judges_version else [needs]
        return found + [
            f"{name}: not checked: needs the signal {signal} in board.toml"
            for name, signal in INVARIANTS.items()
            if signal and not self.board.says(signal)
        ]

    def converges(self) -> None:
        """Ends every trouble; within two minutes an application has to run. `broken` says if it does not."""
        self._site.set_hub(True)
        self._site.set_mains(True)
        since_us = self._now_us
        self._run(_CALM_US)
        trace = self.trace
        if not any(line.startswith("converges") for line in self.not_checked()):
            running = [b for _, b in trace.application_runs() if b >= trace.end_us]
            if not running and not any(e.t_us > since_us for e in trace.events("application")):
                self._stuck = f"no application runs {show_time(_CALM_US)} after the last trouble"

    def broken(self) -> list[str]:
        """What does not hold so far, a line each: its name, and by how much. What has been told once is told with
        the same figure from then on, however much it has grown."""
        # the figure is what follows "for": what stands before it says which failure it is
        return [self._told.setdefault(line.partition(" for ")[0], line) for line in self._found()]

    def _found(self) -> list[str]:
        trace = self.trace
        lag_us = LAG_US_MAX + self.board.start_us
        violations = [
            *(violation for _, violation in self._darkness(trace)[:1]),
            *false_alerts(trace, ("meter",)),
            *ac_lost_wrong(ac_lost(trace), lag_us, lag_us),
        ]
        found = [f"{v.invariant}: {v.text}" for v in violations]
        for version in self._unsent(trace) if self._judges_version else ():
            found.append(f"version: {version} runs, which nobody has sent")
        registers = [e.number("mwh") or 0 for e in trace.events("register")]
        for before, after in pairwise(registers):
            if after < before:
                found.append(f"register: goes back from {before} to {after} mWh")
                break
        return [*found, *([f"converges: {self._stuck}"] if self._stuck else [])]

    def _unsent(self, trace: Trace) -> list[str]:
        runs = [(e.t_us, str(e.data["version"])) for e in trace.events("application") if "version" in e.data]
        return sorted({version for t_us, version in runs if t_us < self._sent_us.get(version, trace.end_us + 1)})

    def longest_dark_us(self) -> int:
        """The longest darkness that mains and handling do not excuse: what a search may steer towards."""
        return max((us for us, _ in self._darkness(self.trace)), default=0)

    def _darkness(self, trace: Trace) -> list[tuple[int, Violation]]:
        handled = [(a, b + self.board.soft_start_us) for a, b in trace.when("ch_present", 0)]
        return darkness(self.board, trace, handled=handled)
