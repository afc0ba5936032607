# First of our files to run after any reset. `board` takes hold of the CH rail and of AC lost in its
# first statements; nothing else is opened before that. Keep both short: a file is compiled whole
# before its first line runs, and until then only the external hold keeps the hub alive.
from micropython import kbd_intr

kbd_intr(-1)  # Ctrl-C here would leave the board at the REPL; it waits for the supervisor

import board

# Started before anything that could hang. If this file raises, the port skips main.py and sits at
# the REPL: the watchdog is then what brings the board back.
from machine import WDT

wdt = WDT(timeout=board.WDT_MS)

from esme import start

choice = start.choose(wdt.feed)

if board.soft_reset and not choice.trial:
    # Somebody with a prompt may have asked for this, and then the port leaves main.py out.
    from esme import bench

    bench.stand_by(wdt.feed)
