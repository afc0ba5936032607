"""The header of a VCD: its timescale, its signals and their scopes, and what a remark promises."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path

from ridethrough.support.errors import BadInput
from ridethrough.traces.readers.source import UTF8_MARK, Words

US_FS = 10**9
_UNITS_FS = {"s": 10**15, "ms": 10**12, "us": 10**9, "ns": 10**6, "ps": 10**3, "fs": 1}
_SEAM = b"\n#"
"""Before a time."""
_BYTES_MAX = 16 * 1024 * 1024
_WORDS_MAX = 1000
_SIGNALS_MAX = 64 * 1024
_WORD = re.compile(rb"\S+")
_TIMESCALE = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(s|ms|us|ns|ps|fs)")
_SPAN = re.compile(r"(\[-?\d+:-?\d+\])")
_WITNESS = re.compile(r"a witness, \w+: samples at most (\d{1,7}) us apart, voltages within (\d{1,6}) mV")
_OURS = re.compile(r"a sample every (\d{1,6}) mV and at (\d{1,7}(?:, ?\d{1,7})*) mV")
_PORT = re.compile(r"<\d+")
EVCD = "an extended VCD (EVCD), with strengths: export a four-state VCD, with $dumpvars in place of $dumpports"


@dataclass(frozen=True)
class Signal:
    """A `$var`. `span`: the range of a vector, such as `[7:0]`; it is no part of the name."""

    code: str
    scope: str
    name: str
    span: str
    kind: str
    bits: int

    @property
    def full(self) -> str:
        """Its name, with its scope."""
        return f"{self.scope}.{self.name}" if self.scope else self.name


class Header:
    """Reads up to where the changes begin. BadInput, in one line, for what is none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.words = Words(path, _SEAM)
        self._blocks = self.words.blocks()
        self.lines = 0
        """How many lines the block in which it ends has before the changes."""
        self.signals: list[Signal] = []
        self.scale_fs = 0
        self.complete = False
        self.zero = 0
        """What the file's clock shows at #0, in its own unit."""
        self.period_us = self.within_mv = self.resolution_mv = 0
        self.exact_mv: frozenset[int] = frozenset()
        self._block, self._at = b"", 0
        self._scopes: list[str] = []
        self._read()

    def _fail(self, problem: str) -> BadInput:
        return self.words.fail(self._block.count(b"\n", 0, self._at), problem)

    def changes(self) -> Iterator[bytes]:
        """What comes after it, in blocks of whole words."""
        return chain([self._block[self._at :]], self._blocks)

    def _each_word(self) -> Iterator[str]:
        seen = 0
        for block in self._blocks:
            self._block = block if seen else block.removeprefix(UTF8_MARK)
            for match in _WORD.finditer(self._block):
                self._at = match.end()
                yield match[0].decode("latin-1")
            seen += len(block)
            if seen > _BYTES_MAX:
                break
        raise self._fail("no $enddefinitions: is this a VCD, and is it whole?")

    def _read(self) -> None:
        words = self._each_word()
        for word in words:
            if not word.startswith("$"):
                raise self._fail(f"'{word[:20]}' in the header: is this a VCD?")
            text: list[str] = []
            for part in words:
                if part == "$end":
                    break
                if len(text) < _WORDS_MAX:
                    text.append(part)
            if word == "$enddefinitions":
                break
            self._take(word, text)
        if not self.scale_fs:
            raise BadInput(f"{self._path}: no $timescale: nobody can say how long anything took")
        ports = [signal for signal in self.signals if signal.kind == "port" and _PORT.fullmatch(signal.code)]
        if ports and len(ports) == len(self.signals):
            raise BadInput(f"{self._path}: {EVCD}")
        self.lines = self._block.count(b"\n", 0, self._at)

    def _take(self, word: str, text: list[str]) -> None:
        if word == "$timescale":
            self._timescale("".join(text))
        elif word == "$scope":
            self._scopes.append(" ".join(text[1:]))
        elif word == "$upscope" and self._scopes:
            self._scopes.pop()
        elif word == "$var":
            self._var(text)
        elif word == "$version":
            self.complete = text[:1] == ["ridethrough"]
        elif word == "$timezero" and re.fullmatch(r"-?\d{1,18}", "".join(text)):
            self.zero = int("".join(text))
        elif word == "$comment" and (match := _WITNESS.search(" ".join(text))):
            self.period_us, self.within_mv = int(match[1]), int(match[2])
        elif word == "$comment" and (match := _OURS.search(" ".join(text))):
            self.resolution_mv = int(match[1])
            self.exact_mv = frozenset(int(mv) for mv in match[2].split(","))

    def _timescale(self, text: str) -> None:
        match = _TIMESCALE.fullmatch(text.lower())
        scale_fs = Fraction(match[1]) * _UNITS_FS[match[2]] if match else Fraction(0)
        # a standard one is 1, 10 or 100 of them; others are as plain
        if not scale_fs or scale_fs.denominator > 1:
            raise self._fail(f"timescale '{text[:20]}': 1, 10 or 100 s, ms, us, ns, ps or fs expected")
        self.scale_fs = int(scale_fs)

    def _var(self, text: list[str]) -> None:
        if len(text) < 3:
            raise self._fail("a $var without type, size, id and name")
        kind, size, code, *name = text
        bits = int(size) if re.fullmatch(r"[0-9]{1,6}", size) else 1
        scope = ".".join(filter(None, self._scopes))
        self.signals.append(Signal(code, scope, *_named(name), kind, bits))
        if len(self.signals) > _SIGNALS_MAX:
            raise self._fail(f"more than {_SIGNALS_MAX} signals: write out fewer")


def _named(words: list[str]) -> tuple[str, str]:
    # The name of a signal, and its range. The index of one line of several belongs to the name: `D [3]` is D[3].
    name = ""
    for word in words:
        name += word if not name or re.fullmatch(r"\[-?\d+(:-?\d+)?\]", word) else " " + word
    # an escaped identifier is the one without the backslash, as Verilog has it
    name = name.removeprefix("\\") or name
    at = name.rfind("[")
    match = _SPAN.fullmatch(name, at) if at > 0 else None
    return (name[:at], match[1]) if match else (name, "")
