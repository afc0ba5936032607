import os
import select
import struct
import sys
import time

import machine
from boot import ac_ok, unpacked
from machine import I2C, Pin

LONG_MS = 180_000
mains = Pin(18, Pin.IN)
# the metrology part counts milliseconds since 1970, also without mains
metrology = I2C(0, scl=Pin(5), sda=Pin(4))


def now_ms():
    return struct.unpack("<Q", metrology.readfrom_mem(0x48, 0x20, 8))[0]


def follow(pin):
    ac_ok.value(pin.value())
    if pin.value():
        try:
            os.remove("/lost")
        except OSError:
            pass
    else:
        with open("/lost", "wb") as f:
            f.write(struct.pack("<Q", now_ms()))


def restored():
    try:
        with open("/lost", "rb") as f:
            data = f.read()
    except OSError:
        return
    os.remove("/lost")
    if len(data) == 8:
        from_ms, to_ms = struct.unpack("<Q", data)[0], now_ms()
        code = "8F36" if to_ms - from_ms >= LONG_MS else "8F35"
        print("* log", code, "from=%d to=%d" % (from_ms // 1000, to_ms // 1000))


mains.irq(follow, Pin.IRQ_RISING | Pin.IRQ_FALLING)
Pin(19, Pin.OUT, value=0)
print("* application 2")
restored()
if unpacked:
    print("* phase idle")
    print("* outcome 0 version=2")
poller = select.poll()
poller.register(sys.stdin, select.POLLIN)
line = b""
while True:
    if not poller.poll(60_000):
        continue
    line = line[-80:] + sys.stdin.buffer.read(1)
    if line.endswith(b"activate\n"):
        line = b""
        print("OK")
        print("* command 1")
        print("* shutdown activation")
        print("* phase armed")
        with open("/pending", "wb") as f:
            f.write(b"1")
        Pin(16, Pin.OUT, value=0)
        time.sleep(2)
        machine.reset()
