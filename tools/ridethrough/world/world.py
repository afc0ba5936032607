"""What surrounds a board, as data: mains, hub, clocks, and what goes wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ridethrough.world.hub_params import HubParams
from ridethrough.world.peripherals import Parts


@dataclass(frozen=True)
class Trouble:
    """Something that goes wrong: at `at_us`, or `after_us` after the update first enters phase `when`.
    `mains off` and `hub out` last `for_us`."""

    do: str
    at_us: int | None = None
    when: str = ""
    after_us: int = 0
    for_us: int = 0


@dataclass(frozen=True)
class ClockError:
    """How wrong the clocks run. Positive drift is fast. `steps`: (t_us, seconds) by which the MCU's clock
    of the day jumps."""

    drift_ppm: int = 0
    hub_drift_ppm: int = 0
    tick_origin_us: int = 0
    steps: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class World:
    """What surrounds a board, as data. `mains` and `hub_fitted` are (t_us, on) in order of time; mains
    is off and the hub is fitted before the first."""

    duration_us: int = 300_000_000
    mains: tuple[tuple[int, bool], ...] = ((0, True),)
    hub_fitted: tuple[tuple[int, bool], ...] = ()
    converter: tuple[tuple[int, int], ...] = ()
    """(t_us, mv): the converter's output changes."""
    converter_restart_us: int = 0
    """For how long a converter that was switched off cannot be switched on again."""
    boot_us: int | None = None
    """Instead of the board's own time from reset to boot.py."""
    flash_is_noise: bool = False
    troubles: tuple[Trouble, ...] = ()
    clock: ClockError = field(default_factory=ClockError)
    typed: tuple[tuple[int, bytes], ...] = ()
    """(t_us, bytes): what a person types at the console."""
    hub: HubParams = field(default_factory=HubParams)
    load_w: int = 500
    """What the consumer draws, for the metrology part to count."""
    start_mwh: int = 123_456_789
    network: Mapping[str, bytes] = field(default_factory=dict)
    """What each address answers to firmware that fetches it; any other answers 404."""
    parts: Parts = field(default_factory=Parts)
    fetch_fails: int = 0
    """The so many'th answer of the network is 503 instead; 0: none."""
