# Takes memory until there is none.
def run(meter):
    kept = []
    for _ in range(1000):
        kept.append(bytearray(1024))
        meter.feed()
    raise MemoryError
