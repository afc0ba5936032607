"""Read a capture: which channel is which signal, and what becomes of its samples.

A voltage's samples are kept only where it passes one of the levels that the rules ask about, so a capture
of any length needs memory for its cuts alone.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ridethrough.errors import BadInput, suggestion
from ridethrough.traces.bands import UNKNOWN, Bands
from ridethrough.traces.capture import Capture
from ridethrough.traces.readers import Channel, Source, open_source
from ridethrough.traces.trace import TEXTS, VOLTAGES, WIRES, Event

KEPT_MAX = 20_000_000
_DRAWN_LEVELS_MV = (1_000, 3_000, 5_000, 7_000)
_TOLD_EVERY = 1 << 16
_FLAT_SAMPLES = 16
_SIGNALS = (*WIRES, *VOLTAGES)


@dataclass(frozen=True)
class Wiring:
    """How an instrument was connected. `channels`: signal -> channel; `scale`: what a probe divides by;
    `threshold_mv`: above what a digital channel on a voltage reads high (after `scale`); `assumed`:
    (signal, level) throughout."""

    channels: Mapping[str, str] = field(default_factory=dict)
    scale: float = 1.0
    threshold_mv: int | None = None
    assumed: Mapping[str, int] = field(default_factory=dict)


def load_capture(
    path: Path,
    wiring: Wiring,
    levels_mv: Iterable[float] = (),
    told: Callable[[int], None] = lambda done: None,
) -> Capture:
    """The capture in `path`; `levels_mv` are those at which a verdict may change. `told(bytes)` as it goes on."""
    source = open_source(path)
    found = Capture(period_us=source.period_us, complete=source.complete)
    chosen = _chosen(source, wiring)
    keepers: dict[str, _Keeper] = {
        channel: _keeper(found, signal, source, channel, wiring, levels_mv) for channel, signal in chosen.items()
    }
    marks = _own_marks(source) if source.complete else {}
    for signal in TEXTS:
        if signal in source.channels:
            keepers[signal] = _TextKeeper(found, signal)
    details: dict[str, str] = {}
    for n, (t_us, name, value) in enumerate(source.changes({*keepers, *marks})):
        keeper = keepers.get(name)
        if keeper is not None:
            keeper.take(t_us, value)
        elif marks[name] == "":
            details[name.rpartition(".")[2]] = str(value)
        else:
            _event(found, t_us, marks[name], details.get(marks[name], ""))
        if not n % _TOLD_EVERY:
            told(source.bytes_read())
            if sum(len(bands.times) for bands in found.bands.values()) > KEPT_MAX:
                raise BadInput(f"{path}: more than {KEPT_MAX} changes: cut it up, or measure with less noise")
    found.first_us = source.first_us
    for keeper in keepers.values():
        keeper.close(source.end_us)
    for signal, level in wiring.assumed.items():
        found.bands[signal] = _constant(level)
        found.rests_on.append(f"{signal} {'high' if level else 'low'} throughout, as stated")
    if source.complete:
        found.rests_on = ["a run's own trace"]
    found.finish(source.end_us)
    return found


def _constant(level: float) -> Bands:
    bands = Bands()
    bands.add(0, level, level)
    return bands


def _chosen(source: Source, wiring: Wiring) -> dict[str, str]:
    # channel -> signal: what was mapped, else what bears a signal's own name
    chosen: dict[str, str] = {}
    for signal, channel in wiring.channels.items():
        if signal not in _SIGNALS:
            raise BadInput(f"--map {signal}: no such signal{suggestion(signal, _SIGNALS)}")
        if channel not in source.channels:
            raise BadInput(
                f"--map {signal}: {source.path} has no channel '{channel}'{suggestion(channel, source.channels)}"
            )
        chosen[channel] = signal
    for channel in source.channels:
        if channel in _SIGNALS and channel not in chosen and channel not in chosen.values():
            chosen[channel] = channel
    if not chosen:
        shown = ", ".join(list(source.channels)[:8])
        raise BadInput(f"{source.path}: which of its channels is CH power? --map ch_mv=CHANNEL, one of: {shown}")
    return chosen


def _own_marks(source: Source) -> dict[str, str]:
    # events of our own VCD, and their details
    marks = {}
    for name in source.channels:
        scope, _, event = name.rpartition(".")
        if scope.endswith("events"):
            marks[name] = event
        elif scope.endswith("details"):
            marks[name] = ""
    return marks


def _event(found: Capture, t_us: int, name: str, detail: str) -> None:
    pairs = (pair.partition("=") for pair in detail.split(",") if pair)
    found.log.append(Event(t_us, name, {key: value.replace("_", " ") for key, _, value in pairs}))


class _Keeper(Protocol):
    def take(self, t_us: int, value: object) -> None: ...
    def close(self, end_us: int) -> None: ...


class _TextKeeper:
    def __init__(self, found: Capture, signal: str) -> None:
        self._found, self._signal = found, signal

    def take(self, t_us: int, value: object) -> None:
        if value:
            self._found.set_text(self._signal, t_us, str(value).replace("_", " "))

    def close(self, end_us: int) -> None:
        """Nothing is left to say."""


class _LevelKeeper:
    # Two-valued: `bounds[level]` is what a level says about the signal.
    def __init__(self, bands: Bands, bounds: tuple[tuple[float, float], tuple[float, float]], period_us: int) -> None:
        self._bands = bands
        self._bounds = bounds
        self._period_us = period_us
        self._before: tuple[float, float] | None = None

    def take(self, t_us: int, value: object) -> None:
        if isinstance(value, float):
            now = self._bounds[value >= _HIGH]
        else:
            now = UNKNOWN if self._bounds[0][0] == -math.inf else (0.0, 1.0)
        before = self._before
        if before is not None and self._period_us > 1 and now != before:
            # the edge was somewhere in the last period
            self._bands.add(max(0, t_us - self._period_us), min(now[0], before[0]), max(now[1], before[1]))
        self._bands.add(t_us, *now)
        self._before = now

    def close(self, end_us: int) -> None:
        """Nothing is left to say."""


_HIGH = 0.5


class _VoltKeeper:
    # Samples of a voltage, kept where they pass a level. `holds`: a value stays until the next one.
    def __init__(self, bands: Bands, levels: list[float], unit_mv: float, holds: bool, clip: _Clipping) -> None:
        self._bands, self._levels, self._unit_mv, self._holds = bands, levels, unit_mv, holds
        self._clip = clip
        self._zone = -1
        self._low = self._high = 0.0
        self._at_us = -1
        self._mv = 0.0

    def take(self, t_us: int, value: object) -> None:
        if not isinstance(value, float):
            self._end_zone()
            self._zone = -1
            self._bands.add(t_us, *UNKNOWN)
            return
        mv = value * self._unit_mv
        if not self._holds:
            self._clip.look(mv)
        zone = bisect_right(self._levels, mv)
        if zone == self._zone:
            if mv < self._low:
                self._low = mv
            elif mv > self._high:
                self._high = mv
        else:
            self._end_zone()
            between = self._zone >= 0 and not self._holds
            low, high = (min(mv, self._mv), max(mv, self._mv)) if between else (mv, mv)
            if between and self._at_us + 1 < t_us:
                # it passed the level somewhere between the two samples
                self._bands.add(self._at_us + 1, low, high)
            if between and self._at_us == t_us:
                # several samples in a microsecond: it was at all of them
                self._bands.add(t_us, low, high)
                self._zone = -1
            else:
                self._bands.add(t_us, mv, mv)
                self._zone, self._low, self._high = zone, mv, mv
        self._at_us, self._mv = t_us, mv

    def _end_zone(self) -> None:
        if self._zone >= 0 and self._low != self._high:
            self._bands.widen_last(self._low, self._high)

    def close(self, end_us: int) -> None:
        self._end_zone()
        self._clip.apply(self._bands)


class _Clipping:
    # Is the top, or the bottom, of a noisy signal flat? Then the instrument could not show what was beyond.
    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._last: float | None = None
        self._run = 0
        self._noisy = 0
        self._runs = {True: (-math.inf, 0), False: (math.inf, 0)}

    def look(self, mv: float) -> None:
        if mv != self._last:
            self._noisy += 1
            self._run = 0
            self._last = mv
        self._run += 1
        top, bottom = self._runs[True], self._runs[False]
        if mv > top[0] or (mv == top[0] and self._run > top[1]):
            self._runs[True] = (mv, self._run)
        if mv < bottom[0] or (mv == bottom[0] and self._run > bottom[1]):
            self._runs[False] = (mv, self._run)

    def apply(self, bands: Bands) -> None:
        for top, (mv, run) in self._runs.items():
            # a steady signal is flat everywhere, a clipped one only at its end
            if run < _FLAT_SAMPLES or self._noisy < 4 * run:
                continue
            self._tell(f"flat at {mv / 1000:g} V for {run} samples, though it is noisy elsewhere: clipped there")
            bands.widen_where(mv, top)


def _keeper(
    found: Capture, signal: str, source: Source, name: str, wiring: Wiring, levels_mv: Iterable[float]
) -> _LevelKeeper | _VoltKeeper:
    channel = source.channels[name]
    if channel.what in ("text", "event"):
        raise BadInput(f"--map {signal}: '{name}' is a {channel.what}, no level and no voltage")
    is_volts = signal in VOLTAGES
    why = (
        f"'{name}' is sampled every {source.period_us} us" if source.period_us else f"'{name}' is not known throughout"
    )
    if not is_volts:
        found.bands[signal] = Bands(why)
        if channel.what == "voltage":
            raise BadInput(
                f"--map {signal}: '{name}' is a voltage; {signal} is a level of 0 and 1: export it as digital"
            )
        found.rests_on.append(f"{signal} from '{name}'")
        return _LevelKeeper(found.bands[signal], ((0.0, 0.0), (1.0, 1.0)), source.period_us)
    if channel.what == "level":
        return _probe(found, signal, source, channel, wiring)
    levels = sorted({*levels_mv, *_DRAWN_LEVELS_MV, found.hub_lost_mv, found.hub_back_mv})
    step = source.resolution_mv
    found.bands[signal] = Bands(why, step, source.exact_mv if step else frozenset())
    scale = f", times {wiring.scale:g}" if wiring.scale != 1 else ""
    found.rests_on.append(f"{signal} from '{name}'{scale}")
    clip = _Clipping(lambda text: found.rests_on.append(f"{signal} from '{name}' {text}"))
    if step:
        # every sample of a run of ours is kept: it is no more than there are levels
        levels = sorted({*levels, *(float(mv) for mv in range(0, 30_000, step))})
    return _VoltKeeper(found.bands[signal], levels, channel.unit_mv * wiring.scale, not channel.sampled, clip)


def _probe(found: Capture, signal: str, source: Source, channel: Channel, wiring: Wiring) -> _LevelKeeper:
    if wiring.threshold_mv is None:
        raise BadInput(
            f"'{channel.name}' is digital: --threshold says above what voltage of {signal} it reads high, such as 2V"
        )
    mv = float(wiring.threshold_mv)
    found.bands[signal] = Bands(f"'{channel.name}' only tells above from below {mv / 1000:g} V")
    found.rests_on.append(f"{signal} from '{channel.name}', high above {mv / 1000:g} V")
    below = (-math.inf, math.nextafter(mv, -math.inf))
    return _LevelKeeper(found.bands[signal], (below, (mv, math.inf)), source.period_us)
