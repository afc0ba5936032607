# Runs on the board as main.py and says how long things take, a line each: "= NAME MICROSECONDS HOW_MANY", or
# "! NAME REASON". Its host puts KEY, DIGEST, SIGNATURE, SOURCES, BYTECODE and READ before it.
import gc
import hashlib
import select
import sys
from time import ticks_diff, ticks_us

import board
import vfs
from esme import bootrec, events, image, p256, romfs, signed, store  # noqa: F401  what the copies import
from esme.console import Console

ROUNDS = 300
BYTES = 1024


def tell(name, us, n):
    print("= %s %d %d" % (name, us, n))


def nothing():
    began = ticks_us()
    for _ in range(ROUNDS):
        pass
    return ticks_diff(ticks_us(), began)


def hal():
    began = ticks_us()
    for _ in range(ROUNDS):
        ticks_us()
    tell("hal_us", ticks_diff(ticks_us(), began) - nothing(), ROUNDS)


def pin():
    began = ticks_us()
    for _ in range(ROUNDS):
        board.ch_present_n.value()
    tell("pin_us", ticks_diff(ticks_us(), began) - nothing(), ROUNDS)


def adc():
    began = ticks_us()
    for _ in range(ROUNDS):
        board.ch_mv()
    tell("adc_us", ticks_diff(ticks_us(), began) - nothing(), ROUNDS)


def i2c():
    bus = board.metrology()
    raw = bytearray(4)
    bus.readfrom_mem_into(0x48, 0x10, raw)
    began = ticks_us()
    for _ in range(ROUNDS):
        bus.readfrom_mem_into(0x48, 0x10, raw)
    tell("i2c_us", ticks_diff(ticks_us(), began) - nothing(), ROUNDS)


def sha256():
    block = bytes(BYTES)
    digest = hashlib.sha256()
    began = ticks_us()
    for _ in range(16):
        digest.update(block)
    tell("sha256_us_per_kib", ticks_diff(ticks_us(), began), 16)


def verify():
    for _ in range(2):
        began = ticks_us()
        good = p256.verify(KEY, DIGEST, SIGNATURE, lambda: None)
        took = ticks_diff(ticks_us(), began)
        if not good:
            raise ValueError("a signature that is sound was refused")
        tell("ecdsa_verify_us", took, 1)


def imported(kind, package, sizes):
    # Copies of modules of the firmware: beside them lie as many as in its own library. A folder's entries lie in a log,
    # which is read from its beginning: a write before each finds it in every age.
    __import__(package)
    for module, size in sizes:
        name = package + "." + module
        with open("/aged", "w") as f:
            f.write(name)
        gc.collect()
        began = ticks_us()
        __import__(name)
        took = ticks_diff(ticks_us(), began)
        del sys.modules[name]
        tell(kind, took, size)


def from_source():
    imported("import_py", "copies", SOURCES)


def from_bytecode():
    imported("import_mpy", "compiled", BYTECODE)


def from_reader():
    with open("/modules.romfs", "rb") as f:
        vfs.mount(romfs.RomFs(f, 0, f.seek(0, 2)), "/read")
        sys.path.append("/read")
        imported("import_reader", "slow", READ)


def heap():
    tell("heap_bytes", gc.mem_alloc() + gc.mem_free(), 1)


def write():
    text = "." * 63 + "\n"
    began = ticks_us()
    for _ in range(BYTES // 64):
        sys.stdout.write(text)
    took = ticks_diff(ticks_us(), began)
    tell("console_us_per_byte", took, BYTES)


def poll():
    poller = select.poll()
    poller.register(sys.stdin, select.POLLIN)
    wait = poller.poll
    began = ticks_us()
    for _ in range(ROUNDS):
        wait(0)
    tell("poll_us", ticks_diff(ticks_us(), began) - nothing(), ROUNDS)


def read():
    # A line that does not end, as the firmware's own console takes it: a poll and a byte in turn.
    poller = select.poll()
    poller.register(sys.stdin, select.POLLIN)
    console = Console(lambda: None)
    if not poller.poll(60000):
        raise OSError("nothing came in")
    began = ticks_us()
    console.poll(0)
    tell("received", ticks_diff(ticks_us(), began), console._n)


for part in (hal, pin, adc, i2c, sha256, verify, from_source, from_bytecode, from_reader, heap, write, poll, read):
    gc.collect()
    try:
        part()
    except Exception as e:
        print("! %s %s: %s" % (part.__name__, type(e).__name__, e))
print("= done 0 1")
