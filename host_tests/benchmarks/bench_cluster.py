"""What it costs to share a sweep out (`make bench`): one worker of a Dask cluster against two, bytes for each state,
what the sweep's own process has to do for each boot; and from these, reckoned and not run, what more workers would do,
and what a network costs that takes 20 ms for each message.
"""

from __future__ import annotations

import heapq
import pickle
import sys
import time
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial

from ridethrough import Board, Firmware, Scenario
from ridethrough.crews.crew import AHEAD, Alone, crew_of
from ridethrough.crews.named import crews
from ridethrough.sweep.explore import sweep, waits_for
from ridethrough.sweep.setting import Setting

BYTES, CUTS, FAULTS = 8192, None, ("power", "reset")
LATENCY_S = 0.02


@dataclass
class Work:
    """What one batch took (processor time), and how large it was on its way there and back."""

    level: int
    index: int
    seconds: float
    there_bytes: int
    back_bytes: int
    states: int


class Timed(Alone):
    """This process, with a stopwatch."""

    def __init__(self, job, seen):
        super().__init__(job)
        self.seen = seen

    def work(self, batches, heard):
        for batch in batches:
            began = time.process_time()
            found = self._worker.work(batch)
            took = time.process_time() - began
            sizes = [len(pickle.dumps(one)) for one in (batch, found)]
            self.seen.append(Work(batch.level, batch.index, took, *sizes, len(found.keys)))
            yield found


def reckoned_s(works: list[Work], workers: int, own_s: float, latency_s: float) -> float:
    """How long it would take: each worker has AHEAD batches before it, a batch is given out when those that it waits
    for are done, this process needs `own_s` for each, a message takes `latency_s` each way."""
    now = 0.0
    for level in sorted({work.level for work in works}):
        todo = [work for work in works if work.level == level]
        done: set[int] = set()
        free = [now] * workers
        running: list[tuple[float, int]] = []
        own = now
        for i, work in enumerate(todo):
            while running and (len(running) >= workers * AHEAD or not set(range(waits_for(i))) <= done):
                at, index = heapq.heappop(running)
                own = max(own, at + latency_s) + own_s
                done.add(index)
            begins = max(heapq.heappop(free), own + latency_s)
            heapq.heappush(free, begins + work.seconds)
            heapq.heappush(running, (begins + work.seconds, i))
        for at, _ in sorted(running):
            own = max(own, at + latency_s) + own_s
        now = own
    return now


def main() -> int:
    scenario = Scenario.load("update").with_image_bytes(BYTES)
    setting = Setting.load(scenario, Board.load("rpi_pico"), Firmware.load())
    works: list[Work] = []
    began = time.process_time()
    result = sweep(setting, CUTS, FAULTS, crew=lambda job: nullcontext(Timed(job, works)))
    own_s = (time.process_time() - began - sum(work.seconds for work in works)) / len(works)
    took_s = sum(work.seconds for work in works)
    states = sum(work.states for work in works)
    print(f"{result.boots} boots in {len(works)} batches of {took_s / len(works):.2f} s on average")
    back_bytes, there_bytes = sum(work.back_bytes for work in works), max(work.there_bytes for work in works)
    print(f"a new state                {back_bytes / states:.0f} bytes on its way back, with all counts of its batch")
    print(f"a batch                    {there_bytes} bytes on its way there, at most")
    print(f"this process               {own_s / took_s * len(works):.1%} of the workers' time")
    walls = {}
    for workers in (1, 2):
        with crews(1, f"local:{workers}") as crew:
            began = time.perf_counter()
            sweep(setting, CUTS, FAULTS, crew=crew)
            walls[workers] = time.perf_counter() - began
    print(f"two workers                {walls[1] / walls[2]:.2f} times one ({walls[1]:.0f} s and {walls[2]:.0f} s)")
    began = time.perf_counter()
    sweep(setting, CUTS, FAULTS, crew=partial(crew_of, jobs=2))
    print(f"two processes              {walls[1] / (time.perf_counter() - began):.2f} times one worker")
    print("reckoned from the batches of this run, as multiples of one worker:")
    print("workers   no latency   20 ms")
    for workers in (2, 4, 8, 100):
        print(f"{workers:7}   " + "   ".join(
            f"{took_s / reckoned_s(works, workers, own_s, latency_s):10.2f}" for latency_s in (0.0, LATENCY_S)
        ))  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
