"""Who works: this process, others on this machine, or (cluster.py) a cluster. What they find is the same."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager
from itertools import islice
from multiprocessing import resource_tracker
from typing import Any, Generic, Protocol, Self, TypeVar

Heard = Callable[..., None]
"""What a job tells of on its way, if that is in this process."""
D_co = TypeVar("D_co", covariant=True)


class Item(Protocol):
    """A piece of work. What many pieces share (bytes, or None) can be taken off and put on again: it travels once."""

    def apart(self) -> tuple[Item, bytes | None]:
        """The rest, and what is shared."""

    def together(self, shared: bytes | None) -> Item:
        """All of it again."""


class Whole:
    """An item of which nothing is shared with others."""

    def apart(self) -> tuple[Self, None]:
        """All of it."""
        return self, None

    def together(self, shared: bytes | None) -> Self:
        """The same."""
        return self


class Works(Protocol[D_co]):
    """Who is prepared for a job."""

    def work(self, item: Any, heard: Heard = ...) -> D_co:
        """What one piece of it comes to."""


class Job(Protocol[D_co]):
    """All that a worker has to know before it has work; it travels to each of them once."""

    def complete(self) -> Job[D_co]:
        """The same, with all that it takes from files of this machine."""

    def worker(self) -> Works[D_co]:
        """Somebody who is prepared."""


AHEAD = 3
"""Items that a worker has before it: it never waits for the next, and memory stays small."""


Items = Iterator[Any]
"""Of Item, or None: the next one is not ready before one that was given out is done."""


class Crew(Protocol[D_co]):
    """Works through items. `alone`: in this process."""

    alone: bool

    def work(self, items: Items, heard: Heard = ...) -> Iterator[D_co]:
        """What each came to, as they are done, in any order; an item is asked for when somebody is free."""


D = TypeVar("D")


class CrewFor(Protocol):
    """Makes a crew for a job."""

    def __call__(self, job: Job[D]) -> AbstractContextManager[Crew[D]]: ...


def nobody(*told: object) -> None:
    """Nobody hears."""


class Alone(Generic[D]):
    """Nobody but this process."""

    alone = True

    def __init__(self, job: Job[D]) -> None:
        self._worker = job.worker()

    def work(self, items: Items, heard: Heard = nobody) -> Iterator[D]:
        for item in items:
            assert item is not None, "all before it are done"
            yield self._worker.work(item, heard)


class Processes(Generic[D]):
    """`jobs` processes of this machine."""

    alone = False

    def __init__(self, pool: ProcessPoolExecutor, jobs: int) -> None:
        self._pool = pool
        self._ahead = jobs * AHEAD

    def work(self, items: Items, heard: Heard = nobody) -> Iterator[D]:
        waiting: set[Future[D]] = set()
        while True:
            for item in islice(items, self._ahead - len(waiting)):
                if item is None:
                    break
                with without_ctrl_c():
                    waiting.add(self._pool.submit(_work, item))
            if not waiting:
                return
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()


@contextmanager
def crew_of(job: Job[D], jobs: int) -> Iterator[Crew[D]]:
    """Nobody but this process, or `jobs` others."""
    if jobs <= 1:
        yield Alone(job)
        return
    pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), _init_worker, (job,))
    try:
        yield Processes(pool, jobs)
    finally:
        # whatever ends the work, nobody waits for the rest of it
        pool.shutdown(cancel_futures=True)


_worker: Works[Any] | None = None


def _init_worker(job: Job[Any]) -> None:
    global _worker
    _worker = job.worker()
    threading.Thread(target=_end_with_us, daemon=True).start()


def _end_with_us() -> None:
    # who is killed must not leave its workers behind
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _work(item: Any) -> Any:
    assert _worker is not None
    return _worker.work(item)


@contextmanager
def without_ctrl_c() -> Iterator[None]:
    # A process that is started in here never gets Ctrl-C, which a terminal sends to all of us: it is for the command,
    # and a worker that dies of it says so in many lines, and looks like a defect.
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # whoever starts multiprocessing's tracker lets Ctrl-C through again
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
