"""A sweep in a file, at the end of a level: it goes on from there, here or elsewhere.

A zip: `sweep.json` says which sweep it is, how far it is, and what it found; `known.bin` the keys of all states with
how many byte states each stood for; `rests.bin` what is known of the rest of boots; `states/N` the states of the last
level, packed.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ridethrough.support.errors import BadInput
from ridethrough.support.files import read_bounded, write_atomically
from ridethrough.sweep.crash_states import KEY_BYTES, Key
from ridethrough.sweep.explore import Reached
from ridethrough.sweep.joined import pack_rests, unpack_rests
from ridethrough.sweep.packing import PACKED_BYTES_MAX, BadPack, unpack
from ridethrough.sweep.result import Result
from ridethrough.sweep.setting import Setting
from ridethrough.version import VERSION

FILE_BYTES_MAX = 2 * 1024**3
_FORM = 3
_LENGTH = struct.Struct("<BB")
_COUNT = struct.Struct("<Q")


def identity(setting: Setting, cuts: int | None, faults: frozenset[str], sample: int | None = None) -> dict[str, Any]:
    """Which sweep it is: what must be equal for one to go on from another. Hashes are SHA-256."""
    return {
        "form": _FORM,
        "ridethrough": VERSION,
        "scenario": setting.scenario.name,
        "board": setting.board.name,
        "guest": setting.guest,
        "from": setting.life,
        "by page": setting.by_page,
        "flash": hashlib.sha256(setting.reader.fresh).hexdigest(),
        "image": hashlib.sha256(setting.image).hexdigest(),
        "setting": hashlib.sha256(repr((setting.scenario, setting.board)).encode()).hexdigest(),
        "cuts": cuts,
        "faults": sorted(faults),
        "sample": sample,
    }


def keeper(path: Path, which: dict[str, Any]) -> Callable[[Reached], None]:
    """What writes each level's end to `path`, whole or not at all."""

    def keep(progress: Reached) -> None:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as packed:
            head = which | {"level": progress.level, "result": progress.result.to_json()}
            head["new"] = [[i for i, _ in new] for _, new in progress.found]
            _put(packed, "sweep.json", json.dumps(head).encode(), zipfile.ZIP_DEFLATED)
            _put(packed, "known.bin", b"".join(_known(progress)), zipfile.ZIP_STORED)
            _put(packed, "rests.bin", pack_rests(progress.rests), zipfile.ZIP_STORED)
            for i, (states, new) in enumerate(progress.found):
                keys = b"".join(_LENGTH.pack(len(key), 0) + key for _, key in new)
                _put(packed, f"states/{i}", len(keys).to_bytes(4, "little") + keys + states, zipfile.ZIP_STORED)
        write_atomically(path, out.getvalue())

    return keep


def _put(packed: zipfile.ZipFile, name: str, data: bytes, how: int) -> None:
    # the same sweep makes the same file, whenever it is written
    info = zipfile.ZipInfo(name)
    info.compress_type = how
    packed.writestr(info, data)


def _known(progress: Reached) -> list[bytes]:
    counts = progress.result.keys
    found = []
    for key in sorted(progress.known | progress.powered | counts.keys()):
        flags = (key in progress.known) | (key in progress.powered) << 1
        found.append(_LENGTH.pack(len(key), flags) + key + _COUNT.pack(counts[key]))
    return found


def load(path: Path, which: dict[str, Any]) -> Reached:
    """From where to go on; BadInput if it is no such file, or of another sweep."""
    data = read_bounded(path, FILE_BYTES_MAX, "sweep")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            head = json.loads(_take(packed, "sweep.json"))
            if not isinstance(head, dict):
                raise ValueError("its head is none")
            _check_same(path, head, which)
            return _progress(packed, head)
    except BadInput:
        raise
    except (zipfile.BadZipFile, zlib.error, BadPack, KeyError, TypeError, ValueError, IndexError, AttributeError,
            EOFError, NotImplementedError, RuntimeError, struct.error, RecursionError, OverflowError) as e:  # fmt: skip
        raise BadInput(f"{path}: not a sweep that --resume has written: {e}"[:200]) from e


def _check_same(path: Path, head: dict[str, Any], which: dict[str, Any]) -> None:
    for name, value in which.items():
        if head.get(name) != value:
            said = f"{str(head.get(name))[:40]}, here it is {str(value)[:40]}"
            raise BadInput(f"{path}: is of another sweep: its {name} is {said}: name another file to begin anew")


def _take(packed: zipfile.ZipFile, name: str) -> bytes:
    info = packed.getinfo(name)
    if info.file_size > PACKED_BYTES_MAX:
        raise ValueError(f"{name} is larger than any")
    return packed.read(info)


def _progress(packed: zipfile.ZipFile, head: dict[str, Any]) -> Reached:
    result = Result.from_json(head["result"])
    progress = Reached(int(head["level"]), result)
    known = _take(packed, "known.bin")
    at = 0
    counts: Counter[Key] = Counter()
    while at < len(known):
        length, flags = _LENGTH.unpack_from(known, at)
        key = known[at + _LENGTH.size : at + _LENGTH.size + length]
        at += _LENGTH.size + length
        (count,) = _COUNT.unpack_from(known, at)
        at += _COUNT.size
        if length <= KEY_BYTES:
            raise ValueError("a key is too short")
        if flags & 1:
            progress.known.add(key)
        if flags & 2:
            progress.powered.add(key)
        if count:
            counts[key] = count
    result.keys = counts
    progress.rests = unpack_rests(_take(packed, "rests.bin"))
    for i, places in enumerate(head["new"]):
        data = _take(packed, f"states/{i}")
        end = 4 + int.from_bytes(data[:4], "little")
        keys, here = [], 4
        while here < end:
            length, _ = _LENGTH.unpack_from(data, here)
            keys.append(data[here + _LENGTH.size : here + _LENGTH.size + length])
            here += _LENGTH.size + length
        states = data[end:]
        if len(unpack(states)) <= max(places) or len(keys) != len(places):
            raise ValueError(f"states/{i} has not what the head says")
        progress.found.append((states, tuple(zip(map(int, places), keys, strict=True))))
    return progress
