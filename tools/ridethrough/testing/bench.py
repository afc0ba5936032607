"""A board on a bench, in a world that a test drives by hand: one call after the other, in virtual time."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from ridethrough.boards import Board
from ridethrough.boards.firmware import Firmware
from ridethrough.guests.flashfs import fresh_flash
from ridethrough.guests.named import guest_named
from ridethrough.headend.head_end import HeadEnd
from ridethrough.images.build import ImageSpec, build_image
from ridethrough.images.keys import EMULATED
from ridethrough.invariants.hub import ac_lost_wrong, darkness, false_alerts
from ridethrough.invariants.table import INVARIANTS
from ridethrough.invariants.violation import Violation
from ridethrough.scenarios import Step
from ridethrough.support.errors import BadInput
from ridethrough.support.quantities import show_time
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
    """

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
        self._versions = {1}
        self._now_us = 0
        self._stuck = ""

    # --- what a world does ---

    def wait(self, seconds: float) -> None:
        """Lets time pass."""
        self._now_us += round(seconds * _S)
        self._site.run(self._now_us)

    def mains(self, on: bool) -> None:
        """Switches the consumer's mains."""
        self._do(lambda: self._site.set_mains(on))

    def hub(self, fitted: bool) -> None:
        """Plugs the hub in, or pulls it off."""
        self._do(lambda: self._site.set_hub(fitted))

    def brown_out(self) -> None:
        """The chip's supply dips: a reset that looks like a power-up."""
        self._do(lambda: self._site.mcu.reset("brown-out"))

    def press_reset(self) -> None:
        """Somebody presses the button."""
        self._do(lambda: self._site.mcu.reset("button"))

    def hold_fails(self) -> None:
        """Whatever holds the rail through a reset has come off."""
        self._do(self._site.mcu.wiring.fail_hold)

    def step_clock(self, seconds: int) -> None:
        """The clock of the day jumps."""
        self._do(lambda: self._site.mcu.step_clock(seconds))

    def type(self, data: bytes) -> None:
        """Bytes arrive at the console."""
        self._do(lambda: self._site.mcu.type_in(data))

    def push(self, version: int = 2, *, activate: bool = True) -> None:
        """The head-end sends a sound image of that version, once the board listens, and activates it. Only for
        firmware that takes images; BadInput for another."""
        if not self.firmware.application:
            raise BadInput(f"firmware '{self.firmware.name}' has no app/: it takes no images")
        spec = ImageSpec(version=version, hardware=self.board.hardware, counter=version)
        image = build_image(self.firmware.application, spec, EMULATED, 8192)
        self._versions.add(version)
        steps = (Step("push"), Step("activate")) if activate else (Step("push"),)
        HeadEnd(self._site, steps, image, again=True)

    def _do(self, action: Callable[[], None]) -> None:
        action()
        # what follows at once, follows
        self._site.run(self._now_us)

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

    def close(self) -> None:
        """Ends the guest. The trace stays."""
        self._site.mcu.close()

    # --- what must hold ---

    def not_checked(self) -> list[str]:
        """The invariants that this board does not feed, with what each needs."""
        found = [] if self.firmware.application else ["version: not checked: needs an app/, which push() can send"]
        return found + [
            f"{name}: not checked: needs the signal {signal} in board.toml"
            for name, signal in INVARIANTS.items()
            if signal and not self.board.says(signal)
        ]

    def converges(self) -> None:
        """Ends every trouble; within two minutes an application has to run. `broken` says if it does not."""
        self.hub(True)
        self.mains(True)
        since_us = self._now_us
        self.wait(_CALM_US / _S)
        trace = self.trace
        if not any(line.startswith("converges") for line in self.not_checked()):
            running = [b for _, b in trace.application_runs() if b >= trace.end_us]
            if not running and not any(e.t_us > since_us for e in trace.events("application")):
                self._stuck = f"no application runs {show_time(_CALM_US)} after the last trouble"

    def broken(self) -> list[str]:
        """What does not hold so far, a line each: its name, and by how much."""
        trace = self.trace
        lag_us = LAG_US_MAX + self.board.start_us
        violations = [
            *(violation for _, violation in self._darkness(trace)[:1]),
            *false_alerts(trace, ("meter",)),
            *ac_lost_wrong(ac_lost(trace), lag_us, lag_us),
        ]
        found = [f"{v.invariant}: {v.text}" for v in violations]
        versions = {str(e.data["version"]) for e in trace.events("application") if "version" in e.data}
        unknown = versions - {str(v) for v in (0, *self._versions)}
        for version in sorted(unknown) if self.firmware.application else ():
            found.append(f"version: {version} runs, which nobody has sent")
        registers = [e.number("mwh") or 0 for e in trace.events("register")]
        for before, after in pairwise(registers):
            if after < before:
                found.append(f"register: goes back from {before} to {after} mWh")
                break
        return [*found, *([f"converges: {self._stuck}"] if self._stuck else [])]

    def longest_dark_us(self) -> int:
        """The longest darkness that mains and handling do not excuse: what a search may steer towards."""
        return max((us for us, _ in self._darkness(self.trace)), default=0)

    def _darkness(self, trace: Trace) -> list[tuple[int, Violation]]:
        handled = [(a, b + self.board.soft_start_us) for a, b in trace.when("ch_present", 0)]
        return darkness(self.board, trace, handled=handled)
