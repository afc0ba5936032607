"""What a boot has in RAM, as one digest: equal for boots that go on alike from here, if the flash and the world are.

It is everything that the firmware's own modules and the frames of its functions lead to. What a tick counter said
(Ticks) is left out: when something was does not tell boots apart.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from types import FrameType, FunctionType, GeneratorType, MethodType, ModuleType
from typing import Any

from ridethrough.world.mcu import Ticks

_PLAIN = (int, str, bytes, bool, float, type(None))
_LENT = __name__.rpartition(".")[0]
"""The package whose objects firmware holds; the world behind them is none of its RAM."""


def digest(modules: Mapping[str, ModuleType], frame: FrameType | None, executed: set[str]) -> bytes | None:
    """Of the firmware's `modules`, and of the frames from `frame` outwards whose files are in `executed`. None if some
    of it cannot be told: it is nested too deep, has no order, or is held where nobody can look."""
    walk = _Walk(modules)
    try:
        for name, module in modules.items():
            walk.add(name)
            walk.names(vars(module))
        while frame is not None:
            code = frame.f_code
            if code.co_filename in executed:
                walk.add(f"{code.co_filename} {code.co_name} {frame.f_lasti}")
                if frame.f_locals is not frame.f_globals:
                    walk.names(frame.f_locals)
            frame = frame.f_back
    except (RecursionError, ValueError):
        return None
    return hashlib.blake2b("\0".join(walk.found).encode("utf-8", "surrogateescape"), digest_size=16).digest()


class _Walk:
    def __init__(self, modules: Mapping[str, ModuleType]) -> None:
        self.found: list[str] = []
        self.add = self.found.append
        self._seen: dict[int, int] = {}
        self._kept: list[Any] = []  # the address of what is gone would be another one's
        self._ours = modules

    def names(self, names: Mapping[str, Any]) -> None:
        for name, value in names.items():
            if not name.startswith("__"):
                self.add(name)
                self.value(value)

    def value(self, value: Any) -> None:
        kind = type(value)
        if kind in _PLAIN:
            self.add(repr(value))
            return
        if kind is Ticks:
            self.add("ticks")
            return
        seen = self._seen.get(id(value))
        if seen is None:
            self._seen[id(value)] = len(self._seen)
            self._kept.append(value)
        else:
            # the same object again, or one that it holds
            self.add(f"@{seen}")
            return
        for part in self._parts(value, kind):
            self.value(part)

    def _parts(self, value: Any, kind: type) -> Iterator[Any]:
        # Adds what it is, and yields what it holds.
        if kind is FunctionType:
            code = value.__code__
            self.add(f"{code.co_filename} {code.co_firstlineno}")
            yield value.__defaults__
            yield from [cell.cell_contents for cell in value.__closure__ or ()]
        elif kind in (list, tuple):
            self.add(f"{kind.__name__} {len(value)}")
            yield from value
        elif kind is dict:
            self.add(f"dict {len(value)}")
            for key, held in value.items():
                yield key
                yield held
        elif kind in (bytearray, memoryview):
            self.add(f"{kind.__name__} {bytes(value)!r}")
        elif kind in (set, frozenset):
            if not all(type(held) in _PLAIN for held in value):
                raise ValueError("a set of objects has no order")
            self.add(f"{kind.__name__} {sorted(map(repr, value))}")
        elif kind is MethodType:
            yield value.__func__
            yield value.__self__
        elif kind is GeneratorType:
            frame = value.gi_frame
            self.add(f"generator {value.__name__} {frame.f_lasti if frame else -1}")
            yield dict(frame.f_locals) if frame else None
        elif isinstance(value, ModuleType):
            # its own names are looked at once
            self.add(f"module {value.__name__}")
        elif isinstance(value, type):
            self.add(f"class {value.__qualname__}")
            if value.__module__ in self._ours:
                yield {name: held for name, held in vars(value).items() if not name.startswith("__")}
        else:
            self.add(kind.__qualname__)
            held = getattr(value, "__dict__", {})
            if kind.__module__ in self._ours:
                if not hasattr(value, "__dict__"):
                    raise ValueError("it keeps what it holds in slots")
                yield held
            elif kind.__module__.startswith(_LENT):
                # of what the emulator lends, only its own plain facts: a pin's number, a file's path
                yield {name: fact for name, fact in held.items() if type(fact) in _PLAIN}
