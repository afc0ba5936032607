"""With NumPy or without it a capture is the same capture, and rows that are missing never turn a verdict round."""

from dataclasses import astuple

import pytest
from drawn import READINGS, small_traces
from hypothesis import given, settings
from hypothesis import strategies as st
from ridethrough import BadInput, Rule
from ridethrough.traces import keepers
from ridethrough.traces.load import ProbeMap, load_capture
from ridethrough.traces.readers import fast, sigrok, source, vcd_body
from support import S, of
from table_files import EVERY_S, session

WG = Rule.load("mp102-wg-2020-04")
LEVELS_V = st.sampled_from([0.0, 0.4, 5.0, 10.7995, 10.8, 10.8005, 12.0, 13.2, 13.4])
ODD_CELLS = st.sampled_from(["nan", "NaN", "inf", "-inf", "9.9e37", "-9.91E+37", "OL", "", "OVERFLOW"])


@st.composite
def tables(draw):
    """The text of a table: steps, noise, jitter, holes, unknown cells, several samples in a microsecond."""
    every_us = draw(st.sampled_from([0.25, 1, 7, 1000, EVERY_S * S]))
    jitter, hole = draw(st.sampled_from([0, 0.2, 0.7])), draw(st.sampled_from([0, 0.02]))
    noise, odd = draw(st.sampled_from([0, 0.0004, 0.01, 0.3])), draw(st.sampled_from([0, 0.03]))
    cells = draw(st.lists(ODD_CELLS, min_size=1, max_size=3))
    steps = draw(st.lists(st.tuples(LEVELS_V, st.integers(1, 70)), min_size=1, max_size=6))
    # many numbers at once: drawn one by one they would take longer than all else
    random = draw(st.randoms(use_true_random=False, note_method_calls=False))
    lines, t_us = [], float(draw(st.sampled_from([0, -350 * S, 12.5])))
    for volts, rows in steps:
        for _ in range(rows):
            wobble = volts + noise * random.uniform(-1, 1) if random.random() < 0.8 else volts
            cell = random.choice(cells) if random.random() < odd else f"{wobble:.5f}"
            lines.append(f"{t_us:.3f},{cell},{230 * (random.random() > 0.01):.1f}")
            t_us += every_us * (1 + jitter * random.random() + 60 * (random.random() < hole))
    return "time [us],rail,supply [V]\n" + "\n".join(lines) + "\n"


def seen(path, probes):
    """All that a reader finds, or what it says."""
    try:
        capture = load_capture(path, probes, WG.levels_mv)
    except BadInput as e:
        return str(e)
    found = {
        signal: (list(bands.times), list(bands.lows), list(bands.highs), bands.holes, bands.apart_us, bands.why)
        for signal, bands in capture.bands.items()
    }
    begun = (capture.first_us, capture.epoch_us, capture.of_day_us, capture.end_us, capture.period_us)
    capture.state("reset", capture.first_us + capture.end_us // 3, "activation")
    capture.state("outcome", capture.first_us + capture.end_us)
    return found, capture.rests_on, list(map(str, capture.doubts)), begun, astuple(WG.check(capture))


def both(path, probes, sizes):
    """The same file by NumPy and without, in blocks of several sizes."""
    pytest.importorskip("numpy")
    found = []
    for numpy in (True, False):
        for size in sizes:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(fast, "NUMPY", numpy)
                patch.setattr(source, "_BLOCK_BYTES", size)
                patch.setattr(sigrok, "_CHUNK_BYTES", size)
                found.append(seen(path, probes))
    return found


@settings(max_examples=60)
@given(tables(), st.sampled_from([1.0, 10.0, -1.0]))
def test_a_table_is_the_same_with_numpy_and_without(tmp_path_factory, text, scale):
    path = tmp_path_factory.getbasetemp() / "fast.csv"
    path.write_text(text)
    probes = ProbeMap({"ch_mv": "rail", "mains": "supply"}, scale, thresholds={"mains": 100_000})
    many, *others = both(path, probes, (2048, 1 << 18))
    assert all(other == many for other in others)


def test_numpy_reads_what_is_of_numbers_alone(tmp_path):
    # else the test above compares nothing
    pytest.importorskip("numpy")
    assert fast.NUMPY
    assert fast.numbers_of([b"1,2.5", b"2,nan", b"3,9.9e37"], ",", 2) is not None
    assert fast.numbers_of([b"1,2.5", b"2,OL"], ",", 2) is None


@st.composite
def sessions(draw):
    """A session's one device: its rate, bytes of a sample, some probes, an analog channel, samples."""
    unit = draw(st.integers(1, 8))
    bits = draw(st.lists(st.integers(1, 8 * unit), min_size=2, max_size=4, unique=True))
    steps = draw(st.lists(st.tuples(st.integers(0, 2 ** (8 * unit) - 1), st.integers(1, 60)), min_size=1, max_size=8))
    logic = [value for value, times in steps for _ in range(times)]
    busy = draw(st.booleans())
    random = draw(st.randoms(use_true_random=False, note_method_calls=False))
    if busy:
        logic = [value ^ random.choice([0, 0, 1, random.getrandbits(8 * unit)]) for value in logic]
    bad = [float("nan"), float("inf")]
    volts = [random.choice(bad) if random.random() < 0.02 else random.choice([0.02, 10.8, 12.1, 13.0]) for _ in logic]
    rate = draw(st.sampled_from(["1 Hz", "0.25 Hz", "3 kHz", "1 MHz", "7 MHz"]))
    return rate, unit, {bit: f"D{bit}" for bit in bits}, {8 * unit + 1: ("A", volts)}, logic


@settings(max_examples=50)
@given(sessions(), st.booleans())
def test_a_session_is_the_same_with_numpy_and_without(tmp_path_factory, device, analog):
    path = session(tmp_path_factory.getbasetemp() / "fast.sr", device)
    rail, supply, *others = device[2].values()
    wires = {"mains": supply} | dict(zip(("reset", "running_n"), others, strict=False))
    probes = ProbeMap({"ch_mv": "A" if analog else rail} | wires, 1.0, None if analog else 10_800)
    many, *others = both(path, probes, (29, 64, 1 << 20))
    assert isinstance(many, tuple)
    assert all(other == many for other in others)


OPPOSITES = [{"pass", "fail"}, {"vacuous", "fail"}]
RAIL_V = st.sampled_from([0.0, 5.0, 10.79, 10.81, 12.5])


def holed(lines, at, count, cell):
    """The rows without a run of them, or with a cell that says nothing; the first and the last stay."""
    kept = lines[1 + at : 1 + at + count]
    gone = [] if cell is None else [f"{line.partition(',')[0]},{cell}" for line in kept]
    return [*lines[: 1 + at], *gone, *lines[1 + at + count :]]


@settings(max_examples=100)
@given(
    st.lists(st.tuples(RAIL_V, st.integers(1, 60)), min_size=1, max_size=6),
    st.tuples(st.integers(0, 200), st.integers(1, 80)),
    st.sampled_from([None, "", "nan", "OL", "9.9e37"]),
    st.integers(0, 300),
)
def test_a_hole_never_turns_a_verdict_round(tmp_path_factory, steps, hole, cell, reset_row):
    volts = [12.5, *(v for v, rows in steps for _ in range(rows)), 12.5]
    lines = [f"{i * EVERY_S},{v}" for i, v in enumerate(volts)]
    at, count = min(hole[0], len(lines) - 2), hole[1]
    count = min(count, len(lines) - 2 - at)
    path = tmp_path_factory.getbasetemp() / "hole.csv"
    found = []
    for rows in (lines, holed(lines, at, count, cell)):
        path.write_text("time [s],rail\n" + "\n".join(rows) + "\n")
        capture = load_capture(path, ProbeMap({"ch_mv": "rail"}, 1.0, assumed={"mains": 1}), WG.levels_mv)
        capture.state("reset", min(reset_row, len(lines) - 1) * EVERY_S * S, "activation")
        found.append(WG.check(capture))
    assert {verdict.status for verdict in found} not in OPPOSITES, found


@settings(max_examples=100)
@given(
    READINGS.filter(lambda r: "CH up" not in str(r) and "CH down" not in str(r)),
    small_traces(),
    st.tuples(st.integers(0, 30), st.integers(1, 12)),
)
def test_a_hole_never_turns_a_verdict_of_any_rule_round(tmp_path_factory, reading, small, hole):
    rule = of(**reading)
    lines = [f"{t},{mv},{mains}" for t, (mv, mains) in enumerate(zip(small.ch_mv, small.mains, strict=True))]
    path = tmp_path_factory.getbasetemp() / "any.csv"
    found = []
    for rows in (lines, holed(lines, hole[0], min(hole[1], max(0, len(lines) - 2 - hole[0])), None)):
        path.write_text("time [us],rail_mV,mains\n" + "\n".join(rows) + "\n")
        capture = load_capture(path, ProbeMap({"ch_mv": "rail_mV"}, 1.0), rule.levels_mv)
        for at, name, kind in small.events:
            capture.state(name, at, kind)
        capture.known |= {"reset", "ad1", "command", "shutdown", "boot", "application", "outcome"}
        capture.log.sort(key=lambda e: e.t_us)
        found.append(rule.check(capture))
    assert {verdict.status for verdict in found} not in OPPOSITES, found


CHANGES = st.lists(
    st.tuples(
        st.sampled_from([1, 1, 999, 1_000, 60_000, 10**6, 10**7, 10**9, 10**12]),
        st.sampled_from(
            [b"", b"1!", b"0!", b"x!", b"r12000 #", b"r0 #", b"r10799.9999999999 #", b"r10800 #", b"rnan #"]
        ),
        st.sampled_from([b"", b"", b"", b"", b"", b"r12600 #", b"bx #", b"1! 0!"]),
    ),
    max_size=40,
)


@settings(max_examples=200)
@given(
    CHANGES,
    st.sampled_from([b"1 us", b"1 ns", b"100 ms", b"10 fs"]),
    st.integers(1, 400),
    st.sampled_from([b"", b"", b"\n#5", b"\n1?", b"\n#99999999999999999999\n1!", b"\n$comment"]),
)
def test_a_vcd_is_the_same_with_numpy_and_without(tmp_path_factory, changes, scale, size, end):
    path, tick = tmp_path_factory.getbasetemp() / "fast.vcd", 0
    text = b"$timescale " + scale + b" $end\n$var wire 1 ! ac $end\n$var real 64 # ch_mv $end\n$enddefinitions $end"
    for step, *words in changes:
        tick += step
        text += b"\n#%d\n" % tick + b"\n".join(filter(None, words))
    path.write_bytes(text + end)
    probes = ProbeMap({"ch_mv": "ch_mv", "mains": "ac"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vcd_body, "_SEVERAL", 1)
        patch.setattr(keepers, "_SEVERAL", 1)
        patch.setattr(source, "_WORDS_BYTES", size)
        many, *others = both(path, probes, (1 << 18,))
    assert all(other == many for other in others)


@pytest.mark.parametrize(
    ("ticks", "numerator", "denominator", "found"),
    [
        ([b"1", b"2", b"30"], 1, 1, [1, 2, 30]),
        ([b"0009", b"10"], 3, 2, [13, 15]),
        ([b"1", b"2"], 1, 2, [0, 1]),
        ([b"2", b"3"], 1, 2, []),  # both are 1
        ([b"1", b"1"], 1, 1, []),
        ([b"2", b"1"], 1, 1, []),
        ([b"1", b"1000"], 1, 1, [1, 1000]),
        ([b"1", b"1001"], 1, 1, []),  # beyond the most
        ([b"1", b"9" * 19, b"3"], 1, 1, []),
        ([b"1", b"9" * 40], 1, 1, []),
        ([b"1", b"9" * 18], 1, 10**18, []),
    ],
)
def test_moments_that_rise_and_are_not_too_many(ticks, numerator, denominator, found):
    pytest.importorskip("numpy")
    assert list(fast.moments(ticks, numerator, denominator, 1000)[2]) == found
