"""`time` for one board: its ticks and its clock of the day, not the host's."""

from __future__ import annotations

import calendar
import time
from typing import Any

from ridethrough.guests.cpython.parts import whole
from ridethrough.world import mcu as world
from ridethrough.world.mcu import Mcu


def time_module(mcu: Mcu) -> dict[str, Any]:
    """`time`: ticks wrap at 2**30 as on a board; the clock is the board's, not the host's."""
    half, mask = world.TICK_WRAP // 2, world.TICK_WRAP - 1

    def ticks_diff(ticks1: int, ticks2: int, /) -> int:
        # a supervised loop asks this more often than anything else
        try:
            return (ticks1 - ticks2 + half & mask) - half
        except TypeError:
            return (whole(ticks1) - whole(ticks2) + half & mask) - half

    def sleep_us(us: int) -> None:
        mcu.sleep_us(max(0, whole(us)))

    def broken_down(secs: int | None = None) -> tuple[int, ...]:
        t = time.gmtime(mcu.unix_time() if secs is None else secs)
        return (t[0], t[1], t[2], t[3], t[4], t[5], t[6], t[7])

    return {
        "ticks_ms": mcu.ticks_ms,
        "ticks_us": mcu.ticks_us,
        "ticks_cpu": mcu.ticks_us,
        "ticks_add": lambda ticks, delta, /: (whole(ticks) + whole(delta)) % world.TICK_WRAP,
        "ticks_diff": ticks_diff,
        "sleep": lambda seconds: sleep_us(int(seconds * 1_000_000)),
        "sleep_ms": lambda ms: sleep_us(whole(ms) * 1000),
        "sleep_us": sleep_us,
        "time": mcu.unix_time,
        "gmtime": broken_down,
        "localtime": broken_down,
        "mktime": lambda local_time: calendar.timegm((*local_time[:6], 0, 0, 0)),
    }
