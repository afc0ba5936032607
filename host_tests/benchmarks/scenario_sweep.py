"""Every scenario, with one cut and every fault, on rpi_pico (`make scenario-sweep`). One that has faults of its own, or
whose steps a head-end cannot take up again, is left out by name. Given names, only those."""

from __future__ import annotations

import sys
import time

from ridethrough import BadInput, Board, Firmware, Scenario
from ridethrough.scenarios import names as all_names
from ridethrough.sweep.explore import sweep
from ridethrough.sweep.faults import FAULTS
from ridethrough.sweep.setting import Setting

BYTES = 8192
NOT_OWED = {"bad_application:hangs_deaf": {"ac-lost"}}
"""What no firmware can keep: an application on trial that masks interrupts leaves AC lost to the watchdog."""


def main(names: list[str]) -> int:
    broke = 0
    for name in names or all_names():
        try:
            scenario = Scenario.load(name, "rpi_pico")
            if not scenario.shows.refused.startswith("size "):
                # else its size is the point
                scenario = scenario.with_image_bytes(BYTES)
            setting = Setting.load(scenario, Board.load("rpi_pico"), Firmware.load(scenario.firmware))
        except BadInput as e:
            print(f"{name:<32} left out: {e}", flush=True)
            continue
        began_s = time.process_time()
        result = sweep(setting, 1, list(FAULTS), jobs=2)
        not_owed = NOT_OWED.get(name, set())
        # one that breaks no more has to leave the list
        broke += set(result.failures) != not_owed
        said = ", ".join(f"{n} {count}" for n, count in result.failures.items()) or "held"
        said += ", as no firmware can help" if not_owed else ""
        print(f"{name:<32} {result.boots} boots, {said} ({time.process_time() - began_s:.0f} s)", flush=True)
    return int(broke > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
