# The energy register. A separate metrology part counts on through our resets, in a 32-bit counter of
# mWh that wraps about once a year; we keep the total, which is exact again with the first reading after any reset.
import struct

from esme import store

PATH = "/register.log"
ENTRIES = 4
_ENTRY = "<QI"  # total mWh, the part's counter at that moment
_BYTES = 12
_ENOENT = 2
_ODD_MWH = 1 << 24  # 16 kWh at once: to be looked at twice
_ADDRESS = 0x48
_COUNTER = 0x10


def _load():
    # The newest whole entries. A log that is there and cannot be read must not start at nothing again.
    try:
        f = open(PATH, "rb")
    except OSError as e:
        if e.args[0] == _ENOENT:
            return b""
        raise
    with f:
        whole = f.seek(0, 2) // _BYTES * _BYTES
        f.seek(max(0, whole - ENTRIES * _BYTES))
        return f.read(min(whole, ENTRIES * _BYTES))


class Register:
    def __init__(self, bus):
        self._bus = bus
        self._raw = bytearray(4)
        self._log = _load()
        if self._log:
            self.total_mwh, self._counter = struct.unpack(_ENTRY, self._log[-_BYTES:])
        else:
            self.total_mwh, self._counter = 0, self._read()

    def _read(self):
        self._bus.readfrom_mem_into(_ADDRESS, _COUNTER, self._raw)
        return struct.unpack("<I", self._raw)[0]

    def count(self):
        # Reads the part. OSError if it does not answer: nothing has changed then.
        counter = self._read()
        step = counter - self._counter & 0xFFFFFFFF
        if step >= _ODD_MWH:
            # a bus that misread says something else the next time
            again = self._read()
            if again - counter & 0xFFFFFFFF >= _ODD_MWH:
                raise OSError("the counter jumps")
            counter = again
            step = counter - self._counter & 0xFFFFFFFF
            if step >= 1 << 31:
                step = 0  # it went back: another part, or one that has lost its count
        self.total_mwh += step
        self._counter = counter

    def persist(self):
        # Reads the part and appends to the log. OSError if the part does not answer or the flash does not take it.
        # Each time costs flash: it has to last as long as the meter.
        self.count()
        log = (self._log + struct.pack(_ENTRY, self.total_mwh, self._counter))[-ENTRIES * _BYTES :]
        store.replace(PATH, log)
        self._log = log
