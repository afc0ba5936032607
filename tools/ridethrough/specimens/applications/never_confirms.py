# Does its duty, but never says that it is healthy.
def run(meter):
    while True:
        meter.counted()
        meter.poll(50)
