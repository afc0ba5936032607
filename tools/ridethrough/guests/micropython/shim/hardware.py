# What a board's `machine`, `time` and `hashlib` are made of.
import hashlib
import sys
import time

import link

BOARD = link.board
RATE = BOARD["rate"]
ESP32 = BOARD["port"] == "esp32"
STM32 = BOARD["port"] == "stm32"
_HALF = 1 << 29


class Pin(link.Strict):
    _owner = "machine.Pin"
    IN, OUT, OPEN_DRAIN, ALT = 0, 1, 2, 3
    PULL_UP, PULL_DOWN = 1, 2
    IRQ_FALLING, IRQ_RISING = 4, 8

    def __init__(self, id, mode=None, pull=None, *, value=None, **how):
        self._gpio = id._gpio if isinstance(id, Pin) else _gpio_of(id)
        if mode is not None or pull is not None or value is not None or how:
            self.init(mode, pull, value=value, **how)

    def init(self, mode=None, pull=None, *, value=None, **how):
        level = None if value is None else int(bool(value))
        hold = how.pop("hold", None) if ESP32 else None
        if how:
            link.refuse_given("machine.Pin", how)
        link.call("pin_configure", self._gpio, mode, pull or 0, level, hold if hold is None else bool(hold))
        if level is not None:
            link.driven[self._gpio] = level

    def value(self, *x):
        gpio = self._gpio
        if x:
            level = int(bool(x[0]))
            if link.driven.get(gpio) != level or not link.passes(BOARD["pin_us"]):
                link.call("pin_write", gpio, level)
                link.driven[gpio] = level
        elif gpio in link.levels and link.passes(BOARD["pin_us"]):
            return link.levels[gpio]
        else:
            level = link.levels[gpio] = link.call("pin_read", gpio)
            return level

    __call__ = value

    def irq(self, handler=..., trigger=..., *, hard=False, **how):
        if how:
            link.refuse_given("machine.Pin.irq", how)
        edges = None if handler is trigger else 12 if trigger is ... else trigger
        if edges is not None:
            link.callbacks.append(lambda: handler(self))
            link.call("pin_irq", self._gpio, edges, -1 if handler in (..., None) else len(link.callbacks) - 1)
        return link.part("irq")["of"](self._gpio, edges)

    def toggle(self):
        link.call("pin_toggle", self._gpio)

    def on(self):
        self.value(1)

    high = on

    def off(self):
        self.value(0)

    low = off


def _gpio_of(id):
    # by number, on the stm32 port by the name of the CPU's pin, on the rp2 port by that of the board's
    if id == "LED" and BOARD["led"] is not None:
        return BOARD["led"]
    if isinstance(id, str) and not STM32 and not ESP32:
        digits = id[4:] if id[:4] == "GPIO" else id[2:] if id[:2] == "GP" else ""
        if digits.isdigit() and len(digits) < 3 and int(digits) < 30:
            return int(digits)
        raise ValueError("unknown named pin")
    if STM32:
        if isinstance(id, str):
            name = id[1:] if id[:1] == "P" else id
            if name[:1] in ("A", "B", "C", "D") and name[1:].isdigit() and str(int(name[1:]) % 16) == name[1:]:
                return "ABCD".find(name[0]) * 16 + int(name[1:])
    elif isinstance(id, int) and 0 <= id <= (39 if ESP32 else 29):
        return id
    raise ValueError("invalid pin")


class ADC(link.Strict):
    _owner = "machine.ADC"

    def __init__(self, id, **how):
        if how:
            link.refuse_given("machine.ADC", how)
        self._gpio = id._gpio if isinstance(id, Pin) else link.whole(id)
        if not STM32 and not ESP32 and not isinstance(id, Pin) and 0 <= self._gpio < 4:
            # the number of a channel
            self._gpio += 26
        elif not STM32 and not ESP32 and self._gpio == 4:
            link.missing("machine.ADC", "CORE_TEMP")
        if self._gpio not in BOARD["adc_pins"]:
            raise ValueError("Pin doesn't have ADC capabilities")

    def read_u16(self):
        gpio = self._gpio
        if gpio in link.adc and link.passes(BOARD["adc_us"]):
            return link.adc[gpio]
        value = link.call("adc_read", gpio)
        if link.steady:
            link.adc[gpio] = value
        return value


class AttenuatedADC(ADC):  # the esp32 port's
    ATTN_11DB = 3

    def __init__(self, id, *, atten=0):
        if atten != self.ATTN_11DB:
            raise NotImplementedError("machine.ADC is simulated with atten=ADC.ATTN_11DB only")
        super().__init__(id)

    def read_uv(self):
        return min(self.read_u16() * BOARD["io_mv"] * 1000 >> 16, 3100000)


class WDT(link.Strict):
    _owner = "machine.WDT"

    def __init__(self, id=0, timeout=5000):
        if id != 0:
            raise ValueError("WDT(%d) doesn't exist" % id)
        if link.whole(timeout) > BOARD["wdt_ms_max"]:
            raise ValueError("timeout exceeds %d" % BOARD["wdt_ms_max"])
        link.call("wdt_start", timeout)

    def feed(self):
        if link.passes(BOARD["hal_us"]):
            link.fed = link.now
        else:
            link.call("wdt_feed")


class Timer(link.Strict):
    _owner = "machine.Timer"
    ONE_SHOT, PERIODIC = 0, 1

    def __init__(self, id=-1, **how):
        if id not in BOARD["timers"]:
            raise ValueError("Timer doesn't exist")
        self._n = -1
        if how:
            self.init(**how)

    def init(self, *, mode=1, callback=None, period=0xFFFFFFFF, tick_hz=1000, freq=None, hard=False):
        self.deinit()
        self._n = len(link.callbacks)
        link.callbacks.append(lambda: callback(self))
        us = int(1000000 / freq) if freq else link.whole(period) * 1000000 // (link.whole(tick_hz) or 1)
        if us < BOARD["timer_us_least"]:
            # as on the cpython guest
            raise NotImplementedError("a timer of less than %d us is not simulated here" % BOARD["timer_us_least"])
        link.call("timer_start", us, mode == Timer.PERIODIC, self._n)

    def deinit(self):
        if self._n >= 0:
            link.call("timer_stop", self._n)


class RTC(link.Strict):
    _owner = "machine.RTC"

    def datetime(self, when=None):
        if when is None:
            t = broken_down()
            return (t[0], t[1], t[2], t[6], t[3], t[4], t[5], 0)
        link.call("set_unix_time", time.mktime((when[0], when[1], when[2], when[4], when[5], when[6], 0, 0)))


class I2C(link.Strict):
    _owner = "machine.I2C"

    def __init__(self, id, *, scl=None, sda=None, freq=400000, timeout=50000):
        if id not in (0, 1):
            raise ValueError("I2C(%s) doesn't exist" % id)

    def readfrom_mem_into(self, addr, memaddr, buf, *, addrsize=8):
        data = link.call("i2c_read", addr, memaddr, len(buf))
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
        return link.call("output_enables")


def digest_of(real):
    class Digest:
        def __init__(self, data=b""):
            self._sha = real()
            if data:
                self.update(data)

        def update(self, data):
            link.spend(
                len(bytes(data, "utf-8") if isinstance(data, str) else data) * BOARD["sha256_us_per_kib"] // 1024
            )
            self._sha.update(data)

        def digest(self):
            return self._sha.digest()

    return Digest


def ticks(us_each):
    own_us = (link.now - BOARD["started_us"]) * RATE // 1000000
    return (own_us + BOARD["tick_origin_us"]) // us_each % (1 << 30)


def ticks_us():
    return ticks(1) if link.passes(BOARD["hal_us"]) else link.call("ticks_us")


def ticks_ms():
    return ticks(1000) if link.passes(BOARD["hal_us"]) else link.call("ticks_ms")


def sleep_us(us):
    us = max(0, link.whole(us))
    if not link.passes(us * 1000000 // RATE):
        link.call("sleep_us", us)


def broken_down(seconds=None):
    return time.gmtime(link.call("unix_time") if seconds is None else seconds)


def freq(hz=None):
    link.refuse_given("machine.freq", {"hz": hz})
    return 125000000


def lightsleep(time_ms=None):
    link.call("sleep_us", 10**12 if time_ms is None else link.whole(time_ms) * 1000)


def schedule(func, arg):
    link.callbacks.append(lambda: func(arg))
    link.call("timer_start", 1, False, len(link.callbacks) - 1)


def modules():
    # The firmware's `machine`, `time` and `hashlib`.
    machine = link.Module(
        "machine", BOARD["machine_parts"],
        Pin=Pin, ADC=AttenuatedADC if ESP32 else ADC, WDT=WDT, Timer=Timer, RTC=RTC, I2C=I2C, mem32=Mem32(),
        PWRON_RESET=1, WDT_RESET=3,
        reset=lambda: link.call("machine_reset"),
        soft_reset=sys.exit,
        reset_cause=lambda: link.call("reset_cause"),
        unique_id=lambda: bytes.fromhex(BOARD["unique_id"]),
        disable_irq=lambda: int(link.call("irq", True)),
        enable_irq=lambda state: link.call("irq", bool(state)) and None,
        idle=lambda: link.call("sleep_us", 1000),
        freq=freq,
        lightsleep=lightsleep,
    )  # fmt: skip
    if STM32:
        machine.HARD_RESET, machine.SOFT_RESET = 2, 0
    clock = link.Module(
        "time",
        ticks_cpu=ticks_us,
        ticks_ms=ticks_ms,
        ticks_us=ticks_us,
        ticks_add=lambda t, d: (link.whole(t) + link.whole(d)) % (1 << 30),
        ticks_diff=lambda a, b: (link.whole(a) - link.whole(b) + _HALF) % (1 << 30) - _HALF,
        sleep=lambda s: sleep_us(int(s * 1000000)),
        sleep_ms=lambda ms: sleep_us(link.whole(ms) * 1000),
        sleep_us=sleep_us,
        time=lambda: link.call("unix_time"),
        gmtime=broken_down,
        localtime=broken_down,
        mktime=time.mktime,
    )
    digests = link.Module("hashlib")
    for name in ("sha256", "sha1", "md5"):
        setattr(digests, name, digest_of(getattr(hashlib, name)))
    return {"machine": machine, "time": clock, "hashlib": digests}
