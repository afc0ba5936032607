# random: a generator that is the same in every run, begun by the board and its boot.
_state = [0]


def seed(n=None):
    if n is None:
        n = int.from_bytes(bytes.fromhex(link.call("entropy", 4)), "little")
    _state[0] = (whole(n) & 0xFFFFFFFF) or 1


def getrandbits(n):
    n = whole(n)
    if not 0 <= n <= 32:
        raise ValueError("bits must be 32 or less")
    # xorshift, 32 bits
    x = _state[0]
    x ^= x << 13 & 0xFFFFFFFF
    x ^= x >> 17
    x ^= x << 5 & 0xFFFFFFFF
    _state[0] = x
    return x >> (32 - n)


def _below(n):
    bits = 0
    while n >> bits:
        bits += 1
    while True:
        found = getrandbits(bits)
        if found < n:
            return found


def randrange(start, stop=None, step=1):
    if stop is None:
        start, stop = 0, start
    start, stop, step = whole(start), whole(stop), whole(step)
    if not step:
        raise ValueError
    n = (stop - start + step - (1 if step > 0 else -1)) // step
    if n <= 0:
        raise ValueError
    return start + step * _below(n)


def randint(a, b):
    return randrange(a, whole(b) + 1)


def choice(sequence):
    if not len(sequence):
        raise IndexError
    return sequence[_below(len(sequence))]


def random():
    return getrandbits(24) / 16777216


def uniform(a, b):
    return a + (b - a) * random()


seed()
