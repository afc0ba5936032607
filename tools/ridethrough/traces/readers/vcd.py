"""VCD: any timescale; wires, vectors, integers, reals, strings and events; x and z are not known."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from pathlib import Path

from ridethrough.support.errors import BadInput
from ridethrough.traces.readers.source import CHANNELS_MAX, TIME_US_MAX, Channel, Lines, Sink, Source, Take, Value

_UNITS_FS = {"s": 10**15, "ms": 10**12, "us": 10**9, "ns": 10**6, "ps": 10**3, "fs": 1}
_US_FS = 10**9
_HEADER_BYTES_MAX = 16 * 1024 * 1024
_HEADER_WORDS_MAX = 1000
_KNOWN_MAX, _KNOWN_BYTES = 100_000, 64
_WITNESS = re.compile(r"a witness, \w+: samples at most (\d{1,7}) us apart, voltages within (\d{1,6}) mV")
_OURS = re.compile(r"a sample every (\d+) mV and at ([\d, ]+) mV")


class VcdSource(Source):
    """Channels go by their own name, or with their scope where two have the same."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines = Lines(path)
        self._blocks = self._lines.blocks()
        self._ids: dict[str, str] = {}
        self._scale_fs = 0
        self._block: list[bytes] = []
        """The block in which the header ends, and where."""
        self._body_at = 0
        self._read_header()

    def _words(self) -> Iterator[str]:
        seen = 0
        for block in self._blocks:
            self._block = block
            seen += sum(map(len, block))
            for i, line in enumerate(block):
                self._body_at = i
                yield from line.decode("latin-1").split()
            if seen > _HEADER_BYTES_MAX:
                break
        raise self._fail("no $enddefinitions: is this a VCD, and is it whole?")

    def _fail(self, problem: str) -> BadInput:
        return self._lines.fail(self._body_at, problem)

    def _read_header(self) -> None:
        words = self._words()
        scopes: list[str] = []
        found: list[tuple[str, str, str, str, int]] = []
        for word in words:
            if not word.startswith("$"):
                raise self._fail(f"'{word[:20]}' in the header: is this a VCD?")
            text: list[str] = []
            for part in words:
                if part == "$end":
                    break
                if len(text) < _HEADER_WORDS_MAX:
                    text.append(part)
            if word == "$enddefinitions":
                break
            if word == "$timescale":
                self._timescale("".join(text))
            elif word == "$scope":
                scopes.append(text[1] if len(text) > 1 else "")
            elif word == "$upscope" and scopes:
                scopes.pop()
            elif word == "$var":
                if len(text) < 4:
                    raise self._fail("a $var without type, size, id and name")
                bits = int(text[1]) if text[1].isdecimal() and len(text[1]) < 7 else 1
                found.append((text[2], ".".join(scopes), _named("".join(text[3:5])), text[0], bits))
            elif word == "$version":
                self.complete = text[:1] == ["ridethrough"]
            elif word == "$comment" and (match := _WITNESS.search(" ".join(text))):
                self.period_us, self.within_mv = int(match[1]), int(match[2])
            elif word == "$comment" and (match := _OURS.search(" ".join(text))):
                self.resolution_mv = int(match[1])
                self.exact_mv = frozenset(int(mv) for mv in match[2].split(","))
            if len(found) > CHANNELS_MAX:
                raise self._fail(f"more than {CHANNELS_MAX} signals: write out fewer")
        if not self._scale_fs:
            raise BadInput(f"{self.path}: no $timescale: nobody can say how long anything took")
        self._name(found)

    def _timescale(self, text: str) -> None:
        match = re.fullmatch(r"(1|10|100)\s*(s|ms|us|ns|ps|fs)", text)
        if match is None:
            raise self._fail(f"timescale '{text[:20]}': 1, 10 or 100 s, ms, us, ns, ps or fs expected")
        self._scale_fs = int(match[1]) * _UNITS_FS[match[2]]
        if self._scale_fs > _US_FS:
            self.period_us = max(self.period_us, self._scale_fs // _US_FS)

    def _name(self, found: list[tuple[str, str, str, str, int]]) -> None:
        # our own events and their details have scopes of their own
        names = Counter(name for _, scope, name, _, _ in found if not self._mark(scope))
        self.channels = {}
        codes: dict[str, str] = {}
        for code, scope, name, kind, bits in found:
            full = f"{scope}.{name}" if scope and (names[name] > 1 or self._mark(scope)) else name
            if codes.setdefault(full, code) != code:
                raise BadInput(f"{self.path}: two signals are called '{full}': write them out under different names")
            if kind == "string":
                channel = Channel(full, what="text")
            elif kind == "event":
                channel = Channel(full, what="event")
            elif kind in ("real", "realtime", "integer") or (name.endswith("_mv") and bits > 1):
                channel = Channel(
                    full, unit_mv=1.0 if name.endswith("mv") or kind == "integer" else 1000.0, what="voltage"
                )
            else:
                channel = Channel(full)
            self.channels[full] = channel
            self._ids.setdefault(code, full)

    def _mark(self, scope: str) -> bool:
        return self.complete and scope.endswith((".events", ".details"))

    def feed(self, sinks: Mapping[str, Sink], progress: Callable[[int], None]) -> None:
        ids = {
            code.encode("latin-1"): (sinks[name].take if name in sinks else _ignored)
            for code, name in self._ids.items()
        }
        now, ticks, comment = 0, 0, False
        # most lines have been seen before: what they say is looked up, not read again
        known: dict[bytes, tuple[Take, Value]] = {}
        scale_fs = self._scale_fs
        first = self._body_at + 1
        for block in chain([self._block], self._blocks):
            progress(self._lines.bytes_read())
            for line in block[first:] if first else block:
                seen = known.get(line)
                if seen is not None and not comment:
                    seen[0](now, seen[1])
                elif line[:1] == b"#" and not comment:
                    try:
                        new, changes = int(line[1:]), b""
                    except ValueError:
                        # some writers put the changes behind the time
                        stamp, _, changes = line[1:].partition(b" ")
                        new = int(stamp) if stamp.isdigit() and len(stamp) < 30 else -1
                    if new < ticks:
                        problem = f"time goes backwards, from {ticks} to {new}" if new >= 0 else "that is no time"
                        raise self._wrong(block, line, f"'{_shown(line)}': {problem}; is the file cut short?")
                    ticks = new
                    now = new if scale_fs == _US_FS else new * scale_fs // _US_FS
                    if now > TIME_US_MAX:
                        problem = f"{now // 10**6} s is more than 400 days: is the timescale right?"
                        raise self._wrong(block, line, problem)
                    if changes:
                        for sink, value in self._said(block, changes, ids):
                            sink(now, value)
                elif comment or line.startswith(b"$comment"):
                    comment = b"$end" not in line
                elif line:
                    told_now = self._said(block, line, ids)
                    for sink, value in told_now:
                        sink(now, value)
                    if len(told_now) == 1 and len(known) < _KNOWN_MAX and len(line) <= _KNOWN_BYTES:
                        known[line] = told_now[0]
            first = 0
        self.end_us = max(now, 1)

    def _wrong(self, block: list[bytes], line: bytes, problem: str) -> BadInput:
        # the last such line that may be it: only for the message
        return self._lines.fail(block.index(line) if line in block else 0, problem)

    def _said(self, block: list[bytes], line: bytes, ids: Mapping[bytes, Take]) -> list[tuple[Take, Value]]:
        # What a line says: mostly one change, sometimes several.
        if line[:1] in _SCALARS and line[1:] in ids:
            return [(ids[line[1:]], _SCALARS[line[:1]])]
        found: list[tuple[Take, Value]] = []
        words = iter(line.split())
        for word in words:
            first = word[:1]
            if first in b"bBrRsS":
                code = next(words, None)
                if code is None:
                    problem = f"'{_shown(line)}': a value without its signal; is the file cut short?"
                    raise self._wrong(block, line, problem)
                if code in ids:
                    found.append((ids[code], self._value(block, line, word)))
            elif first in _SCALARS and len(word) > 1:
                if word[1:] in ids:
                    found.append((ids[word[1:]], _SCALARS[first]))
            elif first != b"$":
                raise self._wrong(block, line, f"'{_shown(line)}' is no change of a signal; is the file cut short?")
        return found

    def _value(self, block: list[bytes], line: bytes, word: bytes) -> Value:
        kind, text = word[:1], word[1:]
        try:
            if kind in b"bB":
                if len(text) > 64:
                    raise ValueError
                return float(int(text, 2))
            if kind in b"sS":
                return text.decode("latin-1")
            value = float(text)
            return value if abs(value) < 1e12 else None
        except ValueError:
            if kind in b"bB" and set(text.lower()) & set(b"xz"):
                return None
            raise self._wrong(block, line, f"'{_shown(word)}' is no value") from None


def _named(text: str) -> str:
    # the range of a vector says nothing; the index of one line of several does
    name, _, index = text.partition("[")
    return text if re.fullmatch(r"\d+\]", index) else name


def _ignored(t_us: int, value: Value) -> None:
    """A signal that nobody asked for."""


_SCALARS: dict[bytes, Value] = {b"0": 0.0, b"1": 1.0, b"x": None, b"X": None, b"z": None, b"Z": None}


def _shown(line: bytes) -> str:
    return line.strip()[:30].decode("latin-1")
