"""One board of a world behind a pseudo-terminal of its own."""

from __future__ import annotations

from pathlib import Path

from ridethrough.boards import Board
from ridethrough.guests.micropython import MicroPythonGuest
from ridethrough.guests.process import Child
from ridethrough.guests.protocol import Session
from ridethrough.virtual.pty import Pty
from ridethrough.world.clock import Clock
from ridethrough.world.mcu import Guest
from ridethrough.world.site import Site
from ridethrough.world.world import World

_BUSY_US = 2_000
_UNREAD_BYTES_MAX = 8_192


class PacedBoard:
    """Run by `guest`, or by the real MicroPython VM if that is None. BadInput if `link` is something else already."""

    def __init__(
        self, clock: Clock, board: Board, world: World, flash: bytes, link: Path, guest: Guest | None = None
    ) -> None:
        guest = guest or MicroPythonGuest(cpu_s=None, busy=self._busy)
        self.site = Site(board, world, guest, flash, clock)
        self.busy = False
        """Its VM computes, and asks for nothing."""
        self.line = Pty(link)
        self.site.mcu.console.on_output = self._print

    def _print(self, data: bytes) -> None:
        # In the guest's greenlet. A port that is full holds the board up, and Ctrl-C gets through to it.
        self.line.write(data)
        while self.line.full:
            self.site.mcu.wait_us(_BUSY_US)

    @property
    def listens(self) -> bool:
        """A port does not take what its board has not read yet; what is sent before its first start waits there."""
        return self._started() and len(self.site.mcu.console.rx) < _UNREAD_BYTES_MAX

    def _started(self) -> bool:
        return self.site.mcu.alive or bool(self.site.trace.events("boot"))

    def take(self) -> None:
        """What has come in on the line; to a board in reset nobody can say anything: its port is gone."""
        data = self.line.read()
        if self.site.mcu.alive:
            self.site.mcu.type_in(data)

    def _busy(self, session: Session, child: Child) -> None:
        # In the guest's greenlet: the VM computes, and time goes on until it asks for something.
        mcu = self.site.mcu
        self.busy = True
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
            self.busy = False

    def close(self) -> None:
        """Takes the board's power."""
        self.site.close()
        self.line.close()
