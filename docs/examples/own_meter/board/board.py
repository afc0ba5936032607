# The pins, and the hold: the first lines that run after a reset.
from machine import Pin

ch_enable = Pin(16, Pin.OUT, value=1)
_set = Pin(21, Pin.OUT, value=1)
_set.value(0)
mains = Pin(18, Pin.IN)
ac_ok = Pin(17, Pin.OUT, value=mains.value())


def latch():
    _set.value(1)
    _set.value(0)
