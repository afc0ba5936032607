import select
import sys
import time

import machine
from machine import Pin

running_n = Pin(19, Pin.OUT, value=0)
print("* application 2")
if unpacked:  # noqa: F821  boot.py has; the console is there only now
    print("* phase idle")
    print("* outcome 0 version=2")
poller = select.poll()
poller.register(sys.stdin, select.POLLIN)
line = b""
while True:
    if not poller.poll(1000):
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
        Pin(16, Pin.OUT, value=0)  # "save energy while rebooting"
        time.sleep(2)
        machine.reset()
