"""Which crew a user has asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from ridethrough.crews.crew import Crew, CrewFor, D, Job, crew_of
from ridethrough.support.errors import BadInput

_LOCAL = re.compile(r"local:(\d{1,9})")
_STANDING = re.compile(r"(tcp|tls)://[^/\s]+:\d{1,5}")
_LOCAL_MAX = 256


@contextmanager
def crews(jobs: int, on: str = "") -> Iterator[CrewFor]:
    """What makes the crew for a job: `jobs` processes, or the workers of a Dask cluster `on` an address: `local:N`
    are started here, `tcp://HOST:PORT` is a scheduler that stands. BadInput if it is neither, Dask is not installed, or
    nobody is there."""
    if not on:

        def here(job: Job[D]) -> AbstractContextManager[Crew[D]]:
            return crew_of(job, jobs)

        yield here
        return
    local = _LOCAL.fullmatch(on)
    if local and not 1 <= int(local[1]) <= _LOCAL_MAX:
        raise BadInput(f"--on {on}: 1 to {_LOCAL_MAX} workers expected")
    if not local and not _STANDING.fullmatch(on):
        raise BadInput(f"--on {on[:60]}: local:N or tcp://HOST:PORT of a Dask scheduler expected")
    try:
        from ridethrough.crews.cluster import staff
    except ImportError:
        raise BadInput("--on needs Dask: pip install 'ridethrough[cluster]'") from None
    with staff(on, int(local[1]) if local else 0) as found:
        yield found.crew
