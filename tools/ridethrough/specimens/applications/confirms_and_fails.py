# Confirms itself, and fails a second later.
import time


def run(meter):
    meter.confirm()
    time.sleep(1)
    raise ValueError("a fault that a confirm does not show")
