# Sleeps without feeding the watchdog.
import time


def run(meter):
    while True:
        time.sleep(100)
