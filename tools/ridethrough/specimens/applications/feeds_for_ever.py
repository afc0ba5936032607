# Feeds the watchdog by itself, for ever, and never comes back to the supervisor.
import time

from machine import WDT

wdt = WDT(timeout=8000)


def run(meter):
    while True:
        wdt.feed()
        time.sleep(1)
