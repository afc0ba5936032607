"""Captures: what goes out comes back, what other instruments write is read, and what is broken is said so."""

import gzip
import json
import struct
import zipfile
from itertools import groupby
from pathlib import Path

import pytest
from drawn import READINGS, small_traces
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from ridethrough import BadInput, Rule, Scenario, run_scenario
from ridethrough.cli import main
from ridethrough.scenarios.loader import specimens
from ridethrough.traces.load import ProbeMap, load_capture
from ridethrough.traces.vcd_out import write_vcd
from support import S, of

WG = Rule.load("mp102-wg-2020-04")
RAIL = ProbeMap({"ch_mv": "Channel 0"}, assumed={"mains": 1})
NAMED = [Rule.load(name) for name in ("mp102-wg-2020-04", "mp102-per-reboot", "design-target", "all-ad1-legitimate")]


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


def judged(path, probes, *stated, rule=WG):
    capture = load_capture(path, probes, rule.levels_mv)
    for name, t_us, kind in stated:
        capture.state(name, t_us, kind)
    return rule.check(capture)


ACTIVATION = ("reset", 130 * S, "activation")
OUTCOME = ("outcome", 400 * S, "")


@pytest.mark.parametrize("name", specimens())
def test_a_runs_own_vcd_has_the_verdicts_of_the_run(name, tmp_path):
    trace = run_scenario(Scenario.load(name))
    write_vcd(trace, tmp_path / "t.vcd")
    for rule in NAMED:
        capture = load_capture(tmp_path / "t.vcd", ProbeMap(), rule.levels_mv)
        one, other = rule.check(trace), rule.check(capture)
        assert (one.status, one.witness, one.margin_us) == (other.status, other.witness, other.margin_us), rule.id
    assert [(e.t_us, e.name) for e in trace.log] == [(e.t_us, e.name) for e in capture.log]


def test_a_threshold_off_the_grid_of_a_vcd_is_not_exact(tmp_path):
    trace = run_scenario(Scenario.load("chatter"))
    write_vcd(trace, tmp_path / "t.vcd")
    capture = load_capture(tmp_path / "t.vcd", ProbeMap(), [10_777])
    holds, exact = capture.below("ch_mv", 10_777), trace.below("ch_mv", 10_777).sure
    assert "steps of 50 mV" in holds.why and len(holds.sure) == len(holds.may) == len(exact)
    for (a, b), (c, d), (e, f) in zip(holds.may, exact, holds.sure, strict=True):
        assert a <= c <= e < f <= d <= b and (a, b) != (e, f)


@pytest.mark.parametrize(("length_s", "status"), [(179.9, "undecided"), (180.1, "fail")])
def test_a_digital_rail_can_prove_a_breach_and_never_a_pass(tmp_path, length_s, status):
    path = digital(tmp_path / "d.csv", [(0, 1), (130, 0), (130 + length_s, 1)], 700)
    probes = ProbeMap({"ch_mv": "Channel 0"}, threshold_mv=2_000, assumed={"mains": 1})
    verdict = judged(path, probes, ACTIVATION, OUTCOME)
    assert verdict.status == status
    if status == "undecided":
        assert "only tells above from below 2 V" in verdict.cause


def test_a_digital_rail_with_the_rules_own_threshold_is_exact(tmp_path):
    path = digital(tmp_path / "d.csv", [(0, 1), (130, 0), (300, 1)], 700)
    probes = ProbeMap({"ch_mv": "Channel 0"}, threshold_mv=10_800, assumed={"mains": 1})
    verdict = judged(path, probes, ACTIVATION, OUTCOME)
    assert verdict.status == "pass" and verdict.margin_us == 10 * S


@pytest.mark.parametrize(
    ("low_s", "status"), [(170, "pass"), (179, "pass"), (180, "undecided"), (181, "fail"), (190, "fail")]
)
def test_the_sample_period_widens_a_cut(tmp_path, low_s, status):
    volts = [2.0] * 130 + [0.0] * low_s + [2.0] * 400
    path = analog(tmp_path / "a.csv", volts, 1.0)
    probes = ProbeMap({"ch_mv": "Channel 0"}, scale=6, assumed={"mains": 1})
    assert judged(path, probes, ACTIVATION, OUTCOME).status == status


def test_a_sag_between_samples_in_one_band_is_no_doubt(tmp_path):
    volts = [12.0] * 130 + [9.0, 9.5, 9.2] * 20 + [12.0] * 400
    path = analog(tmp_path / "a.csv", volts, 1.0)
    verdict = judged(path, RAIL, ACTIVATION, OUTCOME)
    assert verdict.status == "pass" and verdict.witness.amount_us == pytest.approx(61 * S, abs=S)


def test_clipped_analog_is_reported_and_proves_nothing_beyond(tmp_path):
    # an instrument that shows at most 10 V, with noise wherever it can
    volts = [10.0 if i % 20 else 9.99 - i % 7 / 100 for i in range(400)] + [5 + i % 13 / 50 for i in range(400)]
    path = analog(tmp_path / "a.csv", volts, 1.0)
    capture = load_capture(path, RAIL, [10_000.5, 10_800, 13_200])
    assert any("flat at 10 V" in text and "clipped" in text for text in capture.rests_on)
    below = capture.below("ch_mv", 10_800)
    assert below.sure[:1] != (0, 1) and sum(b - a for a, b in below.sure) < sum(b - a for a, b in below.may)
    # one that was up before is not, nor is one whose lowest is lower than any rule asks about
    steady = load_capture(analog(tmp_path / "s.csv", [12.0] * 100 + [10.0] * 400, 1.0), RAIL, [10_800])
    assert not any("clipped" in text for text in steady.rests_on)


def test_sigrok_logic_and_analog(tmp_path):
    # 1 kHz, the rail on probe 1 (and as volts), the reset on probe 2
    level = [1] * 130_000 + [0] * 170_000 + [1] * 400_000
    reset = [0] * 130_000 + [1] * 50 + [0] * 569_950
    volts = [12.0 * v for v in level]
    samples = [a | b << 1 for a, b in zip(level, reset, strict=True)]
    path = sigrok(tmp_path / "s.sr", samples, analogs=[("A0", volts)])
    wires = {"reset": "RST"}
    by_volts = judged(path, ProbeMap(wires | {"ch_mv": "A0"}, assumed={"mains": 1}), OUTCOME)
    assert by_volts.status == "pass" and by_volts.witness.amount_us == pytest.approx(170 * S, abs=2_000)
    by_level = judged(path, ProbeMap(wires | {"ch_mv": "RAIL"}, threshold_mv=10_800, assumed={"mains": 1}), OUTCOME)
    assert by_level.status == "pass" and by_level.witness.amount_us == pytest.approx(170 * S, abs=2_000)


def test_vcd_of_other_tools(tmp_path):
    # vectors, reals, x and z, a timescale that is no microsecond, several changes on a line, gzip
    text = """$date today $end $version other $end $timescale 10 ms $end
$scope module top $end $var wire 1 ! rst $end $var real 64 " volts $end $var wire 14 # ch_mv [13:0] $end $upscope $end
$enddefinitions $end
#0
$dumpvars 0! r12.0 "
b10111011100000 # $end
#13000
1! b0 #
#13001
0!
#28000
b10111011100000 #
#40000
$comment bx # and other
words $end
bx #
#41000
b10111011100000 #
#90000
"""
    path = tmp_path / "o.vcd.gz"
    path.write_bytes(gzip.compress(text.encode()))
    capture = load_capture(path, ProbeMap({"reset": "rst", "ch_mv": "ch_mv"}, assumed={"mains": 1}), WG.levels_mv)
    below = capture.below("ch_mv", 10_800)
    tick = 10_000
    assert below.sure == [(130 * S, 280 * S - tick + 1)]
    assert below.may == [(130 * S - tick + 1, 280 * S), (400 * S, 410 * S)]
    assert [(e.t_us, e.name) for e in capture.log] == [(130 * S, "reset")]
    assert WG.check(capture).status == "pass"  # what is not known there lasts ten seconds at most


def test_who_says_nothing_of_resets_is_told_how(tmp_path):
    path = analog(tmp_path / "a.csv", [12.0] * 300, 1.0)
    assert "--at reset=TIME" in judged(path, RAIL).cause
    assert (
        "--at activation=TIME"
        in judged(path, RAIL, ("reset", 100 * S, ""), rule=Rule.load("mp102-activation-only")).cause
    )
    no_mains = judged(analog(tmp_path / "b.csv", [12.0] * 130 + [0.0] * 200 + [12.0] * 99, 1.0),
                      ProbeMap({"ch_mv": "Channel 0"}), ACTIVATION, OUTCOME)  # fmt: skip
    assert no_mains.status == "undecided" and "mains was not captured" in no_mains.cause


def test_a_capture_that_begins_in_a_cut_or_ends_in_one(tmp_path):
    begins = judged(
        analog(tmp_path / "a.csv", [0.0] * 100 + [12.0] * 300, 1.0), RAIL, ("reset", 50 * S, "activation"), OUTCOME
    )
    ends = judged(analog(tmp_path / "b.csv", [12.0] * 100 + [0.0] * 100, 1.0), RAIL, ("reset", 100 * S, "activation"))
    assert begins.status == ends.status == "undecided"
    assert begins.cause == "the capture begins in a cut" and "ends in a cut" in ends.cause


BROKEN = [
    ("e.csv", b"", "empty"),
    ("h.csv", b"Time [s],Channel 0\n", "a header and no rows"),
    ("c.csv", b"a,b\n1,2\n", "no column of time among a, b"),
    ("u.csv", b"time,v\n1,2\n", "has no unit"),
    ("b.csv", b"Time [s],Channel 0\n1,2.5\n0.5,2\n", "b.csv:3: time goes backwards"),
    ("s.csv", b"Time [s],Channel 0\n1,2.5\n2\n", "s.csv:3: 1 columns, not 2; is the file cut short?"),
    ("n.csv", b"Time [s],Channel 0\n1,2.5\n2,abc\n", "'abc' is no number"),
    ("i.csv", b"Time [s],Channel 0\n2024-01-01T00:00:00Z,1.5\n", "export it with seconds since the start"),
    ("l.csv", b"Time [s],Channel 0\n" + b"1" * 400_000 + b"\n", "a line of more than"),
    ("x.bin", b"\x00\x01\x02", "no capture that is known here"),
    ("g.csv.gz", gzip.compress(b"Time [s],Channel 0\n1,2\n" * 99)[:-9], "broken or cut short"),
    ("v.vcd", b"$timescale 1 us $end\n$var wire 1 ! ch_mv $end\n", "no $enddefinitions"),
    ("t.vcd", b"$var wire 1 ! ch_mv $end\n$enddefinitions $end\n#0\n", "no $timescale"),
    (
        "k.vcd",
        b"$timescale 1 us $end $var real 1 ! ch_mv $end $enddefinitions $end\n#5\n#4\n",
        "backwards, from 5 to 4",
    ),
    ("r.vcd", b"$timescale 1 us $end $var real 1 ! ch_mv $end $enddefinitions $end\n#5\nr12.", "cut short?"),
    ("q.vcd", b"$timescale 1 us $end $var real 1 ! ch_mv $end $enddefinitions $end\n#x\n", "is no time"),
    ("z.sr", b"PK\x03\x04 not a zip", "no sigrok session, or cut short"),
]


@pytest.mark.parametrize(("name", "data", "said"), BROKEN, ids=[name for name, _, _ in BROKEN])
def test_broken_captures_get_one_line(name, data, said, tmp_path, capsys):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(BadInput) as error:
        load_capture(path, ProbeMap({"ch_mv": "Channel 0"} if "csv" in name else {}))
    assert said in str(error.value) and "\n" not in str(error.value)
    assert main(["check", str(path), *(["--map", "ch_mv=Channel 0"] if "csv" in name else [])]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--map", "ch_mv=Chanel 0"], "did you mean 'Channel 0'?"),
        (["--map", "chmv=Channel 0"], "did you mean 'ch_mv'?"),
        (["--map", "ch_mv"], "SIGNAL=CHANNEL expected"),
        ([], "which of its channels is CH power? --map ch_mv=CHANNEL, one of: Channel 0"),
        (["--map", "mains=Channel 0"], "'Channel 0' is a voltage; mains is a level"),
        (["--at", "rset=1s"], "'rset' is no event; did you mean 'reset'?"),
        (["--map", "ch_mv=Channel 0", "--at", "reset=9h"], "does not reach there"),
        (["--at", "reset=1"], "--at reset=1"),
        (["--assume", "mains onn"], "did you mean 'mains on'?"),
        (["--scale", "0"], "what the probe divides by"),
        (["--threshold", "2 furlongs"], "unknown unit of voltage"),
    ],
)
def test_options_that_cannot_be(options, said, tmp_path, capsys):
    path = analog(tmp_path / "a.csv", [12.0, 11.0], 1.0)
    assert main(["check", str(path), *options]) == 2
    err = capsys.readouterr().err
    assert said in err and err.count("\n") == 1


def test_many_captures_worst_first_and_as_json(tmp_path, capsys):
    paths = [analog(tmp_path / f"{n}.csv", [12.0] * 130 + [0.0] * n + [12.0] * 400, 1.0) for n in (10, 300, 100, 200)]
    options = ["--map", "ch_mv=Channel 0", "--at", "activation=130s", "--at", "outcome=500s", "--assume", "mains on"]
    assert main(["check", *map(str, paths), *options, "--json", "--html", str(tmp_path / "r.html")]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [Path(f["capture"]).stem for f in found] == ["300", "200", "100", "10"]
    assert "activation=130s, as stated" in found[0]["rests_on"] and (tmp_path / "r.html").stat().st_size > 10_000


def test_a_probes_own_clock(tmp_path):
    # Logic 2 counts from the trigger: the capture begins at minus five seconds, and --at speaks of its clock
    path = tmp_path / "t.csv"
    path.write_text(
        "Time [s],Channel 0\n-5.0,12.0\n" + "".join(f"{t}.0,{12.0 if t < 1 else 0.0}\n" for t in range(-4, 9))
    )
    capture = load_capture(path, RAIL, WG.levels_mv)
    capture.state("reset", -2 * S)
    assert capture.events("reset")[0].t_us == 3 * S and capture.below("ch_mv", 10_800).sure[0][0] == 6 * S


def test_a_signal_of_many_millions_of_samples_needs_memory_for_its_cuts_alone(tmp_path):
    volts = [12.0 + i % 100 / 1000 for i in range(50_000)] + [0.1] * 10_000 + [12.0] * 10_000
    capture = load_capture(analog(tmp_path / "a.csv", volts, 0.01), RAIL, WG.levels_mv)
    assert len(capture.bands["ch_mv"].times) < 20


@given(st.binary(max_size=300), st.sampled_from(["a.csv", "a.vcd", "a.sr"]))
def test_anything_is_read_or_refused(tmp_path_factory, data, name):
    path = tmp_path_factory.mktemp("any") / name
    path.write_bytes(
        {
            "a.vcd": b"$timescale 1 us $end $var real 1 ! ch_mv $end $enddefinitions $end\n",
            "a.csv": b"t [s],ch_mv\n",
            "a.sr": b"",
        }[name]
        + data
    )
    try:
        WG.check(load_capture(path, ProbeMap(), WG.levels_mv))
    except BadInput as e:
        assert "\n" not in str(e)


SIMPLE = READINGS.filter(lambda r: "CH up" not in str(r) and "CH down" not in str(r))


def written(small, path, every_us=1, threshold_mv=None, drop=()):
    """A small trace as a table: a row every so many microseconds, the rail as volts or above a threshold."""
    signals = {"rail": small.ch_mv, "mains": small.mains}
    if threshold_mv:
        signals["rail"] = [int(mv >= threshold_mv) for mv in small.ch_mv]
    names = [name for name in signals if name not in drop]
    head = ["rail_mv" if name == "rail" and not threshold_mv else name for name in names]
    rows = [[str(t), *(str(signals[name][t]) for name in names)] for t in range(0, len(small.ch_mv), every_us)]
    path.write_text("time [us]," + ",".join(head) + "\n" + "\n".join(map(",".join, rows)) + "\n")
    return ProbeMap({"ch_mv": head[0]}, threshold_mv=threshold_mv)


@settings(max_examples=250)
@given(
    SIMPLE,
    small_traces(),
    st.sampled_from([1, 2, 5]),
    st.sampled_from([None, 2_000, 10_000, 10_800, 11_000]),
    st.sets(st.just("mains")),
    st.sets(st.sampled_from(["command", "shutdown", "boot", "application", "outcome"])),
    st.booleans(),
)
def test_a_poorer_capture_never_contradicts_the_trace(
    tmp_path_factory, reading, small, every_us, mv, drop, unseen, kinds
):
    """Sampled, behind a probe's threshold, without mains, without some events: undecided, or as it was."""
    # between two samples that agree nothing happened: what is shorter than a period nobody can see
    runs = [len(list(same)) for signal in (small.ch_mv, small.mains) for _, same in groupby(signal)]
    assume(min(runs) >= every_us)
    small_file = tmp_path_factory.getbasetemp() / "small.csv"
    rule = of(**reading)
    exact = rule.check(small.trace()).status
    capture = load_capture(small_file, written(small, small_file, every_us, mv, drop), rule.levels_mv)
    for at, name, kind in small.events:
        if name == "reset" or name not in unseen:
            # a reset that is stated without its kind is said not to have been a power-up
            capture.state(name, at, kind if kinds or kind == "power-up" else "")
    capture.known |= {"reset", "ad1"} | ({"command", "shutdown", "boot", "application", "outcome"} - unseen)
    capture.log.sort(key=lambda e: e.t_us)
    poorer = rule.check(capture)
    opposites = [{"pass", "fail"}, {"vacuous", "fail"}]
    assert {exact, poorer.status} not in opposites, (exact, poorer)


def rows(*lines):
    return "\n".join(("time [s],rail,mains,reset,running_n", *lines)) + "\n"


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("a.vcd", "$timescale 1 us $end\n$var wire 1 ! ch_mv $end\n$enddefinitions $end\n#-1\n1!\n", "is no time"),
        ("a.vcd", "$timescale 1 s $end\n$var real 64 ! ch_mv $end\n$enddefinitions $end\n#99999999999\n", "400 days"),
        (
            "a.vcd",
            "$timescale 1 s $end\n$var wire 1 ! r $end\n$var wire 1 # r $end\n$enddefinitions $end\n#0\n",
            "two signals are called 'r'",
        ),
        ("a.csv", "time [s],ch_mv\n0,12000.5\n1e308,1\n", "is no time"),
        ("a.csv", "time [s],ch_mv\nnan,12000.5\n1,1.5\n", "is no time"),
        (
            "a.csv",
            "time [s],mains,ch_mv\n" + "".join(f"{t},1,12.5\n" for t in range(2500)) + "2500,5.0,1\n",
            "no level",
        ),
    ],
)
def test_what_a_capture_cannot_be(tmp_path, name, text, problem):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(BadInput, match=problem) as error:
        load_capture(path, ProbeMap({}, threshold_mv=10_800), [10_800])
    assert "\n" not in str(error.value)


def test_a_digital_line_by_the_name_of_a_voltage_needs_a_threshold(tmp_path):
    path = tmp_path / "d.vcd"
    path.write_text("$timescale 1 s $end\n$var wire 1 ! ch_mv $end\n$enddefinitions $end\n#0 1!\n#700\n")
    with pytest.raises(BadInput, match="--threshold"):
        load_capture(path, ProbeMap({}), [10_800])
    # and changes may stand behind the time, as PulseView writes them
    assert load_capture(path, ProbeMap({}, threshold_mv=10_800), [10_800]).below("ch_mv", 10_800).may == []


def test_lines_of_one_port_are_channels_of_their_own(tmp_path):
    path = tmp_path / "p.vcd"
    path.write_text(
        "$timescale 1 us $end\n$var wire 1 ! D [0] $end\n$var wire 1 # D [1] $end\n$var wire 8 % B [7:0] $end\n"
        "$enddefinitions $end\n#0 1! 0#\n#10 0!\n#20\n"
    )
    assert load_capture(path, ProbeMap({"mains": "D[1]"}), []).wire("mains", 1).may == []
    assert load_capture(path, ProbeMap({"mains": "D[0]"}), []).wire("mains", 1).sure == [(0, 10)]


@pytest.mark.parametrize("sampled_s", [1, 10])
def test_a_short_reset_may_fall_between_two_samples(tmp_path, sampled_s):
    path = tmp_path / "r.csv"
    path.write_text(rows(*(f"{t},{int(t < 100 or t >= 400)},1,0,0" for t in range(0, 1000, sampled_s))))
    verdict = judged(path, ProbeMap({"ch_mv": "rail"}, threshold_mv=10_800))
    assert verdict.status == "undecided" and "missed" in verdict.sentence()


def test_a_reset_without_a_kind_may_be_a_power_up_unless_mains_was_on(tmp_path):
    path = tmp_path / "r.csv"
    path.write_text(rows("0,1,1,0,0", "130,0,1,1,0", "131,0,1,0,1", "400,1,1,0,0", "500,1,1,0,1"))
    probes = ProbeMap({"ch_mv": "rail"}, threshold_mv=10_800)
    assert judged(path, probes).status == "fail"
    path.write_text(rows("0,1,1,0,0", "129,1,0,0,0", "130,0,0,1,0", "131,0,1,0,1", "400,1,1,0,0", "500,1,1,0,1"))
    assert judged(path, probes).status == "undecided"


def test_an_application_that_runs_is_not_the_outcome_of_an_activation(tmp_path):
    # of which kind the reset was nobody has recorded: it may go on until an outcome
    path = tmp_path / "r.csv"
    path.write_text(rows("0,1,1,0,0", "130,1,1,1,1", "131,1,1,0,1", "140,1,1,0,0", "150,0,1,0,0", "400,1,1,0,0"))
    assert judged(path, ProbeMap({"ch_mv": "rail"}, threshold_mv=10_800)).status == "undecided"


def test_what_is_captured_cannot_be_assumed(tmp_path):
    path = tmp_path / "r.csv"
    path.write_text(rows("0,1,1,0,0", "130,0,0,1,0"))
    with pytest.raises(BadInput, match=r"mains is in .* already"):
        load_capture(path, ProbeMap({"ch_mv": "rail"}, threshold_mv=10_800, assumed={"mains": 1}), [10_800])


def test_infinite_and_missing_volts_are_not_known(tmp_path):
    path = tmp_path / "i.csv"
    path.write_text("time [s],ch_mv\n0,12000.5\n1,inf\n2,1e308\n3,nan\n4,12000.5\n5,12000.5\n")
    below = load_capture(path, ProbeMap({}, scale=10**6), [10_800]).below("ch_mv", 10_800)
    assert below.sure == [] and below.may and below.may[0][1] >= 3 * S


def sr(path, metadata, **files):
    with zipfile.ZipFile(path, "w") as zf:
        zf.writestr("metadata", "[device 1]\ncapturefile=logic-1\n" + metadata)
        for name, data in files.items():
            zf.writestr(name.replace("_", "-"), data)
    return path


@pytest.mark.parametrize(
    ("metadata", "files", "problem"),
    [
        ("samplerate=1 kHz\nprobe1=D0\nunitsize=16\n", {"logic_1_1": bytes(16)}, "unitsize 16"),
        ("samplerate=1 kHz\nprobe9=D0\nunitsize=1\n", {"logic_1_1": bytes(16)}, "number 9"),
        ("samplerate=1 kHz\nprobe0=D0\nunitsize=1\n", {"logic_1_1": bytes(16)}, "number 0"),
        ("samplerate=0.000000001 Hz\nprobe1=D0\nunitsize=1\n", {"logic_1_1": bytes(16)}, "samplerate"),
        ("samplerate=1 kHz\nprobe1=D0\nunitsize=1\n", {"logic_1_1": bytes(9), "logic_1_3": bytes(9)}, "missing"),
        (
            "samplerate=1 kHz\nprobe1=D0\nanalog2=V\nunitsize=1\n",
            {"logic_1_1": bytes(16), "analog_1_2_1": bytes(32)},
            "different numbers of samples",
        ),
    ],
)
def test_sigrok_sessions_that_are_not_whole(tmp_path, metadata, files, problem):
    path = sr(tmp_path / "s.sr", metadata, **files)
    with pytest.raises(BadInput, match=problem):
        load_capture(path, ProbeMap({"mains": "D0"}), [])
