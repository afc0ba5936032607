"""Read a capture: which channel is which signal, and what becomes of its samples.

A voltage's samples are kept only where it passes one of the levels that the rules ask about, so a capture
of any length needs memory for its cuts alone.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ridethrough.support.errors import BadInput, Param, suggestion
from ridethrough.traces.bands import UNKNOWN, Bands
from ridethrough.traces.capture import Capture
from ridethrough.traces.readers import Channel, Sink, Source, open_source
from ridethrough.traces.readers.source import Value
from ridethrough.traces.trace import TEXTS, VOLTAGES, WIRES, Event

KEPT_MAX = 20_000_000
_DRAWN_LEVELS_MV = (1_000, 3_000, 5_000, 7_000)
_FLAT_SAMPLES = 16
_SIGNALS = (*WIRES, *VOLTAGES)


@dataclass(frozen=True)
class ProbeMap:
    """How an instrument was connected. `channels`: signal -> channel; `scale`: what a probe divides by;
    `threshold_mv`: above what a digital channel on a voltage reads high (after `scale`); `assumed`:
    (signal, level) throughout."""

    channels: Mapping[str, str] = field(default_factory=dict)
    scale: float = 1.0
    threshold_mv: int | None = None
    assumed: Mapping[str, int] = field(default_factory=dict)


def load_capture(
    path: Path,
    probes: ProbeMap,
    levels_mv: Iterable[float] = (),
    progress: Callable[[int], None] = lambda done: None,
) -> Capture:
    """The capture in `path`; `levels_mv` are those at which a verdict may change. `progress(bytes)` as it goes on."""
    source = open_source(path)
    found = Capture(period_us=source.period_us, complete=source.complete)
    chosen = _chosen(source, probes)
    keepers: dict[str, _Keeper] = {
        channel: _keeper(found, signal, source, channel, probes, levels_mv) for channel, signal in chosen.items()
    }
    sinks: dict[str, Sink] = {channel: keeper.take for channel, keeper in keepers.items()}
    for channel, signal in chosen.items():
        if signal in WIRES and not source.period_us and not source.channels[channel].sampled:
            # exact levels need nothing done to them
            sinks[channel] = found.bands[signal].put
    sinks |= {signal: _text_sink(found, signal) for signal in TEXTS if signal in source.channels}
    if source.complete:
        sinks |= _event_sinks(found, source)

    def look(done: int) -> None:
        progress(done)
        kept = sum(len(bands.times) for bands in found.bands.values())
        if kept + 16 * (len(found.log) + sum(map(len, found.texts.values()))) > KEPT_MAX:
            raise BadInput(f"{path}: more than {KEPT_MAX} changes: cut it up, or measure with less noise")

    source.feed(sinks, look)
    found.first_us, found.period_us = source.first_us, source.period_us
    for keeper in keepers.values():
        keeper.close()
    for signal, level in probes.assumed.items():
        if signal in found.bands:
            raise BadInput(Param("assumed"), f": {signal} is in {path} already, and nobody has to assume it")
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


def _chosen(source: Source, probes: ProbeMap) -> dict[str, str]:
    # channel -> signal: what was mapped, else what bears a signal's own name
    chosen: dict[str, str] = {}
    for signal, channel in probes.channels.items():
        if signal not in _SIGNALS:
            raise BadInput(Param("channels", signal), f": no such signal{suggestion(signal, _SIGNALS)}")
        if channel not in source.channels:
            near = suggestion(channel, source.channels)
            raise BadInput(Param("channels", signal), f": {source.path} has no channel '{channel}'{near}")
        chosen[channel] = signal
    for channel in source.channels:
        if channel in _SIGNALS and channel not in chosen and channel not in chosen.values():
            chosen[channel] = channel
    if not chosen:
        shown = ", ".join(list(source.channels)[:8])
        asked = Param("channels", "ch_mv=CHANNEL")
        raise BadInput(f"{source.path}: which of its channels is CH power? ", asked, f", one of: {shown}")
    return chosen


def _event_sinks(found: Capture, source: Source) -> dict[str, Sink]:
    # Events of a run's own VCD; each one's details stand before it.
    details: dict[str, str] = {}

    def happened(name: str) -> Sink:
        def take(t_us: int, value: Value) -> None:
            pairs = (pair.partition("=") for pair in details.get(name, "").split(",") if pair)
            found.log.append(Event(t_us, name, {key: text.replace("_", " ") for key, _, text in pairs}))

        return take

    def detailed(name: str) -> Sink:
        return lambda t_us, value: details.__setitem__(name, str(value))

    sinks: dict[str, Sink] = {}
    for channel in source.channels:
        scope, _, name = channel.rpartition(".")
        if scope.endswith("events"):
            sinks[channel] = happened(name)
        elif scope.endswith("details"):
            sinks[channel] = detailed(name)
    return sinks


def _text_sink(found: Capture, signal: str) -> Sink:
    def take(t_us: int, value: Value) -> None:
        if value:
            found.set_text(signal, t_us, str(value).replace("_", " "))

    return take


class _Keeper(Protocol):
    def take(self, t_us: int, value: Value) -> None: ...
    def close(self) -> None: ...


class _LevelKeeper:
    # Two-valued: `bounds[level]` is what a level says about the signal. `holds_us`: it stays until so long before
    # the next one at most; 0: until the next.
    def __init__(self, bands: Bands, bounds: tuple[tuple[float, float], tuple[float, float]], holds_us: float) -> None:
        unknown = UNKNOWN if bounds[0][0] == -math.inf else (0.0, 1.0)
        self._bands = bands
        self._bounds: dict[Value, tuple[float, float]] = {0.0: bounds[0], 1.0: bounds[1]}
        self._unknown = unknown
        self._holds_us = holds_us
        self._before: tuple[float, float] | None = None
        self._at_us = -1

    def take(self, t_us: int, value: Value) -> None:
        low, high = self._bounds.get(value, self._unknown)
        before = self._before
        if self._holds_us > 1 and before is not None and (low, high) != before:
            # the edge was somewhere in the last period
            since_us = int(max(self._at_us + 1, t_us - self._holds_us + 1))
            self._bands.add(since_us, min(low, before[0]), max(high, before[1]))
        self._bands.add(t_us, low, high)
        self._before, self._at_us = (low, high), t_us

    def close(self) -> None:
        """Nothing is left to say."""


class _HeldKeeper:
    # Values that each stay until the next: those that pass a level are kept, as they are.
    def __init__(self, bands: Bands, levels: list[float], unit_mv: float) -> None:
        self._bands, self._unit_mv = bands, unit_mv
        self._levels = [-math.inf, *levels, math.inf]
        self._floor = self._ceiling = 0.0

    def take(self, t_us: int, value: Value) -> None:
        if isinstance(value, float):
            mv = value * self._unit_mv
            if self._floor <= mv < self._ceiling:
                return
            if not math.isfinite(mv):
                self.take(t_us, None)
                return
            zone = bisect_right(self._levels, mv)
            self._floor, self._ceiling = self._levels[zone - 1], self._levels[zone]
            self._bands.put(t_us, mv)
        else:
            self._floor = self._ceiling = 0.0
            self._bands.add(t_us, *UNKNOWN)

    def close(self) -> None:
        """Nothing is left to say."""


class _VoltKeeper:
    # Samples of a voltage, kept where they pass a level. `holds_us`: a value stays until so long before the
    # next one at most; None: it may be anywhere between two.
    def __init__(
        self, bands: Bands, levels: list[float], unit_mv: float, holds_us: int | None, clip: _Clipping
    ) -> None:
        self._bands, self._unit_mv, self._holds_us = bands, unit_mv, holds_us
        self._levels = [-math.inf, *levels, math.inf]
        self._clip = clip
        self._noisy = holds_us is None
        # the zone between two levels, empty at first, and what was seen in it
        self._floor = self._ceiling = 0.0
        self._low = self._high = 0.0
        self._at_us, self._mv = -1, math.nan

    def take(self, t_us: int, value: Value) -> None:
        if not isinstance(value, float):
            self._unknown(t_us)
            return
        mv = value * self._unit_mv
        if not math.isfinite(mv):
            self._unknown(t_us)
            return
        if self._noisy:
            self._clip.look(mv)
        if self._floor <= mv < self._ceiling:
            if mv < self._low:
                self._low = mv
            elif mv > self._high:
                self._high = mv
        else:
            self._passes(t_us, mv)
        self._at_us, self._mv = t_us, mv

    def _passes(self, t_us: int, mv: float) -> None:
        between = not math.isnan(self._mv) and self._holds_us != 0
        self.close_zone()
        low, high = (min(mv, self._mv), max(mv, self._mv)) if between else (mv, mv)
        since_us = self._at_us + 1 if self._holds_us is None else max(self._at_us, t_us - self._holds_us) + 1
        if between and since_us < t_us:
            # it passed the level somewhere between the two samples
            self._bands.add(since_us, low, high)
        if between and self._at_us == t_us:
            # several samples in a microsecond: it was at all of them
            self._bands.add(t_us, low, high)
            self._floor = self._ceiling = 0.0
            return
        self._bands.add(t_us, mv, mv)
        zone = bisect_right(self._levels, mv)
        self._floor, self._ceiling = self._levels[zone - 1], self._levels[zone]
        self._low = self._high = mv

    def _unknown(self, t_us: int) -> None:
        self.close_zone()
        self._floor = self._ceiling = 0.0
        self._mv = math.nan
        self._bands.add(t_us, *UNKNOWN)

    def close_zone(self) -> None:
        if self._floor < self._ceiling and self._low != self._high:
            self._bands.widen_last(self._low, self._high)

    def close(self) -> None:
        self.close_zone()
        self._clip.apply(self._bands)


class _Clipping:
    # Is the top, or the bottom, of a signal flat, and so that a rule's level lies beyond it? Then the instrument
    # may not have been able to show what was there.
    def __init__(self, levels_mv: Sequence[float], tell: Callable[[str], None]) -> None:
        self._levels = levels_mv
        self._tell = tell
        self._last = math.nan
        self._run = self._seen = self._changes = 0
        self._top, self._bottom = -math.inf, math.inf
        # at the top and at the bottom so far: the longest run, and how many samples
        self._at_top = self._at_bottom = (0, 0)

    def look(self, mv: float) -> None:
        self._seen += 1
        if mv == self._last:
            self._run += 1
        else:
            self._changes += 1
            self._last, self._run = mv, 1
        if mv >= self._top:
            run, n = self._at_top if mv == self._top else (0, 0)
            self._top, self._at_top = mv, (max(run, self._run), n + 1)
        if mv <= self._bottom:
            run, n = self._at_bottom if mv == self._bottom else (0, 0)
            self._bottom, self._at_bottom = mv, (max(run, self._run), n + 1)

    def apply(self, bands: Bands) -> None:
        if not self._levels:
            return
        # a rail that was never up to the level that a rule asks about, and flat: nobody's converter is so quiet
        if self._at_top[0] >= _FLAT_SAMPLES and self._top < max(self._levels):
            self._widen(bands, self._top, True, self._at_top[0])
        # at the bottom a rail that is off may be flat as well; not one that is noisy elsewhere
        elsewhere = self._seen - self._at_bottom[1]
        noisy = elsewhere >= _FLAT_SAMPLES and 4 * self._changes >= elsewhere
        if noisy and self._at_bottom[0] >= _FLAT_SAMPLES and self._bottom > min(self._levels):
            self._widen(bands, self._bottom, False, self._at_bottom[0])

    def _widen(self, bands: Bands, mv: float, top: bool, run: int) -> None:
        self._tell(f"flat at {mv / 1000:g} V, its {'highest' if top else 'lowest'}, for {run} samples: clipped there?")
        bands.widen_where(mv, top)


def _keeper(
    found: Capture, signal: str, source: Source, name: str, probes: ProbeMap, levels_mv: Iterable[float]
) -> _Keeper:
    channel = source.channels[name]
    if channel.what in ("text", "event"):
        raise BadInput(Param("channels", signal), f": '{name}' is a {channel.what}, no level and no voltage")
    is_volts = signal in VOLTAGES
    why = (
        f"'{name}' is sampled every {source.period_us} us" if source.period_us else f"'{name}' is not known throughout"
    )
    if not is_volts:
        found.bands[signal] = Bands(why)
        if channel.what == "voltage":
            wrong = f": '{name}' is a voltage; {signal} is a level of 0 and 1: export it as digital"
            raise BadInput(Param("channels", signal), wrong)
        found.rests_on.append(f"{signal} from '{name}'")
        return _LevelKeeper(found.bands[signal], ((0.0, 0.0), (1.0, 1.0)), _holds_us(source, channel))
    if channel.what == "level":
        return _probe(found, signal, source, channel, probes)
    levels = sorted({*levels_mv, *_DRAWN_LEVELS_MV, found.hub_lost_mv, found.hub_back_mv})
    step = source.resolution_mv
    within = round(source.within_mv * probes.scale)
    found.bands[signal] = Bands(why, step, source.exact_mv if step else frozenset(), within)
    scale = f", times {probes.scale:g}" if probes.scale != 1 else ""
    good = f", within {within} mV" if within else ""
    found.rests_on.append(f"{signal} from '{name}'{scale}{good}")
    if within:
        levels = sorted({mv + off for mv in levels for off in (-within, within)})
    if step:
        # every sample of a run of ours is kept: it is no more than there are levels
        levels = sorted({*levels, *(float(mv) for mv in range(0, 30_000, step))})
    if not channel.sampled and not source.period_us:
        return _HeldKeeper(found.bands[signal], levels, channel.unit_mv * probes.scale)
    holds_us = None if channel.sampled else source.period_us
    clip = _Clipping(sorted(levels_mv), lambda text: found.rests_on.append(f"{signal} from '{name}' {text}"))
    return _VoltKeeper(found.bands[signal], levels, channel.unit_mv * probes.scale, holds_us, clip)


def _probe(found: Capture, signal: str, source: Source, channel: Channel, probes: ProbeMap) -> _LevelKeeper:
    if probes.threshold_mv is None:
        says = f" says above what voltage of {signal} it reads high, such as 2V"
        raise BadInput(f"'{channel.name}' is digital: ", Param("threshold_mv"), says)
    mv = float(probes.threshold_mv)
    found.bands[signal] = Bands(f"'{channel.name}' only tells above from below {mv / 1000:g} V")
    found.rests_on.append(f"{signal} from '{channel.name}', high above {mv / 1000:g} V")
    below = (-math.inf, math.nextafter(mv, -math.inf))
    return _LevelKeeper(found.bands[signal], (below, (mv, math.inf)), _holds_us(source, channel))


def _holds_us(source: Source, channel: Channel) -> float:
    return math.inf if channel.sampled else source.period_us
