"""sigrok's session files (.sr): a zip of samples, with an INI of metadata."""

from __future__ import annotations

import configparser
import math
import re
import struct
import sys
import zipfile
import zlib
from array import array
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ridethrough.support.errors import BadInput
from ridethrough.support.files import check_regular
from ridethrough.traces.readers import fast
from ridethrough.traces.readers.source import CHANNELS_MAX, TIME_US_MAX, Channel, Sink, Source

_METADATA_BYTES_MAX = 256 * 1024
_CHUNK_BYTES = 1 << 20
BROKEN = (
    zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError,
    # what zipfile lets through: names that are no UTF-8, lengths and places that no file has
    ValueError, OverflowError, struct.error, OSError,
)  # fmt: skip
"""Whatever a zip that is none, or is not whole, makes zipfile raise."""
_RATE_LEAST, _RATE_MOST = 1e-4, 1e12
_RATES = {"hz": 1, "khz": 10**3, "mhz": 10**6, "ghz": 10**9}


@dataclass
class _Device:
    # An instrument of a session. `probes`, `analogs`: name -> its number; `unit`: bytes of a sample of all probes.
    section: str
    rate: float
    logic: str
    unit: int
    analog: str
    probes: dict[str, int] = field(default_factory=dict)
    analogs: dict[str, int] = field(default_factory=dict)

    def t_us(self, n: int) -> int:
        return int(n * 1_000_000 / self.rate)


class SigrokSource(Source):
    """Logic channels are levels; analog ones are in volts. A session of several devices is read for the channels of
    one of them: how their clocks stand to each other is not in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read = 0
        check_regular(path)
        try:
            self._zip = zipfile.ZipFile(path)
            info = self._zip.getinfo("metadata")
            if info.file_size > _METADATA_BYTES_MAX:
                raise BadInput(f"{path}: metadata of {info.file_size} bytes: no sigrok session")
            self._check_packing(info)
            text = self._zip.read(info).decode("utf-8")
        except KeyError as e:
            raise BadInput(f"{path}: a zip without metadata: no sigrok session") from e
        except BROKEN as e:
            raise BadInput(f"{path}: no sigrok session, or cut short: {e}") from e
        self._read_metadata(text)

    def _read_metadata(self, text: str) -> None:
        ini = configparser.ConfigParser(interpolation=None, strict=False)
        try:
            ini.read_string(text)
        except configparser.Error as e:
            raise BadInput(f"{self.path}: metadata: {str(e).splitlines()[0]}") from e
        sections = [ini[name] for name in ini.sections() if name.startswith("device")]
        if not sections:
            raise BadInput(f"{self.path}: metadata names no device")
        self.channels: dict[str, Channel] = {}
        self._device_of: dict[str, _Device] = {}
        self._doubled: set[str] = set()
        for section in sections:
            self._add(section)
        if not 0 < len(self.channels) <= CHANNELS_MAX:
            raise BadInput(f"{self.path}: metadata names no channel, or more than {CHANNELS_MAX}")
        self.period_us = max(_period_us(device) for device in self._device_of.values())

    def _add(self, section: configparser.SectionProxy) -> None:
        rate = re.fullmatch(r"(\d+(?:\.\d+)?) ?([kMG]?Hz)", section.get("samplerate", "0"), re.IGNORECASE)
        hz = float(rate[1]) * _RATES[rate[2].lower()] if rate else 0.0
        if not _RATE_LEAST <= hz <= _RATE_MOST:
            raise BadInput(f"{self.path}: no samplerate in it: nobody can say how long anything took")
        unit = section.get("unitsize", "1")
        if unit not in ("1", "2", "3", "4", "5", "6", "7", "8"):
            raise BadInput(f"{self.path}: unitsize {unit[:20]}: 1 to 8 bytes a sample expected")
        n = section.name.removeprefix("device").strip() or "1"
        device = _Device(section.name, hz, section.get("capturefile", f"logic-{n}"), int(unit), f"analog-{n}")
        for key, value in section.items():
            match = re.fullmatch(r"(probe|analog)(\d{1,4})", key)
            if match:
                # a value may go on in the next line
                self._name(device, " ".join(value.split()), int(match[2]), match[1] == "analog")

    def _name(self, device: _Device, name: str, n: int, analog: bool) -> None:
        if n < 1 or (not analog and n > 8 * device.unit):
            raise BadInput(f"{self.path}: '{name}' is number {n}, which samples of {device.unit} bytes do not have")
        if name in self.channels:
            # nobody is troubled by it who does not ask for it
            self._doubled.add(name)
            return
        (device.analogs if analog else device.probes)[name] = n
        self._device_of[name] = device
        if analog:
            self.channels[name] = Channel(name, sampled=True, unit_mv=1000.0, what="voltage", unit="volts")
        else:
            self.channels[name] = Channel(name)

    def problem(self, name: str) -> str:
        """Why a channel cannot be asked for; nothing if it can."""
        if name in self._doubled:
            return f"two channels are called '{name}': give them names of their own, and save the session again"
        return ""

    def feed(self, sinks: Mapping[str, Sink], progress: Callable[[int], None]) -> None:
        asked = [name for name in self.channels if name in sinks]
        device = self._device_of[asked[0]]
        for name in asked:
            if self._device_of[name] is not device:
                raise BadInput(
                    f"{self.path}: '{asked[0]}' is of [{device.section}] and '{name}' of "
                    f"[{self._device_of[name].section}], and how their clocks stand to each other is not in the "
                    "file: take channels of one device"
                )
        self.period_us = _period_us(device)
        self.apart_us = dict.fromkeys(asked, self.period_us)
        self._check_lengths(device)
        probes = {name: n for name, n in device.probes.items() if name in sinks}
        if probes:
            self._levels(device, probes, sinks, progress)
        for name, n in device.analogs.items():
            if name in sinks:
                self._volts(device, n, sinks[name], progress)

    def _check_packing(self, info: zipfile.ZipInfo) -> None:
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise BadInput(f"{self.path}: {info.filename} is packed in a way that sigrok does not use")

    def _check_lengths(self, device: _Device) -> None:
        # every channel as long as the others: what is missing cannot be guessed
        files = [f"{device.analog}-{n}" for n in device.analogs.values()]
        lengths = {name: sum(info.file_size for info in self._files(name)) / 4 for name in files}
        if device.probes:
            lengths[device.logic] = sum(info.file_size for info in self._files(device.logic)) / device.unit
        if len(set(lengths.values())) > 1:
            shown = ", ".join(f"{name} {n:g}" for name, n in list(lengths.items())[:4])
            raise BadInput(f"{self.path}: its channels have different numbers of samples ({shown}): is it whole?")
        if max(lengths.values()) / device.rate * 10**6 > TIME_US_MAX:
            raise BadInput(f"{self.path}: longer than 400 days: is its samplerate right?")

    def _files(self, prefix: str) -> list[zipfile.ZipInfo]:
        # logic-1, or logic-1-1, logic-1-2, ... in the order of their numbers
        found = []
        for info in self._zip.infolist():
            if info.filename == prefix:
                found.append((0, info))
            elif match := re.fullmatch(re.escape(prefix) + r"-(\d{1,9})", info.filename):
                found.append((int(match[1]), info))
        if not found:
            raise BadInput(f"{self.path}: its samples ({prefix}) are missing")
        found.sort(key=lambda pair: pair[0])
        numbers = [n for n, _ in found]
        if numbers not in ([0], list(range(1, len(found) + 1))):
            raise BadInput(f"{self.path}: some of its samples ({prefix}) are missing, or twice there")
        for _, info in found:
            self._check_packing(info)
        return [info for _, info in found]

    def _chunks(self, prefix: str, unit: int, progress: Callable[[int], None]) -> Iterator[bytes]:
        # whole samples of `unit` bytes
        rest = b""
        for data in self._bytes(prefix):
            progress(self._read)
            data = rest + data
            whole = len(data) // unit * unit
            rest = data[whole:]
            if whole:
                yield data[:whole]
        if rest:
            raise BadInput(f"{self.path}: its last sample is cut short")

    def _bytes(self, prefix: str) -> Iterator[bytes]:
        try:
            for info in self._files(prefix):
                with self._zip.open(info) as file:
                    while data := file.read(_CHUNK_BYTES):
                        self._read += len(data)
                        yield data
        except BROKEN as e:
            raise BadInput(f"{self.path}: broken or cut short: {e}") from e

    def _levels(
        self, device: _Device, probes: Mapping[str, int], sinks: Mapping[str, Sink], progress: Callable[[int], None]
    ) -> None:
        masks = {name: 1 << (n - 1) for name, n in probes.items()}
        every = sum(masks.values())
        n, before = 0, -1
        unit = device.unit
        for data in self._chunks(device.logic, unit, progress):
            count = len(data) // unit
            # most of a capture is at rest
            first = int.from_bytes(data[:unit], "little") & every
            at_rest = data == data[:unit] * count
            if at_rest and first == before:
                n += count
                continue
            if fast.NUMPY and not at_rest:
                indices, values = fast.changes_of(data, unit, every, before)
                for name, mask in masks.items():
                    at, level = fast.bit_of(indices, values, mask, before)
                    if len(at):
                        sinks[name].many(fast.moments_of(at, n, device.rate), level)
                before = int(values[-1]) if len(values) else before
            else:
                for at, value in [(0, first)] if at_rest else _runs(data, unit, every):
                    if value == before:
                        continue
                    for name, mask in masks.items():
                        if before < 0 or (value ^ before) & mask:
                            sinks[name].take(device.t_us(n + at), float(bool(value & mask)))
                    before = value
            n += count
        self.end_us = max(self.end_us, device.t_us(n))

    def _volts(self, device: _Device, number: int, sink: Sink, progress: Callable[[int], None]) -> None:
        n = 0
        for data in self._chunks(f"{device.analog}-{number}", 4, progress):
            if fast.NUMPY:
                values: Any = fast.floats_of(data)
                sink.many(fast.moments_of(range(len(values)), n, device.rate), values)
                n += len(values)
                continue
            values = array("f", data)
            if sys.byteorder == "big":
                values.byteswap()
            take, t_us = sink.take, device.t_us
            for value in values:
                take(t_us(n), value if math.isfinite(value) else None)
                n += 1
        self.end_us = max(self.end_us, device.t_us(n))


def _period_us(device: _Device) -> int:
    return math.ceil(1e6 / device.rate) if device.rate < 1e6 else 0


def _runs(data: bytes, unit: int, mask: int) -> Iterator[tuple[int, int]]:
    # (index, value) where the masked sample changes; runs are found by the regular expression engine
    count = len(data) // unit
    every = int.from_bytes(mask.to_bytes(unit, "little") * count, "little")
    masked = (int.from_bytes(data, "little") & every).to_bytes(len(data), "little")
    for match in re.finditer(rb"(.{%d})\1*" % unit, masked, re.DOTALL):
        yield match.start() // unit, int.from_bytes(match[1], "little")
