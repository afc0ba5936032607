"""Parts of a board's modules that are written once for every guest, in MicroPython's own Python, and loaded when
firmware first asks for one of their names.

A part finds these names: `link.call(request, *arguments)`, `link.state(request)` for what changes only when something
happens, `link.change(state, request, *arguments)` for what may change that, `Strict` (a base that says what is
missing), `Pin`, `whole(x)` (TypeError for what is no whole number), `refuse_given(owner, how)`, `missing(owner, name)`,
`PORT`, `RADIO`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

FOLDER = Path(__file__).with_name("parts")
MACHINE = {"PWM": "pwm", "UART": "serial", "SPI": "serial", "Signal": "signal"}
"""Names of `machine` that come from parts."""
MODULES = ("random", "network", "socket", "requests", "ssl")
"""Modules that are parts."""


@cache
def source(part: str) -> str:
    """The text of a part; KeyError if there is none of that name."""
    path = FOLDER / f"{part}.py"
    if not part.isalpha() or not path.is_file():
        raise KeyError(part)
    return path.read_text("utf-8")
