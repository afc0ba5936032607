# A meter as some were in the field: it takes the hub's supply back only when it has unpacked the new
# firmware after its reboot. The figures are a specimen's, no particular meter's.
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
ac_ok = Pin(17, Pin.OUT, value=1)
unpacked = pending()
if unpacked:
    time.sleep(UNPACK_S)
    os.remove("/pending")
ch_enable.value(1)
