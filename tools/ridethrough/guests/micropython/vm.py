# Runs inside the MicroPython VM: makes it look like a board, then boots the firmware from its flash.
# Everything that the world has a say in is asked of the host; docs/guest-protocol.md has the protocol.
# The host grants time: up to `_until` nothing happens in the world, so what only reads or lets time pass
# is answered here, and the host is told with the next request. The flash file is read directly: reading
# costs no time on a board either.
import builtins
import gc
import hashlib as _hashlib
import io
import json
import os
import sys
from _thread import allocate_lock, get_ident, start_new_thread

import vfs

_import = builtins.__import__
_from_host = open(3, "rb")
_to_host = open(4, "wb")
_flash = open(sys.argv[1], "rb")
SHIM = '"%s"' % __file__
MTIME = len(sys.argv) > 2
_callbacks = []
_now = _until = 0
_count = 0  # calls and granted passes of time
_owner = 0  # the thread that talks to the host
_busy = False  # it is not the one that runs the firmware
_lock = allocate_lock()
_told = 0  # what the host believes `_now` to be
_fed = -1  # when the watchdog was last fed in this grant
_happened = 0
_steady = False
_rx = b""
_taken = 0  # bytes of `_rx` that were read in this grant
_levels = {}  # what does not change until something happens, or a pin is written to
_adc = {}
_driven = {}  # what this boot has last written to a pin


def _granted(grant):
    global _now, _until, _told, _fed, _happened, _steady, _rx, _taken
    _now, _until, happened, _steady, rx = grant
    if happened != _happened:
        _happened = happened
        _levels.clear()
        _adc.clear()
    _told = _now
    _fed = -1
    if rx is None:
        if _taken:
            _rx = _rx[_taken:]
    else:
        _rx = bytes.fromhex(rx)
    _taken = 0


def _send(request):
    global _now, _fed
    if _now < _told:
        # the other thread let time pass while this one was about to
        _now = _told
        _fed = -1
    if _told != _now or _taken or _fed >= 0:
        _to_host.write(json.dumps(["sync", _now, _fed, _taken]) + "\n" + json.dumps(request) + "\n")
    else:
        _to_host.write(json.dumps(request) + "\n")


def call(*request):
    global _owner, _count
    _count += 1
    me = get_ident()
    if _owner == me:
        # from a callback, in the middle of another request
        return _exchange(request)
    if not _lock.acquire(0):
        _to_host.write('["back"]\n')
        _lock.acquire()
    _owner = me
    try:
        return _exchange(request)
    finally:
        _owner = 0
        _lock.release()


def _exchange(request):
    _send(request)
    interrupted = False
    while True:
        kind, value, grant = json.loads(_from_host.readline())
        _granted(grant)
        if kind == "ok":
            if interrupted:
                raise KeyboardInterrupt
            return value
        if kind == "timer":
            try:
                _callbacks[value]()
            except Exception as e:
                say("%s: %s" % (type(e).__name__, e))
            except KeyboardInterrupt:
                interrupted = True
            _send(["done"])
        else:
            raise KeyboardInterrupt


def stand_by():
    # A thread of its own. Code that computes and asks for nothing must not keep timers from running: after a
    # while this asks in its place. The VM's threads have no lock between them, so until then it allocates nothing.
    global _busy, _owner
    sleep_ms, ticks_ms = _time.sleep_ms, _time.ticks_ms
    wait_ms = BOARD["busy_ms"]
    seen = -1
    since_ms = cpu_s = 0
    while True:
        sleep_ms(50)
        if _owner or _count != seen:
            seen = _count
            cpu_s = -1
            since_ms = ticks_ms()
        elif ticks_ms() - since_ms < wait_ms:
            pass
        elif cpu_s < 0:
            # it has had the time; has it had the machine?
            cpu_s = _time.clock()
        elif (_time.clock() - cpu_s) * 1000 > wait_ms and _lock.acquire(0):
            _busy = True
            _owner = get_ident()
            _exchange(["busy"])
            _owner = 0
            _busy = False
            _lock.release()
            seen = -1


def passes(us):
    # Lets `us` pass within the grant; False if the host has to be asked.
    global _now, _count
    _count += 1
    t = _now + us
    if t >= _until or _busy:
        return False
    _now = t
    return True


def spend(us):
    if not passes(us):
        call("spend", us)


class Module:
    def __init__(self, **names):
        for name, value in names.items():
            setattr(self, name, value)


class Flash:
    def __init__(self, block_bytes, blocks, unstable):
        self._block_bytes = block_bytes
        self._blocks = blocks
        self._unstable = unstable

    def readblocks(self, block, buf, offset=0):
        at = block * self._block_bytes + offset
        if block in self._unstable:
            buf[:] = bytes.fromhex(call("flash_read", at, len(buf)))
            return
        _flash.seek(at)
        _flash.readinto(buf)

    def writeblocks(self, block, buf, offset=0):
        return call("flash_program", block * self._block_bytes + offset, bytes(buf).hex())

    def ioctl(self, request, argument):
        if request == 4:
            return self._blocks
        if request == 5:
            return self._block_bytes
        if request == 6:
            error = call("flash_erase", argument)
            if argument in self._unstable and not error:
                self._unstable.remove(argument)
            return error
        return 0


class Pin:
    IN, OUT, OPEN_DRAIN, ALT = 0, 1, 2, 3
    PULL_UP, PULL_DOWN = 1, 2
    IRQ_FALLING, IRQ_RISING = 4, 8

    def __init__(self, id, mode=None, pull=None, *, value=None, **how):
        self._gpio = id._gpio if isinstance(id, Pin) else _gpio_of(id)
        if mode is not None or pull is not None or value is not None or how:
            self.init(mode, pull, value=value, **how)

    def init(self, mode=None, pull=None, *, value=None, **how):
        level = None if value is None else int(bool(value))
        hold = how.pop("hold", None) if _ESP32 else None
        if how:
            raise TypeError("extra keyword arguments given")
        call("pin_configure", self._gpio, mode, pull or 0, level, hold if hold is None else bool(hold))
        _levels.clear()
        if level is not None:
            _driven[self._gpio] = level

    def value(self, *x):
        gpio = self._gpio
        if x:
            level = int(bool(x[0]))
            if _driven.get(gpio) != level or not passes(BOARD["hal_us"]):
                call("pin_write", gpio, level)
                _levels.clear()
                _driven[gpio] = level
        elif gpio in _levels and passes(BOARD["hal_us"]):
            return _levels[gpio]
        else:
            level = _levels[gpio] = call("pin_read", gpio)
            return level

    __call__ = value

    def irq(self, handler=None, trigger=12, *, hard=False):
        # the esp32 port schedules handlers: it has no hard ones
        if handler and hard == _ESP32:
            raise NotImplementedError("Pin.irq is simulated with hard=True only, and on the esp32 port without")
        _callbacks.append(lambda: handler(self))
        call("pin_irq", self._gpio, trigger, len(_callbacks) - 1 if handler else -1)

    def on(self):
        self.value(1)

    high = on

    def off(self):
        self.value(0)

    low = off


def _gpio_of(id):
    # by number, or on the stm32 port by the name of the CPU's pin
    if _STM32:
        if isinstance(id, str):
            name = id[1:] if id[:1] == "P" else id
            if name[:1] in ("A", "B", "C", "D") and name[1:].isdigit() and str(int(name[1:]) % 16) == name[1:]:
                return "ABCD".find(name[0]) * 16 + int(name[1:])
    elif isinstance(id, int) and 0 <= id <= (39 if _ESP32 else 29):
        return id
    raise ValueError("invalid pin")


class ADC:
    def __init__(self, id):
        self._gpio = id._gpio if isinstance(id, Pin) else id

    def read_u16(self):
        gpio = self._gpio
        if gpio in _adc and passes(BOARD["hal_us"]):
            return _adc[gpio]
        value = call("adc_read", gpio)
        if _steady:
            _adc[gpio] = value
        return value


class AttenuatedADC(ADC):  # the esp32 port's
    ATTN_11DB = 3

    def __init__(self, id, *, atten=0):
        if atten != self.ATTN_11DB:
            raise NotImplementedError("machine.ADC is simulated with atten=ADC.ATTN_11DB only")
        super().__init__(id)

    def read_uv(self):
        return min(self.read_u16() * BOARD["io_mv"] * 1000 >> 16, 3100000)


class WDT:
    def __init__(self, id=0, timeout=5000):
        if timeout > BOARD["wdt_ms_max"]:
            raise ValueError("timeout exceeds %d" % BOARD["wdt_ms_max"])
        call("wdt_start", timeout)

    def feed(self):
        global _fed
        if passes(BOARD["hal_us"]):
            _fed = _now
        else:
            call("wdt_feed")


class Timer:
    ONE_SHOT, PERIODIC = 0, 1

    def __init__(self, id=-1, **how):
        self._n = -1
        if how:
            self.init(**how)

    def init(self, *, mode=1, callback=None, period=0xFFFFFFFF, tick_hz=1000, freq=None, hard=False):
        self.deinit()
        self._n = len(_callbacks)
        _callbacks.append(lambda: callback(self))
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

    def readfrom_mem(self, addr, memaddr, nbytes, *, addrsize=8):
        buf = bytearray(nbytes)
        self.readfrom_mem_into(addr, memaddr, buf)
        return bytes(buf)


class Mem32:
    def __getitem__(self, address):
        if address != BOARD["output_enables"] or not address:
            raise NotImplementedError("mem32[0x%08x] is not simulated" % address)
        return call("output_enables")


class Sha256:
    def __init__(self, data=b""):
        self._sha = _hashlib.sha256()
        if data:
            self.update(data)

    def update(self, data):
        spend(len(data) * BOARD["sha256_us_per_kib"] // 1024)
        self._sha.update(data)

    def digest(self):
        return self._sha.digest()


class Poll:
    def __init__(self):
        self._registered = False

    def register(self, stream, eventmask=5):
        if stream is not STDIN and stream is not STDIN.buffer:
            raise OSError(22)
        self._registered = True

    def ipoll(self, timeout=-1, flags=0):
        return iter(self.poll(timeout))

    def poll(self, timeout=-1):
        if not self._registered:
            call("sleep_us", 1000000000000 if timeout < 0 else timeout * 1000)
            return []
        ms = 1000000 if timeout < 0 else timeout
        if _taken < len(_rx):
            if passes(BOARD["hal_us"]):
                return READY
        elif passes(BOARD["hal_us"] + ms * 1000000000 // RATE):
            return []
        return READY if call("stdin_poll", ms) else []


class Raw:
    def readinto(self, buf, n=None):
        global _taken
        n = len(buf) if n is None else n
        for i in range(n):
            if _taken < len(_rx) and not _busy:
                buf[i] = _rx[_taken]
                _taken += 1
            else:
                buf[i] = call("stdin_read")
        return n

    def read(self, n=1):
        buf = bytearray(n)
        self.readinto(buf)
        return bytes(buf)

    def write(self, data, n=None):
        if n is not None:
            data = memoryview(data)[:n]
        call("stdout_bytes", bytes(data).hex())
        return len(data)


class Text:
    # As a stream of text: \n goes out as \r\n.
    def __init__(self, raw):
        self.buffer = raw

    def read(self, n=1):
        return str(self.buffer.read(n), "utf-8")

    def readinto(self, buf, n=None):
        return self.buffer.readinto(buf, n)

    def write(self, text):
        call("stdout_write", text if isinstance(text, str) else str(text, "utf-8"))
        return len(text)


class Response:
    def __init__(self, status, body):
        self.status_code = status
        self.reason = b"OK" if status == 200 else b"Error"
        self.content = body
        self.encoding = "utf-8"

    @property
    def text(self):
        return str(self.content, "utf-8")

    def json(self):
        return json.loads(self.content)

    def close(self):
        pass


def fetch(url, **how):
    status, body = call("fetch", url)
    return Response(status, bytes.fromhex(body))


_open = builtins.open
_written = []
# A collection closes a file that was dropped, and if that happens inside littlefs (whose device is Python
# here, and allocates) it crashes: so the last few are kept.
_read = []
READ_FILES_MAX = 12


def still_open(entry):
    try:
        entry[1].tell()
        return True
    except (OSError, ValueError):
        return False
    except AttributeError:
        # a file system in Python: its files are no matter of littlefs
        return False


def tracked_open(path, mode="r", *rest):
    # A file that is dropped without close() would be committed at some garbage collection: kept here, it
    # never is, and what is still open when the firmware ends is said.
    f = _open(path, mode, *rest)
    if isinstance(path, str):
        if "r" in mode and "+" not in mode:
            _read[:] = [entry for entry in _read if still_open(entry)]
            _read.append((path, f))
            if len(_read) > READ_FILES_MAX:
                # nobody may hold these any more: then this is a moment at which they can go
                _read.clear()
                gc.collect()
        else:
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
            spend(slice_us)
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
            for path in (base + "/__init__.py", base + ".py", base + ".mpy"):
                path = folder + "/" + path if folder else path
                try:
                    size = os.stat(path)[6]
                except OSError:
                    continue
                if "." in name:
                    import_charged(name.rsplit(".", 1)[0])
                spend(size * BOARD["import_mpy_us_per_byte" if path.endswith(".mpy") else "import_py_us_per_byte"])
                module = _import(name, *rest)
                if name == "esme.p256":
                    charged_verify(sys.modules[name])
                return module
    return _import(name, *rest)


def text_of(e):
    # What a board would print of it: without this file's own lines.
    text = io.StringIO()
    sys.print_exception(e, text)
    return "\n".join(line for line in text.getvalue().split("\n") if SHIM not in line)


def execute(code, names):
    # Runs code; what it ended with, as text: "" if well.
    try:
        call("interrupt_char", 3)
        exec(code, names)
        call("interrupt_char", -1)
        return ""
    except SystemExit:
        raise
    except BaseException as e:
        call("interrupt_char", -1)
        return text_of(e)


def run_file(path, names):
    try:
        with open(path) as f:
            source = f.read()
    except OSError:
        return True
    spend(len(source) * BOARD["import_py_us_per_byte"])
    try:
        code = compile(source, path, "exec")
    except SyntaxError as e:
        error = text_of(e)
    else:
        error = execute(code, names)
    if error:
        call("stdout_write", error)
    return not error


def prompt(names):
    # The REPL: the host reads and frames, this executes. Returns when a soft reset is due.
    error = None
    while True:
        job = call("repl", error)
        if job is None:
            return
        try:
            code = compile(job[1], "<stdin>", job[0])
        except SyntaxError as e:
            error = text_of(e)
            continue
        error = execute(code, names)


def ticks(us_each):
    own_us = (_now - BOARD["started_us"]) * RATE // 1000000
    return (own_us + BOARD["tick_origin_us"]) // us_each % (1 << 30)


def ticks_us():
    return ticks(1) if passes(BOARD["hal_us"]) else call("ticks_us")


def ticks_ms():
    return ticks(1000) if passes(BOARD["hal_us"]) else call("ticks_ms")


def sleep_us(us):
    us = max(0, us)
    if not passes(us * 1000000 // RATE):
        call("sleep_us", us)


def broken_down(seconds=None):
    return _time.gmtime(call("unix_time") if seconds is None else seconds)


_time = sys.modules.get("time") or __import__("time")
call("grants")
BOARD = call("facts")
RATE = BOARD["rate"]
_ESP32 = BOARD["port"] == "esp32"
_STM32 = BOARD["port"] == "stm32"
STDIN = Text(Raw())
READY = [(STDIN, 1)]
_HALF = 1 << 29
shims = {
    "machine": Module(
        Pin=Pin, ADC=AttenuatedADC if _ESP32 else ADC, WDT=WDT, Timer=Timer, RTC=RTC, I2C=I2C, mem32=Mem32(),
        PWRON_RESET=1, WDT_RESET=3,
        reset=lambda: call("machine_reset"),
        soft_reset=sys.exit,
        reset_cause=lambda: call("reset_cause"),
        unique_id=lambda: bytes.fromhex(BOARD["unique_id"]),
        disable_irq=lambda: int(call("irq", True)),
        enable_irq=lambda state: call("irq", bool(state)) and None,
        idle=lambda: call("sleep_us", 1000),
        freq=lambda: 125000000,
    ),
    "time": Module(
        ticks_ms=ticks_ms,
        ticks_us=ticks_us,
        ticks_add=lambda t, d: (t + d) % (1 << 30),
        ticks_diff=lambda a, b: (a - b + _HALF) % (1 << 30) - _HALF,
        sleep=lambda s: sleep_us(int(s * 1000000)),
        sleep_ms=lambda ms: sleep_us(ms * 1000),
        sleep_us=sleep_us,
        time=lambda: call("unix_time"),
        gmtime=broken_down,
        localtime=broken_down,
        mktime=_time.mktime,
    ),
    "select": Module(poll=Poll, POLLIN=1, POLLOUT=4, POLLERR=8, POLLHUP=16),
    "hashlib": Module(sha256=Sha256),
    "micropython": Module(
        kbd_intr=lambda char: call("interrupt_char", char),
        const=lambda value: value,
        heap_lock=lambda: None,
        heap_unlock=lambda: None,
    ),
    "sys": Module(
        path=sys.path, modules=sys.modules, stdin=STDIN, stdout=STDIN, argv=[], byteorder="little",
        maxsize=(1 << 31) - 1, version=sys.version, implementation=sys.implementation, platform="rp2", exit=sys.exit,
        print_exception=sys.print_exception,
    ),
    "vfs": Module(mount=vfs.mount, umount=vfs.umount, VfsLfs2=vfs.VfsLfs2),
}  # fmt: skip
if BOARD["network"]:
    shims["requests"] = shims["urequests"] = Module(get=fetch, Response=Response)
    shims["hashlib"].sha1 = _hashlib.sha1
if _STM32:
    shims["pyb"] = Module(Flash=lambda *, start: _device)
    shims["machine"].HARD_RESET, shims["machine"].SOFT_RESET = 2, 0
for name in list(shims):
    shims["u" + name] = shims[name]  # the old names
sys.modules.update(shims)
builtins.print = say
builtins.__repl_print__ = lambda value: None if value is None else say(repr(value))
builtins.open = tracked_open
builtins.__import__ = import_charged
sys.path[:] = ["", ".frozen"] + (["/flash", "/flash/lib"] if _STM32 else ["/lib"])

vfs.umount("/")
_device = Flash(BOARD["block_bytes"], BOARD["blocks"], BOARD["unstable"])
_how = {"progsize": BOARD["page_bytes"], "mtime": MTIME}
try:
    _fs = vfs.VfsLfs2(_device, **_how)
except OSError:
    call("formatted")
    vfs.VfsLfs2.mkfs(_device, progsize=BOARD["page_bytes"])
    _fs = vfs.VfsLfs2(_device, **_how)
vfs.mount(_fs, "/flash" if _STM32 else "/")
if _STM32:
    os.chdir("/flash")
del _fs
_main = {"__name__": "__main__"}
start_new_thread(stand_by, ())
gc.collect()
try:
    if run_file("boot.py", _main) and BOARD["friendly"]:
        run_file("main.py", _main)
    for entry in _written:
        if still_open(entry):
            call("left_open", entry[0])
    prompt(_main)
except SystemExit:
    pass
_send(["soft_reset"])
