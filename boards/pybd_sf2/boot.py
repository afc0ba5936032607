# The rail first.
import machine
from machine import Pin
from micropython import kbd_intr

kbd_intr(-1)

soft_reset = machine.reset_cause() == machine.SOFT_RESET
held_at_boot = Pin("B11").value()
Pin("A4", Pin.OUT, value=1)
Pin("A1", Pin.OUT, value=1).value(0)
Pin("A5", Pin.OUT, value=Pin("A6", Pin.IN).value())

import board  # it mounts the flash where esme's paths begin
from esme.resume import choice, wdt
