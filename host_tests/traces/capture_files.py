"""Captures as other instruments write them."""

import struct
import zipfile


def digital(path, edges, end_s):
    """Saleae Logic 2, digital: a row for each edge of the rail, in seconds."""
    rows = [f"{t:.9f},{level}" for t, level in [*edges, (end_s, edges[-1][1])]]
    path.write_text("Time [s],Channel 0\n" + "\n".join(rows) + "\n")
    return path


def analog(path, volts, period_s, header="Time [s],Channel 0"):
    """Saleae Logic 2, analog: a row for each sample."""
    path.write_text(header + "\n" + "".join(f"{i * period_s:.9f},{v:.6f}\n" for i, v in enumerate(volts)))
    return path


def sigrok(path, logic, rate="1 kHz", probes=("RAIL", "RST"), analogs=()):
    """sigrok: a byte for each sample, and floats for analog channels."""
    metadata = f"[global]\nsigrok version=0.5.2\n[device 1]\ncapturefile=logic-1\ntotal probes={len(probes)}\n"
    metadata += f"samplerate={rate}\nunitsize=1\n" + "".join(f"probe{i}={p}\n" for i, p in enumerate(probes, 1))
    metadata += "".join(f"analog{len(probes) + i}={name}\n" for i, (name, _) in enumerate(analogs, 1))
    with zipfile.ZipFile(path, "w") as zf:
        zf.writestr("version", "2")
        zf.writestr("metadata", metadata)
        half = len(logic) // 2
        zf.writestr("logic-1-1", bytes(logic[:half]))
        zf.writestr("logic-1-2", bytes(logic[half:]))
        for i, (_, volts) in enumerate(analogs, 1):
            zf.writestr(f"analog-1-{len(probes) + i}-1", struct.pack(f"<{len(volts)}f", *volts))
    return path


def rows(*lines):
    return "\n".join(("time [s],rail,mains,reset,running_n", *lines)) + "\n"
