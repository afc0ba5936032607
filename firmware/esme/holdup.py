# The supervised hold-up: preflight and arm. From there to confirm or rollback the CH rail must not leave
# its window, whatever the MCU does. Resume and account are in start.py, which runs after the reset.
# The hold itself stands from board.py on and is never released: an unplanned reset gives no warning.
import select
import sys
from time import sleep_ms, ticks_diff, ticks_us

import board
import machine
from esme import bootrec, events, rail

# The worst hub to be held [assumed: no figure of the interface has been seen]
HUB_UF_MIN = 470
HUB_MW_MAX = 5000
HUB_MV_MIN = 9000
TEST_US_MAX = 100  # the pin is let go for no longer than this

TELL_MS = 20  # a console on USB sends within it what was printed; a reset loses the rest
_IN_BYTES = 1024  # more than a port holds of what came in
_line = select.poll()
_line.register(sys.stdin, select.POLLIN)
_in = sys.stdin.buffer
_one = bytearray(1)
_line.ipoll(0)  # what that allocates, it allocates now
MAINS_MS = 500  # a reset waits so long for mains, and no longer


def bridged():
    # Can the hub's own capacitor carry the longest time for which nothing holds the rail?
    # C/2 (V^2 - Vmin^2) >= P t, in uF, mV, mW and us.
    gap_us = board.WDT_MS * 1000 + board.BOOT_US
    unheld_us = 0 if board.HOLD_US < 0 else max(0, gap_us - board.HOLD_US)
    stored = HUB_UF_MIN * (rail.WINDOW_LOW_MV**2 - HUB_MV_MIN**2)
    return stored >= 2000 * HUB_MW_MAX * unheld_us


def held_undriven():
    # Let the pin go as a reset would, see whether the enable stays up, drive it again.
    pin, pull, sense = board.ch_enable, board.RESET_PULL, board.enable_sense
    mode_in, mode_out = machine.Pin.IN, machine.Pin.OUT
    state = machine.disable_irq()
    began_us = ticks_us()
    pin.init(mode_in, pull)
    held = sense.value()
    pin.init(mode_out, value=1)
    took_us = ticks_diff(ticks_us(), began_us)
    machine.enable_irq(state)
    return held == 1 and took_us <= TEST_US_MAX


def preflight(watched):
    # None if the hub will not notice a reset; else the reason to refuse. `watched`: the Rail.
    if board.ch_present_n.value():
        return None  # no hub fitted: nothing to hold
    if not board.mains.value():
        return "mains lost"
    fault = watched.fault()
    if fault:
        return fault
    if not rail.in_window():
        return "CH power %d mV" % board.ch_mv()
    if not bridged():
        return "nothing bridges %d ms without hold" % (board.WDT_MS + board.BOOT_US // 1000)
    board.hold_set()
    if not board.hold_is_set():
        return "hold does not read back"
    if not held_undriven():
        return "enable falls when undriven"
    return None


def arm(rec, wdt):
    # Writes the intent, then resets into the new slot. Returns only if the hold would not set.
    rec.phase = bootrec.ARMED
    rec.intent = bootrec.ACTIVATION
    rec.attempts = 0
    rec.failures = 0
    rec.dark_ms = 0
    rec.save()
    events.notice("phase armed")
    events.notice("shutdown activation")
    # From here to the reset nothing is allocated and no file is opened.
    board.hold_set()
    if board.hold_is_set():
        reset(wdt)


def reset(wdt):
    # Every reset that the firmware makes itself, with the hold set.
    wdt.feed()
    for _ in range(TELL_MS):
        _look_at_line()
        sleep_ms(1)
    for _ in range(MAINS_MS):
        # undriven, AC lost says that mains is there
        if board.mains.value():
            break
        sleep_ms(1)
    machine.reset()


def _look_at_line():
    # Within a callback only a poll moves what goes out by USB, and none does while what came in has no room.
    for _ in range(_IN_BYTES):
        came = None
        for came in _line.ipoll(0):
            _in.readinto(_one)  # type: ignore[union-attr]
        if came is None:
            return
