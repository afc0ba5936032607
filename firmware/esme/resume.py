# The rest of boot.py, which is the board's own and stays a few statements long: what a flash has
# left half-done, watchdog, record, slot.
import gc
import os

# Collected this often, what stays lies close together, and there is room for the pieces that have to be in one: an
# update passes in 96 to 104 KiB of heap, by board, where it took 160.
gc.threshold(16_384)

try:
    os.stat("/stage/plan")
except OSError:
    pass
else:
    from esme import swap

    swap.finish()

import __main__  # type: ignore[import-not-found]
import board
from machine import WDT

board.soft_reset = bool(__main__.soft_reset)
board.held_at_boot = __main__.held_at_boot

# Started before anything that could hang. If this file raises, the port skips main.py and sits at
# the REPL: the watchdog is then what brings the board back.
wdt = WDT(timeout=board.WDT_MS)

from esme import events, start

if board.soft_reset:
    events.tell()  # what keeps the console after boot.py is a hard reset

choice = start.choose(wdt.feed)

if board.soft_reset and not choice.trial:
    # Somebody with a prompt may have asked for this, and then the port leaves main.py out.
    from esme import bench

    bench.stand_by(wdt.feed)
