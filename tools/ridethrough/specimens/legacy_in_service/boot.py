# A meter as some were in the field, as a roll-out meets it: it takes the hub's supply back only when it has unpacked
# its new firmware, and it reports real outages as every meter does. A specimen's figures, no particular meter's.
import os
import time

from machine import Pin

UNPACK_S = 205


def pending():
    try:
        os.stat("/pending")
    except OSError:
        return False
    return True


ch_enable = Pin(16, Pin.OUT, value=0)
ac_ok = Pin(17, Pin.OUT, value=Pin(18, Pin.IN).value())
unpacked = pending()
if unpacked:
    time.sleep(UNPACK_S)
    os.remove("/pending")
ch_enable.value(1)
