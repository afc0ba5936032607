"""Where a recovery may end before the board is at rest: at a moment from which another one has gone on.

At a hard reset RAM is gone. So what follows is a matter of what is left: the flash, the latch, the kind of the reset,
what the head-end waits for, what the invariants remember, the hub, and mains. When the application starts, RAM is there
again, and counts, too. Two recoveries that pass a moment at which all of this is equal go on alike, and the second one
need not. docs/sweep.md says what that assumes.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass

from ridethrough.headend.head_end import HeadEnd
from ridethrough.sweep.crash_states import KEY_BYTES, Content, Memory, Recorder
from ridethrough.sweep.flash import LOG_BYTES_MIN
from ridethrough.sweep.setting import Setting
from ridethrough.sweep.watch import Watch
from ridethrough.world.clock import Order
from ridethrough.world.site import Site

_SUPPLIED = ("boot", "joining", "up")
_SOON_BYTES = 1024
"""More than one recovery writes into the event log."""
APART_US = 5_000_000
"""More than the same work can take sooner or later: blocks are erased at other moments. Near a bound a boot is run."""


@dataclass(frozen=True)
class Rest:
    """What followed such a moment, when nothing broke: it took so long until the board was at rest, and so many boots.
    `heard`: the names of all events."""

    took_us: int
    boots: int
    heard: frozenset[str]


Rests = Mapping[bytes, Rest]
"""By `moment_key`."""
_PACKED = struct.Struct(f"<{KEY_BYTES}sQHH")


def pack_rests(rests: Rests) -> bytes:
    """As bytes, a few for each: every batch takes all of them along."""
    heard = list(dict.fromkeys(rest.heard for rest in rests.values()))
    number = {names: i for i, names in enumerate(heard)}
    head = json.dumps([sorted(names) for names in heard]).encode()
    body = [_PACKED.pack(key, r.took_us, r.boots, number[r.heard]) for key, r in rests.items()]
    return b"".join([len(head).to_bytes(4, "little"), head, *body])


def unpack_rests(packed: bytes) -> dict[bytes, Rest]:
    """What `pack_rests` made; ValueError, KeyError or TypeError if it is something else."""
    if not packed:
        return {}
    end = 4 + int.from_bytes(packed[:4], "little")
    heard = [frozenset(map(str, names)) for names in json.loads(packed[4:end])]
    if (len(packed) - end) % _PACKED.size:
        raise ValueError("cut off")
    found = _PACKED.iter_unpack(packed[end:])
    return {key: Rest(took_us, boots, heard[i % max(1, len(heard))]) for key, took_us, boots, i in found}


def moment_key(
    what: str,
    content: Content,
    room: tuple[int, ...],
    unstable: frozenset[int],
    memory: Memory,
    site: Site,
    head_end: HeadEnd,
    ram: bytes,
) -> bytes | None:
    """Equal for moments after which all goes on alike. `what` happens, `ram` is there; `room` is left in the event log,
    as far as that counts. None where more than this may matter: mains or AC lost are not as they
    should be, or the hub has been dark, which its store remembers."""
    trace, wiring = site.trace, site.mcu.wiring
    hub = trace.texts["hub"][-1][1]
    was_dark = any(state == "store" for _, state in trace.texts["hub"])
    if not site.power.supply or not site.power.mains or hub not in _SUPPLIED or was_dark:
        return None
    if trace.wire_at("ac_lost", site.clock.now_us - 1) != 0:
        return None
    left = (
        what,
        content,
        room,
        sorted(unstable),
        memory.key(),
        memory.command_high,
        wiring.latch,
        wiring.pins.registers(),
        head_end.position(),
        hub,
        ram,
    )
    return hashlib.blake2b(repr(left).encode(), digest_size=KEY_BYTES).digest()


def _unwatched(key: bytes) -> bytes:
    # The same moment of a boot whose cuts nobody looked at.
    return hashlib.blake2b(key, digest_size=KEY_BYTES).digest()


class Joiner:
    """Stands beside one recovery, and ends it where the `rest` is known from `rests`. `within`: when the recovery
    began, and what says to which bounds it is held; `goes_on`: the fault that does."""

    def __init__(
        self,
        rests: Rests,
        site: Site,
        head_end: HeadEnd,
        recorder: Recorder,
        watch: Watch,
        within: tuple[int, Setting],
        goes_on: str,
    ) -> None:
        self.rest: Rest | None = None
        self._rests = rests
        self._site = site
        self._head_end = head_end
        self._recorder = recorder
        self._watch = watch
        self._start_us, self._setting = within
        self._bounds = self._setting.scenario.sweep
        self._goes_on = goes_on
        self._passed: dict[bytes, tuple[int, int]] = {}
        self._resets = 0
        self._kind = ""

    def listen(self) -> None:
        """From now on it hears of resets and applications."""
        mcu = self._site.mcu
        mcu.on_reset = self._reset
        self._heard, mcu.console.on_line = mcu.console.on_line, self._line
        mcu.marks_ticks = True

    def known_from_now_on(self, end_us: int, boots: int, heard: frozenset[str]) -> dict[bytes, Rest]:
        """Of each moment that was passed, what followed: the board was at rest at `end_us`, after so many boots. After
        the rest nothing is left to come."""
        return {key: Rest(max(0, end_us - t_us), boots - before, heard) for key, (t_us, before) in self._passed.items()}

    def _reset(self, kind: str) -> None:
        # The first is the fault's; what follows a later one may be known.
        self._kind = kind
        self._resets += 1
        if self._resets > 1:
            self._pass(f"reset {kind}", b"")

    def _line(self, text: str) -> None:
        # All who listen have heard it. RAM is compared once, when the first application starts.
        mcu = self._site.mcu
        self._heard(text)
        if not mcu.marks_ticks or not mcu.trace.log or mcu.trace.log[-1].name != "application":
            return
        mcu.marks_ticks = False
        ram = mcu.ram()
        if ram is not None and self._resets == 1:
            self._pass(f"application after {self._kind}", ram)

    def _pass(self, what: str, ram: bytes) -> None:
        # What follows from here may be known; if it is not, it will be.
        if self._watch.broken:
            return
        watched = self._key_of(what, ram)
        if watched is None:
            return
        mine = watched if self._recorder.recording else _unwatched(watched)
        if mine in self._passed or not self._watch.owes_nothing():
            return
        now_us, boots = self._site.clock.now_us, len(self._site.trace.events("boot"))
        # whose cuts are wanted goes by no boot whose cuts nobody looked at
        rest = self._rests.get(watched) or self._rests.get(mine)
        if rest is None:
            self._passed[mine] = now_us, boots
        elif (
            now_us - self._start_us + rest.took_us + APART_US < self._bounds.within_us
            and boots + rest.boots <= self._bounds.boots
        ):
            self.rest = rest
            self._recorder.recording = False
            self._site.clock.halt()
            # a guest that has the floor hands it over with its next call
            self._site.clock.at(now_us, Order.ALERT, lambda: None)

    def _key_of(self, what: str, ram: bytes) -> bytes | None:
        content, unstable = self._recorder.now()
        log_bytes = self._recorder.contents().log_bytes
        # its length decides how many pages the next entry takes, and soon whether an old one is dropped
        room = log_bytes if self._setting.by_page else (log_bytes[0] > LOG_BYTES_MIN - _SOON_BYTES,)
        what = f"{what}, {self._goes_on}"
        return moment_key(what, content, room, unstable, self._watch.memory, self._site, self._head_end, ram)
