import time

from machine import WDT, Pin

lamp = Pin(3, Pin.OUT)
wdt = WDT(timeout=3000)
for n in range(3):
    lamp.toggle()
    wdt.feed()
    print("turn", n)
    time.sleep(1)
lamp.blink()
