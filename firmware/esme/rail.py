# The CH rail and AC lost, watched: what the sense pins say, not what we think we drive.
from time import ticks_diff, ticks_us

import board
import machine
from esme import events

# +/-10 % of 12.0 V [assumed: no tolerance of the interface has been seen]
WINDOW_LOW_MV = 10_800
WINDOW_HIGH_MV = 13_200


class Rail:
    def __init__(self):
        self.dark_us = 0  # CH power below the window while mains was there, since this boot
        self._last_us = ticks_us()
        self._faulty = False

    def follow(self):
        # AC lost follows mains, which is returned.
        mains = board.mains.value()
        board.ac_ok.value(mains)
        return mains

    def poll(self):
        # The same; and darkness is counted from one poll to the next.
        mains = self.follow()
        now_us = ticks_us()
        if mains and board.ch_mv() < WINDOW_LOW_MV:
            self.dark_us += ticks_diff(now_us, self._last_us)
        self._last_us = now_us
        return mains

    def fault(self):
        # None, or what does not read back as driven. It is driven again, and logged once until it clears.
        reason = None
        if not board.ch_enable.value():
            reason = "ch_enable reads low"
            board.ch_enable.init(machine.Pin.OUT, value=1)  # whoever let it go
        elif board.ac_ok.value() != board.mains.value():
            reason = "ac_ok differs from mains"
        if reason and not self._faulty:
            events.log(events.RAIL_FAULT, reason)
        self._faulty = bool(reason)
        return reason


def in_window():
    return WINDOW_LOW_MV <= board.ch_mv() <= WINDOW_HIGH_MV
