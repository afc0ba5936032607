"""A defect of ours: one line for whoever meets it, and a file for whoever mends it. Loaded only then; nothing in here
may fail.
"""

from __future__ import annotations

import os
import platform
import shlex
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from ridethrough.cli import complain
from ridethrough.support.text import utf8
from ridethrough.version import VERSION

TRACEBACK = "RIDETHROUGH_TRACEBACK"
"""If the environment has it, the traceback is printed, too."""
_DETAILS_MAX, _WHAT_MAX = 256 * 1024, 160


def tell(e: BaseException, argv: Sequence[str] | None) -> None:
    """Says on standard error that `e` is a defect of ours, and where its details are."""
    details = _details(e, argv)
    if os.environ.get(TRACEBACK):
        _print(details)
    kept = _kept(utf8(details))
    more = f"please report it with {kept}, which holds the details" if kept else f"{TRACEBACK}=1 shows the details"
    complain(f"a defect of Ridethrough's, no verdict and not your doing: {_what(e)}; {more}")


def _what(e: BaseException) -> str:
    text = _tried(lambda: " ".join(str(e).split()))
    text = text if len(text) <= _WHAT_MAX else f"{text[:_WHAT_MAX]}..."
    return f"{type(e).__name__}: {text}" if text else type(e).__name__


def _details(e: BaseException, argv: Sequence[str] | None) -> str:
    # each part by itself: one that cannot be had must not cost the others
    parts = {
        "ridethrough": lambda: VERSION,
        "python": lambda: sys.version.replace("\n", " "),
        "platform": platform.platform,
        "folder": lambda: str(Path.cwd()),
        "command": lambda: shlex.join(["ridethrough", *(sys.argv[1:] if argv is None else map(str, argv))]),
    }
    head = "".join(f"{name:<12} {_tried(part)}\n" for name, part in parts.items())
    trace = _tried(lambda: "".join(traceback.format_exception(e)))
    if len(trace) > _DETAILS_MAX:
        trace = f"{trace[: _DETAILS_MAX // 2]}\n[...]\n{trace[-_DETAILS_MAX // 2 :]}"
    return f"{head}\n{trace}"


def _tried(part: Callable[[], str]) -> str:
    try:
        return part()
    except Exception as e:
        return f"({type(e).__name__})"


def _kept(details: bytes) -> Path | None:
    # in build/ like all that we write unasked, or where anybody may write
    for place in ("build", ""):
        path: Path | None = None
        try:
            folder = Path(place or tempfile.gettempdir())
            folder.mkdir(exist_ok=True)
            handle, name = tempfile.mkstemp(dir=folder, prefix="crash-", suffix=".txt")
            path = Path(name)
            with os.fdopen(handle, "wb") as out:
                out.write(details)
            return folder / path.name
        except Exception:
            if path is not None:
                with suppress(OSError):
                    path.unlink()
    return None


def _print(details: str) -> None:
    with suppress(OSError, ValueError):  # complain() meets the same
        print(details, end="", file=sys.stderr, flush=True)
