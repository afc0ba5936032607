"""Ctrl-C at the terminal is for us: firmware that runs in this process would take it for its board's own, and go on
to a verdict over a run that nobody asked for.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

_held = 0
_asked = False


def struck(number: int, frame: FrameType | None) -> None:
    """The handler of SIGINT: KeyboardInterrupt now, or as soon as no firmware has the floor. A second one waits for
    nothing."""
    global _asked
    if _held and not _asked:
        _asked = True
        return
    raise KeyboardInterrupt


def hold() -> None:
    """From here on firmware has the floor."""
    global _held
    _held += 1


def release() -> None:
    """It has handed over; raises the KeyboardInterrupt that came meanwhile."""
    global _held, _asked
    _held -= 1
    if _asked and not _held:
        _asked = False
        raise KeyboardInterrupt
