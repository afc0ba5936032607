# Takes memory until there is none.
def run(meter):
    kept = []
    try:
        for _ in range(1000):
            kept.append(bytearray(1024))
    except MemoryError:
        pass
    raise MemoryError
