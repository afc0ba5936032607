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
from pathlib import Path

from ridethrough.support.errors import BadInput
from ridethrough.support.files import check_regular
from ridethrough.traces.readers.source import CHANNELS_MAX, TIME_US_MAX, Channel, Sink, Source

_METADATA_BYTES_MAX = 256 * 1024
_CHUNK_BYTES = 1 << 20
_BROKEN = (
    zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError,
    # what zipfile lets through: names that are no UTF-8, lengths and places that no file has
    ValueError, OverflowError, struct.error, OSError,
)  # fmt: skip
_RATE_LEAST, _RATE_MOST = 1e-4, 1e12
_RATES = {"hz": 1, "khz": 10**3, "mhz": 10**6, "ghz": 10**9}


class SigrokSource(Source):
    """Logic channels are levels; analog ones are in volts."""

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
        except _BROKEN as e:
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
        device = sections[0]
        rate = re.fullmatch(r"(\d+(?:\.\d+)?) ?([kMG]?Hz)", device.get("samplerate", "0"), re.IGNORECASE)
        self._rate = float(rate[1]) * _RATES[rate[2].lower()] if rate else 0.0
        if not _RATE_LEAST <= self._rate <= _RATE_MOST:
            raise BadInput(f"{self.path}: no samplerate in it: nobody can say how long anything took")
        self.period_us = math.ceil(1e6 / self._rate) if self._rate < 1e6 else 0
        self._logic = device.get("capturefile", "logic-1")
        unit = device.get("unitsize", "1")
        if unit not in ("1", "2", "3", "4", "5", "6", "7", "8"):
            raise BadInput(f"{self.path}: unitsize {unit[:20]}: 1 to 8 bytes a sample expected")
        self._unit = int(unit)
        self._probes: dict[str, int] = {}
        self._analogs: dict[str, int] = {}
        for key, value in device.items():
            if match := re.fullmatch(r"(probe|analog)(\d{1,4})", key):
                # a value may go on in the next line
                name = " ".join(value.split())
                (self._probes if match[1] == "probe" else self._analogs)[name] = int(match[2])
        if not 0 < len(self._probes) + len(self._analogs) <= CHANNELS_MAX:
            raise BadInput(f"{self.path}: metadata names no channel, or more than {CHANNELS_MAX}")
        for name, n in (self._probes | self._analogs).items():
            if n < 1 or (name in self._probes and n > 8 * self._unit):
                raise BadInput(f"{self.path}: '{name}' is number {n}, which samples of {self._unit} bytes do not have")
        self.channels = {name: Channel(name) for name in self._probes}
        self.channels |= {name: Channel(name, sampled=True, unit_mv=1000.0, what="voltage") for name in self._analogs}

    def feed(self, sinks: Mapping[str, Sink], progress: Callable[[int], None]) -> None:
        self._check_lengths()
        probes = {name: n for name, n in self._probes.items() if name in sinks}
        if probes or not self._analogs:
            self._levels(probes, sinks, progress)
        for name, n in self._analogs.items():
            if name in sinks:
                self._volts(n, sinks[name], progress)

    def _check_packing(self, info: zipfile.ZipInfo) -> None:
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise BadInput(f"{self.path}: {info.filename} is packed in a way that sigrok does not use")

    def _check_lengths(self) -> None:
        # every channel as long as the others: what is missing cannot be guessed
        lengths = {f"analog-1-{n}": sum(i.file_size for i in self._files(f"analog-1-{n}")) / 4
                   for n in self._analogs.values()}  # fmt: skip
        if self._probes:
            lengths[self._logic] = sum(info.file_size for info in self._files(self._logic)) / self._unit
        if len(set(lengths.values())) > 1:
            shown = ", ".join(f"{name} {n:g}" for name, n in list(lengths.items())[:4])
            raise BadInput(f"{self.path}: its channels have different numbers of samples ({shown}): is it whole?")
        if max(lengths.values()) / self._rate * 10**6 > TIME_US_MAX:
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

    def _chunks(self, prefix: str) -> Iterator[bytes]:
        try:
            for info in self._files(prefix):
                with self._zip.open(info) as file:
                    while data := file.read(_CHUNK_BYTES):
                        self._read += len(data)
                        yield data
        except _BROKEN as e:
            raise BadInput(f"{self.path}: broken or cut short: {e}") from e

    def _t_us(self, n: int) -> int:
        return int(n * 1_000_000 / self._rate)

    def _levels(self, probes: Mapping[str, int], sinks: Mapping[str, Sink], progress: Callable[[int], None]) -> None:
        masks = {name: 1 << (n - 1) for name, n in probes.items()}
        every = sum(masks.values())
        n, before = 0, -1
        rest = b""
        unit = self._unit
        for chunk in self._chunks(self._logic):
            progress(self._read)
            data = rest + chunk
            whole = len(data) // unit * unit
            data, rest = data[:whole], data[whole:]
            for at, value in _runs(data, unit, every):
                if value != before:
                    for name, mask in masks.items():
                        if before < 0 or (value ^ before) & mask:
                            sinks[name](self._t_us(n + at), float(bool(value & mask)))
                    before = value
            n += whole // unit
        if rest:
            raise BadInput(f"{self.path}: its last sample is cut short")
        self.end_us = max(self.end_us, self._t_us(n))

    def _volts(self, number: int, sink: Sink, progress: Callable[[int], None]) -> None:
        n = 0
        rest = b""
        for chunk in self._chunks(f"analog-1-{number}"):
            progress(self._read)
            data = rest + chunk
            whole = len(data) // 4 * 4
            values, rest = array("f"), data[whole:]
            values.frombytes(data[:whole])
            if sys.byteorder == "big":
                values.byteswap()
            for value in values:
                sink(self._t_us(n), value if math.isfinite(value) else None)
                n += 1
        if rest:
            raise BadInput(f"{self.path}: its last sample is cut short")
        self.end_us = max(self.end_us, self._t_us(n))


def _runs(data: bytes, unit: int, mask: int) -> Iterator[tuple[int, int]]:
    # (index, value) where the masked sample changes; runs are found by the regular expression engine
    if unit == 1:
        masked = data.translate(bytes(i & mask & 0xFF for i in range(256)))
        for match in re.finditer(rb"(.)\1*", masked, re.DOTALL):
            yield match.start(), masked[match.start()]
        return
    before = None
    for at in range(0, len(data), unit):
        sample = data[at : at + unit]
        if sample != before:
            before = sample
            yield at // unit, int.from_bytes(sample, "little") & mask
