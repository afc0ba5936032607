"""`machine` for one board, as the rp2 port has it: names and signatures of its stubs, no more."""

from __future__ import annotations

import calendar
import re
import sys
import time
from collections.abc import Callable
from typing import Any

from ridethrough.guests.cpython.parts import whole
from ridethrough.guests.cpython.strict import Strict, refuse, refuse_given
from ridethrough.guests.ports import ADC_PINS, TIMER_US_LEAST, TIMERS
from ridethrough.world import mcu as world
from ridethrough.world.mcu import Mcu
from ridethrough.world.runtime import Timer as WorldTimer

_LAST_GPIO = {"rp2": 29, "esp32": 39}
_STM32_PIN = re.compile(r"P?([A-D])(\d|1[0-5])")
_CORE_TEMP = 4
"""The rp2 port's channel that is on no pin."""
_INPUT_ONLY = {"rp2": 65, "esp32": 34, "stm32": 64}
_CPU_HZ = 125_000_000
_RP2_NAME = re.compile(r"(?:GP|GPIO)(\d{1,2})")


def module(mcu: Mcu) -> dict[str, Any]:
    """The module's names. Classes are made per board: they close over `mcu`."""
    port = mcu.board.port
    input_only = _INPUT_ONLY[port]

    def gpio_of(id: Any) -> int:
        # by number, on the stm32 port by the name of the CPU's pin, on the rp2 port by that of the board's
        if id == "LED" and mcu.board.led_gpio is not None:
            return mcu.board.led_gpio
        if port == "rp2" and isinstance(id, str):
            match = _RP2_NAME.fullmatch(id)
            if match and int(match[1]) <= _LAST_GPIO[port]:
                return int(match[1])
            raise ValueError("unknown named pin")
        if port == "stm32":
            match = _STM32_PIN.fullmatch(id) if isinstance(id, str) else None
            if match:
                return "ABCD".index(match[1]) * 16 + int(match[2])
        elif isinstance(id, int) and 0 <= id <= _LAST_GPIO[port]:
            return id
        raise ValueError("invalid pin")

    class Pin(Strict):
        _owner, _mcu = "machine.Pin", mcu
        _gpio: int
        _irqs: Any
        IN, OUT, OPEN_DRAIN, ALT = 0, 1, 2, 3
        PULL_UP, PULL_DOWN = 1, 2
        IRQ_FALLING, IRQ_RISING = 4, 8

        def __init__(
            self,
            id: Any,
            mode: int | None = None,
            pull: int | None = None,
            *,
            value: Any = None,
            drive: int | None = None,
            alt: int | None = None,
        ) -> None:
            self._gpio = id._gpio if isinstance(id, Pin) else gpio_of(id)
            if any(given is not None for given in (mode, pull, value, drive, alt)):
                self.init(mode, pull, value=value, drive=drive, alt=alt)

        def init(
            self,
            mode: int | None = None,
            pull: int | None = None,
            *,
            value: Any = None,
            drive: int | None = None,
            alt: int | None = None,
        ) -> None:
            refuse_given(mcu, "machine.Pin", drive=drive, alt=alt)
            if mode not in (None, 0, 1, 2):
                raise ValueError("invalid pin af")
            self._set_up(mode, pull, value, None)

        def _set_up(self, mode: int | None, pull: int | None, value: Any, hold: bool | None) -> None:
            if mode in (1, 2) and self._gpio >= input_only:
                raise ValueError("pin can only be input")
            level = None if value is None else int(bool(value))
            mcu.pin_configure(self._gpio, mode, pull or 0, level, hold)

        def value(self, *x: Any) -> int | None:
            if not x:
                return mcu.pin_read(self._gpio)
            (level,) = x
            mcu.pin_write(self._gpio, int(bool(level)))
            return None

        __call__ = value

        def irq(
            self, handler: Any = ..., trigger: Any = ..., *, priority: Any = None, wake: Any = None, hard: bool = False
        ) -> Any:
            refuse_given(mcu, "machine.Pin.irq", priority=priority, wake=wake)
            edges = None if handler is trigger else 12 if trigger is ... else trigger
            if edges is not None:
                mcu.pin_irq(self._gpio, edges, None if handler in (..., None) else lambda: handler(self))
            return self._irqs(self._gpio, edges)

        def toggle(self) -> None:
            mcu.pin_toggle(self._gpio)

        def on(self) -> None:
            mcu.pin_write(self._gpio, 1)

        high = on

        def off(self) -> None:
            mcu.pin_write(self._gpio, 0)

        low = off

    class PadPin(Pin):
        # the esp32 port's: a pad may be held; handlers are scheduled, never hard
        def __init__(self, id: Any, mode: int | None = None, pull: int | None = None, **how: Any) -> None:
            super().__init__(id)
            if mode is not None or pull is not None or how:
                self.init(mode, pull, **how)

        def init(  # type: ignore[override]
            self,
            mode: int | None = None,
            pull: int | None = None,
            *,
            value: Any = None,
            drive: int | None = None,
            hold: Any = None,
        ) -> None:
            refuse_given(mcu, "machine.Pin", drive=drive)
            if mode not in (None, 0, 1, 2):
                raise ValueError("invalid mode")
            self._set_up(mode, pull, value, None if hold is None else bool(hold))

        def irq(self, handler: Any = ..., trigger: Any = ..., wake: Any = None) -> Any:  # type: ignore[override]
            return super().irq(handler, trigger, wake=wake, hard=True)

    PadPin.__name__ = "Pin"

    class ADC(Strict):
        _owner, _mcu = "machine.ADC", mcu

        def __init__(self, id: Any, *, sample_ns: Any = None, atten: Any = None) -> None:
            refuse_given(mcu, "machine.ADC", sample_ns=sample_ns, atten=atten)
            self._gpio = id._gpio if isinstance(id, Pin) else whole(id)
            if port == "rp2" and isinstance(id, int) and id < len(ADC_PINS[port]):
                # the number of a channel
                self._gpio = ADC_PINS[port][id]
            elif port == "rp2" and self._gpio == _CORE_TEMP:
                raise refuse(mcu, "machine.ADC", "CORE_TEMP")
            if self._gpio not in ADC_PINS[port]:
                raise ValueError("Pin doesn't have ADC capabilities")

        def read_u16(self) -> int:
            return mcu.adc_read(self._gpio)

    class AttenuatedADC(ADC):
        # the esp32 port's: with 11 dB it measures up to about 2.45 V, and read_uv() is calibrated
        ATTN_11DB = 3

        def __init__(self, pin: Any, *, atten: int = 0) -> None:
            super().__init__(pin)
            if atten != AttenuatedADC.ATTN_11DB:
                raise NotImplementedError("machine.ADC is simulated with atten=ADC.ATTN_11DB only")

        def read_uv(self) -> int:
            return min(mcu.adc_read(self._gpio) * mcu.board.io_mv * 1000 >> 16, 3_100_000)

    AttenuatedADC.__name__ = "ADC"

    class WDT(Strict):
        _owner, _mcu = "machine.WDT", mcu

        def __init__(self, id: int = 0, timeout: int = 5000) -> None:
            if id != 0:
                raise ValueError(f"WDT({id}) doesn't exist")
            if whole(timeout) > mcu.board.wdt_ms_max:
                raise ValueError(f"timeout exceeds {mcu.board.wdt_ms_max}")
            mcu.wdt_start(timeout)

        def feed(self) -> None:
            mcu.wdt_feed()

    class Timer(Strict):
        _owner, _mcu = "machine.Timer", mcu
        ONE_SHOT, PERIODIC = 0, 1

        def __init__(self, id: int = -1, **how: Any) -> None:
            if id not in TIMERS[port]:
                raise ValueError("Timer doesn't exist")
            self._timer: WorldTimer | None = None
            if how:
                self.init(**how)

        def init(
            self,
            *,
            mode: int = PERIODIC,
            callback: Callable[[Any], Any] | None = None,
            period: int = 0xFFFFFFFF,
            tick_hz: int = 1000,
            freq: float | None = None,
            hard: bool = False,
        ) -> None:
            self.deinit()
            us = int(1_000_000 / freq) if freq else whole(period) * 1_000_000 // (whole(tick_hz) or 1)
            if us < TIMER_US_LEAST:
                raise NotImplementedError(f"a timer of less than {TIMER_US_LEAST} us is not simulated here")

            def called() -> None:
                # the port prints what a callback raises and goes on
                try:
                    if callback:
                        callback(self)
                except Exception as e:
                    mcu.stdout_write(f"{type(e).__name__}: {e}\n")

            self._timer = WorldTimer(us, mode == Timer.PERIODIC, called)
            mcu.timer_start(self._timer)

        def deinit(self) -> None:
            if self._timer:
                self._timer.active = False

    class RTC(Strict):
        _owner, _mcu = "machine.RTC", mcu

        def datetime(self, datetimetuple: tuple[int, ...] | None = None) -> tuple[int, ...] | None:
            if datetimetuple is None:
                t = time.gmtime(mcu.unix_time())
                return (t[0], t[1], t[2], t[6], t[3], t[4], t[5], 0)
            year, month, day, _, hour, minute, second, _ = datetimetuple
            mcu.set_unix_time(calendar.timegm((year, month, day, hour, minute, second, 0, 0, 0)))
            return None

    class I2C(Strict):
        _owner, _mcu = "machine.I2C", mcu

        def __init__(
            self, id: int, *, scl: Any = None, sda: Any = None, freq: int = 400_000, timeout: int = 50_000
        ) -> None:
            if id not in (0, 1):
                raise ValueError(f"I2C({id}) doesn't exist")

        def readfrom_mem_into(self, addr: int, memaddr: int, buf: Any, *, addrsize: int = 8) -> None:
            view = memoryview(buf)
            data = mcu.i2c_read(addr, memaddr, len(view))
            if data is None:
                raise OSError(5)
            view[:] = data

        def readfrom_mem(self, addr: int, memaddr: int, nbytes: int, *, addrsize: int = 8) -> bytes:
            buf = bytearray(nbytes)
            self.readfrom_mem_into(addr, memaddr, buf)
            return bytes(buf)

    def lightsleep(time_ms: int | None = None) -> None:
        # without a time until something wakes it: nothing does here but a reset
        mcu.wait_us(10**12 if time_ms is None else whole(time_ms) * 1000)

    def freq(hz: int | None = None) -> int:
        refuse_given(mcu, "machine.freq", hz=hz)
        return _CPU_HZ

    class Mem32:
        def __getitem__(self, address: int) -> int:
            if address != mcu.board.output_enables or not address:
                raise NotImplementedError(f"mem32[0x{address:08x}] is not simulated")
            return mcu.output_enables()

    return {
        "Pin": PadPin if port == "esp32" else Pin,
        "ADC": AttenuatedADC if port == "esp32" else ADC,
        "WDT": WDT,
        "Timer": Timer,
        "RTC": RTC,
        "I2C": I2C,
        "mem32": Mem32(),
        "PWRON_RESET": world.PWRON_RESET,
        "WDT_RESET": world.WDT_RESET,
        **({"HARD_RESET": world.HARD_RESET, "SOFT_RESET": world.SOFT_RESET} if port == "stm32" else {}),
        "reset": mcu.machine_reset,
        "soft_reset": sys.exit,
        "reset_cause": mcu.reset_cause,
        "unique_id": lambda: mcu.board.unique_id,
        "disable_irq": lambda: int(mcu.irq(True)),
        "enable_irq": lambda state: mcu.irq(bool(state)) and None,
        "idle": lambda: mcu.wait_us(1000),
        "freq": freq,
        "lightsleep": lightsleep,
    }
