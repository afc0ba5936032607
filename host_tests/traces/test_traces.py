"""Traces and what is written of them."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ridethrough import BadInput
from ridethrough.traces import Segment, Trace, Voltage
from ridethrough.traces.difference import Apart, InOrder, in_order
from ridethrough.traces.vcd_out import STEP_MV, write_vcd
from support import image, update
from vcd.reader import TokenKind, tokenize


def read_back(path):
    """(names by id, changes as (t_us, name, value)) of a VCD, by pyvcd's own reader."""
    names, changes, t_us, comment, scope = {}, [], 0, "", ""
    for token in tokenize(io.BytesIO(path.read_bytes())):
        if token.kind is TokenKind.VAR:
            events = scope.endswith(("events", "details"))
            names[token.data.id_code] = ("event " if events else "") + token.data.reference
        elif token.kind is TokenKind.SCOPE:
            scope = token.data.ident
        elif token.kind is TokenKind.COMMENT:
            comment = token.data
        elif token.kind is TokenKind.CHANGE_TIME:
            t_us = token.data
        elif token.kind in (TokenKind.CHANGE_SCALAR, TokenKind.CHANGE_VECTOR, TokenKind.CHANGE_STRING):
            changes.append((t_us, names[token.data.id_code], token.data.value))
    return comment, changes


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    trace = update(image(), seconds=25)
    path = tmp_path_factory.mktemp("vcd") / "deep" / "t.vcd"
    write_vcd(trace, path)
    return trace, path


def test_every_signal_and_change_is_in_the_file(written):
    trace, path = written
    comment, changes = read_back(path)
    for name, points in trace.wires.items():
        got = [(t, int(v)) for t, n, v in changes if n == name and v in ("0", "1")]
        assert got == points, name
    phases = [(t, v) for t, n, v in changes if n == "phase" and v]
    assert phases == trace.texts["phase"]
    assert f"every {STEP_MV} mV" in comment
    names = {n for _, n, _ in changes}
    assert {"ch_mv", "hub_mv", "mcu", "hub", "event outcome", "event reset", "event gbcs"} <= names


def test_samples_are_within_a_step_and_exact_at_thresholds(written):
    trace, path = written
    _, changes = read_back(path)
    samples = [(t, int(v)) for t, n, v in changes if n == "ch_mv"]
    voltage = trace.voltages["ch_mv"]
    for (a, mv), (b, _) in zip(samples, [*samples[1:], (trace.end_us, 0)], strict=True):
        for t in {a, (a + b) // 2, max(a, b - 1)}:
            assert abs(voltage.mv_at(t) - mv) <= STEP_MV + 3, t
    rise = next(t for t, mv in samples if mv >= 10_800)
    assert rise == voltage.below(10_800, trace.end_us)[0][1]


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(1, 5000), st.sampled_from(["flat", "decay", "power"])), min_size=1, max_size=5))
def test_a_falling_voltage_is_sampled_on_the_right_side_of_each_threshold(tmp_path_factory, pieces):
    from ridethrough.traces.vcd_out import _samples

    voltage, t_us = Voltage(), 0
    for length, shape in pieces:
        voltage.add(Segment(t_us, shape, 12_000, 4e5 if shape == "power" else 800))
        t_us += length
    for segment, stop in voltage.pieces(t_us):
        samples = list(_samples(segment, stop, 50, (10_830,)))
        below = segment.first_below_us(10_830, stop)
        seen = next((t for t, mv in samples if mv < 10_830), None)
        assert seen == below


def test_a_path_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(BadInput, match="cannot be written"):
        write_vcd(Trace(end_us=10), tmp_path / "file" / "t.vcd")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_darkness_begins_after_the_first_supply():
    trace = Trace(end_us=100)
    for t_us, mv in ((0, 0), (10, 12_000), (20, 0), (25, 12_000), (90, 0)):
        trace.voltages["hub_mv"].add(Segment(t_us, "flat", mv))
    assert trace.dark() == [(20, 25), (90, 100)] and trace.dark_us() == 10


def test_darkness_lasts_until_the_hub_has_its_supply_again():
    trace = Trace(end_us=100)
    for t_us, mv in ((0, 12_000), (20, 8_900), (30, 9_500), (60, 12_000), (80, 9_500)):
        trace.voltages["hub_mv"].add(Segment(t_us, "flat", mv))
    assert trace.dark() == [(20, 60)]


def test_the_last_change_in_a_microsecond_counts():
    trace = Trace(end_us=10)
    trace.set_wire("mains", 0, 1)
    trace.set_wire("mains", 5, 0)
    trace.set_wire("mains", 5, 1)
    assert trace.wires["mains"] == [(0, 1)]
    assert trace.when("mains", 1) == [(0, 10)] and trace.wire_at("mains", 7) == 1


def test_the_same_run_twice_gives_the_same_trace():
    first, second = (update(image(), seconds=25) for _ in range(2))
    assert first.log == second.log and first.wires == second.wires
    assert first.voltages == second.voltages and first.notes == second.notes


def ordered(*resets, late=0):
    trace = Trace(end_us=100)
    for t in resets:
        trace.add_event(t, "reset", kind="commanded")
    trace.set_wire("ch_enable", 0, 1)
    trace.set_wire("ch_enable", resets[-1] + 5 + late, 0)
    return trace


def test_the_same_order_counts_from_each_reset():
    assert in_order(ordered(10, 40), ordered(10, 40)).furthest.us == 0
    # a reset counts from the one before, what follows it from itself
    assert in_order(ordered(10, 40), ordered(12, 60)).furthest == Apart("events", 40, 30, 48)
    assert in_order(ordered(40), ordered(40, late=7)).furthest == Apart("ch_enable", 45, 5, 12)
    # a share is of the time since the reset: 7 us in 10 ms, 10 ms in 40 ms
    found = in_order(ordered(40), ordered(40, late=7))
    assert isinstance(found, InOrder) and found.most.share == 7 / 10_000
    found = in_order(ordered(40_000), ordered(50_000))
    assert isinstance(found, InOrder) and (found.most.signal, found.most.share) == ("events", 0.25)
    other = in_order(ordered(10, 40), ordered(10))
    assert (other.signal, other.one, other.other) == ("events", "reset commanded", "")
    moved = ordered(10)
    moved.set_wire("ch_enable", 90, 1)
    assert in_order(ordered(10), moved).signal == "ch_enable"
