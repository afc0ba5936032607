"""Guests by the name that the command line has for them."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Callable
from pathlib import Path

from ridethrough.guests.cpython import CPythonGuest
from ridethrough.support.errors import BadInput, Param, suggestion
from ridethrough.world.mcu import Guest

_NAMES = ("cpython", "micropython")
_PROGRAM = "exec:"
_CHIP = "chip:"
_CHIP_WITH_MISSES = "chip-misses:"


def _in_a_process(module: str, name: str) -> Callable[..., Guest]:
    # guests in processes of their own need what only Unix has; the rest of us does not
    try:
        found: Callable[..., Guest] = getattr(importlib.import_module(f"ridethrough.guests.{module}"), name)
    except ImportError as e:
        raise BadInput(
            f"a guest in a process of its own needs Linux or macOS ({e.name} is missing): use cpython"
        ) from e
    return found


def is_program(name: str) -> bool:
    """Is the guest of that name a program, which executes no file of the firmware?"""
    return name.startswith(_PROGRAM)


def guest_named(name: str) -> Guest:
    """`cpython`, `micropython`, `exec:PATH`, a program that speaks the guest protocol, or `chip:FILE.uf2`, a build on
    an emulated RP2040 (`chip-misses:FILE.uf2`: with a model of its cache's misses). BadInput if there is no such guest
    here."""
    if name == "cpython":
        return CPythonGuest()
    if name == "micropython":
        return _in_a_process("micropython", "MicroPythonGuest")()
    if is_program(name):
        path = name.removeprefix(_PROGRAM)
        found = shutil.which(path if "/" in path else f"./{path}")
        if found is None:
            raise BadInput(Param("guest", name), f": '{path}' is no program that can be run")
        return _in_a_process("program", "ProgramGuest")(Path(found))
    if name.startswith(_CHIP):
        return _in_a_process("chip", "ChipGuest")(Path(name.removeprefix(_CHIP)))
    if name.startswith(_CHIP_WITH_MISSES):
        return _in_a_process("chip", "ChipGuest")(Path(name.removeprefix(_CHIP_WITH_MISSES)), misses=True)
    raise BadInput(f"no guest '{name}'{suggestion(name, _NAMES)}: cpython, micropython, exec:PATH or chip:FILE.uf2")
