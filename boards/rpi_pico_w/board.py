# Raspberry Pi Pico W, converter enable pulled up to 3V3 by 10 kOhm: see README.md for the wiring.
from machine import ADC, I2C, Pin

# boot.py, the board's other file, has driven these pins already: it has a few statements only, because a file
# is compiled whole before its first line runs. Once more here, for whoever imports this file without it.
ch_enable = Pin(16, Pin.OUT, value=1)
mains = Pin(18, Pin.IN)
ac_ok = Pin(17, Pin.OUT, value=mains.value())  # high holds AC lost low

enable_sense = ch_enable  # the pull-up is on this very pin
ch_present_n = Pin(20, Pin.IN)
_running_n = Pin(19, Pin.IN)
_ch_sense = ADC(26)

# What boot.py saw before it drove ch_enable; esme/resume.py puts it here.
soft_reset = False
held_at_boot = 1  # did the hold keep the enable up until then?

RESET_PULL = Pin.PULL_DOWN  # what the chip puts on an undriven pin in and after reset
HARDWARE = 0x0105
WDT_MS = 8000  # the chip's longest is 8388
BOOT_US = 60_000  # reset to the statement of boot.py that drives ch_enable, at worst
HOLD_US = -1  # how long the rail stays on with ch_enable undriven; -1: as long as the supply lasts
SLOT_BYTES = 262_144
METROLOGY_CLOCK = True  # does the metrology part have a clock that runs through an outage? [assumed]
TIMER = -1  # a timer of the port, for one purpose at a time


def _follow_mains(pin):
    ac_ok.value(pin.value())


# In the interrupt itself: nothing the firmware does may keep AC lost from telling the truth, except an
# erase of the flash, which switches interrupts off.
mains.irq(_follow_mains, Pin.IRQ_RISING | Pin.IRQ_FALLING, hard=True)
_follow_mains(mains)


def ch_mv():
    # 100 kOhm over 20 kOhm, 3.3 V reference
    return _ch_sense.read_u16() * 19_800 >> 16


def running(on):
    # Low while an application runs; undriven, the external pull-up shows the reboot to the outside.
    if on:
        _running_n.init(Pin.OUT, value=0)
    else:
        _running_n.init(Pin.IN)


def metrology():
    return I2C(0, scl=Pin(5), sda=Pin(4))


def hold_set():
    pass  # the pull-up holds by itself


def hold_is_set():
    return True
