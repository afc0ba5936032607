# The witness: a Pico of its own that watches another board's CH rail, AC lost and running_n from outside,
# and says what it saw in its own microseconds. docs/witness.md has the wiring and the lines.
#
# It never guesses: how far apart its samples are is said with them, and edges that came faster than it
# could keep them are counted.
import sys
from array import array
from binascii import crc32, hexlify
from select import POLLIN, poll
from time import sleep_us, ticks_diff, ticks_us

from machine import ADC, Pin, disable_irq, enable_irq, unique_id

VERSION = 1
_SAMPLE_US = 500
_BEAT_US = 100_000
_GAP_US = 5_000  # samples further apart are said one by one
_STEP_MV = 100  # what a reading must have moved by to be said
_RING = 64  # edges of one wire that can wait for the line; a power of two
_QUESTION_MAX = 64

_rail = ADC(26)


def _mv():
    # 100 kOhm over 20 kOhm, 3.3 V reference
    return _rail.read_u16() * 19_800 >> 16


class Edges:
    # The edges of one wire, stamped in the interrupt itself: nothing is allocated there.

    def __init__(self, pin, kind):
        self.kind = kind
        self.pin = pin
        self.lost = 0
        self._at = array("I", bytes(4 * _RING))
        self._level = bytearray(_RING)
        self._head = 0
        self._tail = 0
        pin.irq(self._edge, Pin.IRQ_RISING | Pin.IRQ_FALLING, hard=True)

    def _edge(self, pin):
        head = self._head
        after = (head + 1) & (_RING - 1)
        if after == self._tail:
            self.lost += 1
            return
        self._at[head] = ticks_us()  # type: ignore[call-overload]
        self._level[head] = pin.value()
        self._head = after

    def say(self):
        # no more than a ring of them: a wire that never rests must not keep the rail from being looked at
        for _ in range(_RING):
            tail = self._tail
            if tail == self._head:
                break
            _say(self.kind, self._at[tail], self._level[tail])
            self._tail = (tail + 1) & (_RING - 1)


_count = 0


def _say(kind, at, *values):
    # kind, the line's number, its moment, what it is about, and a check on all of that
    global _count
    line = "%s %d %d %s" % (kind, _count, at, " ".join([str(value) for value in values]))
    print(line, "%04x" % (crc32(line.encode()) & 0xFFFF))
    _count = (_count + 1) & 0xFFFF


def _asked(poller):
    # Any line is the question who is there.
    asked = False
    for _ in range(_QUESTION_MAX):
        if not poller.poll(0):
            break
        asked = sys.stdin.buffer.read(1) == b"\n" or asked
    return asked


def _beat(wires, mv, widest):
    # How things stand at one moment: no interrupt comes in between, and what came before is said before.
    state = disable_irq()
    at = ticks_us()
    ac_lost = wires[0].pin.value()
    running_n = wires[1].pin.value()
    lost = wires[0].lost + wires[1].lost
    enable_irq(state)
    for wire in wires:
        wire.say()
    _say(".", at, mv, ac_lost, running_n, widest, lost)


def watch():
    wires = (Edges(Pin(10, Pin.IN), "a"), Edges(Pin(11, Pin.IN), "n"))
    poller = poll()
    poller.register(sys.stdin, POLLIN)
    who = hexlify(unique_id()).decode()
    said_mv = _mv()
    before = beat = ticks_us()
    widest = 0
    asked = due = True
    while True:
        sleep_us(_SAMPLE_US)
        at = ticks_us()
        mv = _mv()
        apart = ticks_diff(at, before)
        before = at
        for wire in wires:
            wire.say()
        if apart > _GAP_US or abs(mv - said_mv) >= _STEP_MV:
            said_mv = mv
            _say("v", at, mv, apart)
        if apart > widest:
            widest = apart
        if asked:
            asked = False
            due = True  # who asks wants to know at once how things stand
            _say("h", at, VERSION, who)
        if due or ticks_diff(at, beat) >= _BEAT_US:
            due = False
            beat = at
            _beat(wires, said_mv, widest)
            widest = 0
            asked = _asked(poller)


watch()
