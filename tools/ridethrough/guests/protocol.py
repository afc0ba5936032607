"""The host's side of the guest protocol: firmware in another process, which asks for everything over a
pair of pipes (docs/guest-protocol.md). Each request becomes the call of the `Mcu` method of that name, so
one world serves every guest.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import islice
from typing import IO, Any

from ridethrough.guests.missing import FROZEN, NOT_SIMULATED, part_modules, refusal
from ridethrough.guests.part_files import MACHINE, source
from ridethrough.guests.ports import ADC_PINS, MPY, PLATFORM, RELEASE, TIMER_US_LEAST, TIMERS
from ridethrough.guests.repl import Repl
from ridethrough.world.mcu import Mcu
from ridethrough.world.peripherals import REQUESTS
from ridethrough.world.runtime import Gone, Timer

LINE_BYTES_MAX = 1_000_000
HUNG_CPU_MS = 1500
"""CPU time, after as much time, without a request after which code counts as hung."""
_BUSY_CPU_MS = 50
_GRANT_US_MAX = 10**9
_SHOWN_BYTES = 512
"""Of what has come in a grant shows so much, as much as a port's own buffer: a guest's heap is small."""
_NUMBER_MAX = 2**53
_RETAINED_MAX = 64
_PLAIN = frozenset(
    """pin_configure pin_write pin_read output_enables adc_read wdt_feed irq machine_reset reset_cause
    ticks_us ticks_ms unix_time set_unix_time stdin_poll stdin_read stdout_write interrupt_char pin_toggle
    boot_py watchdog_bite unfed""".split()
)
"""Requests that are Mcu's methods as they stand."""
GUEST_ENDED = "guest ended"
"""The kind of the fault in the trace when a guest is gone by itself; its text says how."""


class ProtocolError(Exception):
    """The guest said something that is no request."""


def _duration(us: int) -> int:
    if us < 0:
        raise ValueError("a time cannot be negative")
    return us


class Session:
    """One boot of a guest that speaks the protocol. `written(at, data)` hears what the flash holds from now
    on. `busy(session)` lets time pass for a guest that computes, until its `back`; without it such a guest
    counts as hung. `interrupt` is Ctrl-C to a guest that computes, if there is a way. `ended()` says how a guest ended
    that is gone; "" if nobody can tell."""

    def __init__(
        self,
        mcu: Mcu,
        requests: IO[bytes],
        replies: IO[bytes],
        written: Callable[[int, bytes], object] = lambda at, data: None,
        busy: Callable[[Session], None] | None = None,
        interrupt: Callable[[], None] | None = None,
        ended: Callable[[], str] = lambda: "",
    ) -> None:
        self._mcu = mcu
        self._requests = requests
        self._replies = replies
        self._written = written
        self._busy = busy
        self._timers: dict[int, Timer] = {}
        self._grants = False
        self._shown = -1
        self._repl = Repl(mcu)
        self._interrupt = interrupt
        self._ended = ended
        self._gone = False
        self._computes = False
        self._depth = 0
        self.back = False
        """A guest that was busy has a request again."""

    def run(self) -> None:
        """One boot: until the guest asks for a soft reset. One that is gone without it, or talks nonsense,
        hangs until something resets the board."""
        mcu = self._mcu
        try:
            if self._serve():
                return
            self._tell_end()
        except ProtocolError as e:
            mcu.trace.add_event(mcu.clock.now_us, "fault", kind="guest protocol", text=str(e))
        except BrokenPipeError:
            self._tell_end()
        finally:
            # a timer may come due while the board resets
            self._gone = True
        mcu.hang()

    def _tell_end(self) -> None:
        how = self._ended()
        if how:
            self._mcu.trace.add_event(self._mcu.clock.now_us, "fault", kind=GUEST_ENDED, text=how)

    def _serve(self) -> bool:
        # Answers requests until the guest says that a callback is done or a soft reset due; False if it is
        # gone without a word.
        while True:
            line = self._requests.readline(LINE_BYTES_MAX)
            if len(line) >= LINE_BYTES_MAX:
                raise ProtocolError(f"a line of more than {LINE_BYTES_MAX} bytes")
            if not line.endswith(b"\n"):
                return False
            name, *arguments = self._parse(line)
            if name == "back":
                self.back = True
                continue
            if name == "sync":
                self._refusing(self._sync, name, arguments)
                continue
            if name == ("done" if self._depth else "soft_reset"):
                return True
            self._reply(self._answer(name, arguments))

    def _answer(self, name: str, arguments: list[Any]) -> list[Any]:
        while True:
            try:
                return ["ok", self._call(name, arguments)]
            except KeyboardInterrupt:
                if not self._computes or self._interrupt is None:
                    return ["interrupt", None]
                # Ctrl-C is for the program that computes, not for a timer's callback that asked for something meanwhile
                self._interrupt()

    def look(self) -> None:
        """Takes the line that a busy guest has sent."""
        line = self._requests.readline(LINE_BYTES_MAX)
        if not line:
            raise BrokenPipeError
        if self._parse(line) != ["back"]:
            raise ProtocolError("a guest that is busy can only come back")
        self.back = True

    @staticmethod
    def _parse(line: bytes) -> list[Any]:
        try:
            request = json.loads(line)
        except (ValueError, RecursionError):
            request = None
        if not isinstance(request, list) or not request or not isinstance(request[0], str):
            raise ProtocolError(f"no request: {line[:60]!r}")
        return request

    def _reply(self, reply: list[Any]) -> None:
        if self._grants:
            reply.append(self._grant())
        self._replies.write(json.dumps(reply, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n")

    def _grant(self) -> list[Any]:
        # What the guest needs to go on by itself for a while: the time, until when nothing happens, how much
        # has happened, whether the rail stands still, and what has come in on the console if that is news.
        mcu = self._mcu
        now = mcu.clock.now_us
        until = min(mcu.clock.next_us, now + _GRANT_US_MAX) if mcu.undisturbed() else now
        console = mcu.console
        rx = None
        if console.received != self._shown:
            self._shown = console.received
            rx = bytes(islice(console.rx, _SHOWN_BYTES)).hex()
        happened = mcu.clock.happened - mcu.resumed + mcu.wiring.pins.changes
        return [now, until, happened, mcu.wiring.steady(), rx]

    def _sync(self, now_us: int, fed_us: int, taken: int) -> None:
        # What the guest did within its grant.
        mcu = self._mcu
        if not mcu.clock.now_us <= now_us <= mcu.clock.next_us:
            raise ValueError(f"sync to {now_us} us, which was not granted")
        if fed_us > now_us or not 0 <= taken <= len(mcu.console.rx):
            raise ValueError("what has not been cannot have been done")
        mcu.clock.now_us = now_us
        if fed_us >= 0:
            mcu.wdt_fed(fed_us)
        for _ in range(taken):
            mcu.console.rx.popleft()

    def _call(self, name: str, arguments: list[Any]) -> Any:
        if name in _PLAIN:
            method = getattr(self._mcu, name)
        elif name in REQUESTS:
            method = getattr(self._mcu.peripherals, name)
        else:
            method = getattr(self, f"_do_{name}", None)
        if method is None:
            raise ProtocolError(f"unknown request: {name}")
        return self._refusing(method, name, arguments)

    @staticmethod
    def _refusing(method: Callable[..., Any], name: str, arguments: list[Any]) -> Any:
        if any(isinstance(a, float) or (isinstance(a, int) and abs(a) > _NUMBER_MAX) for a in arguments):
            raise ProtocolError(f"{name}{tuple(arguments)}: whole numbers within 2^53 expected")
        try:
            return method(*arguments)
        except (TypeError, ValueError, ArithmeticError, AttributeError, LookupError) as e:
            raise ProtocolError(f"{name}{tuple(arguments)}: {e}") from e

    # --- requests that are more than a method of the MCU ---

    def _do_spend(self, us: int) -> None:
        self._mcu.spend(_duration(us))

    def _do_sleep_us(self, us: int) -> None:
        self._mcu.sleep_us(_duration(us))

    def _do_wdt_start(self, ms: int) -> None:
        if ms < 1:
            raise ValueError("1 ms or more expected")
        self._mcu.wdt_start(ms)

    def _do_grants(self) -> None:
        self._grants = True

    def _do_facts(self) -> dict[str, Any]:
        mcu, board = self._mcu, self._mcu.board
        return {
            "block_bytes": board.block_bytes,
            "blocks": board.blocks,
            "page_bytes": board.page_bytes,
            "port": board.port,
            "io_mv": board.io_mv,
            "output_enables": board.output_enables,
            "wdt_ms_max": board.wdt_ms_max,
            "unique_id": board.unique_id.hex(),
            **vars(board.cost),
            "unstable": sorted(mcu.chip.unstable),
            "platform": PLATFORM[board.port],
            "release": RELEASE,
            "mpy": MPY,
            "adc_pins": ADC_PINS[board.port],
            "timers": TIMERS[board.port],
            "timer_us_least": TIMER_US_LEAST,
            "machine_parts": MACHINE,
            "part_modules": part_modules(mcu),
            "frozen": sorted(FROZEN),
            "builtins_missing": sorted(NOT_SIMULATED["builtins"]),
            "clock_start_unix_s": board.clock_start,
            "wifi": board.wifi,
            "led": board.led_gpio,
            "title": board.title,
            "busy_ms": HUNG_CPU_MS if self._busy is None else _BUSY_CPU_MS,
            "friendly": not mcu.raw_repl,
            "wired": sorted(pin.gpio for pin in board.pins.values()),
            **mcu.ticking(),
        }

    def _do_busy(self) -> None:
        # The guest's timers run meanwhile, as between two bytecodes.
        self._computes = True
        while not self.back:
            if self._busy is not None:
                self._busy(self)
                continue
            try:
                self._mcu.hang()
            except KeyboardInterrupt:
                if self._interrupt is not None:
                    self._interrupt()
                self.look()
        self._computes = self.back = False

    def _do_i2c_read(self, address: int, register: int, size: int) -> str | None:
        data = self._mcu.i2c_read(address, register, size)
        return None if data is None else data.hex()

    def _do_flash_read(self, at: int, size: int) -> str:
        return self._mcu.chip.read(at, size).hex()

    def _do_flash_program(self, at: int, data: str) -> int:
        mcu, what = self._mcu, bytes.fromhex(data)
        if not 0 <= at <= at + len(what) <= len(mcu.chip.data) or not what:
            raise ValueError("outside the flash")
        result = mcu.chip.program(at, what, mcu.flash_spend)
        return self._flash_done(at, len(what), result)

    def _do_flash_erase(self, block: int) -> int:
        mcu = self._mcu
        if not 0 <= block < mcu.board.blocks:
            raise ValueError("outside the flash")
        result = mcu.chip.erase(block, mcu.flash_spend)
        return self._flash_done(block * mcu.board.block_bytes, mcu.board.block_bytes, result)

    def _flash_done(self, at: int, size: int, result: int) -> int:
        if not self._mcu.alive:
            raise Gone
        self._written(at, bytes(self._mcu.chip.data[at : at + size]))
        return result

    def _do_timer_start(self, period_us: int, periodic: bool, n: int) -> None:
        if period_us < 1:
            raise ValueError("1 us or more expected")
        self._do_timer_stop(n)
        self._timers[n] = Timer(period_us, periodic, lambda: self._callback(n))
        self._mcu.timer_start(self._timers[n])

    def _do_timer_stop(self, n: int) -> None:
        if n in self._timers:
            self._timers[n].active = False

    def _do_pin_irq(self, gpio: int, trigger: int, n: int) -> None:
        self._mcu.pin_irq(gpio, trigger, (lambda: self._callback(n)) if n >= 0 else None)

    def _callback(self, n: int) -> None:
        if self._gone:
            return
        self._reply(["timer", n])
        self._depth += 1
        if not self._serve():
            raise BrokenPipeError
        self._depth -= 1

    def _do_missing(self, owner: str, name: str) -> tuple[str, str]:
        return refusal(self._mcu, owner, name)

    def _do_part(self, name: str) -> str:
        return source(name)

    def _do_retain(self, data: str) -> None:
        self._mcu.retained = bytes.fromhex(data)[:_RETAINED_MAX]

    def _do_retained(self) -> str:
        return self._mcu.retained.hex()

    def _do_left_open(self, path: str) -> None:
        path = path.encode("utf-8", "backslashreplace").decode()
        self._mcu.trace.add_event(self._mcu.clock.now_us, "fault", kind="file left open", path=path)

    def _do_formatted(self) -> None:
        self._mcu.trace.add_event(self._mcu.clock.now_us, "fault", kind="format")

    def _do_stdout_bytes(self, data: str) -> None:
        self._mcu.stdout_bytes(bytes.fromhex(data))

    def _do_repl(self, error: str | None) -> list[Any] | None:
        return self._repl.next(error)
