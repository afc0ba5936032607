"""Which reader a file needs, by what is in it."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from ridethrough.support.errors import BadInput
from ridethrough.support.files import check_regular
from ridethrough.traces.readers.csv_in import CsvSource
from ridethrough.traces.readers.sigrok import SigrokSource
from ridethrough.traces.readers.source import GZIP, Source
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
        return SigrokSource(path)
    if head.lstrip().startswith(b"$"):
        return VcdSource(path)
    if b"\0" in head:
        raise BadInput(f"{path}: no capture that is known here: VCD, CSV (Saleae Logic 2 or plain) or sigrok .sr")
    return CsvSource(path)
