# Lines that nobody has signed and that cost flash: a transfer with a new name, a reset. A few at once, and one more
# with each hour; how many are left is in the boot record, so that a reset brings none back.
from time import ticks_diff, ticks_ms

from esme.signed import Refused

AT_ONCE = 8
REFILL_MS = 3_600_000


class Quota:
    def __init__(self, rec):
        self._rec = rec
        self._since_ms = ticks_ms()

    def turn(self):
        # To be called more often than the ticks wrap.
        past_ms = ticks_diff(ticks_ms(), self._since_ms)
        if past_ms >= REFILL_MS:
            self._since_ms = ticks_ms()
            self._rec.quota = min(self._rec.quota + 1, AT_ONCE)

    def take(self):
        # The caller saves the record. Refused: none is left.
        if not self._rec.quota:
            left_s = (REFILL_MS - ticks_diff(ticks_ms(), self._since_ms)) // 1000
            raise Refused("busy too many unsigned requests: one more in %d s" % left_s)
        self._rec.quota -= 1
