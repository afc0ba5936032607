# Runs for 30 s without confirming, then hangs: several boots, each with the rail away for a while.
from time import ticks_diff, ticks_ms


def run(meter):
    began = ticks_ms()
    while ticks_diff(ticks_ms(), began) < 30_000:
        meter.counted()
        meter.poll(50)
    while True:
        pass
