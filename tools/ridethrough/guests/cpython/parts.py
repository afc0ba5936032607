"""The parts (guests/part_files.py) as the cpython guest executes them."""

from __future__ import annotations

from types import ModuleType, SimpleNamespace
from typing import Any

from ridethrough.guests.cpython.code import compiled
from ridethrough.guests.cpython.strict import Strict, StrictModule, refuse, refuse_given
from ridethrough.guests.missing import part_modules
from ridethrough.guests.part_files import FOLDER, source
from ridethrough.world.mcu import Mcu
from ridethrough.world.peripherals import REQUESTS


def whole(value: Any) -> int:
    """As the port takes a number where it wants a whole one."""
    if isinstance(value, int):
        return int(value)
    raise TypeError(f"can't convert {type(value).__name__} to int")


class Parts:
    """One boot's parts. `builtins`: what they and the firmware have."""

    def __init__(self, mcu: Mcu, pin: type, builtins: dict[str, Any]) -> None:
        def call(request: str, *arguments: Any) -> Any:
            return getattr(mcu.peripherals if request in REQUESTS else mcu, request)(*arguments)

        def missing(owner: str, name: str) -> None:
            raise refuse(mcu, owner, name)

        self._mcu = mcu
        self._names = {
            "__builtins__": builtins,
            "link": SimpleNamespace(call=call, state=call, change=lambda name, *request: call(*request)),
            "Strict": type("Strict", (Strict,), {"_mcu": mcu}),
            "Pin": pin,
            "whole": whole,
            "refuse_given": lambda owner, how: refuse_given(mcu, owner, **how),
            "missing": missing,
            "PORT": mcu.board.port,
            "RADIO": mcu.board.wifi,
        }
        self._loaded: dict[str, dict[str, Any]] = {}

    def load(self, part: str) -> dict[str, Any]:
        """The names of a part; executed once."""
        if part not in self._loaded:
            names: dict[str, Any] = {"__name__": part} | self._names
            # a path that no firmware has: its lines are not shown in tracebacks
            exec(compiled(source(part).encode(), str(FOLDER / f"{part}.py")), names)
            self._loaded[part] = names
        return self._loaded[part]

    def module(self, name: str) -> ModuleType | None:
        """A module that is a part; None if this board has none of that name."""
        if name not in part_modules(self._mcu):
            return None
        return self.strict_module(name, {n: v for n, v in self.load(name).items() if n not in self._names})

    def strict_module(self, name: str, contents: dict[str, Any], table: dict[str, str] | None = None) -> ModuleType:
        """A module with these contents, and with the names of `table` (name -> part), made when they are asked for."""
        later = table or {}
        module = StrictModule(name, self._mcu, lambda one: self.load(later[one])[one])
        module.__dict__.update(contents)
        return module
