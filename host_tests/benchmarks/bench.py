"""What an update, a boot and a sweep cost in the cpython guest, as ratios within this run (`make bench`).

The yardstick: littlefs writing the same bytes to the same kind of chip, synced as the firmware syncs
them, with nothing else around it. Medians of several runs; absolute times are this machine's and move.
"""

from __future__ import annotations

import builtins
import cProfile
import hashlib
import pstats
import statistics
import sys
import time
from collections.abc import Callable

from littlefs import lfs
from ridethrough import Board, Firmware, Scenario, World, run
from ridethrough.guests.cpython import CPythonGuest
from ridethrough.guests.cpython.code import TICK, compiled
from ridethrough.guests.flashfs import FlashFs
from ridethrough.scenarios.images import planned_image
from ridethrough.sweep.explore import sweep
from ridethrough.sweep.setting import Setting
from ridethrough.world.chip import ChipParams, FlashChip
from ridethrough.world.site import Site

RUNS = 7
SYNC_BYTES = 16_384
BLOCK_BYTES = 1024


def median_s(work: Callable[[], object]) -> float:
    work()
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def recovery(board: Board, firmware: Firmware) -> None:
    """A boot to the application, against the least that any boot does: mount, read the resident files, read
    and hash the slot, execute the modules' cached code."""
    scenario = Scenario.load("update")
    flash = run(
        firmware, board, scenario.world, steps=scenario.steps, image=planned_image(firmware, board, scenario.image)
    )
    data = flash.notes["flash"]
    boot_us = flash.events("application")[0].t_us
    params = ChipParams.of(board)
    names = [path for path in firmware.files if path.endswith(".py")]

    class Anything:
        def __getattr__(self, name: str) -> object:
            return Anything()

        def __call__(self, *args: object, **kw: object) -> object:
            return Anything()

    def known(name: str, *rest: object) -> object:
        return __import__(name) if name in ("struct", "binascii", "hashlib", "io", "sys") else Anything()

    names_for_all = {"__builtins__": vars(builtins) | {"__import__": known, TICK: lambda: None}, "__name__": "m"}

    def least() -> None:
        fs = FlashFs(FlashChip(params, bytearray(data)))
        fs.mount()
        for path in names:
            source = fs.read_file(path)
            if path.startswith("/esme/"):
                exec(compiled(source, path), dict(names_for_all))
        hashlib.sha256(fs.read_file("/slot_b.img")).digest()

    def boot() -> None:
        site = Site(board, World(duration_us=boot_us), CPythonGuest(), bytes(data))
        while not site.trace.events("application"):
            site.run(site.clock.now_us + 50_000)
        site.close()

    least_s, boot_s = median_s(least), median_s(boot)
    print()
    print("mount, read, hash, exec    1")
    print(f"a recovery boot            {boot_s / least_s:.1f} times that")
    print(f"boots a second             {1 / boot_s:.0f}")


def sweeps(board: Board, firmware: Firmware) -> None:
    """What a sweep costs against the size of the image: every single power cut."""
    print()
    print("image KiB  cut states  boots  seconds to the smallest's")
    first_s = 0.0
    for kib in (16, 32, 64, 128):
        setting = Setting.load(Scenario.load("update").with_image_bytes(kib * 1024), board, firmware)
        began = time.perf_counter()
        result = sweep(setting, 1, ["power"])
        seconds = time.perf_counter() - began
        first_s = first_s or seconds
        print(f"{kib:9}  {result.cut_states:10}  {result.boots:5}  {seconds / first_s:.1f}")


def main() -> int:
    board, firmware, scenario = Board.load("rpi_pico"), Firmware.load(), Scenario.load("update")
    image = planned_image(firmware, board, scenario.image)

    def bare() -> None:
        chip = FlashChip(ChipParams.of(board))
        fs = FlashFs(chip)
        fs.format()
        fs.mount()
        handle = lfs.file_open(fs.fs, "/slot_b.img", "wb")
        for at in range(0, len(image), BLOCK_BYTES):
            lfs.file_write(fs.fs, handle, image[at : at + BLOCK_BYTES])
            if (at + BLOCK_BYTES) % SYNC_BYTES == 0:
                lfs.file_sync(fs.fs, handle)
        lfs.file_close(fs.fs, handle)

    def update() -> None:
        run(firmware, board, scenario.world, steps=scenario.steps, image=image)

    bare_s, update_s = median_s(bare), median_s(update)
    print(f"image                      {len(image)} bytes")
    print("same bytes to littlefs     1")
    print(f"a warm update              {update_s / bare_s:.0f} times that")
    print(f"updates a second           {1 / update_s:.1f}")
    profile = cProfile.Profile()
    profile.runcall(update)
    stats = pstats.Stats(profile)
    total = sum(entry[2] for entry in stats.stats.values())
    print("where the time goes (profiled, so the shares of small functions are too large):")
    by_file: dict[str, float] = {}
    for (name, _, _), (_, _, own_s, _, _) in stats.stats.items():
        short = name.split("ridethrough/")[-1] if "ridethrough/" in name else name.lstrip("/")
        by_file[short] = by_file.get(short, 0.0) + own_s
    for name, own_s in sorted(by_file.items(), key=lambda item: -item[1])[:8]:
        print(f"  {own_s / total:5.0%}  {name}")
    recovery(board, firmware)
    sweeps(board, firmware)
    return 0


if __name__ == "__main__":
    sys.exit(main())
