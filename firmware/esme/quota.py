# Lines that nobody has signed and that cost flash: a transfer with a new name, a reset. A few at once, and one more
# with each day; how many are left is in the boot record, so that a reset brings none back. A transfer of a whole slot
# costs more flash than a day of rest: `make budget` holds the two together.
from time import ticks_diff, ticks_ms

from esme import bootrec
from esme.signed import Refused

REFILL_MS = 86_400_000


class Quota:
    def __init__(self, rec):
        self._rec = rec
        self._since_ms = ticks_ms()

    def turn(self, now_ms):
        # To be called more often than the ticks wrap.
        if ticks_diff(now_ms, self._since_ms) >= REFILL_MS:
            self._since_ms = now_ms
            self._rec.quota = min(self._rec.quota + 1, bootrec.QUOTA_MAX)

    def take(self):
        # The caller saves the record. Refused: none is left.
        if not self._rec.quota:
            raise Refused("busy too many unsigned requests: one more after a day without a restart")
        self._rec.quota -= 1
