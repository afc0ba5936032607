"""VCD as IEEE 1364 has it: words, of any timescale; levels, vectors, numbers, texts and events, by their names."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

from ridethrough.support.errors import BadInput
from ridethrough.traces.readers import vcd_values
from ridethrough.traces.readers.source import Channel, Sink, Source
from ridethrough.traces.readers.units import unit_in
from ridethrough.traces.readers.vcd_body import Asked, Body
from ridethrough.traces.readers.vcd_header import US_FS, Header, Signal

_REALS = ("real", "realtime", "shortreal", "real_parameter")
_INTEGERS = ("integer", "int", "shortint", "longint", "byte")
_BITS_MAX = 64


class VcdSource(Source):
    """Channels go by their own name, or with their scope where several signals have the same; with their range as
    well, where only that tells them apart."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._header = header = Header(path)
        self.complete = header.complete
        self.resolution_mv, self.exact_mv, self.within_mv = header.resolution_mv, header.exact_mv, header.within_mv
        self.period_us = max(header.period_us, header.scale_fs // US_FS if header.scale_fs > US_FS else 0)
        self.first_us = header.zero * header.scale_fs // US_FS
        self.channels = {}
        self._problems: dict[str, str] = {}
        self._signals: dict[str, Signal] = {}
        """Those that the channels are."""
        self._named: dict[str, list[Signal]] = defaultdict(list)
        """By everything that somebody may call them."""
        self._name_them()

    def _name_them(self) -> None:
        signals = self._header.signals
        # our own events and their details have scopes of their own
        alone = Counter(signal.name for signal in signals if not self._is_mark(signal))
        for signal in signals:
            for name in self._names(signal):
                self._named[name].append(signal)
        for signal in signals:
            names = self._names(signal)
            if not self._is_mark(signal) and alone[signal.name] > 1:
                names = [*names[2:], *names[:2]]
            for name in filter(self._is_one, names):
                if name not in self.channels:
                    self.channels[name] = self._channel(name, signal)
                    self._signals[name] = signal
                break
        if signals and not self.channels:
            raise BadInput(f"{self.path}: {self._several(signals[0].full)}")
        channel_of = {signal.code: name for name, signal in reversed(self._signals.items())}
        self.also = {
            name: channel_of[named[0].code]
            for name, named in self._named.items()
            if name not in self.channels and self._is_one(name)
        }

    def _names(self, signal: Signal) -> list[str]:
        own = [] if self._is_mark(signal) else [signal.name, signal.name + signal.span]
        return [*own, signal.full, signal.full + signal.span]

    def _is_mark(self, signal: Signal) -> bool:
        return self.complete and signal.scope.endswith((".events", ".details"))

    def _is_one(self, name: str) -> bool:
        return len({signal.code for signal in self._named[name]}) == 1

    def _several(self, name: str) -> str:
        full = sorted({signal.full + signal.span for signal in self._named[name]})
        if len(full) == 1:
            return f"two signals are called '{full[0]}': write them out under different names"
        return f"several signals are called '{name}', such as {', '.join(full[:8])}: which of them?"

    def problem(self, name: str) -> str:
        """Why a channel cannot be asked for; nothing if it can."""
        if name in self._named and not self._is_one(name):
            return self._several(name)
        return self._problems.get(name, "")

    def feed(self, sinks: Mapping[str, Sink], progress: Callable[[int], None]) -> None:
        header = self._header
        asked = []
        for name, sink in sinks.items():
            signal, what = self._signals[name], self.channels[name].what
            if what == "voltage" and signal.kind not in _REALS and signal.bits > _BITS_MAX:
                raise BadInput(f"{self.path}: '{name}' has {signal.bits} bits: a voltage has {_BITS_MAX} at most")
            said = vcd_values.number(signal.bits, signal.kind in _INTEGERS)
            said = {"level": vcd_values.level, "text": vcd_values.text, "event": vcd_values.event}.get(what, said)
            # what is told in texts is told in the order of the file
            several = sink.several if what in ("level", "voltage") else None
            asked.append(Asked(signal.code.encode("latin-1"), said, sink.take, several))
        codes = {signal.code.encode("latin-1") for signal in header.signals}
        strings = any(signal.kind == "string" for signal in header.signals)
        body = Body(asked, codes, header.scale_fs, strings)
        body.read(header, progress)
        self.end_us = max(body.now_us, 1)

    def _channel(self, name: str, signal: Signal) -> Channel:
        if signal.kind in ("string", "event"):
            return Channel(name, what="text" if signal.kind == "string" else "event")
        try:
            unit = unit_in(signal.name)
        except BadInput as e:
            self._problems[name], unit = str(e), None
        if unit is not None and unit.mv is None:
            self._problems[name] = f"'{name}' is in {unit.text}, which is no voltage"
        said, mv = (unit.text, unit.mv) if unit and unit.mv else ("", 0.0)
        if signal.kind in _REALS:
            return Channel(name, unit_mv=mv or 1000.0, what="voltage", unit=said or "volts")
        if signal.kind in _INTEGERS:
            return Channel(name, unit_mv=mv or 1.0, what="voltage", unit=said or "millivolts")
        if mv and signal.bits > 1:
            return Channel(name, unit_mv=mv, what="voltage", unit=said)
        return Channel(name)
