# The time that a stored activation goes by: signed by the supplier, counted on by our own ticks, forgotten at a
# reset. "RTHTIM\r\n" | SHA-256 of the board's id 32 | seconds since 1970 UTC u64 | r||s 64, little-endian.
from time import ticks_diff, ticks_ms

from esme import signed

MAGIC = b"RTHTIM\r\n"
FORM = "<8s32sQ"


class Clock:
    def __init__(self):
        self._s = 0
        self._rest_ms = 0
        self._last_ms = ticks_ms()

    def now(self):
        # Seconds since 1970 UTC, 0 if nobody has told the time.
        return self.turn(ticks_ms())

    def turn(self, now_ms):
        # The same, for who has asked for the ticks already; to be called more often than they wrap.
        if self._s:
            self._rest_ms += ticks_diff(now_ms, self._last_ms)
            self._s += self._rest_ms // 1000
            self._rest_ms %= 1000
        self._last_ms = now_ms
        return self._s

    def set(self, data, feed):
        # Only forward: an old one that is played again moves nothing.
        (seconds,), digest = signed.fields(data, MAGIC, FORM)
        signed.check(data, digest, feed)
        if seconds > self.now():
            self._s = seconds
            self._rest_ms = 0
