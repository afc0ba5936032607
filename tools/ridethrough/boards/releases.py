"""Which releases of MicroPython the firmware and the boards are for (`make releases` checks them against the stubs of
each), and what is said of a board that runs another.
"""

from __future__ import annotations

OLDEST, NEWEST = (1, 23), (1, 29)
"""1.22 has no module vfs; of what comes after 1.29 nobody has looked at the stubs."""
PLATFORMS = {"rp2": "rp2", "esp32": "esp32", "pyboard": "stm32"}
"""sys.platform -> port."""


def shown(release: tuple[int, ...]) -> str:
    """As people write it."""
    return ".".join(map(str, release))


def refusal(port: str, platform: str, release: tuple[int, ...]) -> str:
    """Why firmware for a board of `port` does not go on what runs there; "" if it does."""
    there = PLATFORMS.get(platform, platform)
    if there != port:
        return f"MicroPython for {there[:20]} runs there, and the board is of the port {port}"
    return too_old(release)


def too_old(release: tuple[int, ...]) -> str:
    """The same of its release alone."""
    if release[:2] < OLDEST:
        return f"MicroPython {shown(release)} runs there: the firmware needs {shown(OLDEST)} or newer"
    return ""


def warning(release: tuple[int, ...]) -> str:
    """What is to be said of a release that is newer than any that was looked at; "" for the others."""
    if release[:2] <= NEWEST:
        return ""
    return (
        f"MicroPython {shown(release)} runs there: newer than {shown(NEWEST)}, against which the firmware was checked"
    )


def release_of(text: str) -> tuple[int, ...] | None:
    """`1.28.0` as numbers; None if it is none."""
    parts = text.split(".")
    if not 2 <= len(parts) <= 3 or not all(part.isdecimal() and len(part) < 4 for part in parts):
        return None
    return tuple(map(int, parts))
