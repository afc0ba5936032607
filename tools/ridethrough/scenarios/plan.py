"""What a scenario file says, as data: the image, the head-end's steps, and what a run must show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

ACTIONS = (
    "push", "activate", "activate again", "activate older", "activate elsewhere", "cancel", "set clock",
    "ask", "type", "hard reset", "interrupt",
)  # fmt: skip
DAMAGES = ("none", "supplier signature", "maker signature", "payload", "header version", "header hardware")
MANGLES = ("none", "repeat", "reorder", "corrupt")
TROUBLES = ("mains off", "hub out", "hold fails", "hard reset")
NONE = -1
"""In `Shows`: there must be no outcome, or no version."""
TAGS = ("reported", "plausible", "contrived")
"""How much stands behind a specimen: a source describes it; it could be; nobody would build it."""
STATUSES = ("pass", "fail", "undecided", "vacuous")


@dataclass(frozen=True)
class ImagePlan:
    """The image that is pushed: this firmware's application again, as another version."""

    version: int = 2
    counter: int = 2
    size: int = 0
    damage: str = "none"
    application: str = ""
    """A file of specimens/applications instead of the firmware's own application."""
    hardware: int | None = None
    follows: tuple[int, int] = (0, 2**32 - 1)


@dataclass(frozen=True)
class Step:
    """One thing that the head-end does: at `at_us`, or as soon as the step before is through."""

    do: str
    at_us: int | None = None
    line: str = ""
    date: int = 0
    """For an activation or the clock: seconds since 1970."""
    breaks: int = 0
    """A push stops so many times on its way, and begins again with `receive`."""
    mangle: str = "none"
    """What happens to a push's blocks on their way."""


@dataclass(frozen=True)
class SweepPlan:
    """What a sweep holds a recovery to: at rest `within_us`, in at most so many `boots`, the new
    slot tried at most `trial_boots` times. For firmware that is
    not the reference: the files that its update changes, what they are afterwards (`new`), and the files
    that do not tell states apart (`outside`). `not_owed`: the invariants that no firmware can keep in this
    scenario; they have to break, else it says too much."""

    within_us: int = 400_000_000
    boots: int = 8
    trial_boots: int = 3
    updates: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    new: Mapping[str, bytes] = field(default_factory=dict)
    not_owed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shows:
    """What a run must show. None: the scenario does not say."""

    rule: str | None = None
    dark_us: int | None = None
    ac_lost_us: int | None = None
    ad1: int | None = None
    ad1_false: int | None = None
    outcome: int | None = None
    version: int | None = None
    codes: tuple[str, ...] = ()
    codes_not: tuple[str, ...] = ()
    refused: str = ""
    """What the board must have said in refusing something."""
    faults: tuple[str, ...] = ()
    """Faults that the scenario is about; any other is a miss."""
