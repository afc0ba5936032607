# How long mains was away, by a clock that runs through it: the metrology part's, which counts milliseconds since 1970
# UTC [assumed; no particular part]. Boards without one say so (METROLOGY_CLOCK): then no length is known.
import os
import struct

import board
from esme import events, store

PATH = "/outage"
LONG_MS = 180_000  # from here on an outage is reported as 8F36: "3 min or more"
_ADDRESS = 0x48
_CLOCK = 0x20


def _now_ms():
    # None if no clock answers.
    if not getattr(board, "METROLOGY_CLOCK", False):  # a board.py that was flashed before says nothing of it
        return None
    try:
        return struct.unpack("<Q", board.metrology().readfrom_mem(_ADDRESS, _CLOCK, 8))[0]
    except OSError:
        return None


def begins():
    # Mains is lost. The supply's own hold-up is all the time that is left, so this is one small file.
    now_ms = _now_ms()
    if now_ms is not None:
        try:
            store.replace(PATH, struct.pack("<Q", now_ms))
        except OSError:
            pass  # then the length is not known


def over():
    # What the file says belongs to this outage alone.
    try:
        os.remove(PATH)
    except OSError:
        pass


def restored():
    # Logs that power is back, after a start from nothing.
    data, now_ms = store.load(PATH, 8), _now_ms()
    code, text = events.POWER_RESTORED, "length unknown"
    if data and len(data) == 8 and now_ms is not None:
        from_ms = struct.unpack("<Q", data)[0]
        if now_ms >= from_ms:
            text = "from=%d to=%d" % (from_ms // 1000, now_ms // 1000)
            if now_ms - from_ms >= LONG_MS:
                code = events.POWER_RESTORED_LONG
    events.log(code, text)
    if data is not None:
        over()
