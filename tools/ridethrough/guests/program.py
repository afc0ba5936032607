"""Any program as a guest: it speaks the protocol of docs/guest-protocol.md on file descriptors 3 and 4."""

from __future__ import annotations

from pathlib import Path

from ridethrough.guests.process import CPU_S_MAX, spawn
from ridethrough.guests.protocol import Session
from ridethrough.world.mcu import Mcu


class ProgramGuest:
    """Starts the program at `path` at each boot, and ends it with the next reset."""

    own_time, about = False, ""

    def __init__(self, path: Path) -> None:
        self._path = path.resolve()

    def run(self, mcu: Mcu) -> None:
        with spawn([str(self._path)], CPU_S_MAX) as child:
            Session(mcu, child.requests, child.replies, ended=child.ending).run()
