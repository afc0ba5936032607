# Steps (TIME as 100s, 1ms): off TIME, on TIME: the converter; wait TIME; reset activation|commanded|rollback;
# restart: the same without a word;
# crash; hang; application N; phase NAME; shutdown KIND; outcome N VERSION; log CODE; ac_lost TIME: the line
# says so, as if nothing held it.
import os
import select
import sys
import time

import machine
from boot import ac_ok, at, ch_enable, script
from machine import Pin

_UNITS = (("ms", 1), ("s", 1000), ("min", 60_000), ("h", 3_600_000), ("d", 86_400_000))


def wait(text):
    number = text.rstrip("adhimns")
    ms = int(number) * dict(_UNITS)[text[len(number) :]]
    while ms > 0:
        time.sleep_ms(min(ms, 3_600_000))
        ms -= 3_600_000


def remember(step):
    with open("/at.new", "w") as f:
        f.write(str(step))
    os.rename("/at.new", "/at")


def run(step):
    while step < len(script):
        word, rest = script[step][0], script[step][1:]
        step += 1
        if word in ("off", "on"):
            ch_enable.value(word == "on")
            wait(rest[0])
            if script[step : step + 1] == [] or script[step][0] not in ("off", "reset", "restart", "crash", "hang"):
                ch_enable.value(1)
        elif word in ("reset", "restart", "crash", "hang"):
            remember(step)
            if word != "hang":
                if word != "restart":
                    print("* shutdown", rest[0] if rest else word)
                machine.reset()
            machine.WDT(timeout=1000)
            while True:
                pass
        elif word == "application":
            print("* application", rest[0])
            Pin(19, Pin.OUT, value=0)
        elif word == "outcome":
            print("* outcome", rest[0], "version=" + rest[1])
        elif word == "log":
            print("* log", rest[0], "")
        elif word == "ac_lost":
            ac_ok.value(0)
            wait(rest[0])
            ac_ok.value(1)
        elif word == "wait":
            wait(rest[0])
        else:
            print("*", " ".join(script[step - 1]))
    remember(-1)


if at < 0:
    print("* application 1")
    Pin(19, Pin.OUT, value=0)
else:
    run(at)
poller = select.poll()
poller.register(sys.stdin, select.POLLIN)
line = b""
while True:
    if not poller.poll(3_600_000):
        continue
    line = line[-80:] + sys.stdin.buffer.read(1)
    if line.endswith(b"activate\n"):
        line = b""
        print("OK")
        print("* command 1")
        run(0)
