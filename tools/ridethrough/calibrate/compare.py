"""Scenarios on several guests: does each end as stated, and do they do the same?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ridethrough.boards import Board
from ridethrough.crews.crew import CrewFor, Heard, Whole, nobody
from ridethrough.guests.named import guest_named
from ridethrough.runner import run_scenario
from ridethrough.scenarios import Scenario
from ridethrough.traces import Trace
from ridethrough.traces.difference import Difference, InOrder, first_difference, in_order


@dataclass(frozen=True)
class Compared:
    """One scenario on one guest, beside the first guest. `misses`: what did not end as stated. `found`: where the two
    part, how far apart in time they are, or None if they are equal to the microsecond."""

    scenario: str
    guest: str
    misses: tuple[str, ...]
    found: Difference | InOrder | None

    def differs(self, most: float) -> bool:
        """Does it do something else, or the same by more than the share `most` earlier or later?"""
        if isinstance(self.found, InOrder):
            return self.found.most.share > most
        return self.found is not None

    def bad(self, most: float) -> bool:
        """Does it differ, or did it not end as stated?"""
        return bool(self.misses) or self.differs(most)


Misses = Callable[[Scenario, Trace], list[str]]


@dataclass(frozen=True)
class _Named(Whole):
    scenario: str


@dataclass(frozen=True)
class _Job:
    board: str
    guests: tuple[str, ...]
    misses: Misses

    def complete(self) -> _Job:
        return self

    def worker(self) -> _Worker:
        return _Worker(self)


class _Worker:
    def __init__(self, job: _Job) -> None:
        self._job = job
        self._board = Board.load(job.board)
        self._guests = [guest_named(name) for name in job.guests]

    def work(self, item: _Named, heard: Heard = nobody) -> list[Compared]:
        scenario = Scenario.load(item.scenario, self._board.name)
        traces = [run_scenario(scenario, self._board, guest=guest) for guest in self._guests]
        rows = []
        for name, guest, trace in zip(self._job.guests, self._guests, traces, strict=True):
            own_time = guest.own_time or self._guests[0].own_time
            found = None if trace is traces[0] else (in_order if own_time else first_difference)(traces[0], trace)
            rows.append(Compared(item.scenario, name, tuple(self._job.misses(scenario, trace)), found))
        return rows


def compare(
    scenarios: Sequence[str], board: str, guests: Sequence[str], misses: Misses, crew: CrewFor
) -> Iterator[list[Compared]]:
    """For each scenario, as they are done: a row for each guest. `misses(scenario, trace)` says what did not end as
    stated."""
    job = _Job(board, tuple(guests), misses)
    with crew(job) as works:
        yield from works.work(iter([_Named(name) for name in scenarios]))
