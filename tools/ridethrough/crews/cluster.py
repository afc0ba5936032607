"""Work on a Dask cluster: one that is started here, or one that stands.

The scheduler never holds what is worked on: an item goes to a worker as data, what it comes to is back as soon as it is
done, and released. A worker that is lost costs the items that it had.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from typing import Any, Generic
from uuid import uuid4

from distributed import Client, LocalCluster, WorkerPlugin, as_completed
from distributed.client import FutureCancelledError
from distributed.scheduler import KilledWorker

from ridethrough.crews.crew import AHEAD, D, Heard, Items, Job, Works, nobody, without_ctrl_c
from ridethrough.support.errors import BadInput
from ridethrough.version import VERSION

_ANSWER_S = 20
"""For how long a scheduler is asked to answer, and to have a worker."""
_ANY_PORT = "127.0.0.1:0"
"""Where the scheduler's pages are: with no address at all it takes 8787, and warns if somebody else has that."""
_TRIES = 5
"""How often an item is given out whose workers are lost: it may be the item that kills them."""


@contextmanager
def staff(address: str, local: int) -> Iterator[Staff]:
    """The workers of the scheduler at `address`, or `local` ones that are started here. BadInput if nobody is there."""
    # what Dask logs of a lost worker is no news to whoever reads our line about it
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in ("distributed", "tornado", "asyncio"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    cluster: Any = None
    client: Any = None
    try:
        with without_ctrl_c():
            if local:
                cluster = LocalCluster(  # type: ignore[no-untyped-call]
                    n_workers=local,
                    threads_per_worker=1,
                    dashboard_address=_ANY_PORT,
                    silence_logs=logging.CRITICAL,
                )
            client = Client(cluster or address, timeout=_ANSWER_S, set_as_default=False)  # type: ignore[no-untyped-call]
        try:
            client.wait_for_workers(1, timeout=_ANSWER_S)
        except TimeoutError:
            raise BadInput(f"--on {address}: the scheduler has no worker: start one, or wait until it has") from None
        yield Staff(client, address)
    except OSError as e:
        if client is not None:
            raise _gone(address) from e
        raise BadInput(f"--on {address}: no Dask scheduler answers there") from None
    finally:
        for one in (client, cluster):
            if one is not None:
                with suppress(Exception):
                    one.close(timeout=5)


def _gone(address: str) -> BadInput:
    return BadInput(f"the scheduler at {address} went away: --resume FILE goes on from the last finished level")


class WrongVersion(Exception):
    """A worker has another version of all this, whose boots may end otherwise."""


_prepared: dict[str, Works[Any]] = {}
_one_at_a_time = threading.Lock()
"""A worker with several threads has one interpreter lock all the same."""


class _Prepared(WorkerPlugin):
    """Every worker, also one that comes later, has the job before it has work."""

    def __init__(self, name: str, job: Job[Any], version: str) -> None:
        self.name, self._job, self._version = name, job, version

    def setup(self, worker: Any) -> None:
        if self._version != VERSION:
            raise WrongVersion(f"it has ridethrough {VERSION}, here is {self._version}: install the same on both")
        _prepared[self.name] = self._job.worker()

    def teardown(self, worker: Any) -> None:
        _prepared.pop(self.name, None)


def _work(name: str, item: Any, shared: bytes | None) -> Any:
    with _one_at_a_time:
        return _prepared[name].work(item.together(shared))


class Staff:
    """Workers that can be prepared for one job after the other."""

    def __init__(self, client: Any, address: str) -> None:
        self._client = client
        self._address = address

    @contextmanager
    def crew(self, job: Job[D]) -> Iterator[Cluster[D]]:
        """All of them, for one job. BadInput if one of them cannot do it."""
        name = uuid4().hex
        try:
            self._client.register_plugin(_Prepared(name, job.complete(), VERSION), name=name)
        except Exception as e:
            raise BadInput(f"--on {self._address}: a worker cannot work for us: {e}"[:300]) from None
        try:
            yield Cluster(self._client, name, self._address)
        finally:
            with suppress(Exception):
                self._client.unregister_worker_plugin(name)


class Cluster(Generic[D]):
    """The workers of a cluster, for one job."""

    alone = False

    def __init__(self, client: Any, name: str, address: str) -> None:
        self._client = client
        self._name = name
        self._address = address
        self._bytes: bytes | None = None
        self._shared: Any = None

    def work(self, items: Items, heard: Heard = nobody) -> Iterator[D]:
        """As Crew has it."""
        waiting: dict[Any, tuple[Any, int]] = {}
        done = as_completed(loop=self._client.loop)  # type: ignore[no-untyped-call]
        while True:
            ahead = AHEAD * max(1, len(self._workers()))
            for item in islice(items, max(0, ahead - len(waiting))):
                if item is None:
                    break
                self._give(item, _TRIES, waiting, done)
            if not waiting:
                return
            future = next(done)
            given, tries = waiting.pop(future)
            try:
                found = future.result()
            except (OSError, asyncio.CancelledError, KilledWorker, FutureCancelledError) as e:
                self._check_there(e)
                if tries == 1:
                    raise BadInput(f"--on {self._address}: {_TRIES} workers were lost over one batch") from e
                self._give(given, tries - 1, waiting, done, again=True)
                continue
            future.release()
            yield found

    def _workers(self) -> dict[str, Any]:
        return self._client.scheduler_info(n_workers=-1)["workers"]  # type: ignore[no-any-return]

    def _give(self, item: Any, tries: int, waiting: dict[Any, tuple[Any, int]], done: Any, again: bool = False) -> None:
        rest, shared = item.apart()
        try:
            if self._shared is None or shared is not self._bytes or again:
                # one for many items: a worker asks another one for it, not the scheduler
                self._bytes = shared
                self._shared = self._client.scatter(shared, hash=False)
            data = self._client.scatter(rest, hash=False)
            key = f"ridethrough-{uuid4().hex}"
            future = self._client.submit(_work, self._name, data, self._shared, key=key, pure=False)
        except (OSError, RuntimeError, asyncio.CancelledError) as e:
            self._check_there(e)
            raise BadInput(f"--on {self._address}: no worker is left") from e
        waiting[future] = item, tries
        done.add(future)

    def _check_there(self, e: BaseException) -> None:
        # A scheduler that is gone cancels all futures: then nobody is there to give them to again.
        try:
            self._client.sync(self._client.scheduler.identity, callback_timeout=_ANSWER_S)
        except Exception:
            raise _gone(self._address) from e
