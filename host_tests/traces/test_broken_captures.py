"""Captures that are broken, or asked for what is not in them: one line says so."""

import gzip
import zipfile
from pathlib import Path

import pytest
from capture_files import analog, rows
from hypothesis import given
from hypothesis import strategies as st
from ridethrough import BadInput, Rule
from ridethrough.cli import main
from ridethrough.traces.load import ProbeMap, load_capture

WG = Rule.load("mp102-wg-2020-04")


BROKEN = [
    ("e.csv", b"", "empty"),
    ("h.csv", b"Time [s],Channel 0\n", "a header and no rows"),
    ("c.csv", b"a,b\n1,2\n", "no column of time among a, b"),
    ("u.csv", b"time,v\n1,2\n", "has no unit"),
    ("b.csv", b"Time [s],Channel 0\n1,2.5\n0.5,2\n", "b.csv:3: time goes backwards"),
    ("s.csv", b"Time [s],Channel 0\n1,2.5\n2\n", "s.csv:3: 1 columns, not 2; is the file cut short?"),
    ("n.csv", b"Time [s],Channel 0\n1,2.5\n2,abc\n", "'abc' is no number"),
    ("i.csv", b"Time [s],Channel 0\n02/03/2024 00:00:00,12\n03/04/2024 00:00:01,12\n", "read two ways"),
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
        (["--map", "mains=Channel 0", "--threshold", "main=5V"], "'main' is no wire"),
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
    with pytest.raises(BadInput, match="threshold_mv"):
        load_capture(path, ProbeMap({}), [10_800])
    # and changes may stand behind the time, as PulseView writes them
    assert load_capture(path, ProbeMap({}, threshold_mv=10_800), [10_800]).below("ch_mv", 10_800).may == []


def test_what_is_captured_cannot_be_assumed(tmp_path):
    path = tmp_path / "r.csv"
    path.write_text(rows("0,1,1,0,0", "130,0,0,1,0"))
    with pytest.raises(BadInput, match=r"mains is in .* already"):
        load_capture(path, ProbeMap({"ch_mv": "rail"}, threshold_mv=10_800, assumed={"mains": 1}), [10_800])


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


@pytest.mark.parametrize(
    ("header", "flags", "name"), [(b"PK\3\4", 6, 30), (b"PK\1\2", 8, 46)], ids=["file", "directory"]
)
def test_a_session_whose_names_are_no_text(tmp_path, header, flags, name):
    """A zip says of each name that it is UTF-8: before the file itself, and once more in its directory."""
    path = tmp_path / "n.sr"
    with zipfile.ZipFile(path, "w") as zf:
        zf.writestr("metadata", "[device 1]\nsamplerate=1 kHz\nprobe1=ch_mv\n")
        zf.writestr("logic-1", bytes(9))
    data = bytearray(path.read_bytes())
    at = data.index(header, data.index(header) + 1)
    data[at + flags + 1] |= 0x08
    data[at + name] = 0xFF
    path.write_bytes(data)
    with pytest.raises(BadInput, match=r"n\.sr: .*can't decode") as error:
        load_capture(path, ProbeMap(threshold_mv=2000))
    assert "\n" not in str(error.value)


def test_a_run_of_ours_whose_events_were_edited(tmp_path):
    """An alert without its time and a log entry without its code are drawn all the same."""
    path = tmp_path / "e.vcd"
    path.write_bytes((Path(__file__).parents[1] / "fuzz" / "corpus" / "vcd" / "an-alert-without-its-time").read_bytes())
    assert main(["check", str(path), "--html", str(tmp_path / "e.html")]) in (0, 1, 3)
    assert "AD1 (power outage) sent" in (tmp_path / "e.html").read_text()
