"""What it costs to count a nation (`make bench`), against one Philox draw of a float64 for each meter and day in the
same run; how it grows from 0.3 to 30 million meters; and the most memory that it takes."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
from ridethrough.rollout.plan_file import load_plan
from ridethrough.rollout.shares import rounded
from ridethrough.rollout.tables import observed
from ridethrough.rollout.totals import Totals
from ridethrough.rollout.worker import Job, Task, Worker

DAYS = 30
CHUNK = 10_000_000
SIZES = (300_000, 3_000_000, 30_000_000)


def yardstick_s(meters: int) -> float:
    """One float64 a meter and day."""
    rng = np.random.Generator(np.random.Philox(1))
    out = np.empty(min(CHUNK, meters * DAYS))
    began = time.perf_counter()
    for _ in range(max(1, meters * DAYS // len(out))):
        rng.random(out=out)
    return time.perf_counter() - began


def counted_s(meters: int, activated: float) -> tuple[float, int]:
    """The plan of 1.4 million with so many meters instead, that share of them activated, with nothing done."""
    plan = load_plan("working-group-1400k")
    legacy, others = plan.populations
    n = round(meters * activated)
    assert legacy.activation
    activation = replace(legacy.activation, per_day=max(1, -(-n // DAYS)))
    areas = rounded(meters, {a.name: a.customers for a in plan.areas})
    plan = replace(
        plan,
        meters=meters,
        area_meters=areas,
        populations=(replace(legacy, meters=n, activation=activation), others),
        remedies=(),
        combined=(),
    )
    worker = Worker(Job(plan, observed(plan, lambda *told: None), 1))
    totals = Totals.none(plan, len(worker.choices))
    worker.work(Task(0, 0, False))
    began = time.perf_counter()
    for i in range(len(worker.blocks)):
        done = worker.work(Task(0, i, False))
        assert done.totals
        totals.add(done.totals)
    return time.perf_counter() - began, totals.false


def main(arguments: list[str]) -> int:
    if arguments:
        meters, activated = int(arguments[0]), float(arguments[1])
        drawn_s = yardstick_s(meters)
        took_s, false = counted_s(meters, activated)
        most_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{meters:>11,} {activated:>10.1%} {took_s:>8.2f} s {drawn_s:>8.2f} s {took_s / drawn_s:>6.2f} "
              f"{most_mb:>8.0f} MB {false:>12,}", flush=True)  # fmt: skip
        return 0
    print(f"{'meters':>11} {'activated':>10} {'counted':>10} {'drawn':>10} {'ratio':>6} {'memory':>11} {'false':>12}")
    for activated in (0.056, 1.0):
        for meters in SIZES:
            # each in a process of its own: the most memory is a process's
            words = [sys.executable, __file__, str(meters), str(activated)]
            subprocess.run(words, check=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
