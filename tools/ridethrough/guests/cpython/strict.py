"""Modules and classes that hold what is simulated, and say of all else whether the port has it (guests/missing.py)."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any, ClassVar

from ridethrough.guests.missing import refusal
from ridethrough.world.mcu import Mcu

_ERRORS = {e.__name__: e for e in (AttributeError, ImportError, NotImplementedError, TypeError)}


def refuse(mcu: Mcu, owner: str, name: str) -> Exception:
    """The exception for what is missing."""
    kind, text = refusal(mcu, owner, name)
    return _ERRORS[kind](text)


def refuse_given(mcu: Mcu, owner: str, **given: Any) -> None:
    """Raises for the first parameter that was given."""
    for name, value in given.items():
        if value is not None:
            raise refuse(mcu, f"{owner}()", name)


class StrictModule(ModuleType):
    """A module with nothing in it but what is simulated. `part(name)`: a name that is made when it is first asked for;
    KeyError if there is none."""

    def __init__(self, name: str, mcu: Mcu, part: Callable[[str], Any]) -> None:
        super().__init__(name)
        self.__dict__["_strict"] = (mcu, part)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        mcu, part = self.__dict__["_strict"]
        try:
            found = self.__dict__[name] = part(name)
        except KeyError:
            raise refuse(mcu, self.__name__, name) from None
        return found


class Strict:
    """A base for simulated classes. `_owner`: the class as the port calls it; `_mcu`: its board."""

    _owner: ClassVar[str]
    _mcu: ClassVar[Mcu]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise refuse(self._mcu, self._owner, name)
