"""What hubs do about losses of supply, in columns: the hub of world/hub.py, whose store remembers what was before.

A test holds both together, meter by meter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ridethrough.rollout.draws import Small
from ridethrough.rollout.tables import HubClass, Ints


@dataclass(frozen=True)
class Hubs:
    """The classes' figures as arrays."""

    store: Ints
    charge: Ints
    service: Ints
    threshold: Ints
    wait_us: int
    """How long an alert waits: the limit, and beyond it if the boundary is `>`."""

    @classmethod
    def of(cls, classes: tuple[HubClass, ...]) -> Hubs:
        """All of a plan's."""

        def column(values: list[int]) -> Ints:
            return np.array(values, dtype=np.int64)

        params = [c.params for c in classes]
        return cls(
            column([p.store_us for p in params]),
            column([p.store_charge_us for p in params]),
            column([p.boot_us + p.join_us for p in params]),
            column([c.threshold for c in classes]),
            params[0].limit_us + (0 if params[0].boundary == ">=" else 1),
        )


@dataclass(frozen=True)
class Alerted:
    """For each loss of supply: does it last as long as an alert waits, and does the store?"""

    due: NDArray[np.bool_]
    sent: NDArray[np.bool_]


def react(premise: Small, lost: Ints, back: Ints, hub: NDArray[np.uint8], hubs: Hubs) -> Alerted:
    """Losses by premise, disjoint and sorted; `hub`: the class of each loss's hub. Every store is full at first."""
    store, charge = hubs.store[hub], hubs.charge[hub]
    n = len(premise)
    before = np.empty(n, dtype=np.int64)
    follows = np.zeros(n, dtype=bool)
    gap = np.zeros(n, dtype=np.int64)
    gap[1:] = lost[1:] - back[:-1]
    # behind a gap in which it is charged wholly, nothing is left of what was before
    follows[1:] = (premise[1:] == premise[:-1]) & (gap[1:] < charge[1:])
    rank = np.arange(n) - np.maximum.accumulate(np.where(follows, 0, np.arange(n)))
    after = np.empty(n, dtype=np.int64)
    length = back - lost
    for turn in range(int(rank.max()) + 1 if n else 0):
        rows = np.flatnonzero(rank == turn)
        if turn == 0:
            before[rows] = store[rows]
        else:
            charged = _part(gap[rows], store[rows], charge[rows])
            before[rows] = np.minimum(store[rows], after[rows - 1] + charged)
        after[rows] = np.maximum(0, before[rows] - length[rows])
    due = length >= hubs.wait_us
    return Alerted(due, due & (before >= hubs.wait_us))


def _part(gap: Ints, store: Ints, charge: Ints) -> Ints:
    """Gap * store // charge, exactly. A gap is shorter than its charge, and that at most an hour: what is left of the
    store by whole charges, times the gap, is below 2^64."""
    whole, left = np.divmod(store, charge)
    rest = gap.astype(np.uint64) * left.astype(np.uint64) // charge.astype(np.uint64)
    return gap * whole + rest.astype(np.int64)
