"""A board's serial port: USB, or a virtual board's link. What goes wrong with one gets one line."""

from __future__ import annotations

import contextlib
import io
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import serial
from serial.tools import list_ports

from ridethrough.headend.client import HELLO_TIMEOUT_US, NoAnswer, Operation, Request, ask, words
from ridethrough.support.errors import BadInput, Param

GONE: tuple[type[Exception], ...] = (OSError,)
"""What a port raises whose other end is gone."""
try:
    import termios

    GONE += (termios.error,)  # no OSError
except ImportError:
    pass

BAUD = 115_200
_READ_S = 0.05
_QUIET_S = 0.3
_AWAY_S = 30.0
"""How long a port may be away while its board resets."""
_LINE_BYTES_MAX = 8192


_NO_ADDRESS = (ValueError, TypeError, LookupError, re.error)
"""What pyserial raises for a name that it cannot read; its handlers of addresses (`loop://`) let much through."""


class LinkLost(BadInput):
    """The port went away, and did not come back in time."""


def open_port(name: str, param: str = "port") -> serial.Serial:
    """Opens it for us alone; BadInput if that cannot be."""
    try:
        return serial.serial_for_url(name, baudrate=BAUD, timeout=_READ_S, write_timeout=10, exclusive=True)
    except _NO_ADDRESS as e:
        raise BadInput(Param(param, name), f": no address of a port: {e}") from e
    except GONE as e:
        raise BadInput(Param(param, name), why_not(name, str(e))) from e


def why_not(name: str, error: str) -> str:
    """Why a port cannot be opened: what follows its name."""
    if "://" not in name and not Path(name).exists():
        there = ", ".join(sorted(p.device for p in list_ports.comports() if p.vid is not None))
        return ": no such port; " + (f"there are: {there}" if there else "no USB serial port is connected")
    if "lock" in error or "busy" in error.lower() or "[Errno 11]" in error:
        return ": busy: another program has it open (a terminal, mpremote?)"
    if "ermission" in error:
        return ": permission denied (on Linux: is your user in the group dialout?)"
    return f": cannot be opened: {error.splitlines()[0]}"


class ConsoleLink:
    """The line console on a port. `on_line(line)` hears every line that is no answer. A port that goes away,
    as a USB board's does at a reset, is opened again. `param` is its name in complaints."""

    def __init__(self, name: str, on_line: Callable[[str], None] = lambda line: None, param: str = "port") -> None:
        self._name = name
        self._called = Param(param, name)
        self._on_line = on_line
        self._serial = open_port(name, param)
        self._buffer = bytearray()
        self.went_away = 0
        """How often the port was away."""

    def begin(self) -> None:
        """Ends the line that somebody before may have left half typed, and forgets what is said to it."""
        self.say("")
        for line in self.lines(_QUIET_S):
            self._on_line(line)

    def __enter__(self) -> ConsoleLink:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        # whatever a dead port says of it: who closes it has something to say already
        with contextlib.suppress(*GONE):
            self._serial.close()

    def say(self, line: str) -> None:
        """A line to the board."""
        self._write(line.encode() + b"\n")

    def perform(self, operation: Operation) -> str:
        """Works through an operation of the console client. BadInput if nobody answers; Refused as it is
        raised; LinkLost."""
        answer: str | None = None
        first = True
        while True:
            try:
                request = operation.send(None if first else answer)
            except StopIteration as done:
                return str(done.value)
            except NoAnswer as e:
                raise BadInput(self._called, f": no answer to '{str(e)[:40]}'{self._prompt()}") from e
            first = False
            answer = self._exchange(request)

    def hello(self) -> dict[str, str]:
        """What the board says of itself; raises as `perform` does."""
        return words(self.perform(ask("hello", timeout_us=HELLO_TIMEOUT_US)))

    def _prompt(self) -> str:
        if b">>> " in self._buffer or b"raw REPL" in self._buffer:
            again = f"mpremote connect {self._name} reset"
            return f": the board is at its MicroPython prompt ({again} starts the firmware again)"
        return ": is a board with the Ridethrough firmware there, and running?"

    def _exchange(self, request: Request) -> str | None:
        if request.line:
            self.say(request.line)
        for line in self.lines(request.timeout_us / 1e6):
            if line.startswith(("OK ", "ERR ")) or line == "OK":
                if request.line:
                    return line
            else:
                self._on_line(line)
                if line.startswith("* outcome "):
                    # told after a reset over our question, or just before its answer
                    late = (more for more in self.lines(_QUIET_S) if more.startswith(("OK ", "ERR ")))
                    return next(late, None)
        return None

    def lines(self, within_s: float) -> Iterator[str]:
        """Lines as they come, for `within_s` seconds."""
        ends = time.monotonic() + within_s
        while time.monotonic() < ends:
            *lines, rest = self._buffer.split(b"\n")
            self._buffer = bytearray(rest[-_LINE_BYTES_MAX:])
            for i, line in enumerate(lines):
                text = line.decode("utf-8", "replace").strip("\r")
                # what is not taken now stays for the next question
                self._buffer = bytearray(b"\n".join([*lines[i + 1 :], rest]))
                yield text
            self._read()

    def _read(self) -> None:
        try:
            self._buffer += self._serial.read(max(1, self._serial.in_waiting))
        except GONE:
            self._open_again()

    def _write(self, data: bytes) -> None:
        try:
            self._serial.write(data)
        except GONE:
            self._open_again()

    def _open_again(self) -> None:
        self.close()
        ends = time.monotonic() + _AWAY_S
        while True:
            try:
                self._serial = open_port(self._name)
                self.went_away += 1
                return
            except BadInput as e:
                if time.monotonic() > ends:
                    raise LinkLost(self._called, f": the board went away and did not come back: {e}") from e
            time.sleep(0.2)


@contextlib.contextmanager
def silent() -> Iterator[None]:
    """Mpremote prints what it did not expect; we say it in our own words."""
    with contextlib.redirect_stdout(io.StringIO()):
        yield
