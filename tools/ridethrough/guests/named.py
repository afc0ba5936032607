"""Guests by the name that the command line has for them."""

from __future__ import annotations

import shutil
from pathlib import Path

from ridethrough.errors import BadInput, suggestion
from ridethrough.guests.cpython import CPythonGuest
from ridethrough.guests.micropython import MicroPythonGuest
from ridethrough.guests.program import ProgramGuest
from ridethrough.world.mcu import Guest

_NAMES = ("cpython", "micropython")
_PROGRAM = "exec:"


def guest_named(name: str) -> Guest:
    """`cpython`, `micropython`, or `exec:PATH`, a program that speaks the guest protocol. BadInput if there is
    no such guest here."""
    if name == "cpython":
        return CPythonGuest()
    if name == "micropython":
        return MicroPythonGuest()
    if name.startswith(_PROGRAM):
        path = name.removeprefix(_PROGRAM)
        found = shutil.which(path if "/" in path else f"./{path}")
        if found is None:
            raise BadInput(f"--guest {name}: '{path}' is no program that can be run")
        return ProgramGuest(Path(found))
    raise BadInput(f"no guest '{name}'{suggestion(name, _NAMES)}: cpython, micropython or exec:PATH")
