"""The changes of a VCD: words between times, each handed to whom it concerns.

A file is mostly what it said before: between two times stand the same words again and again. So a block is cut up at
its times, what stands between two is looked up as a whole, and each channel gets its changes of the block at once.
Whatever is not so plain (remarks, several times on a line, a value and its signal on two lines) is read word by word.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from operator import length_hint, lt
from typing import Any, cast

from ridethrough.traces.readers import fast
from ridethrough.traces.readers.source import TIME_US_MAX, Take, Value
from ridethrough.traces.readers.vcd_header import EVCD, US_FS, Header
from ridethrough.traces.readers.vcd_values import LONGER, SCALARS, Said, shown, wrong

_KNOWN_MAX, _KNOWN_BYTES = 100_000, 64
_DIGITS_MAX = 30
_TIMES = re.compile(rb"\n#([0-9]++)\s").split
"""Of a block: what stands before the first time, that time, what stands behind it, the next time..."""
_FRACTION = re.compile(rb"\d{1,30}\.\d{1,30}")
_SEVERAL = 64
"""From so many times on NumPy is worth its while."""
_STAMP = re.compile(rb"#\d+")
_WORD = re.compile(rb"\S+")
_STRING_WITH_BLANKS = re.compile(rb"^[sS]\S*[ \t]+\S+[ \t]+\S.*$", re.MULTILINE)
_EVCD = re.compile(rb"p[DUNZduLHXTlh01?FAaBbCcf]+|\$dumpports\w*|\$vcdclose")
_SECTIONS = (b"$end", b"$dumpvars", b"$dumpall", b"$dumpon", b"$dumpoff")
_HASH = ord("#")
_Change = tuple[int, Value]
"""Of which channel, by its place, and what."""
_Row = tuple[Any, ...]
"""What the words between two times say: of each channel that is told in bulk a value, or _NOTHING; then the changes of
the others, in their order. Without them if there are none, and nothing is _NOTHING."""
_NOTHING = object()
_NONE: array[int] = array("q")


@dataclass(frozen=True)
class Asked:
    """A channel that somebody wants to know of: the code of its signal, what a change says, and who is told. Those
    without `several` are told one change after the other, in the order of the file."""

    code: bytes
    said: Said
    take: Take
    several: Callable[[Sequence[int], Sequence[Value]], None] | None = None


class _Wrong(Exception):
    """At which byte of a block, and what."""

    def __init__(self, at: int, problem: str) -> None:
        super().__init__(problem)
        self.at, self.problem = at, problem


class Body:
    """`codes`: those of every signal. `strings`: there may be texts with blanks in them."""

    def __init__(self, asked: Iterable[Asked], codes: Iterable[bytes], scale_fs: int, strings: bool) -> None:
        order = sorted(asked, key=lambda one: one.several is None)
        self._takes = [one.take for one in order]
        self._several = [one.several for one in order if one.several]
        self._codes: dict[bytes, list[tuple[int, Said]]] = {code: [] for code in codes}
        for i, one in enumerate(order):
            self._codes[one.code].append((i, one.said))
        self._scale_fs = scale_fs
        self._strings = strings
        self._ticks: int | Fraction = 0
        self.now_us = 0
        """The time that was read last."""
        self._open = b""
        """A value whose signal is still to come."""
        self._in_remark = False
        self._words: dict[bytes, list[_Change]] = {}
        """What words say that have been seen before."""
        self._no_change: list[object] = [_NOTHING] * len(self._several)
        self._rows: dict[bytes, _Row] = {b"": (*self._no_change, ())}
        """The same for everything between two times."""

    def read(self, header: Header, progress: Callable[[int], None]) -> None:
        """Reads what comes after the header."""
        file, lines, block = header.words, header.lines, b""
        for block in header.changes():
            progress(file.bytes_read())
            if self._strings:
                block = _STRING_WITH_BLANKS.sub(self._string, block)
            if self._open or self._in_remark or not self._at_once(block):
                try:
                    self._walk(block)
                except _Wrong as e:
                    raise file.fail(lines + block.count(b"\n", 0, e.at), e.problem) from None
            lines = 0
        if self._open or self._in_remark:
            what = f"'{shown(self._open)}': a value without its signal" if self._open else "a remark without its $end"
            raise file.fail(block.rstrip().count(b"\n"), f"{what}; is the file cut short?")

    def _at_once(self, block: bytes) -> bool:
        # False, and nothing done, if some of it has to be read word by word
        pieces = _TIMES(block)
        texts = pieces[2::2]
        first, last, at_us = self._moments(pieces[1::2])
        if not at_us or first < self._ticks:
            return False
        if pieces[0].strip():
            if at_us[0] <= self.now_us:
                return False
            at_us.insert(0, self.now_us)
            texts.insert(0, pieces[0])
        rows = list(map(self._rows.get, texts))
        if not all(rows):
            for i, row in enumerate(rows):
                if row is None:
                    rows[i] = row = self._row(texts[i])
                if row is None:
                    return False
        self._ticks, self.now_us = last, at_us[-1]
        self._hand_over(at_us, cast(list[_Row], rows))
        return True

    def _moments(self, times: Sequence[bytes]) -> tuple[int, int, array[int]]:
        # the first tick, the last, and each moment in us; none if they do not rise, or are too large
        if len(times) >= _SEVERAL and fast.NUMPY:
            return fast.moments(times, self._scale_fs, US_FS, TIME_US_MAX)
        try:
            ticks = list(map(int, times))
        except ValueError:
            return 0, 0, _NONE
        at_us = ticks if self._scale_fs == US_FS else [t * self._scale_fs // US_FS for t in ticks]
        if not ticks or at_us[-1] > TIME_US_MAX or not all(map(lt, at_us, at_us[1:])):
            return 0, 0, _NONE
        return ticks[0], ticks[-1], array("q", at_us)

    def _hand_over(self, at_us: array[int], rows: list[_Row]) -> None:
        width = len(self._several)
        try:
            columns = list(zip(*rows, strict=True))
        except ValueError:
            columns = list(zip(*(row if len(row) > width else (*row, ()) for row in rows), strict=True))
        others = columns.pop() if len(columns) > width else ()
        for several, values in zip(self._several, columns, strict=True):
            if not others or _NOTHING not in values:
                several(at_us, values)
            elif told := [change for change in zip(at_us, values, strict=True) if change[1] is not _NOTHING]:
                several(*zip(*told, strict=True))
        for t_us, changes in zip(at_us, others, strict=True) if any(others) else ():
            for i, value in changes:
                self._takes[i](t_us, value)

    def _row(self, text: bytes) -> _Row | None:
        # None unless it is whole, right, and says of each channel one thing only
        try:
            changes = self._changes(iter(text.split()), alone=True)
        except ValueError:
            changes = None
        if changes is None or self._open or self._in_remark:
            self._open, self._in_remark = b"", False
            return None
        row, others = self._no_change.copy(), []
        for i, value in changes:
            if i >= len(row):
                others.append((i, value))
            elif row[i] is not _NOTHING:
                return None
            else:
                row[i] = value
        found = (*row, tuple(others)) if others or not row or _NOTHING in row else tuple(row)
        if len(text) <= _KNOWN_BYTES and len(self._rows) < _KNOWN_MAX:
            self._rows[text] = found
        return found

    def _walk(self, block: bytes) -> None:
        words = block.split()
        ahead = [self._open] if self._open else []
        self._open = b""
        left = iter(ahead + words)
        try:
            self._tell(self._changes(left, alone=False) or [])
        except ValueError as e:
            nth = max(0, len(words) - length_hint(left) - 1)
            raise _Wrong(next(islice(_WORD.finditer(block), nth, None)).start(), str(e)) from None

    def _changes(self, words: Iterator[bytes], alone: bool) -> list[_Change] | None:
        # Those after the last time, the others are told. `alone`: None if there is a time. ValueError, with what is
        # wrong with the word that was taken last.
        changes: list[_Change] = []
        if self._in_remark:
            self._pass_over(words)
        known, codes = self._words.get, self._codes.get
        for word in words:
            seen = known(word)
            if seen is not None:
                changes += seen
                continue
            kind = word[0]
            if kind == _HASH:
                if alone:
                    return None
                self._tell(changes)
                changes = []
                self._time(word)
            elif kind in LONGER:
                code = next(words, b"")
                if not code:
                    self._open = word
                elif asked := codes(code):
                    for i, said in asked:
                        changes.append((i, said(word)))
                elif asked is None:
                    _check_code(word, code)
            else:
                changes += self._scalar(word, words) if kind in SCALARS else self._keyword(word, words)
        return changes

    def _tell(self, changes: list[_Change]) -> None:
        for i, value in changes:
            self._takes[i](self.now_us, value)

    def _scalar(self, word: bytes, words: Iterator[bytes]) -> list[_Change]:
        # some writers put a blank behind the value
        code = word[1:] or next(words, b"")
        if not code:
            self._open = word
            return []
        asked = self._codes.get(code)
        if asked is None:
            _check_code(word, code)
            if len(word) == 1:
                raise _no_change(word)
        found = [(i, said(word[:1])) for i, said in asked or ()]
        if 1 < len(word) <= _KNOWN_BYTES and len(self._words) < _KNOWN_MAX:
            self._words[word] = found
        return found

    def _keyword(self, word: bytes, words: Iterator[bytes]) -> list[_Change]:
        if _EVCD.fullmatch(word):
            raise ValueError(EVCD)
        if word[:1] != b"$":
            raise _no_change(word)
        if word not in _SECTIONS:
            self._pass_over(words)
        return []

    def _pass_over(self, words: Iterator[bytes]) -> None:
        self._in_remark = b"$end" not in words

    def _time(self, word: bytes) -> None:
        said = word[1:]
        new: int | Fraction = -1
        if said.isdigit() and len(said) < _DIGITS_MAX:
            new = int(said)
        elif _FRACTION.fullmatch(said):
            new = Fraction(said.decode())
        if new < self._ticks:
            problem = f"time goes backwards, from {self._ticks} to {new}" if new >= 0 else "that is no time"
            raise ValueError(f"'{shown(word)}': {problem}; is the file cut short?")
        now_us = int(new * self._scale_fs // US_FS)
        if now_us > TIME_US_MAX:
            raise ValueError(f"{now_us // 10**6} s is more than 400 days: is the timescale right?")
        self._ticks, self.now_us = new, now_us

    def _string(self, match: re.Match[bytes]) -> bytes:
        # A line that is several changes, or one text with blanks as they are? The latter, if it cannot be the former.
        line = match[0]
        words = line.split()
        if b"$end" in words or words[-1] not in self._codes or self._are_changes(iter(words)):
            return line
        return b"\\040".join(words[:-1]) + b" " + words[-1]

    def _are_changes(self, words: Iterator[bytes]) -> bool:
        for word in words:
            code = next(words, b"") if word[0] in LONGER else word[1:] if word[0] in SCALARS else b""
            if code not in self._codes and not _STAMP.fullmatch(word):
                return False
        return True


def _check_code(word: bytes, code: bytes) -> None:
    # a signal that the header does not have is nobody's; but is it one?
    if _STAMP.fullmatch(code) and code != word[1:]:
        raise ValueError(f"'{shown(word)}': a value without its signal; is the file cut short?")
    if not (code.isascii() and code.decode("ascii").isprintable()):
        raise _no_change(word)


def _no_change(word: bytes) -> ValueError:
    return wrong(word, "is no change of a signal; is the file cut short?")
