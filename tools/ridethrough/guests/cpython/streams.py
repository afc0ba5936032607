"""The console as the firmware's `sys` has it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from ridethrough.world.mcu import Mcu


def streams(mcu: Mcu) -> tuple[SimpleNamespace, SimpleNamespace]:
    """`sys.stdin` and `sys.stdout`, with the byte streams behind them."""

    rx, read_us, take, spend = mcu.console.rx, mcu.board.cost.console_read_us, mcu.console.take, mcu.spend

    def one() -> int:
        c = mcu.stdin_read()
        mcu.spend(read_us)
        return c

    def readinto(buf: Any) -> int:
        # the console reads byte by byte: most of an emulated transfer is spent in this line and poll()
        if rx and len(buf) == 1:
            buf[0] = take()
            spend(read_us)
            return 1
        for i in range(len(buf)):
            buf[i] = one()
        return len(buf)

    def read(n: int = 1) -> bytes:
        return bytes(one() for _ in range(n))

    def write(data: Any) -> int:
        mcu.stdout_write(data if isinstance(data, str) else bytes(data).decode("utf-8", "replace"))
        return len(data)

    def write_bytes(data: Any) -> int:
        mcu.stdout_bytes(bytes(data))
        return len(data)

    raw = SimpleNamespace(read=read, readinto=readinto)
    stdin = SimpleNamespace(buffer=raw, read=lambda n=1: read(n).decode("latin-1"), readinto=readinto)
    return stdin, SimpleNamespace(write=write, buffer=SimpleNamespace(write=write_bytes))
