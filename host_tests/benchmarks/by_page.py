"""Does a sweep lose a state by leaving out the pages that are left in littlefs's metadata (`make merging`)?

It is run to its fixpoint twice: with the pages after every cut, and as it is run otherwise, after the first alone. The
states of the first, without their pages, have to be those of the second, and the verdicts the same.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace

from ridethrough import Board, Firmware, Scenario
from ridethrough.sweep.crash_states import without_pages
from ridethrough.sweep.explore import Reached, sweep
from ridethrough.sweep.setting import Setting


def main() -> int:
    scenario = Scenario.load("update").with_image_bytes(8192)
    setting = Setting.load(scenario, Board.load("rpi_pico"), Firmware.load())
    results, states = [], []
    for name, by_page in (("by page", True), ("merged", False)):
        known = set()

        def keep(reached: Reached, known=known) -> None:
            known.update(map(without_pages, reached.known))

        result = sweep(replace(setting, by_page=by_page), jobs=os.cpu_count() or 1, keep=keep)
        print(f"{name:8} {result.boots} boots, {result.merged_states} states, new after each cut {result.per_cut}")
        results.append(result)
        states.append(known)
    lost, more = states[0] - states[1], states[1] - states[0]
    print(f"{len(lost)} states are lost by the merging, {len(more)} are there with it alone")
    same_verdicts = results[0].held == results[1].held
    print("the same verdicts" if same_verdicts else "OTHER VERDICTS")
    return int(bool(lost or more) or not same_verdicts)


if __name__ == "__main__":
    sys.exit(main())
