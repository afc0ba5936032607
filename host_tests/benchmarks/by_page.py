"""Does a sweep lose a state by leaving out the pages that are left in littlefs's metadata (`make merging`)?

It is run to its fixpoint twice: with the pages after every cut, and as it is run otherwise, after the first alone. The
states of the first, without their pages, have to be those of the second, and the verdicts the same.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace

from ridethrough import Board, Firmware, Scenario
from ridethrough.sweep.crash_states import without_pages
from ridethrough.sweep.explore import Reached, sweep
from ridethrough.sweep.result import Result
from ridethrough.sweep.setting import Setting


@dataclass
class Compared:
    """Both results, and the states that one of them alone has: by page, and otherwise."""

    by_page: Result
    merged: Result
    lost: int
    more: int


def compared(setting, jobs):
    found = []
    for by_page in (True, False):
        known = set()

        def keep(reached: Reached, known=known) -> None:
            known.update(map(without_pages, reached.known))

        found.append((sweep(replace(setting, by_page=by_page), jobs=jobs, keep=keep), known))
    (fine, all_states), (result, states) = found
    return Compared(fine, result, len(all_states - states), len(states - all_states))


def main() -> int:
    scenario = Scenario.load("update").with_image_bytes(8192)
    found = compared(Setting.load(scenario, Board.load("rpi_pico"), Firmware.load()), os.cpu_count() or 1)
    for name, result in (("by page", found.by_page), ("merged", found.merged)):
        print(f"{name:8} {result.boots} boots, {result.merged_states} states, new after each cut {result.per_cut}")
    print(f"{found.lost} states are lost by the merging, {found.more} are there with it alone")
    same = found.by_page.held == found.merged.held and not found.lost and not found.more
    print("the same verdicts" if found.by_page.held == found.merged.held else "OTHER VERDICTS")
    return int(not same)


if __name__ == "__main__":
    sys.exit(main())
