"""What firmware asks of the hardware, call by call: for somebody who wants to see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ridethrough.world.mcu import Mcu
from ridethrough.world.peripherals import REQUESTS

_CALLS = """pin_configure pin_write pin_read pin_toggle pin_irq output_enables adc_read i2c_read wdt_start wdt_feed
    unfed irq timer_start machine_reset reset_cause sleep_us ticks_us ticks_ms unix_time set_unix_time stdin_poll
    stdin_read""".split()

_WAITS = ("sleep_us", "stdin_poll", "stdin_read", "machine_reset")
"""While these wait, timers and interrupts of the firmware run, whose calls count."""


@dataclass(frozen=True)
class Call:
    """One call: when it was made, its name, its arguments, and what it gave; None if it did not come back."""

    t_us: int
    name: str
    arguments: tuple[Any, ...]
    gave: Any = None


def hear_calls(mcu: Mcu, hear: Callable[[Call], None]) -> None:
    """`hear` is told of every call from now on, when it is through, but not of those that a call makes in its turn. A
    guest that was granted time (the VM) answers some of them itself: those are not heard."""
    inside = [False]

    def heard(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            if inside[0]:
                return method(*arguments)
            t_us, gave = mcu.clock.now_us, None
            inside[0] = name not in _WAITS
            try:
                gave = method(*arguments)
            finally:
                inside[0] = False
                hear(Call(t_us, name, arguments, gave))
            return gave

        return call

    for owner, names in ((mcu, _CALLS), (mcu.peripherals, sorted(REQUESTS))):
        for name in names:
            setattr(owner, name, heard(name, getattr(owner, name)))
