# The reference application: what an image carries. It accounts for energy and shows that it is
# healthy; the rail, the console and the update are the resident library's.
from time import ticks_diff, ticks_ms

import board
from esme import rail
from register import Register

PERSIST_MS = 10_000
HEALTHY_MS = 3_000  # of good readings before it confirms itself


def run(meter):
    register = Register(board.metrology())
    meter.console.serve("register", lambda words: "mwh=%d" % register.reported_mwh)
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
            register.persist()
            if mains and (rail.in_window() or board.ch_present_n.value()):
                confirmed = True
                meter.confirm()
