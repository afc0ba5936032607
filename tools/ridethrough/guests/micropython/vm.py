# Runs inside the MicroPython VM: makes it look like a board, then boots the firmware from its flash.
# Every call to the hardware is one line to the host (file descriptor 4) and one line back (3):
#   -> ["pin_write", 16, 1]      <- ["ok", null] | ["error", errno] | ["interrupt"] | ["timer", n]
# After "timer" the VM runs callback n, says ["done"], and goes on waiting for its answer. Bytes travel
# as hexadecimal text. The flash file is read directly: reading costs no time on a board either.
import builtins
import hashlib as _hashlib
import io
import json
import os
import sys

import vfs

_import = builtins.__import__
_from_host = open(3, "rb")
_to_host = open(4, "wb")
_flash = open(sys.argv[1], "rb")
_timers = []


def call(*request):
    _to_host.write(json.dumps(request) + "\n")
    while True:
        reply = json.loads(_from_host.readline())
        kind = reply[0]
        if kind == "ok":
            return reply[1]
        if kind == "timer":
            try:
                _timers[reply[1]]()
            except Exception as e:
                say("%s: %s" % (type(e).__name__, e))
            _to_host.write('["done"]\n')
        elif kind == "interrupt":
            raise KeyboardInterrupt
        else:
            raise OSError(reply[1])


class Module:
    def __init__(self, **names):
        for name, value in names.items():
            setattr(self, name, value)


class Flash:
    def __init__(self, block_bytes, blocks):
        self._block_bytes = block_bytes
        self._blocks = blocks

    def readblocks(self, block, buf, offset=0):
        _flash.seek(block * self._block_bytes + offset)
        _flash.readinto(buf)

    def writeblocks(self, block, buf, offset=0):
        call("flash_program", block * self._block_bytes + offset, bytes(buf).hex())

    def ioctl(self, request, argument):
        if request == 4:
            return self._blocks
        if request == 5:
            return self._block_bytes
        if request == 6:
            call("flash_erase", argument)
        return 0


class Pin:
    IN, OUT, OPEN_DRAIN, ALT = 0, 1, 2, 3
    PULL_UP, PULL_DOWN = 1, 2
    IRQ_FALLING, IRQ_RISING = 4, 8

    def __init__(self, id, mode=None, pull=None, *, value=None):
        self._gpio = id._gpio if isinstance(id, Pin) else id
        if mode is not None or pull is not None or value is not None:
            self.init(mode, pull, value=value)

    def init(self, mode=None, pull=None, *, value=None):
        level = None if value is None else int(bool(value))
        call("pin_configure", self._gpio, mode, pull or 0, level)

    def value(self, *x):
        if not x:
            return call("pin_read", self._gpio)
        call("pin_write", self._gpio, int(bool(x[0])))

    __call__ = value

    def irq(self, handler=None, trigger=12, *, hard=False):
        if handler and not hard:
            raise NotImplementedError("Pin.irq is simulated with hard=True only")
        _timers.append(lambda: handler(self))
        call("pin_irq", self._gpio, trigger, len(_timers) - 1 if handler else -1)

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)


class ADC:
    def __init__(self, id):
        self._gpio = id._gpio if isinstance(id, Pin) else id

    def read_u16(self):
        return call("adc_read", self._gpio)


class WDT:
    def __init__(self, id=0, timeout=5000):
        if timeout > BOARD["wdt_ms_max"]:
            raise ValueError("timeout exceeds %d" % BOARD["wdt_ms_max"])
        call("wdt_start", timeout)

    def feed(self):
        call("wdt_feed")


class Timer:
    ONE_SHOT, PERIODIC = 0, 1

    def __init__(self, id=-1, **how):
        self._n = -1
        if how:
            self.init(**how)

    def init(self, *, mode=1, callback=None, period=0xFFFFFFFF, tick_hz=1000, freq=None, hard=False):
        self.deinit()
        self._n = len(_timers)
        _timers.append(lambda: callback(self))
        us = int(1000000 / freq) if freq else period * 1000000 // tick_hz
        call("timer_start", max(1, us), mode == Timer.PERIODIC, self._n)

    def deinit(self):
        if self._n >= 0:
            call("timer_stop", self._n)


class RTC:
    def datetime(self, when=None):
        import time

        if when is None:
            t = time.gmtime()
            return (t[0], t[1], t[2], t[6], t[3], t[4], t[5], 0)
        call("set_unix_time", _time.mktime((when[0], when[1], when[2], when[4], when[5], when[6], 0, 0)))


class I2C:
    def __init__(self, id, *, scl=None, sda=None, freq=400000):
        pass

    def readfrom_mem_into(self, addr, memaddr, buf, *, addrsize=8):
        data = call("i2c_read", addr, memaddr, len(buf))
        if data is None:
            raise OSError(5)
        buf[:] = bytes.fromhex(data)


class Mem32:
    def __getitem__(self, address):
        if address != 0xD0000020:
            raise NotImplementedError("mem32[0x%08x] is not simulated" % address)
        return call("output_enables")


class Sha256:
    def __init__(self, data=b""):
        self._sha = _hashlib.sha256()
        if data:
            self.update(data)

    def update(self, data):
        call("charge_sha256", len(data))
        self._sha.update(data)

    def digest(self):
        return self._sha.digest()


class Poll:
    def __init__(self):
        self._registered = False

    def register(self, stream, eventmask=5):
        self._registered = True

    def ipoll(self, timeout=-1, flags=0):
        return self.poll(timeout)

    def poll(self, timeout=-1):
        if not self._registered:
            call("sleep_us", 1000000000 if timeout < 0 else timeout * 1000)
            return []
        return [(STDIN, 1)] if call("stdin_poll", 1000000 if timeout < 0 else timeout) else []


class Raw:
    def readinto(self, buf):
        for i in range(len(buf)):
            buf[i] = call("stdin_read")
        return len(buf)

    def read(self, n=1):
        buf = bytearray(n)
        self.readinto(buf)
        return bytes(buf)

    def write(self, text):
        call("stdout_write", text if isinstance(text, str) else str(text, "utf-8"))
        return len(text)


_open = builtins.open
_written = []


def still_open(entry):
    try:
        entry[1].tell()
        return True
    except (OSError, ValueError):
        return False


def tracked_open(path, mode="r", *rest):
    # A file that is dropped without close() would be committed at some garbage collection: kept here, it
    # never is, and what is still open when the firmware ends is said.
    f = _open(path, mode, *rest)
    if isinstance(path, str) and not ("r" in mode and "+" not in mode):
        _written[:] = [entry for entry in _written if still_open(entry)]
        _written.append((path, f))
    return f


def say(*values, sep=" ", end="\n", file=None):
    call("stdout_write", sep.join(str(v) for v in values) + end)


def charged_verify(module):
    real = module.verify
    slice_us = BOARD["ecdsa_verify_us"] // 256

    def verify(key, digest, signature, feed):
        def fed():
            call("spend", slice_us)
            feed()

        return real(key, digest, signature, fed)

    module.verify = verify


def import_charged(name, *rest):
    if name.split(".")[0] in ("asyncio", "uasyncio"):
        raise NotImplementedError("the VM's asyncio counts real time, in C: run it on the cpython guest")
    # What a board compiles on import, it is charged for here, before the module's first line runs.
    if name and name not in sys.modules and not (len(rest) > 3 and rest[3]):
        base = name.replace(".", "/")
        for folder in sys.path:
            for path in (base + "/__init__.py", base + ".py"):
                path = folder + "/" + path if folder else path
                try:
                    size = os.stat(path)[6]
                except OSError:
                    continue
                if "." in name:
                    import_charged(name.rsplit(".", 1)[0])
                call("charge_import", size)
                module = _import(name, *rest)
                if name == "esme.p256":
                    charged_verify(sys.modules[name])
                return module
    return _import(name, *rest)


def run_file(path, names):
    try:
        with open(path) as f:
            source = f.read()
    except OSError:
        return True
    try:
        call("charge_import", len(source))
        code = compile(source, path, "exec")
        call("interrupt_char", 3)
        exec(code, names)
    except SystemExit:
        raise
    except BaseException as e:
        text = io.StringIO()
        sys.print_exception(e, text)
        call("stdout_write", text.getvalue())
        return False
    finally:
        call("interrupt_char", -1)
    return True


_time = sys.modules.get("time") or __import__("time")
BOARD = call("facts")
STDIN = Module(buffer=Raw(), read=lambda n=1: str(Raw().read(n), "utf-8"))
_HALF = 1 << 29
shims = {
    "machine": Module(
        Pin=Pin, ADC=ADC, WDT=WDT, Timer=Timer, RTC=RTC, I2C=I2C, mem32=Mem32(),
        PWRON_RESET=1, WDT_RESET=3,
        reset=lambda: call("machine_reset"),
        soft_reset=sys.exit,
        reset_cause=lambda: call("reset_cause"),
        unique_id=lambda: bytes.fromhex(BOARD["unique_id"]),
        disable_irq=lambda: int(call("irq", True)),
        enable_irq=lambda state: call("irq", bool(state)) and None,
    ),
    "time": Module(
        ticks_ms=lambda: call("ticks_ms"),
        ticks_us=lambda: call("ticks_us"),
        ticks_add=lambda t, d: (t + d) % (1 << 30),
        ticks_diff=lambda a, b: (a - b + _HALF) % (1 << 30) - _HALF,
        sleep=lambda s: call("sleep_us", int(s * 1000000)),
        sleep_ms=lambda ms: call("sleep_us", ms * 1000),
        sleep_us=lambda us: call("sleep_us", us),
        time=lambda: call("unix_time"),
        gmtime=lambda s=None: _time.gmtime(call("unix_time") if s is None else s),
        mktime=_time.mktime,
    ),
    "select": Module(poll=Poll, POLLIN=1, POLLOUT=4),
    "hashlib": Module(sha256=Sha256),
    "micropython": Module(
        kbd_intr=lambda char: call("interrupt_char", char),
        const=lambda value: value,
        heap_lock=lambda: None,
        heap_unlock=lambda: None,
    ),
    "sys": Module(
        path=sys.path, modules=sys.modules, stdin=STDIN, stdout=Module(write=Raw().write, buffer=Raw()),
        implementation=sys.implementation, platform="rp2", exit=sys.exit, print_exception=sys.print_exception,
    ),
}  # fmt: skip
sys.modules.update(shims)
builtins.print = say
builtins.open = tracked_open
builtins.__import__ = import_charged
sys.path[:] = ["", ".frozen", "/lib"]

vfs.umount("/")
_device = Flash(BOARD["block_bytes"], BOARD["blocks"])
try:
    _fs = vfs.VfsLfs2(_device, progsize=BOARD["page_bytes"], mtime=False)
except OSError:
    call("formatted")
    vfs.VfsLfs2.mkfs(_device, progsize=BOARD["page_bytes"])
    _fs = vfs.VfsLfs2(_device, progsize=BOARD["page_bytes"], mtime=False)
vfs.mount(_fs, "/")
_main = {"__name__": "__main__"}
try:
    if run_file("boot.py", _main):
        run_file("main.py", _main)
    for entry in _written:
        if still_open(entry):
            call("left_open", entry[0])
    call("repl")
except SystemExit:
    pass
_to_host.write('["soft_reset"]\n')
