"""VCD: any timescale; wires, vectors, integers, reals, strings and events; x and z are not known."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path

from ridethrough.errors import BadInput
from ridethrough.traces.readers.source import CHANNELS_MAX, Change, Channel, Lines, Source, Value

_UNITS_FS = {"s": 10**15, "ms": 10**12, "us": 10**9, "ns": 10**6, "ps": 10**3, "fs": 1}
_US_FS = 10**9
_HEADER_LINES_MAX = 100_000
_TIME_US_MAX = 400 * 24 * 3600 * 10**6
_OURS = re.compile(r"a sample every (\d+) mV and at ([\d, ]+) mV")


class VcdSource(Source):
    """Channels go by their own name, or with their scope where two have the same."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines = Lines(path)
        self._body = iter(self._lines)
        self._ids: dict[str, str] = {}
        self._scale_fs = 0
        self._read_header()

    def bytes_read(self) -> int:
        return self._lines.bytes_read()

    def _words(self) -> Iterator[str]:
        for line in self._body:
            yield from line.decode("latin-1").split()
            if self._lines.number > _HEADER_LINES_MAX:
                break
        raise self._lines.fail("no $enddefinitions: is this a VCD, and is it whole?")

    def _read_header(self) -> None:
        words = self._words()
        scopes: list[str] = []
        found: list[tuple[str, str, str, str]] = []
        for word in words:
            if not word.startswith("$"):
                raise self._lines.fail(f"'{word[:20]}' in the header: is this a VCD?")
            text = []
            for part in words:
                if part == "$end":
                    break
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
                    raise self._lines.fail("a $var without type, size, id and name")
                found.append((text[2], ".".join(scopes), text[3].partition("[")[0], text[0]))
            elif word == "$version":
                self.complete = text[:1] == ["ridethrough"]
            elif word == "$comment" and (match := _OURS.search(" ".join(text))):
                self.resolution_mv = int(match[1])
                self.exact_mv = frozenset(int(mv) for mv in match[2].split(","))
            if len(found) > CHANNELS_MAX:
                raise self._lines.fail(f"more than {CHANNELS_MAX} signals: write out fewer")
        if not self._scale_fs:
            raise BadInput(f"{self.path}: no $timescale: nobody can say how long anything took")
        self._name(found)

    def _timescale(self, text: str) -> None:
        match = re.fullmatch(r"(1|10|100)\s*(s|ms|us|ns|ps|fs)", text)
        if match is None:
            raise self._lines.fail(f"timescale '{text[:20]}': 1, 10 or 100 s, ms, us, ns, ps or fs expected")
        self._scale_fs = int(match[1]) * _UNITS_FS[match[2]]
        self.period_us = self._scale_fs // _US_FS if self._scale_fs > _US_FS else 0

    def _name(self, found: list[tuple[str, str, str, str]]) -> None:
        # our own events and their details have scopes of their own
        names = [name for _, scope, name, _ in found if not self._mark(scope)]
        self.channels = {}
        for code, scope, name, kind in found:
            full = f"{scope}.{name}" if scope and (names.count(name) > 1 or self._mark(scope)) else name
            if kind == "string":
                channel = Channel(full, what="text")
            elif kind == "event":
                channel = Channel(full, what="event")
            elif kind in ("real", "realtime", "integer") or name.endswith("_mv"):
                channel = Channel(
                    full, unit_mv=1.0 if name.endswith("mv") or kind == "integer" else 1000.0, what="voltage"
                )
            else:
                channel = Channel(full)
            self.channels[full] = channel
            self._ids.setdefault(code, full)

    def _mark(self, scope: str) -> bool:
        return self.complete and scope.endswith((".events", ".details"))

    def changes(self, wanted: Collection[str]) -> Iterator[Change]:
        ids = {code.encode("latin-1"): name for code, name in self._ids.items() if name in wanted}
        scale_fs, now = self._scale_fs, 0
        in_comment = False
        last = -1
        for line in self._body:
            first = line[:1]
            if first == b"#":
                try:
                    ticks = int(line[1:])
                except ValueError:
                    raise self._lines.fail(f"'{_shown(line)}' is no time; is the file cut short?") from None
                if ticks < last:
                    raise self._lines.fail(f"time goes backwards, from {last} to {ticks}")
                last = ticks
                now = ticks * scale_fs // _US_FS
                continue
            if in_comment:
                in_comment = b"$end" not in line
                continue
            if first in b"01xXzZ" and b" " not in line:
                name = ids.get(line[1:].strip())
                if name is not None:
                    yield now, name, 1.0 if first == b"1" else 0.0 if first == b"0" else None
                continue
            if first in b"$\r\n":
                in_comment = line.startswith(b"$comment") and b"$end" not in line
                continue
            yield from self._other(line, ids, now)
        if now > _TIME_US_MAX:
            raise BadInput(f"{self.path}: it ends after {now // 10**6} s, more than 400 days: is the timescale right?")
        self.end_us = max(now, 1)

    def _other(self, line: bytes, ids: dict[bytes, str], now: int) -> Iterator[Change]:
        # vectors, reals, strings: a value and an id; or several scalars on one line
        words = iter(line.split())
        for word in words:
            first = word[:1]
            if first in b"bBrRsS":
                code = next(words, None)
                if code is None:
                    raise self._lines.fail(f"'{_shown(line)}': a value without its signal; is the file cut short?")
                if code in ids:
                    yield now, ids[code], self._value(word)
            elif first in b"01xXzZ" and len(word) > 1:
                if word[1:] in ids:
                    yield now, ids[word[1:]], 1.0 if first == b"1" else 0.0 if first == b"0" else None
            elif first != b"$":
                raise self._lines.fail(f"'{_shown(line)}' is no change of a signal; is the file cut short?")

    def _value(self, word: bytes) -> Value:
        kind, text = word[:1].lower(), word[1:].decode("latin-1")
        if kind == b"s":
            return text
        try:
            if kind == b"r":
                value = float(text)
                return value if abs(value) < 1e12 else None
            if len(text) > 64:
                raise ValueError
            return float(int(text, 2)) if not set(text.lower()) & {"x", "z"} else None
        except ValueError:
            raise self._lines.fail(f"'{word[:30].decode('latin-1')}' is no value") from None


def _shown(line: bytes) -> str:
    return line.strip()[:30].decode("latin-1")
