import os
import struct

from register import PATH, Register


class Part:
    def __init__(self, counter):
        self.counter = counter

    def readfrom_mem_into(self, address, register, buf):
        assert (address, register) == (0x48, 0x10)
        buf[:] = struct.pack("<I", self.counter & 0xFFFFFFFF)


def _clean():
    try:
        os.remove(PATH)
    except OSError:
        pass


def test_counts_over_the_wrap():
    _clean()
    part = Part(0xFFFFFFF0)
    r = Register(part)
    part.counter += 0x20
    r.persist()
    assert r.total_mwh == 0x20


def test_nothing_is_lost_over_a_reset():
    _clean()
    part = Part(100)
    r = Register(part)
    part.counter = 150
    r.persist()
    part.counter = 175
    assert r.total_mwh == 50
    r.count()
    assert r.total_mwh == 75
    again = Register(part)  # as after a reset before the next persist
    again.count()
    assert again.total_mwh == 75


def test_a_log_of_another_length_is_not_nothing():
    import struct

    whole = b"".join(struct.pack("<QI", 1000 + i, i) for i in range(60))
    for data in (whole, whole + b"torn", whole[: 12 * 5] + b"x"):
        with open(PATH, "wb") as f:
            f.write(data)
        entries = len(data) // 12
        r = Register(Part(entries + 7))
        assert r.total_mwh == 1000 + entries - 1
        r.persist()
        assert r.total_mwh == 1000 + entries - 1 + 8


def test_the_log_is_bounded():
    _clean()
    part = Part(0)
    r = Register(part)
    for _ in range(120):
        part.counter += 1
        r.persist()
    assert os.stat(PATH)[6] == 4 * 12 and r.total_mwh == 120


def test_a_misread_counter_is_no_energy():
    _clean()
    part = Part(1000)
    r = Register(part)
    good = part.readfrom_mem_into
    odd = [0]

    def readfrom_mem_into(address, register, buf):
        good(address, register, buf)
        if odd[0]:
            odd[0] -= 1
            buf[:] = struct.pack("<I", (part.counter + 0x40000000) & 0xFFFFFFFF)

    part.readfrom_mem_into = readfrom_mem_into
    part.counter, odd[0] = 1010, 1
    try:
        r.count()
        raise AssertionError("it was believed")
    except OSError:
        pass
    r.count()
    assert r.total_mwh == 10
    # another part begins anew: nothing is made up
    part.counter = 5
    r.count()
    part.counter = 8
    r.count()
    assert r.total_mwh == 13
