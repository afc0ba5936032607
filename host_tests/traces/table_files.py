"""Tables of a rail's voltage as many instruments write them: up, off for a while, up again."""

import gzip
import struct
import zipfile
from dataclasses import dataclass

EVERY_S = 4
DOWN_AT = 30
ROWS = 175
UP_V, OFF_V = 13.1, 0.03
DOWN_S = DOWN_AT * EVERY_S


@dataclass(frozen=True)
class Sample:
    """A row: its number, its time in s, the voltage, whether the rail was up."""

    i: int
    t: float
    v: float
    up: int


def samples(off_rows, every_s=EVERY_S, count=ROWS, off_v=OFF_V, up_v=UP_V):
    """Rows of a rail that is off for so many of them."""
    return [
        Sample(i, i * every_s, off_v if off else up_v, int(not off))
        for i in range(count)
        for off in [DOWN_AT <= i < DOWN_AT + off_rows]
    ]


def table(head, row, found, foot=""):
    """The text: a head, a line for each sample. `row` is a format of i, t, v and up, or makes the line of a sample."""
    line = row if callable(row) else lambda s: row.format(i=s.i, t=s.t, v=s.v, up=s.up)
    return "".join([head, *(line(s) + "\n" for s in found), foot])


def put(path, text, encoding="utf-8", end="\n", mark=b"", packed=False):
    """The text as a file, in an encoding, with line ends and a mark before it."""
    data = mark + text.replace("\n", end).encode(encoding)
    path.write_bytes(gzip.compress(data) if packed else data)
    return path


def session(path, *devices, files=None, drop=(), cut=0):
    """A sigrok session. A device: rate, bytes of a sample, probes (number -> name), analogs (number -> (name, volts)),
    samples. `files` stand in place of what it would write; `cut` takes bytes off the end."""
    metadata, members = "[global]\nsigrok version=0.6.0-git\n", {"version": b"2"}
    for n, (rate, unit, probes, analogs, logic) in enumerate(devices, 1):
        metadata += f"\n[device {n}]\ncapturefile=logic-{n}\ntotal probes={len(probes)}\nsamplerate={rate}\n"
        metadata += f"total analog={len(analogs)}\n" + "".join(f"probe{i}={name}\n" for i, name in probes.items())
        metadata += "".join(f"analog{i}={name}\n" for i, (name, _) in analogs.items()) + f"unitsize={unit}\n"
        if probes:
            data = b"".join(value.to_bytes(unit, "little") for value in logic)
            half = len(data) // 2 // unit * unit
            members |= {f"logic-{n}-1": data[:half], f"logic-{n}-2": data[half:]}
        for i, (_, volts) in analogs.items():
            members[f"analog-{n}-{i}-1"] = struct.pack(f"<{len(volts)}f", *volts)
    members["metadata"] = metadata.encode()
    members |= files or {}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in members.items():
            if name not in drop:
                packed.writestr(name, data)
    if cut:
        path.write_bytes(path.read_bytes()[:-cut])
    return path
