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

from ridethrough.support.errors import BadInput
from ridethrough.support.files import write_atomically
from ridethrough.version import VERSION

SPEAKS = 1
"""The version of the witness's lines."""
APART_US_MAX = 5_000
"""Between samples further apart nobody knows what the rail did."""
STEP_MV = 100
"""By how much the rail may move unsaid."""
WITHIN_MV = 400
"""How far a reading may be off [assumed]: 1 % resistors, 1 % of the ADC at 12 V, and STEP_MV."""
CHANGES_MAX = 2_000_000
_BEAT_US_MAX = 300_000
"""Beats come ten times a second; what lies between two that are further apart was not watched."""
_LATE_US = 1_000_000
"""An edge is said at most so much later than what is said before it; and no line in less than _LINE_US."""
_LINE_US = 50
_MV_MAX = 100_000
_WRAP = 2**30
_COUNTS = 2**16
_LINE = re.compile(r"(([hvan.]) (\d{1,5}) (\d{1,10})((?: [0-9a-f]{1,32}){1,5})) ([0-9a-f]{4})")
_FIELDS = {"h": 2, "v": 2, "a": 1, "n": 1, ".": 5}
_WIRES = {"a": "ac_lost", "n": "running_n"}
_SIGNALS = ("ch_mv", *_WIRES.values())


@dataclass(frozen=True)
class _Said:
    # A line that waits for the next beat; of a voltage also how long before it the sample before was.
    t_us: int
    name: str
    value: int
    apart_us: int = 0


@dataclass
class Recording:
    """`changes`: of each signal (t_us, value), None for not known; times run from the first line on. `ended`: why
    nothing more is taken. BadInput from `feed` for a witness that speaks otherwise, and for too much.

    What is said between two beats is believed when the second one comes, nothing is missing, and it says the same."""

    changes: dict[str, list[tuple[int, int | None]]] = field(default_factory=lambda: {name: [] for name in _SIGNALS})
    who: str = ""
    apart_us: int = 0
    """The widest distance between two samples that counts as watched."""
    lines_lost: int = 0
    edges_lost: int = 0
    unwatched_us: int = 0
    """For how long some signal was not known, after the first beat."""
    now_us: int = 0
    """When the last beat was."""
    ended: str = ""
    _line_us: int = 0
    _ticks: int = -1
    _count: int = -1
    _missing: bool = False
    _said: list[_Said] = field(default_factory=list)
    _edges_lost: int = -1

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
        elif not all(word.isdecimal() and len(word) < 11 for word in words) or int(words[0]) > _MV_MAX:
            return
        if not self.who:
            if kind == "h":
                self.who, self._ticks, self._count = words[1], ticks, count
            return
        missing = (count - self._count - 1) % _COUNTS
        later_us = (ticks - self._ticks + _WRAP // 2) % _WRAP - _WRAP // 2
        anew = kind == "h" and (count == 0 or words[1] != self.who)
        if anew or later_us < -_LATE_US or missing * _LINE_US > later_us + _LATE_US:
            self.ended = "the witness was reset"
            return
        self._count = count
        self.lines_lost += missing
        self._missing = self._missing or missing > 0
        t_us = self._line_us + later_us
        if later_us > 0:
            self._line_us, self._ticks = t_us, ticks
        self._take(kind, t_us, words)
        if len(self._said) + sum(map(len, self.changes.values())) > CHANGES_MAX:
            raise BadInput(f"more than {CHANGES_MAX} changes: is the rail's divider connected?")

    def _take(self, kind: str, t_us: int, words: list[str]) -> None:
        if kind == "v":
            self._said.append(_Said(t_us, "ch_mv", int(words[0]), int(words[1])))
        elif kind in _WIRES:
            self._said.append(_Said(t_us, _WIRES[kind], int(words[0] != "0")))
        elif kind == ".":
            mv, ac_lost, running_n, apart_us, edges_lost = map(int, words)
            stated = {"ch_mv": mv, "ac_lost": int(ac_lost > 0), "running_n": int(running_n > 0)}
            self._beat(t_us, stated, apart_us, edges_lost)

    def _beat(self, t_us: int, stated: dict[str, int], apart_us: int, edges_lost: int) -> None:
        if t_us < self.now_us:
            # from before the recording, or before the beat before: no witness says that
            self._missing = True
            return
        said = sorted((one for one in self._said if one.t_us <= t_us), key=lambda one: one.t_us)
        self._said = [one for one in self._said if one.t_us > t_us]
        first = self._edges_lost < 0
        if first:
            for name, value in stated.items():
                self._put(name, t_us, value)
        elif not self._missing and edges_lost == self._edges_lost and self._agrees(t_us, said, stated, apart_us):
            for one in said:
                self._believe(one)
            if apart_us <= APART_US_MAX:
                self.apart_us = max(self.apart_us, apart_us)
        else:
            self.unwatched_us += t_us - self.now_us
            for name, value in stated.items():
                self._put(name, self.now_us + 1, None)
                self._put(name, t_us, value)
        self.edges_lost += 0 if first else (edges_lost - self._edges_lost) % _WRAP
        self.now_us, self._edges_lost, self._missing = t_us, edges_lost, False

    def _agrees(self, t_us: int, said: list[_Said], stated: dict[str, int], apart_us: int) -> bool:
        # Does what was said since the last beat lead to what this one says, with nothing that must have been said
        # and was not?
        at_end = {name: known[-1][1] for name, known in self.changes.items()} | {one.name: one.value for one in said}
        widest_us = max((one.apart_us for one in said), default=0)
        return (
            0 < t_us - self.now_us <= _BEAT_US_MAX
            and all(one.t_us > self.now_us for one in said)
            and at_end == stated
            and (apart_us <= APART_US_MAX or widest_us >= apart_us)
        )

    def _believe(self, one: _Said) -> None:
        known = self.changes[one.name]
        if one.name != "ch_mv" and known[-1][1] == one.value:
            # the same level twice: it was away in between, shorter than an interrupt takes
            self.unwatched_us += 1
            self._put(one.name, max(known[-1][0] + 1, one.t_us - 1), None)
        if one.apart_us > APART_US_MAX:
            since_us = max(one.t_us - one.apart_us, known[-1][0]) + 1
            self.unwatched_us += max(0, one.t_us - since_us)
            self._put(one.name, since_us, None)
        else:
            self.apart_us = max(self.apart_us, one.apart_us)
        self._put(one.name, one.t_us, one.value)

    def _put(self, name: str, t_us: int, value: int | None) -> None:
        known = self.changes[name]
        if known and t_us <= known[-1][0]:
            t_us = known[-1][0] + 1
        known.append((t_us, value))

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
        write_atomically(path, out.getvalue().encode())
