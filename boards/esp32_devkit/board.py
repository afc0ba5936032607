# ESP32-DevKitC, converter enable held by its pad: see README.md for the wiring.
from machine import ADC, I2C, Pin

# boot.py, the board's other file, has driven these pins already: it has a few statements only, because a file
# is compiled whole before its first line runs. Once more here, for whoever imports this file without it.
# from here on the pad outlives any reset but power-on (hold= is the port's; its stubs lack it)
ch_enable = Pin(25, Pin.OUT, value=1, hold=True)  # type: ignore[call-arg]
mains = Pin(35, Pin.IN)
ac_ok = Pin(26, Pin.OUT, value=mains.value())  # high holds AC lost low

enable_sense = ch_enable
ch_present_n = Pin(39, Pin.IN)
_running_n = Pin(33, Pin.IN)
_ch_sense = ADC(Pin(34), atten=ADC.ATTN_11DB)  # up to about 2.45 V: 14.7 V on the rail

# What boot.py saw before it drove ch_enable; esme/resume.py puts it here.
soft_reset = False
held_at_boot = 1  # did the hold keep the enable up until then?

RESET_PULL = None  # what the chip puts on an undriven pin in and after reset: GPIO25 floats
HARDWARE = 0x0201
WDT_MS = 8000
BOOT_US = 1_000_000  # reset to the statement of boot.py that drives ch_enable, at worst
HOLD_US = -1  # how long the rail stays on with ch_enable undriven; -1: as long as the chip's supply
SLOT_BYTES = 262_144
METROLOGY_CLOCK = True  # does the metrology part have a clock that runs through an outage? [assumed]
TIMER = 0  # a timer of the port, for one purpose at a time


def _follow_mains(pin):
    ac_ok.value(pin.value())


# Scheduled, for this port has no hard interrupts in Python: it runs between two bytecodes, after an erase.
mains.irq(_follow_mains, Pin.IRQ_RISING | Pin.IRQ_FALLING)
_follow_mains(mains)


def ch_mv():
    # 100 kOhm over 20 kOhm; calibrated by the chip's own fuses
    return _ch_sense.read_uv() * 6 // 1000


def running(on):
    # Low while an application runs; undriven, the external pull-up shows the reboot to the outside.
    if on:
        _running_n.init(Pin.OUT, value=0)
    else:
        _running_n.init(Pin.IN)


def metrology():
    return I2C(0, scl=Pin(22), sda=Pin(21))


def hold_set():
    ch_enable.init(Pin.OUT, value=1, hold=True)  # type: ignore[call-arg]


def hold_is_set():
    # The pad has no bit to read back from Python; that it holds is what held_undriven() tries.
    return ch_enable.value() == 1
