"""Virtual time: one integer clock in microseconds and a queue of what happens next.

Nothing sleeps. Any number of boards share one world: a guest that lets time pass hands over to whoever runs the clock
(runtime.py). Within one microsecond, things happen in the order of `Order`, then in the order in which they were asked
for.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from enum import IntEnum

FAR_US = 2**62


class Order(IntEnum):
    """Who goes first within one microsecond. An alert that is due goes before the supply's return, so
    that "three minutes or more" and "more than three minutes" differ exactly where they should."""

    ALERT = 0
    PHYSICS = 1
    MCU = 2
    WORLD = 3
    GUEST = 4


class Clock:
    """The queue. `now_us` only grows; `next_us` is when the next thing is due."""

    def __init__(self) -> None:
        self.now_us = 0
        self.next_us = FAR_US
        self.happened = 0
        """How many things have happened; that a run ends is none."""
        self._halted = False
        self._heap: list[tuple[int, int, int, Callable[[], None]]] = []
        self._count = 0

    def at(self, t_us: int, order: Order, action: Callable[[], None]) -> None:
        """Has `action` happen at `t_us`, now at the earliest."""
        self._count += 1
        heapq.heappush(self._heap, (max(t_us, self.now_us), order, self._count, action))
        self.next_us = self._heap[0][0]

    def halt(self) -> None:
        """Has the run that is under way return after what happens now."""
        self._halted = True

    def run(self, until_us: int, last: Order = Order.ALERT) -> None:
        """Lets everything up to `until_us` happen; of that microsecond itself, what is due already and goes before
        `last`."""
        done = False

        def stop() -> None:
            nonlocal done
            done = True

        self.at(until_us, last, stop)
        self._halted = False
        while not (done or self._halted):
            t_us, _, _, action = heapq.heappop(self._heap)
            self.now_us = t_us
            self.happened += action is not stop
            self.next_us = self._heap[0][0] if self._heap else FAR_US
            action()
