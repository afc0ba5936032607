# Runs in the MicroPython VM: heap_lock.py FIRMWARE BOARD. From the record's last byte to the reset the firmware must
# not allocate; here the heap is locked as soon as it says that it is about to reset.
import sys

import micropython

firmware, board_dir = sys.argv[1:3]
sys.path[:] = [board_dir, firmware, ".frozen"]
driven = [0] * 40
calls = [0, 0, 0]  # hold read back, watchdog fed, reset


class Pin:
    IN, OUT, PULL_UP, PULL_DOWN, IRQ_RISING, IRQ_FALLING = 0, 1, 1, 2, 8, 4

    def __init__(self, gpio, mode=0, pull=0, value=None):
        self.gpio = gpio
        if value is not None:
            driven[gpio] = value

    def init(self, mode=0, pull=0, value=None):
        if value is not None:
            driven[self.gpio] = value

    def value(self, x=None):
        if x is None:
            return 1
        driven[self.gpio] = x

    def irq(self, handler, trigger, hard=False):
        pass


class ADC:
    def __init__(self, pin):
        pass

    def read_u16(self):
        return 39718


class Module:
    pass


class Mem32:
    def __getitem__(self, at):
        return 0


def reset():
    calls[2] += 1


class Wdt:
    def feed(self):
        calls[1] += 1


machine = Module()
machine.Pin, machine.ADC, machine.I2C, machine.mem32, machine.reset = Pin, ADC, None, Mem32(), reset
sys.modules["machine"] = machine

import board
from esme import events, holdup

saved = []


class Record:
    def save(self):
        saved.append(self.phase)


def notice(text):
    print("*", text)
    if text == "shutdown activation":
        micropython.heap_lock()


read_back = board.hold_is_set


def hold_is_set():
    calls[0] += 1
    return read_back()


events.notice = notice
board.hold_is_set = hold_is_set
record = Record()
try:
    holdup.arm(record, Wdt())
finally:
    micropython.heap_unlock()
assert saved == [2] and calls == [1, 1, 1], (saved, calls)
print("NOTHING WAS ALLOCATED")

set_hold = board.hold_set


def careless():
    set_hold()
    return [1, 2, 3]


board.hold_set = careless
try:
    holdup.arm(record, Wdt())
except MemoryError:
    print("AND IT WOULD HAVE BEEN SEEN")
finally:
    micropython.heap_unlock()
