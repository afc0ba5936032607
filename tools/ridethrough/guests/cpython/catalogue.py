"""Make docs/simulated.md: what of each module is simulated, call by call, and what is not.

python -m ridethrough.guests.cpython.catalogue > docs/simulated.md
"""

from __future__ import annotations

import builtins
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ridethrough.boards import Board
from ridethrough.guests.cpython.guest import CPythonGuest
from ridethrough.guests.cpython.modules import make_modules
from ridethrough.guests.cpython.mounts import Mounts
from ridethrough.guests.missing import NOT_SIMULATED, modules_not_simulated
from ridethrough.guests.part_files import MACHINE, MODULES
from ridethrough.world.site import Site
from ridethrough.world.world import World

PORT_MODULES = ("machine", "time", "os", "vfs", "select", "hashlib", "micropython", "gc", "sys", *MODULES)
"""The modules that differ from CPython's; the rest are CPython's own with fewer names."""


_HEAD = Path(__file__).with_name("simulated_head.md")
"""What stands before the lists."""


def simulated() -> dict[str, dict[str, Any]]:
    """The simulated modules' public names, as one board finds them."""
    site = Site(Board.load("rpi_pico_w"), World(), CPythonGuest())
    modules, parts = make_modules(site.mcu, Mounts(None), [], None, vars(builtins))
    for name in MACHINE:
        getattr(modules["machine"], name)
    for name in MODULES:
        found = parts.module(name)
        assert found is not None
        modules[name] = found
    return {m: {n: v for n, v in vars(modules[m]).items() if not n.startswith("_")} for m in PORT_MODULES}


def members(owner: type) -> dict[str, Any]:
    """A class's public members."""
    return {n: getattr(owner, n) for n in vars(owner) if not n.startswith("_")}


def _call(name: str, value: Any) -> str:
    if not callable(value) or isinstance(value, type):
        return f"`{name}`"
    parameters = [p for p in inspect.signature(value).parameters.values() if p.name != "self"]
    return f"`{name}({', '.join(p.name for p in parameters)})`"


def page() -> Iterator[str]:
    """Lines of Markdown."""
    yield from _HEAD.read_text("utf-8").splitlines()
    yield from ("", "## Modules that are not simulated", "", "| port | modules |", "|---|---|")
    for port, name in (("rp2", "rpi_pico"), ("esp32", "esp32_devkit"), ("stm32", "pybd_sf2")):
        alone = modules_not_simulated(Board.load(name), networked=False)
        yield f"| {port} | {', '.join(f'`{m}`' for m in sorted(alone))} |"
    more = modules_not_simulated(Board.load(name), networked=True) - alone
    yield f"| with a network | {', '.join(f'`{m}`' for m in sorted(more))} |"
    for module, names in simulated().items():
        yield from ("", f"## {module}", "")
        plain = [_call(n, v) for n, v in sorted(names.items()) if not isinstance(v, type)]
        yield "Simulated: " + (", ".join(plain) or "nothing but classes") + "."
        for name, owner in sorted(names.items()):
            if isinstance(owner, type):
                yield ""
                yield f"Class `{name}`: " + ", ".join(_call(n, v) for n, v in sorted(members(owner).items())) + "."
                missing = sorted(NOT_SIMULATED.get(f"{module}.{name}", ()))
                if missing:
                    yield f"Not simulated of it: {', '.join(f'`{n}`' for n in missing)}."
        missing = sorted(NOT_SIMULATED.get(module, ()))
        if missing:
            yield from ("", f"Not simulated: {', '.join(f'`{n}`' for n in missing)}.")


if __name__ == "__main__":
    print("\n".join(page()))
