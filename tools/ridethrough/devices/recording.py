"""What a witness says, line by line (docs/witness.md), and the capture that becomes of it.

Nothing is made up: where a line is missing, where edges were lost or samples far apart, the signal is not known.
"""

from __future__ import annotations

import binascii
import io
import re
from dataclasses import dataclass, field
from pathlib import Path

from vcd import VCDWriter

from ridethrough.errors import BadInput
from ridethrough.version import VERSION
from ridethrough.whole import write_whole

SPEAKS = 1
"""The version of the witness's lines."""
APART_US_MAX = 5_000
"""Between samples further apart nobody knows what the rail did."""
WITHIN_MV = 400
"""How far a reading may be off [assumed]: 1 % resistors, 1 % of the ADC at 12 V, and the 100 mV by which the rail may
move unsaid."""
CHANGES_MAX = 2_000_000
_LATE_US = 1_000_000
"""An edge is said at most so much later than what is said before it; and no line in less than _LINE_US."""
_LINE_US = 50
_WRAP = 2**30
_COUNTS = 2**16
_LINE = re.compile(r"(([hvan.]) (\d{1,5}) (\d{1,10})((?: [0-9a-f]{1,32}){1,5})) ([0-9a-f]{4})")
_FIELDS = {"h": 2, "v": 2, "a": 1, "n": 1, ".": 5}
_WIRES = {"a": "ac_lost", "n": "running_n"}
_SIGNALS = ("ch_mv", *_WIRES.values())


@dataclass
class Recording:
    """`changes`: of each signal (t_us, value), None for not known; times run from the first line on. `ended`: why
    nothing more is taken. BadInput from `feed` for a witness that speaks otherwise, and for too much."""

    changes: dict[str, list[tuple[int, int | None]]] = field(default_factory=lambda: {name: [] for name in _SIGNALS})
    who: str = ""
    apart_us: int = 0
    """The widest distance between two samples that counts as watched."""
    lines_lost: int = 0
    edges_lost: int = 0
    unwatched_us: int = 0
    """For how long in all some signal was not known, after the first line."""
    now_us: int = 0
    ended: str = ""
    _ticks: int = -1
    _count: int = -1
    _edges_lost: int | None = None
    _beat_us: int = 0

    def feed(self, line: str) -> None:
        """A line, whole or not: what is none of the witness's is passed over, and missed in the numbers."""
        match = _LINE.fullmatch(line)
        if self.ended or match is None or f"{binascii.crc32(match[1].encode()) & 0xFFFF:04x}" != match[6]:
            return
        kind, count, ticks, words = match[2], int(match[3]), int(match[4]), match[5].split()
        if len(words) != _FIELDS[kind] or count >= _COUNTS or ticks >= _WRAP:
            return
        if kind == "h":
            if not words[0].isdecimal() or int(words[0]) != SPEAKS:
                raise BadInput(f"the witness speaks version {words[0][:8]}, this program {SPEAKS}: flash it anew")
        elif not all(word.isdecimal() for word in words):
            return
        if not self.who:
            if kind == "h":
                self.who, self._ticks, self._count = words[1], ticks, count
            return
        missing = (count - self._count - 1) % _COUNTS
        later_us = (ticks - self._ticks + _WRAP // 2) % _WRAP - _WRAP // 2
        if (kind == "h" and count == 0) or later_us < -_LATE_US or missing * _LINE_US > later_us + _LATE_US:
            self.ended = "the witness was reset"
            return
        t_us = self._take(count, ticks, missing, later_us)
        if kind != "h":
            self._say(kind, t_us, [int(word) for word in words])
        if sum(map(len, self.changes.values())) > CHANGES_MAX:
            raise BadInput(f"more than {CHANGES_MAX} changes: is the rail's divider connected?")

    def _take(self, count: int, ticks: int, missing: int, later_us: int) -> int:
        # When it was, on a clock that does not wrap. Edges may be a little older than the line before them.
        t_us = max(0, self.now_us + later_us)
        if missing:
            self.lines_lost += missing
            for name in _SIGNALS:
                self._unknown(name, self.now_us + 1, t_us)
        self._count = count
        if t_us > self.now_us:
            self.now_us, self._ticks = t_us, ticks
        return t_us

    def _say(self, kind: str, t_us: int, values: list[int]) -> None:
        if kind == "v":
            mv, apart_us = values
            if apart_us > APART_US_MAX:
                self._unknown("ch_mv", max(0, t_us - apart_us + 1), t_us)
            else:
                self.apart_us = max(self.apart_us, apart_us)
            self._put("ch_mv", t_us, mv)
        elif kind in _WIRES:
            name, level = _WIRES[kind], int(values[0] > 0)
            known = self.changes[name]
            if known and known[-1][1] == level:
                # the same level twice: it was away in between, shorter than an interrupt takes
                self._unknown(name, max(known[-1][0] + 1, t_us - 1), t_us)
            self._put(name, t_us, level)
        else:
            self._beat(t_us, *values)

    def _beat(self, t_us: int, mv: int, ac_lost: int, running_n: int, apart_us: int, edges_lost: int) -> None:
        if apart_us <= APART_US_MAX:
            self.apart_us = max(self.apart_us, apart_us)
        if self._edges_lost is not None and edges_lost != self._edges_lost:
            self.edges_lost += max(1, edges_lost - self._edges_lost)
            for name in _WIRES.values():
                self._unknown(name, self._beat_us, t_us)
        self._edges_lost, self._beat_us = edges_lost, t_us
        # it tells how things stand, for who has missed something
        for name, value in (("ch_mv", mv), ("ac_lost", int(ac_lost > 0)), ("running_n", int(running_n > 0))):
            known = self.changes[name]
            if not known or known[-1][1] is None:
                self._put(name, t_us, value)

    def _put(self, name: str, t_us: int, value: int | None) -> None:
        known = self.changes[name]
        if known and t_us <= known[-1][0]:
            t_us = known[-1][0] + 1
        known.append((t_us, value))

    def _unknown(self, name: str, since_us: int, until_us: int) -> None:
        self.unwatched_us += max(0, until_us - since_us)
        self._put(name, since_us, None)

    def write_vcd(self, path: Path, within_mv: int = WITHIN_MV) -> None:
        """Writes what was seen; BadInput if nothing was, or it cannot be written."""
        if not any(self.changes.values()):
            raise BadInput("the witness has said nothing that could be written")
        out = io.StringIO()
        comment = f"a witness, {self.who}: samples at most {self.apart_us} us apart, voltages within {within_mv} mV"
        with VCDWriter(out, timescale="1 us", date="", version=f"witness of {VERSION}", comment=comment) as vcd:
            mv = vcd.register_var("witness", "ch_mv", "integer", size=32, init="x")
            variables = {name: vcd.register_var("witness", name, "wire", size=1, init="x") for name in _WIRES.values()}
            every = [(t, 0, mv, value) for t, value in self.changes["ch_mv"]]
            every += [(t, 1, variables[name], value) for name in variables for t, value in self.changes[name]]
            every.sort(key=lambda change: change[:2])
            for t_us, _, variable, value in every:
                vcd.change(variable, t_us, "x" if value is None else value)
            vcd.close(max(self.now_us, every[-1][0] + 1))
        write_whole(path, out.getvalue().encode())
