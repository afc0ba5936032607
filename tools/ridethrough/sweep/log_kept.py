"""Does the event log keep what happened? Beside one boot: what was told since, and what the log has of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ridethrough.sweep.flash import COUNTED, LOG, LOG_BYTES_MIN, Contents, Entry


class LogKept:
    """`before`: the entries that were there when the boot began."""

    def __init__(self, before: tuple[Entry, ...]) -> None:
        self._before = before
        self._told: Counter[str] = Counter()
        self._in_boot: set[tuple[int, str]] = set()
        self._newest = ""

    def told(self, boot: int, code: str) -> None:
        """The firmware tells of an entry, in its `boot`th start. One that is counted and comes again within a minute
        may be written later, or be lost with a reset."""
        if code not in COUNTED or (boot, code) not in self._in_boot:
            self._in_boot.add((boot, code))
            self._told[code] += 1
            self._newest = code

    def missing(self, contents: Contents, at_rest: bool) -> str:
        """What the log has too little of; "" if it has all. Before the board is at rest, what was told last is written
        next."""
        now = contents.entries
        known = {e.number for e in self._before}
        dropped = bool(self._before) and self._before[0].number not in {e.number for e in now}
        if dropped and sum(len(contents.files.get(path, b"")) for path in LOG) >= LOG_BYTES_MIN:
            # the ring's own bound: what it took with it can no longer be counted, what came since can
            have = Counter(e.code for e in now if e.number not in known)
            owed = Counter({code: n for code, n in self._told.items() if code not in COUNTED})
        else:
            have = _times(now)
            have.subtract(_times(self._before))
            owed = Counter(self._told)
        if not at_rest and owed[self._newest]:
            owed[self._newest] -= 1
        for code, n in owed.items():
            if have[code] < n:
                return f"{code} happened {n} times in this boot, and the log has {have[code]} of them"
        return ""


def _times(entries: Iterable[Entry]) -> Counter[str]:
    times: Counter[str] = Counter()
    for entry in entries:
        times[entry.code] += entry.count
    return times
