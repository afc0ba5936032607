"""Every pair of cuts, unmerged: the check on what the sweep's merging assumes (`make sweep`).

Each byte state that one cut leaves is booted, each byte state that a cut in that boot leaves is booted
again, and where that ends is compared with where the one state ends that the sweep took for both.
"""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

from ridethrough import Board, Firmware, Scenario
from ridethrough.sweep.explore import fresh_state
from ridethrough.sweep.faults import Fault
from ridethrough.sweep.recovery import recover
from ridethrough.sweep.setting import Setting

UP = Fault("power-up")


@dataclass
class Pairs:
    boots: int = 0
    states: set = field(default_factory=set)
    differences: list = field(default_factory=list)


def outcome(setting, state):
    """Where a boot from `state` ends: what broke, the answers, the record, the version that runs."""
    recovery = recover(setting, state, UP, record=False)
    contents = setting.reader.contents(setting.reader.restore(recovery.end[1].flash))
    versions = [e.data["version"] for e in recovery.trace.events("application")]
    record = contents.record
    return (
        [b.invariant for b in recovery.broken],
        recovery.end[1].memory.key(),
        record and (record.phase, record.active, record.outcome, record.states, record.versions, record.least_counter),
        versions[-1:],
    )


def pairs(setting, sample=None, firsts=0, seconds=0, states=None):
    """Boots after pairs of cuts; with `sample`, so many of them."""
    found = Pairs()
    known = {}
    if states is None:
        states = [s for s, _ in recover(setting, fresh_state(setting.scenario), UP, unmerged=True).unmerged]
    for first in sample.sample(states, firsts) if sample else states:
        after = recover(setting, first, UP, unmerged=True).unmerged
        merged = {}
        for state, key in after:
            merged.setdefault(key, state)
        for state, key in sample.sample(after, seconds) if sample else after:
            found.boots += 1
            found.states.add(key)
            if key not in known:
                known[key] = outcome(setting, merged[key])
            if outcome(setting, state) != known[key] or known[key][0]:
                found.differences.append(("-".join((*state.path, "u")), "-".join((*merged[key].path, "u"))))
    return found


def _work(size, board, first, last):
    setting = Setting.load(Scenario.load("update").with_image_bytes(size), Board.load(board), Firmware.load())
    states = [s for s, _ in recover(setting, fresh_state(setting.scenario), UP, unmerged=True).unmerged]
    return pairs(setting, states=states[first:last])


def main() -> int:
    size, board = 8192, "rpi_pico"
    setting = Setting.load(Scenario.load("update").with_image_bytes(size), Board.load(board), Firmware.load())
    states = recover(setting, fresh_state(setting.scenario), UP, unmerged=True).unmerged
    print(f"every pair of cuts, unmerged, {size} bytes on {board}: {len(states)} first cuts")
    began, boots, differences, keys = time.monotonic(), 0, [], set()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        parts = [pool.submit(_work, size, board, i, i + 4) for i in range(0, len(states), 4)]
        for i, part in enumerate(parts):
            done = part.result()
            boots += done.boots
            keys |= done.states
            differences += done.differences
            if sys.stderr.isatty():
                print(f"\r{i + 1}/{len(parts)}: {boots} boots", end="", file=sys.stderr)
    seconds = time.monotonic() - began
    print(f"{boots} boots, {boots / seconds:.0f} a second, {len(keys)} merged states")
    for pair, merged in differences[:10]:
        print(f"  DIFFERENT  {pair}  and  {merged}")
    print(f"{len(differences)} end otherwise than the state that the sweep took for them")
    return int(bool(differences))


if __name__ == "__main__":
    sys.exit(main())
