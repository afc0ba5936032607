# The rail first.
from machine import Pin, mem32
from micropython import kbd_intr

kbd_intr(-1)

soft_reset = mem32[0xD0000020] >> 16 & 1
held_at_boot = Pin(16).value()
Pin(16, Pin.OUT, value=1)
Pin(17, Pin.OUT, value=Pin(18, Pin.IN).value())

import board
from esme.resume import choice, wdt
