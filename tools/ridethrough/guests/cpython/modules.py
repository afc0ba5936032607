"""The modules and builtins that firmware finds, and nothing that MicroPython does not have."""

from __future__ import annotations

import array
import binascii
import collections
import errno
import hashlib
import heapq
import io
import json
import math
import re
import struct
import sys
from collections.abc import Callable, Iterator
from operator import itemgetter
from types import ModuleType
from typing import Any

from ridethrough.guests import part_files
from ridethrough.guests.cpython import asyncio_sim, clocks, machine
from ridethrough.guests.cpython.files import LfsVfs
from ridethrough.guests.cpython.mounts import Mounts
from ridethrough.guests.cpython.parts import Parts
from ridethrough.guests.cpython.streams import streams
from ridethrough.guests.ports import MPY, PLATFORM, RELEASE
from ridethrough.world.mcu import Mcu
from ridethrough.world.runtime import Timer

BUILTINS = frozenset(
    """ArithmeticError AssertionError AttributeError BaseException EOFError Ellipsis Exception GeneratorExit
    ImportError IndentationError IndexError KeyError KeyboardInterrupt LookupError MemoryError NameError
    NotImplemented NotImplementedError OSError OverflowError RuntimeError StopAsyncIteration StopIteration
    SyntaxError SystemExit TypeError UnicodeError ValueError ZeroDivisionError abs all any bin bool bytearray
    bytes callable chr classmethod complex delattr dict dir divmod enumerate eval exec filter float frozenset
    getattr globals hasattr hash hex id int isinstance issubclass iter len list locals map max memoryview min
    next object oct ord pow property range repr reversed round set setattr slice sorted staticmethod str sum
    super tuple type zip""".split()
)
"""As `dir(builtins)` of the rp2 port prints them, less those made per board (open, print, __import__)."""

_KEPT = {
    "array": (array, "array"),
    "binascii": (binascii, "a2b_base64 b2a_base64 crc32 hexlify unhexlify"),
    "struct": (struct, "calcsize pack pack_into unpack unpack_from"),
    "errno": (
        errno,
        """EACCES EADDRINUSE EAGAIN EALREADY EBADF ECONNABORTED ECONNREFUSED ECONNRESET EEXIST EHOSTUNREACH EINPROGRESS
        EINVAL EIO EISDIR ENOBUFS ENODEV ENOENT ENOMEM ENOTCONN EOPNOTSUPP EPERM ETIMEDOUT""",
    ),
    "json": (json, "dump dumps"),
    "math": (
        math,
        """acos acosh asin asinh atan atan2 atanh ceil copysign cos cosh degrees e erf erfc exp expm1 fabs factorial
        floor fmod frexp gamma inf isclose isfinite isinf isnan ldexp lgamma log log10 log2 modf nan pi pow radians sin
        sinh sqrt tan tanh tau trunc""",
    ),
    "re": (re, "compile match search sub"),
    "heapq": (heapq, "heapify heappop heappush"),
    "collections": (collections, "OrderedDict deque namedtuple"),
}


_CONTENTS = {name: {n: getattr(source, n) for n in names.split()} for name, (source, names) in _KEPT.items()}
_ERRORCODE = {value: name for name, value in _CONTENTS["errno"].items()}

_Uname = collections.namedtuple("_Uname", "sysname nodename release version machine")


class _Implementation(tuple[Any, ...]):
    """sys.implementation: MicroPython's is a tuple whose parts have names, also such as a namedtuple cannot have."""

    name, version, _machine, _mpy = (property(itemgetter(i)) for i in range(4))


class _IOBase:
    """MicroPython's io.IOBase: a base for streams written in Python, with nothing in it."""


class _Flash:
    """The stm32 port's pyb.Flash."""

    def __init__(self, *, start: int) -> None:
        if start:
            raise NotImplementedError("pyb.Flash is simulated with start=0 only")


def _littlefs(mcu: Mcu, flash: LfsVfs | None, bdev: Any, progsize: int, mtime: bool) -> LfsVfs | None:
    # there is one flash, which is mounted already: what is asked for must be that
    if not isinstance(bdev, _Flash) or progsize != mcu.board.page_bytes or mtime:
        raise NotImplementedError("vfs.VfsLfs2 is simulated for pyb.Flash(start=0), the board's page_bytes, no mtime")
    return flash


class Modules(dict[str, ModuleType]):
    """Built-in modules by name; each is made when it is first asked for. KeyError if there is none."""

    def __init__(self, named: dict[str, dict[str, Any] | Callable[[], dict[str, Any]]], parts: Parts) -> None:
        super().__init__()
        self._named = named
        self._parts = parts

    def __missing__(self, name: str) -> ModuleType:
        contents = self._named[name]
        later = part_files.MACHINE if name == "machine" else None
        made = contents() if callable(contents) else contents
        module = self[name] = self._parts.strict_module(name, made, later)
        return module


def make_modules(
    mcu: Mcu, files: Mounts, path: list[str], flash: LfsVfs | None, builtins: dict[str, Any]
) -> tuple[Modules, Parts]:
    """Built-in modules, for one boot of one board, and what comes later. `builtins`: what its firmware has."""
    stdin, stdout = streams(mcu)
    # a module's names are copied into it: no firmware changes what the next one finds
    named: dict[str, Any] = dict(_CONTENTS)
    named["errno"] = _CONTENTS["errno"] | {"errorcode": dict(_ERRORCODE)}
    named["json"] = _CONTENTS["json"] | {"loads": _json, "load": lambda stream: _json(stream.read())}
    named["machine"] = machine.module(mcu)
    named["time"] = clocks.time_module(mcu)
    title, port = mcu.board.title, PLATFORM[mcu.board.port]
    release = ".".join(map(str, RELEASE))
    named["os"] = files.functions() | {
        "sep": "/",
        "mount": files.mount,
        "umount": files.umount,
        "sync": lambda: None,
        "uname": lambda: _Uname(port, port, release, f"v{release}", title),
        "urandom": lambda n: bytes.fromhex(mcu.peripherals.entropy(n)),
    }
    named["asyncio"] = lambda: asyncio_sim.module(mcu)
    named["vfs"] = {"mount": files.mount, "umount": files.umount}
    if mcu.board.port == "stm32":
        named["pyb"] = {"Flash": _Flash}
        named["vfs"]["VfsLfs2"] = lambda bdev, *, progsize, mtime: _littlefs(mcu, flash, bdev, progsize, mtime)
    named["io"] = {"IOBase": _IOBase, "BytesIO": io.BytesIO, "StringIO": io.StringIO, "open": files.open}
    named["hashlib"] = {name: _digest(mcu, name) for name in ("sha256", "sha1", "md5")}
    named["select"] = {"POLLIN": 1, "POLLOUT": 4, "POLLERR": 8, "POLLHUP": 16, "poll": _poll(mcu, stdin)}
    # the heap has no limit here: firmware that asks sees an empty one, not a full one
    named["gc"] = {"collect": lambda: 0, "mem_free": lambda: mcu.board.vm_heap_bytes, "mem_alloc": lambda: 0}
    named["gc"] |= {"threshold": lambda *amount: -1}
    named["gc"] |= {"enable": lambda: None, "disable": lambda: None, "isenabled": lambda *args, **kwargs: True}
    named["micropython"] = {
        "const": lambda expr: expr,
        "kbd_intr": mcu.interrupt_char,
        "native": lambda _func: _func,
        "viper": lambda _func: _func,
        "heap_lock": lambda: None,
        "heap_unlock": lambda: None,
        "alloc_emergency_exception_buf": lambda size: None,
        "opt_level": lambda *level: 0 if not level else None,
        "schedule": lambda func, arg: mcu.timer_start(Timer(1, False, lambda: func(arg))),
    }
    named["sys"] = {
        "path": path,
        "modules": {},
        "stdin": stdin,
        "stdout": stdout,
        "stderr": stdout,
        "platform": port,
        "byteorder": "little",
        "maxsize": 2**31 - 1,
        "implementation": _Implementation(("micropython", (*RELEASE, ""), title, MPY)),
        "version": f"3.4.0; MicroPython v{release}",
        "version_info": (3, 4, 0),
        "argv": [],
        "exit": sys.exit,
        "print_exception": lambda e, file=None: stdout.write(f"{type(e).__name__}: {e}\n"),
    }
    parts = Parts(mcu, named["machine"]["Pin"], builtins)

    def irq_of(gpio: int, edges: int | None) -> Any:
        return parts.load("irq")["of"](gpio, edges)

    named["machine"]["Pin"]._irqs = staticmethod(irq_of)
    return Modules(named, parts), parts


class FormatBytes:
    """MicroPython formats bytes as it does texts; bytes among the values stand as they are."""

    @staticmethod
    def _texts(values: Any) -> list[Any]:
        return [bytes(v).decode("latin-1") if isinstance(v, bytes | bytearray) else _utf8(v) for v in values]

    def __call__(self, form: bytes, values: Any) -> bytes:
        if isinstance(values, tuple):
            values = tuple(self._texts(values))
        elif not isinstance(values, dict):
            (values,) = self._texts([values])
        text: str = form.decode("latin-1") % values
        return text.encode("latin-1")

    def braces(self, form: bytes, *values: Any, **named: Any) -> bytes:
        found = dict(zip(named, self._texts(named.values()), strict=True))
        return form.decode("latin-1").format(*self._texts(values), **found).encode("latin-1")


def _utf8(value: Any) -> Any:
    return value.encode().decode("latin-1") if isinstance(value, str) else value


def _json(text: Any) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise ValueError("syntax error in JSON") from None


def _digest(mcu: Mcu, name: str) -> type:
    class Digest:
        def __init__(self, data: Any = b"") -> None:
            self._sha = hashlib.new(name)
            if data:
                self.update(data)

        def update(self, data: Any) -> None:
            data = data.encode() if isinstance(data, str) else data
            mcu.spend(len(data) * mcu.board.cost.sha256_us_per_kib // 1024)
            self._sha.update(data)

        def digest(self) -> bytes:
            return self._sha.digest()

    Digest.__name__ = name
    return Digest


def _poll(mcu: Mcu, stdin: object) -> Callable[[], Any]:
    rx, poll_us, spend = mcu.console.rx, mcu.board.cost.poll_us, mcu.spend

    class Poll:
        def __init__(self) -> None:
            self._registered = False
            self._ready = [(stdin, 1)]

        def register(self, stream: object, eventmask: int = 5) -> None:
            if stream is not stdin and stream is not stdin.buffer:  # type: ignore[attr-defined]
                raise OSError(errno.EINVAL)
            self._registered = True

        def poll(self, timeout: int = -1) -> list[tuple[object, int]]:
            if rx and self._registered:
                spend(poll_us)
                return self._ready
            if self._registered and mcu.stdin_poll(10**6 if timeout < 0 else timeout):
                return self._ready
            if not self._registered:
                mcu.wait_us(10**12 if timeout < 0 else timeout * 1000)
            return []

        def ipoll(self, timeout: int = -1, flags: int = 0) -> Iterator[tuple[object, int]]:
            return iter(self.poll(timeout))

    return Poll
