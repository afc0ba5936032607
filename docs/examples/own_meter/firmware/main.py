# A meter in some forty lines: holds its hub's power through a reset, tells it the truth about mains, and
# keeps its register over power cuts.
import os
import select
import sys

from board import ac_ok, latch, mains
from machine import Pin, WDT, reset


def follow(pin):
    ac_ok.value(pin.value())


mains.irq(follow, Pin.IRQ_RISING | Pin.IRQ_FALLING, hard=True)
follow(mains)
wdt = WDT(timeout=5000)
try:
    with open("/register") as f:
        mwh = int(f.read())
except OSError:
    mwh = 0
print("* application 1")
Pin(19, Pin.OUT, value=0)


def save():
    with open("/register.new", "w") as f:
        f.write(str(mwh))
    os.rename("/register.new", "/register")


poller = select.poll()
poller.register(sys.stdin, select.POLLIN)
line = b""
while True:
    wdt.feed()
    if poller.poll(1000):
        line = line[-80:] + sys.stdin.buffer.read(1)
        if line.endswith(b"read\n"):
            save()
            print("OK mwh=%d" % mwh)
        elif line.endswith(b"restart\n"):
            print("* shutdown commanded")
            latch()
            reset()
    else:
        mwh += 139
        save()
