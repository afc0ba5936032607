"""Captures: what goes out comes back, and what other instruments write is read."""

import gzip
import json
from pathlib import Path

import pytest
from capture_files import analog, digital, rows, sigrok
from ridethrough import Rule, Scenario, run_scenario
from ridethrough.cli import main
from ridethrough.cli.spelling import sentence
from ridethrough.scenarios.loader import specimens
from ridethrough.traces.load import ProbeMap, load_capture
from ridethrough.traces.vcd_out import write_vcd
from support import S

WG = Rule.load("mp102-wg-2020-04")
RAIL = ProbeMap({"ch_mv": "Channel 0"}, assumed={"mains": 1})
NAMED = [Rule.load(name) for name in ("mp102-wg-2020-04", "mp102-per-reboot", "design-target", "all-ad1-legitimate")]


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
    assert "--at reset=TIME" in sentence(judged(path, RAIL))
    activation_only = Rule.load("mp102-activation-only")
    assert "--at activation=TIME" in sentence(judged(path, RAIL, ("reset", 100 * S, ""), rule=activation_only))
    no_mains = judged(analog(tmp_path / "b.csv", [12.0] * 130 + [0.0] * 200 + [12.0] * 99, 1.0),
                      ProbeMap({"ch_mv": "Channel 0"}), ACTIVATION, OUTCOME)  # fmt: skip
    assert no_mains.status == "undecided" and "mains was not captured" in no_mains.cause
    assert "--map mains=CHANNEL or --assume 'mains on'" in sentence(no_mains)


def test_a_capture_that_begins_in_a_cut_or_ends_in_one(tmp_path):
    begins = judged(
        analog(tmp_path / "a.csv", [0.0] * 100 + [12.0] * 300, 1.0), RAIL, ("reset", 50 * S, "activation"), OUTCOME
    )
    ends = judged(analog(tmp_path / "b.csv", [12.0] * 100 + [0.0] * 100, 1.0), RAIL, ("reset", 100 * S, "activation"))
    assert begins.status == ends.status == "undecided"
    assert begins.cause == "the capture begins in a cut" and "ends in a cut" in ends.cause


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


def test_infinite_and_missing_volts_are_not_known(tmp_path):
    path = tmp_path / "i.csv"
    path.write_text("time [s],ch_mv\n0,12000.5\n1,inf\n2,1e308\n3,nan\n4,12000.5\n5,12000.5\n")
    below = load_capture(path, ProbeMap({}, scale=10**6), [10_800]).below("ch_mv", 10_800)
    assert below.sure == [] and below.may and below.may[0][1] >= 3 * S
