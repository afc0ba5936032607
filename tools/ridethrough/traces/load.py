"""Read a capture: which channel is which signal, and what each was taken for."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ridethrough.support.errors import BadInput, Param, suggestion
from ridethrough.support.quantities import show_rounded, show_time
from ridethrough.traces.bands import Bands
from ridethrough.traces.capture import Capture
from ridethrough.traces.doubt import Doubt
from ridethrough.traces.keepers import (
    Clipping,
    Crossed,
    ExactLevels,
    HeldVolts,
    Keeper,
    Levels,
    SampledVolts,
    Texts,
)
from ridethrough.traces.readers import Channel, Source, open_source
from ridethrough.traces.readers.source import Value
from ridethrough.traces.trace import TEXTS, VOLTAGES, WIRES, Event

KEPT_MAX = 20_000_000
_DRAWN_LEVELS_MV = (1_000, 3_000, 5_000, 7_000)
_SIGNALS = (*WIRES, *VOLTAGES)
RAIL_LEAST_MV, RAIL_MOST_MV = 2_000, 60_000
"""A rail of 12 V that never reaches the one, or goes beyond the other, is a probe's factor or a unit [assumed]."""


@dataclass(frozen=True)
class ProbeMap:
    """How an instrument was connected. `channels`: signal -> channel. `scale`: what a probe on a voltage divides by;
    None if nobody says, and then a rail must look like one. `threshold_mv`: above what a digital channel on a voltage
    reads high (after `scale`). `thresholds`: wire -> from how many mV on a voltage on it is high. `assumed`: (signal,
    level) throughout. `zone`: the time zone of the calendar by which days and months are counted."""

    channels: Mapping[str, str] = field(default_factory=dict)
    scale: float | None = None
    threshold_mv: int | None = None
    assumed: Mapping[str, int] = field(default_factory=dict)
    thresholds: Mapping[str, float] = field(default_factory=dict)
    zone: str = ""

    @property
    def factor(self) -> float:
        """What a voltage is multiplied by."""
        return 1.0 if self.scale is None else self.scale


def load_capture(
    path: Path,
    probes: ProbeMap,
    levels_mv: Iterable[float] = (),
    progress: Callable[[int], None] = lambda done: None,
) -> Capture:
    """The capture in `path`; `levels_mv` are those at which a verdict may change. `progress(bytes)` as it goes on."""
    source = open_source(path)
    found = Capture(period_us=source.period_us, complete=source.complete, starts_itself=source.complete)
    chosen = _chosen(source, probes)
    keepers = {
        channel: _keeper(found, signal, source, channel, probes, levels_mv) for channel, signal in chosen.items()
    }
    sinks: dict[str, Keeper] = dict(keepers)
    sinks |= {signal: Texts(_text_sink(found, signal)) for signal in TEXTS if signal in source.channels}
    if source.complete:
        sinks |= {name: Texts(take) for name, take in _event_sinks(found, source).items()}

    def look(done: int) -> None:
        progress(done)
        kept = sum(len(bands.times) for bands in found.bands.values())
        if kept + 16 * (len(found.log) + sum(map(len, found.texts.values()))) > KEPT_MAX:
            raise BadInput(f"{path}: more than {KEPT_MAX} changes: cut it up, or measure with less noise")

    source.feed(sinks, look)
    found.first_us, found.period_us = source.first_us, source.period_us
    found.epoch_us, found.of_day_us = source.epoch_us, source.of_day_us
    found.clock_zone_known, found.zone = source.clock_zone_known, probes.zone
    for channel, signal in chosen.items():
        keepers[channel].close()
        _settle(found, signal, source, channel)
        if signal in VOLTAGES and not source.complete and not source.within_mv and probes.scale is None:
            _must_be_a_rail(source, channel, keepers[channel])
    for signal, level in probes.assumed.items():
        if signal in found.bands:
            raise BadInput(Param("assumed"), f": {signal} is in {path} already, and nobody has to assume it")
        found.bands[signal] = _constant(level)
        found.rests_on.append(f"{signal} {'high' if level else 'low'} throughout, as stated")
    if source.complete:
        found.rests_on = ["a run's own trace"]
    found.finish(source.end_us)
    return found


def _settle(found: Capture, signal: str, source: Source, channel: str) -> None:
    # where samples are missing, and how far apart the others are
    bands = found.bands[signal]
    bands.apart_us = source.apart_us.get(channel, 0)
    bands.blank(source.holes.get(channel, []))
    if bands.apart_us:
        every = show_rounded(bands.apart_us)
        found.rests_on.append(f"{signal}: a sample every {every}, and nothing shorter between two that agree [assumed]")
    if bands.holes:
        n, longest = len(bands.holes), max(b - a for a, b in bands.holes)
        holes = f"{n} holes without samples, the longest" if n > 1 else "a hole without samples,"
        found.rests_on.append(f"{signal}: {holes} {show_rounded(longest)}")


def _must_be_a_rail(source: Source, channel: str, keeper: Keeper) -> None:
    # 12 V: what looks otherwise is a probe's factor, a polarity or a unit, and would be judged for what it is not
    if not isinstance(keeper, HeldVolts | SampledVolts) or keeper.highest < keeper.lowest:
        return
    high, low = keeper.highest / 1000, keeper.lowest / 1000
    shown = f"{source.path}: '{channel}' "
    so = (Param("scale", "1"), " says that it is so")
    if high < RAIL_LEAST_MV / 1000 and low < -RAIL_LEAST_MV / 1000:
        shown += f"is never above {high:g} V, and goes down to {low:g} V: a probe the wrong way round? "
        raise BadInput(shown, Param("scale", "-1"), " turns it, ", *so)
    if high < RAIL_LEAST_MV / 1000:
        shown += f"is never above {high:g} V: a probe's factor, another unit, or a rail that is dark throughout? "
        raise BadInput(shown, Param("scale", "10"), " undoes a 10:1 probe, ", *so)
    if high > RAIL_MOST_MV / 1000:
        shown += f"reaches {high:g} V, and a rail of 12 V does not: another unit, or a probe's factor? "
        raise BadInput(shown, Param("scale", "0.001"), " makes volts of millivolts, ", *so)


def _constant(level: float) -> Bands:
    bands = Bands()
    bands.add(0, level, level)
    return bands


def _chosen(source: Source, probes: ProbeMap) -> dict[str, str]:
    # channel -> signal: what was mapped, else what bears a signal's own name
    chosen: dict[str, str] = {}
    for signal, asked in probes.channels.items():
        if signal not in _SIGNALS:
            raise BadInput(Param("channels", signal), f": no such signal{suggestion(signal, _SIGNALS)}")
        channel = asked if asked in source.channels else source.also.get(asked, "")
        if problem := source.problem(channel or asked):
            raise BadInput(f"{source.path}: {problem}")
        if not channel:
            near = suggestion(asked, source.channels)
            raise BadInput(Param("channels", signal), f": {source.path} has no channel '{asked}'{near}")
        if channel in chosen:
            raise BadInput(Param("channels", signal), f": '{channel}' is {chosen[channel]} already")
        chosen[channel] = signal
    for name in [*source.channels, *source.also]:
        channel = source.also.get(name, name)
        if name in _SIGNALS and channel not in chosen and name not in chosen.values() and not source.problem(channel):
            chosen[channel] = name
    if not chosen:
        shown = ", ".join(list(source.channels)[:8])
        mend = Param("channels", "ch_mv=CHANNEL")
        raise BadInput(f"{source.path}: which of its channels is CH power? ", mend, f", one of: {shown}")
    return chosen


_Take = Callable[[int, Value], None]


def _event_sinks(found: Capture, source: Source) -> dict[str, _Take]:
    # Events of a run's own VCD; each one's details stand before it.
    details: dict[str, str] = {}

    def happened(name: str) -> _Take:
        def take(t_us: int, value: Value) -> None:
            pairs = (pair.partition("=") for pair in details.get(name, "").split(",") if pair)
            found.log.append(Event(t_us, name, {key: text.replace("_", " ") for key, _, text in pairs}))

        return take

    def detailed(name: str) -> _Take:
        return lambda t_us, value: details.__setitem__(name, str(value))

    sinks: dict[str, _Take] = {}
    for channel in source.channels:
        scope, _, name = channel.rpartition(".")
        if scope.endswith("events"):
            sinks[channel] = happened(name)
        elif scope.endswith("details"):
            sinks[channel] = detailed(name)
    return sinks


def _text_sink(found: Capture, signal: str) -> _Take:
    def take(t_us: int, value: Value) -> None:
        if value:
            found.set_text(signal, t_us, str(value).replace("_", " "))

    return take


def _keeper(
    found: Capture, signal: str, source: Source, name: str, probes: ProbeMap, levels_mv: Iterable[float]
) -> Keeper:
    channel = source.channels[name]
    if channel.what in ("text", "event"):
        raise BadInput(Param("channels", signal), f": '{name}' is a {channel.what}, no level and no voltage")
    why = (
        f"'{name}' is sampled every {show_time(source.period_us)}"
        if source.period_us
        else f"'{name}' is not known throughout"
    )
    if signal not in VOLTAGES:
        return _wire(found, signal, source, channel, probes, why)
    if channel.what == "level":
        return _probe(found, signal, source, channel, probes)
    levels = sorted({*levels_mv, *_DRAWN_LEVELS_MV, found.hub_lost_mv, found.hub_back_mv})
    factor, unit = probes.factor, channel.unit or "volts"
    if _may_be_volts(source, name, probes):
        factor, unit = 1000.0, "volts"
        found.doubts.append(
            Doubt(
                f"'{name}' is called millivolts and looks like volts, and was taken for these", Param("scale", "1000")
            )
        )
    step = source.resolution_mv
    within = round(source.within_mv * abs(factor))
    found.bands[signal] = Bands(why, step, source.exact_mv if step else frozenset(), within)
    scale = f", times {probes.factor:g}" if probes.scale is not None else ""
    good = f", within {within} mV" if within else ""
    found.rests_on.append(f"{signal} from '{name}', in {unit}{scale}{good}")
    if within:
        levels = sorted({mv + off for mv in levels for off in (-within, within)})
    if step:
        # every sample of a run of ours is kept: it is no more than there are levels
        levels = sorted({*levels, *(float(mv) for mv in range(0, 30_000, step))})
    if not channel.sampled and not source.period_us:
        return HeldVolts(found.bands[signal], levels, channel.unit_mv * factor)
    holds_us = None if channel.sampled else source.period_us
    clip = Clipping(sorted(levels_mv), lambda text: found.rests_on.append(f"{signal} from '{name}' {text}"))
    return SampledVolts(found.bands[signal], levels, channel.unit_mv * factor, holds_us, clip)


def _may_be_volts(source: Source, name: str, probes: ProbeMap) -> bool:
    # who calls a column by a signal's own name has not said its unit by that
    if name not in VOLTAGES or probes.scale is not None or source.complete or source.within_mv:
        return False
    high_mv = source.extent(name)[1] * 1000
    return RAIL_LEAST_MV <= high_mv <= RAIL_MOST_MV


def _wire(found: Capture, signal: str, source: Source, channel: Channel, probes: ProbeMap, why: str) -> Keeper:
    found.bands[signal] = Bands(why)
    if channel.what == "voltage":
        return _crossed(found, signal, source, channel, probes)
    found.rests_on.append(f"{signal} from '{channel.name}'")
    if not source.period_us and not channel.sampled:
        return ExactLevels(found.bands[signal])
    return Levels(found.bands[signal], ((0.0, 0.0), (1.0, 1.0)), _holds_us(source, channel))


def _crossed(found: Capture, signal: str, source: Source, channel: Channel, probes: ProbeMap) -> Keeper:
    # a voltage on a wire: high from half of the highest that was seen first
    unit = channel.unit or "volts"
    if signal in probes.thresholds:
        threshold, how = probes.thresholds[signal] / channel.unit_mv, "as stated"
    else:
        low, high = source.extent(channel.name)
        if high < 2 * 1000 / max(channel.unit_mv, 1e-9) or low < -high / 10:
            problem = f": '{channel.name}' is a voltage; {signal} is a level of 0 and 1: export it as digital, or "
            says = Param("thresholds", f"{signal}=V")
            raise BadInput(Param("channels", signal), problem, says, " says from what voltage on it is high")
        threshold, how = high / 2, "half of the highest of the first rows"
    found.rests_on.append(f"{signal} from '{channel.name}', high from {threshold:g} {unit} on ({how})")
    return Crossed(Levels(found.bands[signal], ((0.0, 0.0), (1.0, 1.0)), _holds_us(source, channel)), threshold)


def _probe(found: Capture, signal: str, source: Source, channel: Channel, probes: ProbeMap) -> Levels:
    if probes.threshold_mv is None:
        says = f" says above what voltage of {signal} it reads high, such as 2V"
        raise BadInput(f"'{channel.name}' is digital: ", Param("threshold_mv"), says)
    mv = float(probes.threshold_mv)
    found.bands[signal] = Bands(f"'{channel.name}' only tells above from below {mv / 1000:g} V")
    found.rests_on.append(f"{signal} from '{channel.name}', high above {mv / 1000:g} V")
    below = (-math.inf, math.nextafter(mv, -math.inf))
    return Levels(found.bands[signal], (below, (mv, math.inf)), _holds_us(source, channel))


def _holds_us(source: Source, channel: Channel) -> float:
    return math.inf if channel.sampled else source.period_us
