# The rail first.
from machine import Pin, mem32
from micropython import kbd_intr

kbd_intr(-1)

soft_reset = mem32[0x3FF44020] >> 25 & 1
held_at_boot = Pin(25).value()
Pin(25, Pin.OUT, value=1, hold=True)  # type: ignore[call-arg]
Pin(26, Pin.OUT, value=Pin(35, Pin.IN).value())

import board
from esme.resume import choice, wdt
