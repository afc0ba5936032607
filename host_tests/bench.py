"""What an update costs in the cpython guest, as ratios within this run (`make bench`).

The yardstick: littlefs writing the same bytes to the same kind of chip, synced as the firmware syncs
them, with nothing else around it. Medians of several runs; absolute times are this machine's and move.
"""

from __future__ import annotations

import cProfile
import pstats
import statistics
import sys
import time
from collections.abc import Callable

from littlefs import lfs
from ridethrough import Board, Firmware, Scenario, run
from ridethrough.guests.flashfs import FlashFs
from ridethrough.runner import planned_image
from ridethrough.world.chip import ChipParams, FlashChip

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


def main() -> int:
    board, firmware, scenario = Board.load("rpi_pico"), Firmware.load(), Scenario.load("update")
    image = planned_image(firmware, board, scenario.image)

    def bare() -> None:
        chip = FlashChip(ChipParams(board.block_bytes, board.blocks, board.page_bytes, 1, 1))
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
    return 0


if __name__ == "__main__":
    sys.exit(main())
