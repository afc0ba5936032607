"""Looking into firmware as it runs: its calls to the hardware in a file, and a stop at a line of its own."""

from __future__ import annotations

import re
from pathlib import Path
from types import TracebackType
from typing import TextIO

from ridethrough.guests.cpython import CPythonGuest
from ridethrough.support.errors import BadInput
from ridethrough.world.calls import Call

_CALLS_MAX = 1_000_000
_BREAK = re.compile(r"/?(.+\.py):(\d{1,6})")


class CallFile:
    """Writes calls a line each, those that follow each other and are alike as one. Nothing without a path."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._out: TextIO | None = None
        self._last, self._first_us, self._times, self._count = "", 0, 0, 0

    def __enter__(self) -> CallFile:
        if self._path:
            self._out = self._path.open("w", encoding="utf-8")
        return self

    def __exit__(self, kind: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None) -> None:
        self._flush()
        if self._out:
            self._out.close()

    def hear(self, call: Call) -> None:
        """One call."""
        given = ", ".join("..." if callable(a) else repr(a) for a in call.arguments)
        text = f"{call.name}({given})" + ("" if call.gave is None else f" -> {call.gave!r}")
        # moments differ from call to call, what they are asked for does not
        alike = text.partition(" -> ")[0] if call.name.startswith("ticks") or call.name == "unix_time" else text
        if alike != self._last:
            self._flush()
            self._last, self._text, self._first_us, self._times = alike, text, call.t_us, 0
        self._times += 1

    def _flush(self) -> None:
        if self._times and self._out and self._count <= _CALLS_MAX:
            self._count += 1
            times = f"   {self._times} times" if self._times > 1 else ""
            full = self._count > _CALLS_MAX
            line = f"... more than {_CALLS_MAX} lines: a shorter run, please" if full else self._text + times
            self._out.write(f"{self._first_us / 1e6:14.6f} s  {line}\n")
        self._times = 0


def stopping(breaks: list[str]) -> CPythonGuest:
    """A guest that stops at these places, `FILE:LINE` of the firmware, and hands over to pdb."""
    places = []
    for text in breaks:
        match = _BREAK.fullmatch(text)
        if match is None:
            raise BadInput(f"--break '{text}': a file of the firmware and a line expected, such as main.py:12")
        places.append((match[1], int(match[2])))
    return CPythonGuest(frozenset(places))
