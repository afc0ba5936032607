"""The MCU as firmware finds it: every call that a guest's `machine`, `time` or file system makes ends here.

Arguments and results are ints, bools, texts and bytes, so that a guest in another process can call them
too. How a guest spends time and is ended is in runtime.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ridethrough.boards import Board
from ridethrough.traces import Trace
from ridethrough.world.chip import ChipParams, FlashChip
from ridethrough.world.clock import Clock, Order
from ridethrough.world.console import ConsolePort
from ridethrough.world.metrology import ADDRESS, Metrology
from ridethrough.world.peripherals import Peripherals
from ridethrough.world.pins import IN, OUT, PULL_NONE
from ridethrough.world.power import PowerPath
from ridethrough.world.runtime import Gone, Runtime, Timer
from ridethrough.world.wiring import Wiring

TICK_WRAP = 2**30
SOFT_RESET, PWRON_RESET, HARD_RESET, WDT_RESET = range(4)
_POWER = {"power-up": PWRON_RESET, "brown-out": PWRON_RESET}
_CAUSES = {
    "rp2": (WDT_RESET, _POWER | {"button": PWRON_RESET}),
    "esp32": (WDT_RESET, _POWER | {"button": PWRON_RESET}),
    "stm32": (HARD_RESET, _POWER | {"watchdog": WDT_RESET, "soft": SOFT_RESET}),
}
"""What reset_cause() says on a port: after most resets, and after some. A soft one changes it where it stands here."""
_GPIOS = 32
_FALLING, _RISING = 4, 8


class Ticks(int):
    """What a tick counter said, while somebody wants to tell it from other numbers (Mcu.marks_ticks)."""


class Guest(Protocol):
    """Whoever executes firmware. `own_time`: its own time is the cost of everything, and the world charges nothing.
    `about`: what it executes the firmware with, if that is not the project's own choice."""

    own_time: bool
    about: str

    def run(self, mcu: Mcu) -> None:
        """One boot, from the mounting of the flash on. Once boot.py and main.py have ended (the latter is
        left out if `mcu.raw_repl`), goes on with the prompt, except after SystemExit; returns when a soft reset is
        due."""


class Mcu(Runtime):
    """One board's MCU with its wiring, watchdog, console and flash chip. `boot_number` counts its resets,
    `soft_resets` those of the interpreter alone."""

    def __init__(
        self,
        clock: Clock,
        trace: Trace,
        board: Board,
        power: PowerPath,
        metrology: Metrology,
        guest: Guest,
        flash: bytes | bytearray = b"",
    ) -> None:
        super().__init__(clock)
        self.trace = trace
        self.board = board
        self.boot_number = 0
        self.soft_resets = 0
        self.chip = FlashChip(ChipParams.of(board), bytearray(flash) if flash else None)
        self.wiring = Wiring(clock, trace, board, power)
        self.console = ConsolePort(clock, trace, board.signals)
        self._pins = self.wiring.pins
        self._hal_us = board.cost.hal_us
        self._pin_us = board.cost.pin_us
        self._adc_us, self._io_mv = board.cost.adc_us, board.io_mv
        self._metrology = metrology
        self._guest = guest
        self._cause = PWRON_RESET
        self._started_us = 0
        self._clock_offset_s = 0
        self._handlers: dict[int, tuple[int, Callable[[], None] | None]] = {}
        self.wiring.on_edge = self._edge
        self.wiring.on_signal = self.console.signal
        self.peripherals = Peripherals(clock, trace, board, lambda: self.boot_number, self.spend, self._pwm)
        self._wdt_us = 0
        self._wdt_due_us = 0
        self._rate = 1_000_000
        self._tick_origin_us = 0
        self._standing_in = False
        self._usb = self._mute = False
        self.marks_ticks = False
        """Ticks are of the type Ticks, so that RAM can be compared without them."""
        self.ram: Callable[[], bytes | None] = lambda: None
        """What the guest has in RAM, as a digest; None if it cannot tell. For whoever is called by the guest."""
        self.retained = b""
        """What the chip keeps through every reset but those of its power (an RP2040's scratch registers)."""
        self.raw_repl = False
        """The prompt is the raw REPL: outlives a soft reset, no other."""
        self.on_reset: Callable[[str], None] = lambda kind: None
        """Told of the kind of each hard reset, when the guest is gone and the flash at rest."""
        power.on_supply = self._supply
        trace.set_text("mcu", 0, "off")
        trace.set_wire("reset", 0, 1)

    # --- what the world does to the MCU ---

    def set_clock_error(self, drift_ppm: int, tick_origin_us: int) -> None:
        """The crystal is fast by `drift_ppm`; ticks begin at `tick_origin_us` after each reset."""
        self._rate = 1_000_000 + drift_ppm
        self._tick_origin_us = tick_origin_us

    def step_clock(self, seconds: int) -> None:
        """The clock of the day jumps."""
        self._clock_offset_s += seconds

    def type_in(self, data: bytes) -> None:
        """Bytes arrive at the console."""
        if self.console.receive(data):
            self.interrupt()
        self.nudge()

    def stand_in(self) -> None:
        """Until the next `reset` no firmware runs: the pins stand as it leaves them in a quiet moment."""
        self._standing_in = True

    def reset(self, kind: str) -> None:
        """A hard reset now: power-up, watchdog, brown-out, or one that the firmware asked for. Without
        supply, nothing. The chip cannot tell a brown-out from a power-up."""
        if not self._pins.powered:
            return
        self._stop()
        self.on_reset(kind)
        self._standing_in = False
        if kind in ("power-up", "brown-out"):
            # [assumed] a supply that was too low for the chip was too low for its pads
            self._pins.lose_holds()
            self.retained = b""
        most, some = _CAUSES[self.board.port]
        self._cause = some.get(kind, most)
        now = self.clock.now_us
        self.trace.add_event(now, "reset", kind=kind)
        self.trace.set_wire("reset", now, 1)
        self.trace.set_text("mcu", now, "reset")
        number = self.boot_number

        def rom_done() -> None:
            if number == self.boot_number:
                self.trace.set_wire("reset", self.clock.now_us, 0)
                self.trace.set_text("mcu", self.clock.now_us, "boot")
                self.clock.at(self.clock.now_us + self.board.boot_us, Order.MCU, booted)

        def booted() -> None:
            if number == self.boot_number:
                self._start()

        self.clock.at(now + self.board.rom_us, Order.MCU, rom_done)

    def close(self) -> None:
        """Ends the guest for good, when a run is over; the trace stays as it is."""
        self.boot_number += 1
        self.end()

    def _supply(self, on: bool) -> None:
        if on and self._standing_in:
            self.wiring.set_power(True)
            for role in ("ch_enable", "ac_ok"):
                held = True if role == "ch_enable" and self.board.hold == "pad" else None
                self._pins.configure(self.board.pins[role].gpio, OUT, PULL_NONE, 1, held)
            self.trace.set_text("mcu", self.clock.now_us, "run")
        elif on:
            self.wiring.set_power(True)
            self.reset("power-up")
        else:
            self._stop()
            self.wiring.set_power(False)
            self.trace.set_text("mcu", self.clock.now_us, "off")
            self.trace.set_wire("reset", self.clock.now_us, 1)

    def _stop(self) -> None:
        self.boot_number += 1
        self._wdt_us = 0
        self.raw_repl = self._usb = self._mute = False
        self._handlers.clear()
        self.console.reset()
        # first the pins, as the chip does it; a guest that is being ended can no longer change them
        self.alive = False
        self.ram = lambda: None
        self._pins.reset()
        self.end()

    def _start(self) -> None:
        self._clock_offset_s = self.board.clock_start
        self._started_us = self.clock.now_us - self.board.rom_us - self.board.boot_us
        self.trace.set_text("mcu", self.clock.now_us, "run")
        self.trace.add_event(self.clock.now_us, "boot")
        self.begin(self._run)

    def _run(self) -> None:
        while True:
            self._guest.run(self)
            # a soft reset: the interpreter starts anew; pins, watchdog and clock stay as they are
            self.soft_resets += 1
            self._cause = _CAUSES[self.board.port][1].get("soft", self._cause)
            self.stdout_write("MPY: soft reboot\n")
            self.forget()
            self._handlers.clear()
            self.console.interrupt_char = -1

    # --- machine ---

    def pin_configure(
        self, gpio: int, mode: int | None, pull: int, value: int | None, hold: bool | None = None
    ) -> None:
        self.spend(self._pin_us)
        self.wiring.configure(gpio, mode, pull, value, hold)

    def pin_write(self, gpio: int, value: int) -> None:
        self.spend(self._pin_us)
        self._pins.write(gpio, value)

    def pin_read(self, gpio: int) -> int:
        self.spend(self._pin_us)
        return self._pins.level(gpio)

    def pin_toggle(self, gpio: int) -> None:
        self.spend(self._pin_us)
        self._pins.toggle(gpio)

    def _pwm(self, gpio: int, level: int | None) -> None:
        self.wiring.configure(gpio, IN if level is None else OUT, PULL_NONE, level, None)

    def pin_irq(self, gpio: int, trigger: int, handler: Callable[[], None] | None) -> None:
        """`handler` runs at each edge that `trigger` (4 falling, 8 rising) names; None switches it off."""
        self.spend(self._pin_us)
        self._handlers[gpio] = (trigger, handler)

    def _edge(self, gpio: int, level: int) -> None:
        trigger, handler = self._handlers.get(gpio, (0, None))
        if self.alive and handler and trigger & (_RISING if level else _FALLING):
            self.raise_irq(handler)

    def output_enables(self) -> int:
        self.spend(self._hal_us)
        return sum(1 << gpio for gpio in range(_GPIOS) if self._pins.driven(gpio))

    def adc_read(self, gpio: int) -> int:
        """16 bits, of which a 12-bit converter fills the upper 12."""
        self.spend(self._adc_us)
        return min(65535, int(self.wiring.adc_mv(gpio) * 65536 / self._io_mv)) & 0xFFF0

    def i2c_read(self, address: int, register: int, size: int) -> bytes | None:
        """None: no acknowledge."""
        self.spend(self.board.cost.i2c_us)
        return self._metrology.read(register, size) if address == ADDRESS else None

    def wdt_start(self, timeout_ms: int) -> None:
        self._wdt_us = self._world_us(timeout_ms * 1000)
        self.wdt_feed()
        self.clock.at(self._wdt_due_us, Order.MCU, self._wdt_check(self.boot_number))

    def wdt_feed(self) -> None:
        self.spend(self._hal_us)
        self._wdt_due_us = self.clock.now_us + self._wdt_us

    def wdt_fed(self, at_us: int) -> None:
        """A guest that was granted time has fed the watchdog at `at_us`."""
        self._wdt_due_us = at_us + self._wdt_us

    def _wdt_check(self, boot_number: int) -> Callable[[], None]:
        # Looks when the oldest deadline is due, so that a feed costs nothing in the queue.
        def check() -> None:
            if boot_number != self.boot_number or not self._wdt_us:
                return
            if self.clock.now_us >= self._wdt_due_us:
                self.reset("watchdog")
            else:
                self.clock.at(self._wdt_due_us, Order.MCU, check)

        return check

    def timer_start(self, timer: Timer) -> None:
        self.spend(self._hal_us)
        timer.period_us = self._world_us(timer.period_us)
        self.start_timer(timer)

    def irq(self, off: bool) -> bool:
        """Switches interrupts; returns whether they were off."""
        self.spend(self._hal_us)
        return self.interrupts_off(off)

    def machine_reset(self) -> None:
        """Does not return."""
        self.clock.at(self.clock.now_us, Order.MCU, lambda: self.reset(self.console.announced))
        self.hang()

    def watchdog_bite(self) -> None:
        """The chip's own watchdog has run out. Does not return."""
        self.clock.at(self.clock.now_us, Order.MCU, lambda: self.reset("watchdog"))
        self.hang()

    def unfed(self, us: int) -> None:
        """The longest time so far between two feeds of the guest's own watchdog, for who hears calls."""

    def reset_cause(self) -> int:
        self.spend(self._hal_us)
        return self._cause

    # --- time and console ---

    def _world_us(self, us: int) -> int:
        # What the crystal takes for `us`, in true microseconds.
        return us * 1_000_000 // self._rate

    def _own_us(self) -> int:
        # How long ago the reset was, by the crystal.
        return (self.clock.now_us - self._started_us) * self._rate // 1_000_000

    def sleep_us(self, us: int) -> None:
        self.wait_us(self._world_us(us))

    def ticks_us(self) -> int:
        self.spend(self._hal_us)
        ticks = (self._own_us() + self._tick_origin_us) % TICK_WRAP
        return Ticks(ticks) if self.marks_ticks else ticks

    def ticks_ms(self) -> int:
        self.spend(self._hal_us)
        # not by _own_us(): a supervised loop asks this more often than anything else
        own_us = (self.clock.now_us - self._started_us) * self._rate // 1_000_000
        ticks = ((own_us + self._tick_origin_us) // 1000) % TICK_WRAP
        return Ticks(ticks) if self.marks_ticks else ticks

    def unix_time(self) -> int:
        self.spend(self._hal_us)
        return self._own_us() // 10**6 + self._clock_offset_s

    def ticking(self) -> dict[str, int]:
        """What a guest needs to count ticks by itself: own_us = (now - started_us) * rate / 10**6."""
        return {"started_us": self._started_us, "rate": self._rate, "tick_origin_us": self._tick_origin_us}

    def set_unix_time(self, seconds: int) -> None:
        self._clock_offset_s += seconds - self.unix_time()

    def stdin_poll(self, wait_ms: int) -> bool:
        """Waits until a byte is there, at most `wait_ms`."""
        self.spend(self.board.cost.poll_us)
        rx = self.console.rx
        if not rx and wait_ms > 0:
            self.wait_us(self._world_us(wait_ms * 1000), lambda: bool(rx))
        return bool(rx)

    def stdin_read(self) -> int:
        """One byte; waits for it, as the port does."""
        rx = self.console.rx
        while not rx:
            self.wait_us(10**9, lambda: bool(rx))
        self.ticks = 0
        return self.console.take()

    def boot_py(self, runs: bool) -> None:
        """A guest begins to run boot.py, or has ended it. The port starts USB then, once after each hard reset."""
        self._mute = runs and not self._usb and self.board.console == "usb"
        self._usb |= not runs

    def stdout_write(self, text: str) -> None:
        if self._mute:
            self.console.lose(text)
            return
        self.spend(len(text) * self.board.cost.console_us_per_byte)
        self.console.write(text)

    def stdout_bytes(self, data: bytes) -> None:
        """As it is: no \\r before a \\n."""
        if self._mute:
            self.console.lose(data.decode("utf-8", "backslashreplace"))
            return
        self.spend(len(data) * self.board.cost.console_us_per_byte)
        self.console.write_bytes(data)

    def interrupt_char(self, chr: int) -> None:
        self.console.interrupt_char = chr
        if chr < 0:
            # what came too late for the program is not for the prompt
            self.uninterrupt()

    # --- flash ---

    def flash_spend(self, us: int) -> int:
        """Lets an operation's time pass, interrupts off, as the port's driver does; returns how much of
        it did before the MCU was gone."""
        began = self.clock.now_us
        try:
            self.pass_masked(us)
        except Gone:
            pass
        return self.clock.now_us - began if not self.alive else us
