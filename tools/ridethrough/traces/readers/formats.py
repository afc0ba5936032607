"""Which reader a file needs, by what is in it."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from pathlib import Path

from ridethrough.support.errors import BadInput
from ridethrough.support.files import check_regular
from ridethrough.traces.readers.csv_in import CsvSource
from ridethrough.traces.readers.sigrok import BROKEN, SigrokSource
from ridethrough.traces.readers.source import GZIP, UTF8_MARK, Source, utf16
from ridethrough.traces.readers.vcd import VcdSource


def open_source(path: Path) -> Source:
    """The reader for `path`: .sr by its zip, VCD by its first word, else CSV. BadInput if it is none."""
    check_regular(path)
    try:
        with path.open("rb") as file:
            head = file.read(512)
        if head.startswith(GZIP):
            with gzip.open(path) as packed:
                head = packed.read(512)
    except (EOFError, zlib.error, gzip.BadGzipFile) as e:
        raise BadInput(f"{path}: compressed, and broken or cut short: {e}") from e
    except OSError as e:
        raise BadInput(f"{path}: {e.strerror or e}") from e
    if not head:
        raise BadInput(f"{path}: empty")
    if head.startswith(b"PK"):
        return _packed(path)
    if head.removeprefix(UTF8_MARK).lstrip().startswith(b"$"):
        return VcdSource(path)
    for magic, (name, instead) in _BINARY.items():
        if head.startswith(magic):
            raise BadInput(f"{path}: {name}: {instead}")
    if b"\0" in head and not utf16(head):
        raise BadInput(f"{path}: no capture that is known here: VCD, CSV or sigrok .sr; export it as CSV")
    return CsvSource(path)


_CSV = "export the channels as CSV"
_BINARY: dict[bytes, tuple[str, str]] = {
    b":WFM#": ("a Tektronix waveform (.wfm)", "save it as spreadsheet (.csv)"),
    b":CURV": ("a Tektronix waveform (.isf)", "save it as spreadsheet (.csv)"),
    b"AG1": ("a Keysight waveform (.bin)", "save it as CSV"),
    b"RG01": ("a Rigol waveform (.bin)", "save it as CSV"),
    b"WAVEDESC": ("a LeCroy waveform (.trc)", "save it as ASCII (.csv)"),
    b"\0\0\0\0\0\0\0\x01I": ("a GTKWave FST waveform", "convert it with fst2vcd"),
    b"GHDLwave": ("a GHDL waveform (.ghw)", "write a VCD, with --vcd"),
    b"\xfe\0\0\0": ("a GTKWave FST waveform, packed", "convert it with fst2vcd"),
    b"\x13\x80\0": ("a GTKWave LXT2 waveform", "convert it with lxt2vcd"),
    b"\x01\x38\0": ("a GTKWave LXT waveform", "write a VCD"),
    b"VZ\0": ("a GTKWave VZT waveform", "convert it with vzt2vcd"),
    b"BZh": ("packed by bzip2", "unpack it, or use gzip"),
    b"\xfd7zXZ\0": ("packed by xz", "unpack it, or use gzip"),
    b"\x28\xb5\x2f\xfd": ("packed by zstd", "unpack it, or use gzip"),
    b"RIFF": ("a sound file (.wav)", _CSV),
    b"TDSm": ("an NI TDMS file", _CSV),
    b"PAR1": ("a Parquet file", _CSV),
    b"MATLAB": ("a MATLAB file (.mat)", _CSV),
    b"\x89HDF": ("an HDF5 file", _CSV),
    b"\xd0\xcf\x11\xe0": ("an old Excel workbook (.xls)", "save the sheet as CSV"),
    b"<SALEAE>": ("a Saleae binary export", "export it as CSV"),
    b"%PDF": ("a PDF", _CSV),
    b"\x89PNG": ("a picture", _CSV),
    b"<html": ("a web page", _CSV),
    b"<!DOCTYPE": ("a web page", _CSV),
    b"{": ("JSON", _CSV),
}
"""How a file begins -> what it is, and what to bring instead."""


def _packed(path: Path) -> Source:
    # a zip: sigrok's, or something else that is one
    try:
        with zipfile.ZipFile(path) as packed:
            names = set(packed.namelist())
    except BROKEN:
        # said with sigrok's words
        return SigrokSource(path)
    if "[Content_Types].xml" in names:
        raise BadInput(f"{path}: an Excel workbook (.xlsx): save the sheet as CSV")
    if "meta.json" in names or any(name.startswith("digital-") and name.endswith(".bin") for name in names):
        raise BadInput(f"{path}: a Saleae Logic 2 capture (.sal): export the raw data as CSV")
    if any(name.endswith(".csv") for name in names) and "metadata" not in names:
        raise BadInput(f"{path}: a zip of tables: unpack it and bring the table")
    return SigrokSource(path)
