"""Who does the work of a sweep, and the files that its result goes to: what `sweep` and `campaign` share."""

from __future__ import annotations

import argparse
import os
import re
import shlex
from contextlib import AbstractContextManager
from pathlib import Path

from ridethrough.crews.crew import CrewFor
from ridethrough.crews.named import crews
from ridethrough.support.errors import BadInput, suggestion
from ridethrough.support.files import check_writable
from ridethrough.sweep.faults import FAULTS

_JOBS_MAX = 256


def add_swept(parser: argparse.ArgumentParser, cuts: str) -> None:
    """Adds what is swept; `cuts`: as many by default."""
    parser.add_argument("--size", metavar="BYTES", type=int, help="instead of the scenario's image size")
    parser.add_argument(
        "--cuts", metavar="N|all", default=cuts, help=f"power cuts and resets in a row (default: {cuts})"
    )
    parser.add_argument("--faults", metavar="LIST", default=",".join(FAULTS), help=f"of {', '.join(FAULTS)}")


def add_workers(parser: argparse.ArgumentParser) -> None:
    """Adds who works."""
    parser.add_argument(
        "--jobs", metavar="N", type=int, default=os.cpu_count() or 1, help="processes (default: all cores)"
    )
    parser.add_argument(
        "--on", metavar="ADDRESS", default="", help="a Dask cluster: local:N, or tcp://HOST:PORT (docs/cluster.md)"
    )


def add_evidence(parser: argparse.ArgumentParser) -> None:
    """Adds where the result goes, beside the terminal."""
    parser.add_argument("--junit", metavar="FILE", type=Path, help="write it as JUnit XML, for CI")
    parser.add_argument("--html", metavar="FILE", type=Path, help="write it as one page, to be filed")


def check_evidence(arguments: argparse.Namespace) -> None:
    """BadInput if a file cannot be written: not after an hour of work."""
    for path in (arguments.junit, arguments.html):
        if path is not None:
            check_writable(path)


def sweep_command(scenario: str, **options: str | int | None) -> str:
    """The line that does such a sweep; options without a value are left out."""
    words = ["ridethrough", "sweep", scenario]
    for name, value in options.items():
        if value not in (None, ""):
            words += [f"--{name}", str(value)]
    return shlex.join(words)


def check_jobs(jobs: int) -> None:
    """BadInput if there cannot be so many processes."""
    if not 1 <= jobs <= _JOBS_MAX:
        raise BadInput(f"--jobs {jobs}: 1 to {_JOBS_MAX} expected")


def chosen_crews(arguments: argparse.Namespace) -> AbstractContextManager[CrewFor]:
    """Who works; BadInput if that cannot be."""
    check_jobs(arguments.jobs)
    return crews(arguments.jobs, arguments.on)


def chosen_cuts(text: str) -> int | None:
    """None: to the fixpoint."""
    if text == "all":
        return None
    if not re.fullmatch("[0-9]{1,4}", text) or not 1 <= int(text) <= 1000:
        raise BadInput(f"--cuts {text[:20]}: a number from 1 to 1000 expected, or all")
    return int(text)


def chosen_faults(text: str) -> list[str]:
    """By name."""
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in FAULTS:
            raise BadInput(f"--faults: no '{name}'{suggestion(name, FAULTS)}")
    return names
