"""The MCU as firmware finds it: every call that a guest's `machine`, `time` or file system makes ends here.

A guest runs in a greenlet of its own. Each call charges time; if nothing else is due in that time the
clock just moves on, otherwise the guest hands over and is resumed. On a reset the guest is gone: every
further call, and every loop's tick, raises `Gone`, so that not even a bare `except:` goes on for long.
Arguments and results are ints, bools and bytes, so that a guest in another process can call them too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

import greenlet

from ridethrough.boards import Board
from ridethrough.traces import Trace
from ridethrough.world.chip import ChipParams, FlashChip
from ridethrough.world.clock import Clock, Order
from ridethrough.world.metrology import ADDRESS, Metrology
from ridethrough.world.pins import Pins
from ridethrough.world.power import PowerPath

TICK_WRAP = 2**30
HUNG_TICKS = 2_000_000
"""Loop passes without a call to the hardware after which code counts as hung."""
PWRON_RESET, WDT_RESET = 1, 3
_CTRL_D = 4
CONSOLE_LINES_MAX = 100_000


class Gone(BaseException):
    """The MCU was reset under this guest."""


class Guest(Protocol):
    """Whoever executes firmware."""

    def run(self, mcu: Mcu) -> None:
        """One boot, from the mounting of the flash on. Once boot.py and main.py have ended, waits in
        `mcu.repl()`, except after SystemExit; returns when a soft reset is due."""


class Timer:
    """A running machine.Timer: `callback` is the guest's own."""

    def __init__(self, period_us: int, periodic: bool, callback: Callable[[], None]) -> None:
        self.period_us = period_us
        self.periodic = periodic
        self.callback = callback
        self.active = True


class Mcu:
    """One board's MCU with its pins, watchdog, timers, console and flash chip."""

    def __init__(
        self, clock: Clock, trace: Trace, board: Board, power: PowerPath, metrology: Metrology, guest: Guest
    ) -> None:
        self.clock = clock
        self.trace = trace
        self.board = board
        self._hal_us = board.cost.hal_us
        self.chip = FlashChip(
            ChipParams(board.block_bytes, board.blocks, board.page_bytes, board.program_page_us, board.erase_us)
        )
        self.pins = Pins(board, self._pin_changed, self._contention)
        self.latch = False
        self.hold_failed = False
        self.alive = False
        self.ticks = 0
        self.console_log: list[tuple[int, str]] = []
        self.on_line: Callable[[str], None] = lambda line: None
        self._power = power
        self._metrology = metrology
        self._guest = guest
        self._greenlet: greenlet.greenlet | None = None
        self.boot_number = 0
        self._token = 0
        self._cause = PWRON_RESET
        self._announced = "commanded"
        self._started_us = 0
        self._clock_offset_s = 0
        self._wdt_us = 0
        self._wdt_due_us = 0
        self._irq_off = False
        self._in_callback = False
        self._waiting = False
        self._pending: deque[Timer] = deque()
        self._timers: list[Timer] = []
        self.rx: deque[int] = deque()
        self._tx = ""
        self._interrupt = False
        self._interrupt_char = -1
        self._gpio = {role: facts.gpio for role, facts in board.pins.items()}
        self._role = {gpio: role for role, gpio in self._gpio.items()}
        power.on_supply = self._supply
        trace.set_text("mcu", 0, "off")
        trace.set_wire("reset", 0, 1)
        for wire in ("ch_enable", "ac_lost", "running_n"):
            trace.set_wire(wire, 0, int(wire == "ac_lost"))

    # --- what the world does to the MCU ---

    def mains_changed(self, on: bool) -> None:
        self.pins.drive(self._gpio["mains"], int(on))

    def hub_changed(self, fitted: bool) -> None:
        self.pins.drive(self._gpio["ch_present_n"], int(not fitted))

    def fail_hold(self) -> None:
        """The pull-up comes off, or the latch dies: nothing holds the rail any more."""
        self.hold_failed = True
        self.pins.pull_up_ohm[self._gpio["ch_enable"]] = 0
        self._apply()

    def type_in(self, data: bytes) -> None:
        """Bytes arrive at the console."""
        for byte in data:
            if byte == self._interrupt_char:
                self._interrupt = True
                self.rx.clear()
            else:
                self.rx.append(byte)
        self._nudge()

    def reset(self, kind: str) -> None:
        """A hard reset now: watchdog, brown-out, power-up, or one the firmware asked for."""
        self._kill()
        self._cause = PWRON_RESET if kind in ("power-up", "brown-out") else WDT_RESET
        now = self.clock.now_us
        self.trace.add_event(now, "reset", kind=kind)
        self.trace.set_wire("reset", now, 1)
        self.trace.set_text("mcu", now, "reset")
        self.boot_number += 1
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

    def stop(self) -> None:
        """Ends the guest for good, when a run is over; the trace stays as it is."""
        self.boot_number += 1
        self._end_guest()

    def _supply(self, on: bool) -> None:
        self.pins.powered = on
        if on:
            self.reset("power-up")
        else:
            self.boot_number += 1
            self._kill()
            self.latch = False
            self.trace.set_text("mcu", self.clock.now_us, "off")
            self.trace.set_wire("reset", self.clock.now_us, 1)
        self._apply()

    def _kill(self) -> None:
        self.alive = False
        self._waiting = False
        self._wdt_us = 0
        self._pending.clear()
        self.rx.clear()
        self._tx = ""
        self._interrupt = False
        self._interrupt_char = -1
        self._token += 1
        self._announced = "commanded"
        self.pins.reset()
        self._end_guest()

    def _end_guest(self) -> None:
        self.alive = False
        self.ticks = HUNG_TICKS
        if self._greenlet is not None and not self._greenlet.dead:
            self._greenlet.throw(Gone)
        self._greenlet = None

    def _start(self) -> None:
        self.alive = True
        self.ticks = 0
        self._irq_off = self._in_callback = self._waiting = False
        self._clock_offset_s = self.board.clock_start
        self._started_us = self.clock.now_us - self.board.rom_us - self.board.boot_us
        self.trace.set_text("mcu", self.clock.now_us, "run")
        self.trace.add_event(self.clock.now_us, "boot")
        self._greenlet = greenlet.greenlet(self._run_guest)
        self._greenlet.switch()

    def _run_guest(self) -> None:
        try:
            while True:
                self._guest.run(self)
                self._soft_reset()
        except Gone:
            pass

    def _soft_reset(self) -> None:
        # The interpreter starts again; pins, watchdog and clock stay as they are.
        self.stdout_write("MPY: soft reboot\n")
        self._pending.clear()
        for timer in self._timers:
            timer.active = False
        self._timers.clear()
        self._irq_off = self._in_callback = False
        self._interrupt_char = -1

    # --- time ---

    def spend(self, us: int) -> None:
        """Lets `us` pass, then runs what became due."""
        clock = self.clock
        target = clock.now_us + us
        if target < clock.next_us and self.alive:
            # by far the most calls: nothing else is due meanwhile
            clock.now_us = target
            self.ticks = 0
        else:
            self._pass(us)
        if self._pending or self._interrupt:
            self._serve()

    def _pass(self, us: int) -> None:
        if not self.alive:
            raise Gone
        self.ticks = 0
        clock = self.clock
        target = clock.now_us + us
        if target < clock.next_us:
            clock.now_us = target
        else:
            self._sleep_until(target)

    def wait_us(self, us: int, wake: Callable[[], bool] | None = None) -> None:
        """Lets up to `us` pass, less if `wake()` becomes true; timers run meanwhile."""
        if not self.alive:
            raise Gone
        clock = self.clock
        until = clock.now_us + us
        while not (wake and wake()):
            self.ticks = 0
            if until < clock.next_us:
                clock.now_us = until
            else:
                self._waiting = True
                self._sleep_until(until)
                self._waiting = False
            self._serve()
            if clock.now_us >= until:
                break

    def _sleep_until(self, t_us: int) -> None:
        self._token += 1
        self.clock.at(t_us, Order.GUEST, self._resumer())
        self.clock.hand_over()
        if not self.alive:
            raise Gone

    def _resumer(self) -> Callable[[], None]:
        token = self._token

        def resume() -> None:
            if token == self._token and self._greenlet is not None:
                self._token += 1
                self._greenlet.switch()

        return resume

    def _nudge(self) -> None:
        # Wakes a guest that waits, so that it looks at what came in.
        if self._waiting:
            self.clock.at(self.clock.now_us, Order.GUEST, self._resumer())

    def _serve(self) -> None:
        if self._interrupt:
            self._interrupt = False
            raise KeyboardInterrupt
        while self._pending and not self._irq_off and not self._in_callback:
            timer = self._pending.popleft()
            if timer.active:
                self._in_callback = True
                try:
                    timer.callback()
                finally:
                    self._in_callback = False
                timer.active = timer.periodic and timer.active

    def tick(self) -> None:
        """Called once a loop pass: notices code that hangs, and ends a guest that is gone."""
        self.ticks += 1
        if self.ticks > HUNG_TICKS:
            self.hang()

    def hang(self) -> None:
        """Nothing will ever happen in this guest again but a reset."""
        while True:
            self.wait_us(3600 * 10**6)

    # --- what firmware can ask for: machine ---

    def pin_configure(self, gpio: int, mode: int | None, pull: int, value: int | None) -> None:
        self.spend(self._hal_us)
        self.pins.configure(gpio, mode, pull, value)

    def pin_write(self, gpio: int, value: int) -> None:
        self.spend(self._hal_us)
        self.pins.write(gpio, value)

    def pin_read(self, gpio: int) -> int:
        self.spend(self._hal_us)
        return self.pins.level(gpio)

    def output_enables(self) -> int:
        self.spend(self._hal_us)
        return sum(1 << gpio for gpio in range(30) if self.pins.driven(gpio))

    def adc_read(self, gpio: int) -> int:
        """16 bits, of which a 12-bit converter fills the upper 12."""
        self.spend(self._hal_us)
        facts = self.board.pins["ch_sense"]
        mv = self._power.ch_mv() / facts.divider if gpio == facts.gpio else 0.0
        return min(65535, int(mv * 65536 / self.board.io_mv)) & 0xFFF0

    def i2c_read(self, address: int, register: int, size: int) -> bytes | None:
        """None: no acknowledge."""
        self.spend(self.board.cost.i2c_us)
        return self._metrology.read(register, size) if address == ADDRESS else None

    def wdt_start(self, timeout_ms: int) -> None:
        self._wdt_us = timeout_ms * 1000
        self.wdt_feed()
        self.clock.at(self._wdt_due_us, Order.MCU, self._wdt_check(self.boot_number))

    def wdt_feed(self) -> None:
        self.spend(self._hal_us)
        self._wdt_due_us = self.clock.now_us + self._wdt_us

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
        number = self.boot_number
        self._timers.append(timer)

        def fire() -> None:
            if timer.active and number == self.boot_number:
                self._pending.append(timer)
                if timer.periodic:
                    self.clock.at(self.clock.now_us + timer.period_us, Order.MCU, fire)
                self._nudge()

        self.clock.at(self.clock.now_us + timer.period_us, Order.MCU, fire)

    def irq(self, off: bool) -> bool:
        """Switches interrupts; returns whether they were off."""
        self.spend(self._hal_us)
        was, self._irq_off = self._irq_off, off
        return was

    def machine_reset(self) -> None:
        """Does not return."""
        self.clock.at(self.clock.now_us, Order.MCU, lambda: self.reset(self._announced))
        self.hang()

    def reset_cause(self) -> int:
        self.spend(self._hal_us)
        return self._cause

    # --- time and clock ---

    def ticks_us(self) -> int:
        self.spend(self._hal_us)
        return (self.clock.now_us - self._started_us) % TICK_WRAP

    def ticks_ms(self) -> int:
        self.spend(self._hal_us)
        return ((self.clock.now_us - self._started_us) // 1000) % TICK_WRAP

    def unix_time(self) -> int:
        self.spend(self._hal_us)
        return (self.clock.now_us - self._started_us) // 10**6 + self._clock_offset_s

    def set_unix_time(self, seconds: int) -> None:
        self._clock_offset_s += seconds - self.unix_time()

    # --- console ---

    def stdin_poll(self, wait_ms: int) -> bool:
        """Waits until a byte is there, at most `wait_ms`."""
        self.spend(self._hal_us)
        if self.rx:
            return True
        if wait_ms > 0:
            self.wait_us(wait_ms * 1000, lambda: bool(self.rx))
        return bool(self.rx)

    def stdin_read(self) -> int:
        """One byte; waits for it, as the port does."""
        if not self.rx:
            while not self.rx:
                self.wait_us(10**9, lambda: bool(self.rx))
        self.ticks = 0
        return self.rx.popleft()

    def repl(self) -> None:
        """The port's prompt, of which only Ctrl-D, the soft reset, is simulated. Timers run meanwhile."""
        while self.stdin_read() != _CTRL_D:
            pass

    def stdout_write(self, text: str) -> None:
        self.spend(len(text) * self.board.cost.console_us_per_byte)
        *lines, self._tx = (self._tx + text).split("\n")
        self._tx = self._tx[-4096:]
        for line in lines:
            self._say(line.rstrip("\r"))

    def interrupt_char(self, char: int) -> None:
        self._interrupt_char = char

    def _say(self, line: str) -> None:
        now = self.clock.now_us
        if len(self.console_log) < CONSOLE_LINES_MAX:
            self.console_log.append((now, line))
        for name, pattern in self.board.signals.items():
            match = pattern.fullmatch(line)
            if match is None:
                continue
            data = match.groupdict()
            if name == "phase":
                self.trace.set_text("phase", now, data["phase"])
            else:
                self.trace.add_event(now, name, **data)
            if name == "shutdown":
                self._announced = data.get("kind", "commanded")
        self.on_line(line)

    # --- flash ---

    def flash_spend(self, us: int) -> int:
        """Lets an operation's time pass, interrupts off, as the port's driver does; returns how much of
        it did before the MCU was gone."""
        began = self.clock.now_us
        try:
            self._pass(us)
        except Gone:
            pass
        return self.clock.now_us - began if not self.alive else us

    # --- nets ---

    def _pin_changed(self, gpio: int) -> None:
        role = self._role.get(gpio)
        if role == "latch_set" and self.pins.level(gpio):
            self.latch = not self.hold_failed
        elif role == "latch_clear" and self.pins.level(gpio):
            self.latch = False
        if role in ("ch_enable", "ac_ok", "running_n", "latch_set", "latch_clear"):
            self._apply()

    def _apply(self) -> None:
        # What the pins do to the world, at this moment.
        now = self.clock.now_us
        if self.hold_failed:
            self.latch = False
        enable = bool(self.pins.level(self._gpio["ch_enable"])) or (self.latch and self.pins.powered)
        if self.board.hold == "latch":
            self.pins.outside[self._gpio["latch_q"]] = int(self.latch)
            self.pins.outside[self._gpio["enable_sense"]] = int(enable)
        self.trace.set_wire("ch_enable", now, int(enable))
        self._power.set_enable(enable)
        ac_ok = self.pins.powered and self.pins.level(self._gpio["ac_ok"])
        self.trace.set_wire("ac_lost", now, int(not ac_ok))
        running_n = self.pins.level(self._gpio["running_n"])
        self.trace.set_wire("running_n", now, running_n)

    def _contention(self, gpio: int) -> None:
        self.trace.add_event(self.clock.now_us, "fault", kind="contention", gpio=gpio)
