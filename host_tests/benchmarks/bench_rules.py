"""What checking a rule and reading a capture cost, as ratios within this run (part of `make bench`)."""

from __future__ import annotations

import sys
import tempfile
import time
import zipfile
from array import array
from collections.abc import Callable
from pathlib import Path

import vcdvcd
from ridethrough import Rule
from ridethrough.traces.bands import Bands
from ridethrough.traces.capture import Capture
from ridethrough.traces.load import ProbeMap, load_capture
from ridethrough.traces.readers import fast

SIZES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
RTAMT_EDGES = 100_000
VCD_CHANGES = 1_000_000
CSV_ROWS = 10_000_000
SR_SAMPLES, SR_CHANGES = 16_000_000, 1_250_000
CHECK_MOST, CHECK_FAST_MOST, VCD_LEAST = 3.0, 0.5, 5.0


def seconds(work: Callable[[], object], times: int = 5) -> float:
    best = float("inf")
    for _ in range(times):
        began = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - began)
    return best


def in_turn(one: Callable[[], object], other: Callable[[], object], times: int = 5) -> tuple[float, float]:
    """Seconds of processor time of each, the least of `times`; they take turns, so that a busy minute meets both."""
    took_s = [float("inf"), float("inf")]
    for _ in range(times):
        for i, work in enumerate((one, other)):
            began = time.process_time()
            work()
            took_s[i] = min(took_s[i], time.process_time() - began)
    return took_s[0], took_s[1]


class Way:
    """Reading and judging with NumPy, or without."""

    def __init__(self, name: str, numpy: bool) -> None:
        self.name, self._numpy = name, numpy

    def __enter__(self) -> None:
        self._before, fast.NUMPY = fast.NUMPY, self._numpy

    def __exit__(self, *_: object) -> None:
        fast.NUMPY = self._before


WAYS = ((Way("plain", False), CHECK_MOST), *(((Way("NumPy", True), CHECK_FAST_MOST),) if fast.NUMPY else ()))


def chattering(edges: int) -> Capture:
    """A rail that goes off and comes back every 20 ms, with one reset in the middle of it all."""
    capture = Capture(end_us=edges * 10_000 + 10**9, known={"outcome", "reset", "reset kind"})
    rail, mains = Bands(), Bands()
    rail.times = array("q", range(0, edges * 10_000, 10_000))
    rail.lows = rail.highs = array("d", (12_000.0, 0.0)) * (edges // 2)
    rail.add(edges * 10_000, 12_000.0, 12_000.0)
    mains.add(0, 1.0, 1.0)
    capture.bands = {"ch_mv": rail, "mains": mains}
    capture.state("reset", edges * 5_000, "activation")
    return capture


def bare_loop(capture: Capture) -> int:
    """The least that looks at every edge: how long was the longest time below?"""
    longest = began = 0
    below = False
    rail = capture.bands["ch_mv"]
    for t_us, mv in zip(rail.times, rail.lows, strict=True):
        if mv < 10_800:
            if not below:
                below, began = True, t_us
        elif below:
            below = False
            if t_us - began > longest:
                longest = t_us - began
    return longest


def checking() -> bool:
    rules = [("literal", Rule.load("mp102-wg-2020-04")), ("no exemption", Rule.load("mp102-no-exemption"))]
    always = Rule.load("mp102-no-exemption").altered("during", "always")
    assert always is not None
    rules.append(("any time", always))
    print("edges        a bare loop  " + "".join(f"{name:>14}" for name, _ in rules) + "   (times the bare loop)")
    held = True
    for edges in SIZES:
        capture = chattering(edges)
        base_s = seconds(lambda: bare_loop(capture))  # noqa: B023  run before the next round
        for way, most in WAYS:
            with way:
                ratios = [seconds(lambda: rule.check(capture)) / base_s for _, rule in rules]  # noqa: B023
            held = held and (edges < 100_000 or max(ratios) <= most)
            bare = f"{edges:>10}  {1e9 * base_s / edges:6.0f} ns an edge" + "".join(f"{r:>14.2f}" for r in ratios)
            print(f"{bare}   {way.name}, at most {most:g}")
    try:
        import rtamt
    except ImportError:
        print("rtamt is not made for this Python: not compared")
        return held
    edges = [(float(i), float(i % 2)) for i in range(RTAMT_EDGES)]
    spec = rtamt.StlDenseTimeSpecification()
    spec.declare_var("v", "float")
    spec.spec = "historically[0,180] (v <= 0.5)"
    spec.parse()
    base_s = seconds(lambda: bare_loop(chattering(RTAMT_EDGES)))
    theirs_s = seconds(lambda: spec.evaluate(["v", [list(e) for e in edges]]), 1)
    print(f"rtamt, dense time, {RTAMT_EDGES} edges: {theirs_s / base_s:.0f} times the bare loop")
    return held


def reading(folder: Path) -> bool:
    path = folder / "t.vcd"
    with path.open("w") as out:
        out.write("$timescale 1 us $end\n$var wire 1 ! ch $end\n$var integer 32 # ch_mv $end\n$enddefinitions $end\n")
        for i in range(VCD_CHANGES // 2):
            # as a run writes it: a rail that ramps in steps of 50 mV
            out.write(f"#{i * 10}\n{i % 2}!\nb{50 * abs(240 - i % 480):b} #\n")
    ours_s, theirs_s = in_turn(
        lambda: load_capture(path, ProbeMap({"ac_lost": "ch", "ch_mv": "ch_mv"}), [10_800]),
        lambda: vcdvcd.VCDVCD(str(path), store_tvs=True),
    )
    print(f"VCD, {VCD_CHANGES} changes: vcdvcd takes {theirs_s / ours_s:.1f} times as long")
    table = folder / "t.csv"
    with table.open("w") as out:
        out.write("Time [s],Channel 0\n")
        for i in range(CSV_ROWS // 100):
            volts = 0.0 if i % 1000 == 999 else 11.99
            out.write("".join(f"{(i * 100 + k) / 1e5:.5f},{volts + k / 1e4:.4f}\n" for k in range(100)))
    base_s = seconds(lambda: bare_table(table), 1)
    print(
        f"CSV, {CSV_ROWS} rows ({table.stat().st_size >> 20} MiB): a bare loop {1e9 * base_s / CSV_ROWS:.0f} ns a row"
    )
    for way, _ in WAYS:
        with way:
            took_s = seconds(lambda: load_capture(table, ProbeMap({"ch_mv": "Channel 0"}), [10_800]), 1)
        print(f"  {way.name}: {took_s / base_s:.2f} times the bare loop, {1e9 * took_s / CSV_ROWS:.0f} ns a row")
    sessions(folder)
    return theirs_s / ours_s >= VCD_LEAST


def bare_table(path: Path) -> float:
    """The least that looks at every row: the lowest voltage."""
    lowest = float("inf")
    with path.open() as rows:
        next(rows)
        for row in rows:
            t, volts = row.split(",")
            if float(t) >= 0 and float(volts) < lowest:
                lowest = float(volts)
    return lowest


def sessions(folder: Path) -> None:
    every = SR_SAMPLES // SR_CHANGES
    busy = b"".join(bytes((i % 2, 0)) * every for i in range(SR_CHANGES))
    for name, unit, samples in (("at rest", 1, b"\1" * (4 * SR_SAMPLES)), ("busy", 2, busy)):
        path = folder / "t.sr"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as out:
            probes = "probe1=rail\nprobe2=other\n"
            head = f"[device 1]\ncapturefile=logic-1\nsamplerate=1 MHz\nunitsize={unit}\n{probes}"
            out.writestr("metadata", head)
            out.writestr("logic-1", samples)
        with zipfile.ZipFile(path) as packed:
            base_s = seconds(lambda: packed.read("logic-1"), 2)
        print(f".sr {name}, {len(samples) // unit} samples: unpacked in {1e9 * base_s / len(samples):.2f} ns a byte")
        for way, _ in WAYS:
            with way:
                took_s = seconds(lambda: load_capture(path, ProbeMap({"mains": "rail"})), 1)  # noqa: B023
            print(f"  {way.name}: {took_s / base_s:.1f} times as long, {1e9 * took_s / len(samples):.2f} ns a byte")


def main() -> int:
    held = checking()
    with tempfile.TemporaryDirectory() as folder:
        held = reading(Path(folder)) and held
    if not held:
        judging = f"judging at most {CHECK_MOST} times the bare loop ({CHECK_FAST_MOST} with NumPy)"
        print(f"NOT HELD: {judging}, VCD {VCD_LEAST} times as fast as vcdvcd")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
