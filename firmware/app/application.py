# The reference application: what an image carries. It accounts for energy and shows that it is
# healthy; the rail, the console and the update are the resident library's.
from time import ticks_diff, ticks_ms

import board
from esme import events, rail
from register import Register

COUNT_MS = 1_000
PERSIST_MS = 1_800_000  # beside each mains loss: more often wears the flash out within a meter's life
FLICKER_MS = 10_000  # but not again for each flicker
HEALTHY_MS = 3_000  # of good readings before it confirms itself


class Meter:
    def __init__(self, meter):
        self._meter = meter
        self._register = None
        self._failing = False
        self._known = False  # has the part answered since the reset? What is older is not reported
        meter.console.serve("register", self._reported)

    def _reported(self, words):
        if self._register is None or not self._known:
            raise OSError("the metrology part does not answer")
        return "mwh=%d" % self._register.total_mwh

    def see_to(self, persist):
        # True if the register is counted and, with `persist`, safely on flash. A part or a flash that does not answer
        # is no reason to stop holding the rail: it is logged once and tried again.
        self._meter.counted()
        try:
            if self._register is None:
                self._register = Register(board.metrology())
            if persist:
                self._register.persist()
            else:
                self._register.count()
            self._known = True
        except OSError as e:
            if not self._failing:
                events.log(events.REGISTER_FAILED, str(e))
            self._failing = True
            return False
        self._failing = False
        return True


def run(meter):
    register = Meter(meter)
    register.see_to(True)
    began_ms = persisted_ms = counted_ms = ticks_ms()
    confirmed = False
    had_mains = 1
    while True:
        meter.poll(20)
        now_ms = ticks_ms()
        mains = board.mains.value()
        # At a mains loss the supply's own hold-up is all the time that is left.
        since_ms = ticks_diff(now_ms, persisted_ms)
        if since_ms >= PERSIST_MS or since_ms >= FLICKER_MS and had_mains and not mains:
            register.see_to(True)
            persisted_ms = now_ms
        elif ticks_diff(now_ms, counted_ms) >= COUNT_MS:
            register.see_to(False)
            counted_ms = now_ms
        had_mains = mains
        if not confirmed and ticks_diff(now_ms, began_ms) >= HEALTHY_MS:
            began_ms = now_ms  # if not now, then after as long again
            hub_supplied = rail.in_window() or board.ch_present_n.value()
            if mains and hub_supplied and register.see_to(True):
                confirmed = True
                meter.confirm()
