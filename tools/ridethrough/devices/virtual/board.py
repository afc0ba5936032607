"""A virtual board: one board in its world, run by the real MicroPython VM, paced by the wall clock."""

from __future__ import annotations

import os
import select
import time
from pathlib import Path
from typing import Any

from ridethrough.boards import Board
from ridethrough.devices.virtual.control import Control
from ridethrough.devices.virtual.drawer import Drawer
from ridethrough.devices.virtual.line import Line
from ridethrough.errors import BadInput
from ridethrough.guests.micropython import MicroPythonGuest
from ridethrough.guests.process import Child
from ridethrough.guests.wire import Session
from ridethrough.rules import Rule
from ridethrough.traces import Trace
from ridethrough.world.clock import Clock
from ridethrough.world.surroundings import Site, World

_STEP_US = 5_000
"""How far the board's time goes before the line is looked at again."""
_BUSY_US = 2_000
_UNREAD_BYTES_MAX = 8_192
_LAG_S = 0.5
"""After a longer break (the machine slept, we were stopped) the board does not catch up."""


class VirtualBoard:
    """Serves `board` at `link` with the flash in `drawer`. `speed`: the board's seconds in one of ours; None
    for as fast as it goes. Mains is on, the hub is fitted."""

    def __init__(self, board: Board, drawer: Drawer, link: Path, speed: float | None) -> None:
        self._drawer = drawer
        self._speed = speed
        self._clock = Clock()
        guest = MicroPythonGuest(cpu_s=None, busy=self._busy)
        world = World(start_mwh=drawer.mwh(World().start_mwh))
        self._site = Site(self._clock, board, world, guest)
        chip = self._site.mcu.chip
        chip.data[:] = drawer.flash
        chip.on_written = self._keep
        self._busy_now = False
        self._stopped = False
        self._control = Control(link, self._do)
        try:
            self._line = Line(link)
        except BadInput:
            self._control.close()
            raise
        self._site.mcu.console.on_output = self._print

    def _print(self, data: bytes) -> None:
        # In the guest's greenlet. A port that is full holds the board up, and Ctrl-C gets through to it.
        self._line.write(data)
        while self._line.full:
            self._site.mcu.wait_us(_BUSY_US)

    def _keep(self, at: int, size: int) -> None:
        # the count first: a register on flash must never be ahead of it
        self._drawer.keep_mwh(self._site.metrology.total_mwh())
        self._drawer.keep(at, bytes(self._site.mcu.chip.data[at : at + size]))

    @property
    def port(self) -> str:
        """The pseudo-terminal's own name."""
        return self._line.name

    def stop(self) -> None:
        """Ends `serve` soon."""
        self._stopped = True

    def serve(self) -> None:
        """Until `stop`."""
        began_s, began_us = time.monotonic(), self._clock.now_us
        while not self._stopped:
            now_s, now_us = time.monotonic(), self._clock.now_us
            speed = self._speed or (1.0 if self._busy_now else None)
            if speed is None:
                behind_us = _STEP_US
                began_s, began_us = now_s, now_us
            else:
                behind_us = int((now_s - began_s) * speed * 1e6) - (now_us - began_us)
                if behind_us > _LAG_S * speed * 1e6:
                    began_s, began_us = now_s, now_us
            self._clock.run(now_us + max(0, min(behind_us, int(_STEP_US * max(1.0, speed or 1.0)))))
            self._line.flush()
            ahead_us = -behind_us if speed is None else _STEP_US - behind_us
            self._wait(max(0.0, ahead_us / 1e6 / (speed or 1.0)))

    def _wait(self, at_most_s: float) -> None:
        writers = [self._line.master] if self._line.waiting else []
        line, control = self._line.master, self._control.listener.fileno()
        # a port does not take what its board has not read yet
        readers = [line, control] if len(self._site.mcu.console.rx) < _UNREAD_BYTES_MAX else [control]
        ready, _, _ = select.select(readers, writers, [], at_most_s)
        if line in ready:
            data = self._line.read()
            if self._site.mcu.alive:
                # to a board in reset nobody can say anything: its port is gone
                self._site.mcu.type_in(data)
        if control in ready:
            self._control.serve_one()

    def _busy(self, session: Session, child: Child) -> None:
        # In the guest's greenlet: the VM computes, and time goes on until it asks for something.
        mcu = self._site.mcu
        self._busy_now = True
        try:
            while not session.back:
                if child.has_line():
                    session.look()
                    continue
                try:
                    mcu.wait_us(_BUSY_US)
                except KeyboardInterrupt:
                    child.interrupt()
        finally:
            self._busy_now = False

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
            trace.write_vcd(vcd)
        verdict = Rule.load(rule).check(trace)
        return {"vcd": vcd, "rule": rule, "exit_status": verdict.exit_status, "sentence": verdict.sentence()}

    def close(self) -> None:
        """Takes the board's power, and puts it back into its drawer."""
        self._site.mcu.close()
        self._drawer.keep_mwh(self._site.metrology.total_mwh())
        self._control.close()
        self._line.close()
        self._drawer.close()
