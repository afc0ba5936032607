# The reference application: what an image carries. It accounts for energy and shows that it is
# healthy; the rail, the console and the update are the resident library's.
from time import ticks_diff, ticks_ms

import board
from esme import events, rail
from register import Register

PERSIST_MS = 10_000
HEALTHY_MS = 3_000  # of good readings before it confirms itself


class Meter:
    def __init__(self, meter):
        self._meter = meter
        self._register = None
        self._failing = False
        meter.console.serve("register", self._reported)

    def _reported(self, words):
        if self._register is None:
            raise OSError("the metrology part does not answer")
        return "mwh=%d" % self._register.reported_mwh

    def persist(self):
        # True if the register is safely on flash. A part or a flash that does not answer is no reason to
        # stop holding the rail: it is logged once and tried again.
        try:
            if self._register is None:
                self._register = Register(board.metrology())
            self._register.persist()
        except OSError as e:
            if not self._failing:
                events.log(events.REGISTER_FAILED, str(e))
            self._failing = True
            return False
        self._failing = False
        return True


def run(meter):
    register = Meter(meter)
    register.persist()
    began_ms = persisted_ms = ticks_ms()
    confirmed = False
    had_mains = 1
    while True:
        meter.poll(20)
        now_ms = ticks_ms()
        mains = board.mains.value()
        # At a mains loss the supply's own hold-up is all the time that is left.
        if ticks_diff(now_ms, persisted_ms) >= PERSIST_MS or had_mains and not mains:
            register.persist()
            persisted_ms = now_ms
        had_mains = mains
        if not confirmed and ticks_diff(now_ms, began_ms) >= HEALTHY_MS:
            began_ms = now_ms  # if not now, then after as long again
            hub_supplied = rail.in_window() or board.ch_present_n.value()
            if mains and hub_supplied and register.persist():
                confirmed = True
                meter.confirm()
