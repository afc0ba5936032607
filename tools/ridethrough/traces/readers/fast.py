"""Large files by NumPy, where it is installed (ridethrough[fast]); all else is read without."""

from __future__ import annotations

import warnings
from array import array
from collections.abc import Sequence
from typing import Any

from ridethrough.traces.readers.cells import SENTINEL

try:
    import numpy as np
except ImportError:
    NUMPY = False
else:
    NUMPY = True


_INT64_MAX = 2**63 - 1


def numbers_of(lines: list[bytes], separator: str, width: int) -> Any:
    """A table of floats, a row a line; None if any cell is no plain number, or a row has another number of cells."""
    if lines and not lines[-1]:
        lines = lines[:-1]
    if not lines:
        return None
    sep = separator.encode()
    text = sep.join(lines)
    if text.count(sep) != width * len(lines) - 1:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            flat = np.fromstring(text.decode("ascii"), dtype=np.float64, sep=separator)
        except (DeprecationWarning, UnicodeDecodeError, ValueError):
            return None
    if flat.size != width * len(lines):
        return None
    flat[~(np.abs(flat) < SENTINEL)] = np.nan
    return flat.reshape(-1, width)


def times_of(raw: Any, first_us: float, last_us: int) -> Any:
    """Whole microseconds since `first_us`; None if one is no number or goes backwards."""
    rounded = np.rint(np.asarray(raw, dtype=np.float64) - first_us)
    if not np.isfinite(rounded).all() or np.abs(rounded).max() > 2**62:
        return None
    times = rounded.astype(np.int64)
    if times[0] < last_us or (times[1:] < times[:-1]).any():
        return None
    return times


def known(times: Any, values: Any) -> Any:
    """The times at which a value is known."""
    return times[~np.isnan(values)]


def changes_of(data: bytes, unit: int, mask: int, before: int) -> tuple[Any, Any]:
    """Of whole samples of `unit` bytes: at which the masked value is another than before, and the values there."""
    raw = np.frombuffer(data, dtype=np.uint8).reshape(-1, unit)
    if unit in (1, 2, 4, 8):
        samples = raw.view(f"<u{unit}").reshape(-1)
    else:
        samples = np.zeros((len(raw), 8), dtype=np.uint8)
        samples[:, :unit] = raw
        samples = samples.view("<u8").reshape(-1)
    masked = samples & samples.dtype.type(mask)
    indices = np.flatnonzero(masked[1:] != masked[:-1]) + 1
    if int(masked[0]) != before:
        indices = np.concatenate(([0], indices))
    return indices, masked[indices]


def bit_of(indices: Any, values: Any, mask: int, before: int) -> tuple[Any, Any]:
    """Of changes: where one bit changes, and its levels there. `before`: the value before them, -1 if there is none."""
    levels = (values & values.dtype.type(mask)) != 0
    first = np.array([bool(before & mask) if before >= 0 else not levels[:1].any()])
    kept = np.flatnonzero(levels != np.concatenate((first, levels[:-1])))
    return indices[kept], levels[kept].astype(np.float64)


def moments_of(indices: Any, first: int, rate_hz: float) -> Any:
    """The times in us of samples, the first of which has the number `first`."""
    return ((np.asarray(indices, dtype=np.int64) + first) * 1_000_000 / rate_hz).astype(np.int64)


def floats_of(data: bytes) -> Any:
    """Samples in single precision; nan where one is not finite."""
    values = np.frombuffer(data, dtype="<f4").astype(np.float64)
    values[~np.isfinite(values)] = np.nan
    return values


def floats(values: Sequence[Any]) -> Any:
    """As float64; a single nan if some are no numbers."""
    try:
        return np.fromiter(values, np.float64, len(values))
    except (TypeError, ValueError):
        return np.array([np.nan])


def moments(ticks: Sequence[bytes], numerator: int, denominator: int, most: int) -> tuple[int, int, array[int]]:
    """Digits as ticks of `numerator / denominator`: the first, the last, and the whole part of each (int64); of those
    none if they do not rise, or exceed `most`."""
    # what is too large for an int64 becomes the largest one
    found = np.fromstring(b" ".join(ticks), dtype=np.int64, sep=" ")
    first, last, none = int(found[0]), int(found[-1]), array("q")
    if (found[1:] <= found[:-1]).any() or last * numerator > min(most * denominator, _INT64_MAX):
        return first, last, none
    if numerator != denominator:
        found = found * numerator // denominator
        if (found[1:] == found[:-1]).any():
            return first, last, none
    return first, last, array("q", found.tobytes())


def turns(values: Any, before: float) -> list[int]:
    """Where each differs from the one before it; `before` is that of the first."""
    found: list[int] = (np.flatnonzero(values[1:] != values[:-1]) + 1).tolist()
    return [0, *found] if values[0] != before else found
