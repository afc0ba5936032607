"""What several tests need: boards, images, rules, runs with a firmware of the test's own."""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ridethrough import Board, Firmware, Rule, Trace, World, run
from ridethrough.guests.micropython import MicroPythonGuest, find_vm
from ridethrough.images import EMULATED, ImageSpec, build_image
from ridethrough.reports.difference import draw
from ridethrough.reports.timeline import Glyphs
from ridethrough.scenarios import Step
from ridethrough.support.toml import Table
from ridethrough.traces.difference import first_difference

ROOT = Path(__file__).parents[1]
S = 1_000_000
PATIENCE_S = 60  # a deadline, never a wait: who has it waits for input
_ASKS_EVERY_S = 0.02
PICO = Board.load("rpi_pico")
BARE = Board.load("bare_pico")
LATCH = Board.load("latch_pico")
REFERENCE = Firmware.load()


def guests() -> list[str]:
    """The guests that this machine has."""
    try:
        find_vm()
    except Exception:
        return ["cpython"]
    return ["cpython", "micropython"]


def guest(name: str):
    return MicroPythonGuest() if name == "micropython" else None


def image(board: Board = PICO, files: dict[str, bytes] | None = None, **spec) -> bytes:
    """An image of the reference's application, or of `files`."""
    spec = {"version": 2, "counter": 2, "hardware": board.hardware} | spec
    return build_image(files or REFERENCE.application, ImageSpec(**spec), EMULATED)


def application(source: str) -> dict[str, bytes]:
    """The files of an image whose application is `source`."""
    return {"application.py": source.encode()}


def of(*limits: dict[str, Any], **reading: Any) -> Rule:
    """A rule of that reading, and of those limits over it."""
    head = {"id": "t", "text": "t", "source": "t"}
    return Rule.of(Table(Path("t.toml"), {"rule": head, "reading": reading, "limit": list(limits)}))


def run_steps(
    *steps: Step,
    board: Board = PICO,
    firmware: Firmware = REFERENCE,
    push: bytes = b"",
    seconds: int = 30,
    guest_name: str = "cpython",
    **world,
) -> Trace:
    """A run of the reference with a few steps of the head-end."""
    surroundings = World(duration_us=seconds * S, **world)
    return run(firmware, board, surroundings, steps=steps, image=push, guest=guest(guest_name))


def update(push: bytes, board: Board = PICO, seconds: int = 40, **world) -> Trace:
    """Push and activate `push` 3 s after power-up."""
    return run_steps(Step("push", 3 * S), Step("activate"), board=board, push=push, seconds=seconds, **world)


def with_main(source: str, boot: str = "import board\n") -> Firmware:
    """The reference's library with another boot.py and main.py, and no application."""
    files = dict(REFERENCE.files) | {"/boot.py": boot.encode(), "/main.py": source.encode()}
    return Firmware("test", files, {})


def lines(trace: Trace) -> list[str]:
    """What the board said on its console, without the prompt's banner."""
    banner = ("MicroPython (", 'Type "help()"')
    return [line for _, line in trace.notes["console"] if not line.startswith(banner)]


def codes(trace: Trace) -> list[str]:
    return [e.data["code"] for e in trace.events("gbcs")]


def resets(trace: Trace) -> list[str]:
    return [e.data["kind"] for e in trace.events("reset")]


def outcomes(trace: Trace) -> list[tuple[str, str]]:
    return [(e.data["outcome"], e.data["version"]) for e in trace.events("outcome")]


def assert_same(one: Trace, other: Trace, which: tuple[str, str] = ("cpython", "micropython")) -> None:
    """Two runs are one, to the microsecond; if not, the first difference is drawn."""
    difference = first_difference(one, other)
    assert difference is None, "\n".join(draw(difference, which, (one, other), Glyphs.for_encoding("utf8")))
    assert (one.log, one.wires, one.texts, one.voltages) == (other.log, other.wires, other.texts, other.voltages)
    for note in ("console", "flash"):
        assert one.notes.get(note) == other.notes.get(note)


def wait_for(condition: Callable[[], Any]) -> Any:
    """What `condition` returns, once that is true; for tests with a process at the other end."""
    ends_s = time.monotonic() + PATIENCE_S
    while not (found := condition()):
        assert time.monotonic() < ends_s, condition
        # who asks without end takes the processor from the process that it waits for
        select.select([], [], [], _ASKS_EVERY_S)
    return found


def running_version(trace: Trace) -> int:
    return int(trace.events("application")[-1].data["version"])
