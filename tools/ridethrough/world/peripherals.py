"""What hangs on a board's other buses, and its radio: PWM, UART, SPI, Wi-Fi, and the network behind it.

Each method is a request that a guest makes: arguments and results are whole numbers, texts and hexadecimal texts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ridethrough.boards import Board
from ridethrough.traces import Trace
from ridethrough.world.clock import Clock, Order
from ridethrough.world.network import FETCH_US, Network

FULL_DUTY = 65535
NEVER, JOINING, WRONG_PASSWORD, FAILED, LINKED = 0, 1, -3, -1, 3
"""States of the radio: the rp2 port's network.STAT_IDLE, STAT_CONNECTING, STAT_WRONG_PASSWORD, STAT_CONNECT_FAIL and
STAT_GOT_IP."""
_HELD_BYTES, _EVENTS_MAX, _BAUD_MAX = 4096, 10_000, 10**9
REQUESTS = frozenset(
    """pwm pwm_off uart_write uart_read uart_any spi_write spi_read wifi_active wifi_join wifi_leave wifi_state fetch
    entropy""".split()
)


@dataclass(frozen=True)
class Wifi:
    """The access point. `ssid`, `password`: what it takes, "" for any. `join_us`: from connect() to an address
    [assumed]. `fails`: nobody is ever let in. `up`: (t_us, on) in order of time; it is there before the first."""

    ssid: str = ""
    password: str = ""
    join_us: int = 3_000_000
    fails: bool = False
    up: tuple[tuple[int, bool], ...] = ()


@dataclass(frozen=True)
class Parts:
    """The parts of a board's surroundings that answer it. `uart`, `spi`: by number of the bus, what was sent -> what
    comes back."""

    uart: Mapping[int, Mapping[bytes, bytes]] = field(default_factory=dict)
    spi: Mapping[int, Mapping[bytes, bytes]] = field(default_factory=dict)
    wifi: Wifi = field(default_factory=Wifi)


def _within(value: int, most: int) -> int:
    if not 0 <= value <= most:
        raise ValueError(f"{value}: 0 to {most} expected")
    return value


@dataclass
class _Bus:
    sent: bytes = b""
    waiting: bytes = b""


class Peripherals:
    """One board's; `boot()` is the number of its present boot, with which all of it begins anew. `spend(us)` lets time
    pass; `drive(gpio, level)` sets a pin from now on, None lets it go."""

    def __init__(
        self,
        clock: Clock,
        trace: Trace,
        board: Board,
        boot: Callable[[], int],
        spend: Callable[[int], None],
        drive: Callable[[int, int | None], None],
    ) -> None:
        self.parts = Parts()
        self.network = Network({})
        self._clock = clock
        self._trace = trace
        self._board = board
        self._boot = boot
        self._spend = spend
        self._drive = drive
        self._since = -1
        self._buses: dict[tuple[str, int], _Bus] = {}
        self._active = False
        self._joined: tuple[int, str, str] | None = None
        self._drawn = 0
        self._told = 0

    def _fresh(self) -> None:
        # the chip's reset takes all of it with it
        if self._boot() != self._since:
            self._since = self._boot()
            self._buses.clear()
            self._active, self._joined, self._drawn = False, None, 0

    def _tell(self, name: str, **data: object) -> None:
        if self._told < _EVENTS_MAX:
            self._told += 1
            self._trace.add_event(self._clock.now_us, name, **data)

    # --- PWM ---

    def pwm(self, gpio: int, freq_hz: int, duty_u16: int) -> None:
        """A pin switches `freq_hz` times a second and is high for duty_u16 / 65535 of the time. The world sees its
        greater half [assumed]: whatever hangs on it is too slow for more."""
        self._spend(self._board.cost.hal_us)
        self._drive(gpio, int(2 * _within(duty_u16, FULL_DUTY) > FULL_DUTY))
        self._tell("pwm", gpio=gpio, freq_hz=freq_hz, duty_u16=duty_u16)

    def pwm_off(self, gpio: int) -> None:
        self._drive(gpio, None)
        self._tell("pwm", gpio=gpio, freq_hz=0, duty_u16=0)

    # --- UART and SPI ---

    def _bus(self, kind: str, number: int) -> _Bus:
        self._fresh()
        return self._buses.setdefault((kind, number), _Bus())

    def _send(self, kind: str, number: int, data: bytes, answers: Mapping[bytes, bytes]) -> _Bus:
        # what was sent may end with something that is answered; the longest counts
        bus = self._bus(kind, number)
        bus.sent = (bus.sent + data)[-_HELD_BYTES:]
        self._tell(kind, bus=number, sent=data[:64].hex())
        for asked in sorted(answers, key=len, reverse=True):
            if asked and bus.sent.endswith(asked):
                bus.sent = b""
                bus.waiting = (bus.waiting + answers[asked] if kind == "uart" else answers[asked])[-_HELD_BYTES:]
                break
        return bus

    def _take(self, kind: str, number: int, count: int) -> bytes:
        bus = self._bus(kind, number)
        read, bus.waiting = bus.waiting[: _within(count, _HELD_BYTES)], bus.waiting[count:]
        return read

    def uart_write(self, number: int, data: str, baud: int) -> None:
        """Ten bits a byte."""
        sent = bytes.fromhex(data)
        self._spend(len(sent) * 10_000_000 // _within(baud, _BAUD_MAX))
        self._send("uart", number, sent, self.parts.uart.get(number, {}))

    def uart_any(self, number: int) -> int:
        self._spend(self._board.cost.hal_us)
        return len(self._bus("uart", number).waiting)

    def uart_read(self, number: int, count: int) -> str:
        """What has come in, at most so many bytes; it waits for nothing."""
        return self._take("uart", number, count).hex()

    def spi_write(self, number: int, data: str, baud: int) -> None:
        """An answer is what the next reads get."""
        sent = bytes.fromhex(data)
        self._spend(len(sent) * 8_000_000 // _within(baud, _BAUD_MAX))
        self._send("spi", number, sent, self.parts.spi.get(number, {}))

    def spi_read(self, number: int, count: int, baud: int) -> str:
        """Zeros where nothing answers."""
        self._spend(_within(count, _HELD_BYTES) * 8_000_000 // _within(baud, _BAUD_MAX))
        return self._take("spi", number, count).ljust(count, b"\0").hex()

    # --- Wi-Fi and what is behind it ---

    def wifi_active(self, on: bool | None) -> bool:
        """Switches the radio, or asks."""
        self._fresh()
        if on is not None:
            self._active = bool(on)
            if not on:
                self._joined = None
        return self._active

    def wifi_join(self, ssid: str, password: str) -> bool:
        """Begins to connect; False if the radio is off."""
        self._fresh()
        if self._active:
            now_us = self._clock.now_us
            self._joined = (now_us, ssid, password)
            # when its state may change, something happens: until then a guest may answer by itself
            for t_us in (now_us, *(t for t, _ in self.parts.wifi.up)):
                for change_us in (t_us, t_us + self.parts.wifi.join_us):
                    if change_us > now_us:
                        self._clock.at(change_us, Order.WORLD, lambda: None)
            self._tell("wifi", state="joining", ssid=ssid)
        return self._active

    def wifi_leave(self) -> None:
        self._fresh()
        self._joined = None

    def wifi_state(self) -> int:
        """One of the states above."""
        self._spend(self._board.cost.hal_us)
        self._fresh()
        if self._joined is None:
            return NEVER
        since_us, ssid, password = self._joined
        point, now_us = self.parts.wifi, self._clock.now_us
        there, back_us = True, since_us
        for t_us, on in point.up:
            if t_us <= now_us:
                there, back_us = on, max(back_us, t_us) if on else back_us
        if not there or now_us < back_us + point.join_us:
            return JOINING
        if point.fails or (point.ssid and ssid != point.ssid):
            return FAILED
        return WRONG_PASSWORD if point.password and password != point.password else LINKED

    def fetch(self, address: str) -> list[object] | None:
        """[status, body as hex] of an address; None: a board with a radio is not connected."""
        if self._board.wifi and self.wifi_state() != LINKED:
            return None
        self._spend(FETCH_US)
        status, body = self.network.get(address)
        return [status, body.hex()]

    # --- chance ---

    def entropy(self, count: int) -> str:
        """Bytes that look like chance, the same in every run: of the board, the boot and how much was drawn before."""
        self._fresh()
        found = b""
        while len(found) < _within(count, _HELD_BYTES):
            self._drawn += 1
            found += hashlib.sha256(b"%s %d %d" % (self._board.unique_id, self._since, self._drawn)).digest()
        return found[:count].hex()
