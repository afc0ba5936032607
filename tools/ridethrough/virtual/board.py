"""A virtual board: one board in its world, run by the real MicroPython VM or another guest, paced by the wall clock."""

from __future__ import annotations

import os
import select
import time
from pathlib import Path
from typing import Any

from ridethrough.boards import Board
from ridethrough.boards.firmware import Firmware
from ridethrough.guests.flashfs import fresh_flash
from ridethrough.rules import Rule
from ridethrough.support.errors import BadInput
from ridethrough.support.paths import WITNESS
from ridethrough.traces import Trace
from ridethrough.traces.vcd_out import write_vcd
from ridethrough.virtual.control import Control
from ridethrough.virtual.flash_file import FlashFile
from ridethrough.virtual.paced_board import PacedBoard
from ridethrough.world.clock import Clock
from ridethrough.world.mcu import Guest
from ridethrough.world.site import Site
from ridethrough.world.witness_wiring import WITNESS_BOARD, wire
from ridethrough.world.world import World

_STEP_US = 5_000
"""How far the board's time goes before the line is looked at again."""
_LAG_S = 0.5
"""After a longer break (the machine slept, we were stopped) the board does not catch up."""


class VirtualBoard:
    """Serves `board` at `link` with the flash in `drawer`. `speed`: the board's seconds in one of ours; None
    for as fast as it goes. Mains is on, the hub is fitted. `witness_link`: a witness watches it, and is served
    there. `guest`: who runs it, not the VM."""

    def __init__(
        self,
        board: Board,
        drawer: FlashFile,
        link: Path,
        speed: float | None,
        witness_link: Path | None = None,
        guest: Guest | None = None,
    ) -> None:
        self._drawer = drawer
        self._speed = speed
        self._clock = Clock()
        self._stopped = False
        self._control = Control(link, self._do)
        self._served: list[PacedBoard] = []
        try:
            world = World(start_mwh=drawer.mwh(World().start_mwh))
            self._served.append(PacedBoard(self._clock, board, world, bytes(drawer.flash), link, guest))
            if witness_link:
                self._served.append(_witness(self._clock, self._served[0].site, witness_link))
        except BadInput:
            self._let_go()
            raise
        self._site = self._served[0].site
        self._site.mcu.chip.on_written = self._keep

    def _keep(self, at: int, size: int) -> None:
        # the count first: a register on flash must never be ahead of it
        self._drawer.keep_mwh(self._site.metrology.total_mwh())
        self._drawer.keep(at, bytes(self._site.mcu.chip.data[at : at + size]))

    @property
    def port(self) -> str:
        """The pseudo-terminal's own name."""
        return self._served[0].line.name

    def stop(self) -> None:
        """Ends `serve` soon."""
        self._stopped = True

    def serve(self) -> None:
        """Until `stop`."""
        began_s, began_us = time.monotonic(), self._clock.now_us
        while not self._stopped:
            now_s, now_us = time.monotonic(), self._clock.now_us
            speed = self._speed or (1.0 if any(one.busy for one in self._served) else None)
            if speed is None:
                behind_us = _STEP_US
                began_s, began_us = now_s, now_us
            else:
                behind_us = int((now_s - began_s) * speed * 1e6) - (now_us - began_us)
                if behind_us > _LAG_S * speed * 1e6:
                    began_s, began_us = now_s, now_us
            self._clock.run(now_us + max(0, min(behind_us, int(_STEP_US * max(1.0, speed or 1.0)))))
            for one in self._served:
                one.line.flush()
            ahead_us = -behind_us if speed is None else _STEP_US - behind_us
            self._wait(max(0.0, ahead_us / 1e6 / (speed or 1.0)))

    def _wait(self, at_most_s: float) -> None:
        lines = {one.line.master: one for one in self._served}
        writers = [fd for fd, one in lines.items() if one.line.waiting]
        control = self._control.listener.fileno()
        readers = [control, *(fd for fd, one in lines.items() if one.listens)]
        ready, _, _ = select.select(readers, writers, [], at_most_s)
        for fd in ready:
            if fd in lines:
                lines[fd].take()
        if control in ready:
            self._control.serve_one()

    def trace(self) -> Trace:
        """What has been seen so far."""
        return self._site.finish()

    # --- what hands can do ---

    def _do(self, request: dict[str, Any]) -> dict[str, Any]:
        what, value = request.get("do"), request.get("value")
        site = self._site
        if what == "mains" and value in ("on", "off"):
            if site.power.mains != (value == "on"):
                site.set_mains(value == "on")
        elif what == "hub" and value in ("in", "out"):
            if site.power.fitted != (value == "in"):
                site.set_hub(value == "in")
        elif what == "reset":
            site.mcu.reset("button")
        elif what == "trace":
            return self._write_trace(str(request.get("vcd", "")), str(request.get("rule", "")))
        elif what == "stop":
            self.stop()
        elif what != "status":
            raise BadInput(f"a virtual board cannot '{what} {value}'")
        return self._status()

    def _status(self) -> dict[str, Any]:
        trace = self.trace()
        versions = trace.events("application")
        return {
            "board": self._site.mcu.board.name,
            "port": self.port,
            "pid": os.getpid(),
            "up_s": round(self._clock.now_us / 1e6, 3),
            "mains": "on" if self._site.power.mains else "off",
            "ch_mv": round(self._site.power.ch_mv()),
            "hub": trace.texts["hub"][-1][1] if self._site.power.fitted else "out",
            "ac_lost": trace.wires["ac_lost"][-1][1],
            "mcu": trace.texts["mcu"][-1][1],
            "phase": trace.texts["phase"][-1][1] if trace.texts["phase"] else "",
            "version": versions[-1].data["version"] if versions else "",
            "resets": len(trace.events("reset")),
            "ad1": len(trace.events("ad1")),
            "longest_dark_s": round(trace.dark_us() / 1e6, 6),
        }

    def _write_trace(self, vcd: str, rule: str) -> dict[str, Any]:
        trace = self.trace()
        if vcd:
            write_vcd(trace, vcd)
        verdict = Rule.load(rule).check(trace)
        return {"vcd": vcd, "rule": rule, "exit_status": verdict.exit_status, "sentence": verdict.sentence()}

    def close(self) -> None:
        """Takes the board's power, and puts it back into its drawer."""
        self._drawer.keep_mwh(self._site.metrology.total_mwh())
        self._let_go()
        self._drawer.close()

    def _let_go(self) -> None:
        for one in self._served:
            one.close()
        self._control.close()


def _witness(clock: Clock, watched: Site, link: Path) -> PacedBoard:
    board = Board.load(WITNESS_BOARD)
    served = PacedBoard(clock, board, World(), fresh_flash(Firmware.load(str(WITNESS)), board), link)
    wire(watched, served.site)
    return served
