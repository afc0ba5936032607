"""A board's serial console: bytes in, lines out, and what the lines mean."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping

from ridethrough.support.patterns import line_max
from ridethrough.traces import Trace
from ridethrough.world.clock import Clock

LINES_MAX = 100_000
_LINE_MAX = 4096


class ConsolePort:
    """`rx` holds what has come in and not been read, `log` each line that went out and when. `signals`
    maps lines to trace texts (`phase`) and events; `on_line` hears every line,
    `on_phase` every phase of the update, `on_output` every byte that goes out."""

    def __init__(self, clock: Clock, trace: Trace, signals: Mapping[str, re.Pattern[str]]) -> None:
        self.rx: deque[int] = deque()
        self.log: list[tuple[int, str]] = []
        self.arrived = 0
        """How many bytes have ever gone into `rx`."""
        self.dropped: list[tuple[int, int]] = []
        """Which of them nobody will read any more: from the so many'th up to another, counted from 0."""
        self.received = 0
        """Grows with every change of `rx` that its reader has not made by taking from it directly."""
        self.on_output: Callable[[bytes], None] = lambda data: None
        self.interrupt_char = -1
        self.announced = "commanded"
        """The kind of reset that the firmware has announced for this boot."""
        self.on_line: Callable[[str], None] = lambda line: None
        self.on_phase: Callable[[str], None] = lambda phase: None
        self._clock = clock
        self._trace = trace
        self._signals = {name: (pattern, line_max(pattern)) for name, pattern in signals.items()}
        self._line = ""
        self._lost = ""
        self.lost: list[tuple[int, str]] = []
        """Lines that nobody could hear, and when."""

    def reset(self) -> None:
        """As the chip's reset leaves it."""
        self._drop()
        self._line = self._lost = ""
        self.interrupt_char = -1
        self.announced = "commanded"

    def receive(self, data: bytes) -> bool:
        """Takes bytes in; True if one of them interrupts the program, which also drops what came before."""
        interrupted = False
        self.received += 1
        for byte in data:
            if byte == self.interrupt_char:
                interrupted = True
                self._drop()
            else:
                self.rx.append(byte)
                self.arrived += 1
        return interrupted

    def _drop(self) -> None:
        if self.rx:
            self.dropped.append((self.arrived - len(self.rx), self.arrived))
            self.rx.clear()

    def take(self) -> int:
        """The next byte of `rx`."""
        self.received += 1
        return self.rx.popleft()

    def write(self, text: str) -> None:
        """What the firmware prints; what is no text of Unicode is escaped, a line ends with CR LF."""
        self.write_bytes(text.encode("utf-8", "backslashreplace").replace(b"\n", b"\r\n"))

    def lose(self, text: str) -> None:
        """What the firmware prints while the console is not there."""
        *lines, self._lost = (self._lost + text).split("\n")
        self._lost = self._lost[-_LINE_MAX:]
        self.lost += [(self._clock.now_us, line.rstrip("\r")) for line in lines][: LINES_MAX - len(self.lost)]

    def write_bytes(self, data: bytes) -> None:
        """What goes out, byte for byte."""
        self.on_output(data)
        text = data.decode("utf-8", "backslashreplace")
        *lines, self._line = (self._line + text).split("\n")
        self._line = self._line[-_LINE_MAX:]
        for line in lines:
            self._say(line.rstrip("\r"))

    def _say(self, line: str) -> None:
        now = self._clock.now_us
        if len(self.log) < LINES_MAX:
            self.log.append((now, line))
        for name, (pattern, longest) in self._signals.items():
            match = pattern.fullmatch(line) if len(line) <= longest else None
            if match is None:
                continue
            # a group of a board's own pattern that may be missing says nothing
            self.signal(name, match.groupdict(""))
        self.on_line(line)

    def signal(self, name: str, data: dict[str, str]) -> None:
        """The board has said `name`, on the console or with a pin."""
        now = self._clock.now_us
        if name == "phase":
            self._trace.set_text("phase", now, data["phase"])
            self.on_phase(data["phase"])
        else:
            self._trace.add_event(now, name, **data)
        if name == "shutdown":
            self.announced = data.get("kind", "commanded")
