"""What firmware asks of the hardware, call by call: for somebody who wants to see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ridethrough.world.mcu import Mcu
from ridethrough.world.peripherals import REQUESTS

_CALLS = """pin_configure pin_write pin_read pin_toggle pin_irq output_enables adc_read i2c_read wdt_start wdt_feed irq
    timer_start machine_reset reset_cause sleep_us ticks_us ticks_ms unix_time set_unix_time stdin_poll
    stdin_read""".split()


@dataclass(frozen=True)
class Call:
    """One call: when it was made, its name, its arguments, and what it gave; None if it did not come back."""

    t_us: int
    name: str
    arguments: tuple[Any, ...]
    gave: Any = None


def hear_calls(mcu: Mcu, hear: Callable[[Call], None]) -> None:
    """`hear` is told of every call from now on, when it is through. A guest that was granted time (the VM) answers some
    of them itself: those are not heard."""
    for owner, names in ((mcu, _CALLS), (mcu.peripherals, sorted(REQUESTS))):
        for name in names:
            setattr(owner, name, _heard(mcu, name, getattr(owner, name), hear))


def _heard(mcu: Mcu, name: str, method: Callable[..., Any], hear: Callable[[Call], None]) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        t_us, gave = mcu.clock.now_us, None
        try:
            gave = method(*arguments)
        finally:
            hear(Call(t_us, name, arguments, gave))
        return gave

    return call
