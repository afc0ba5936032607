# Confirms itself; from then on it feeds the watchdog, and forgets console and register.
import time


def run(meter):
    meter.poll(50)
    meter.confirm()
    while True:
        meter.feed()
        time.sleep_ms(500)
