"""The command line as a user meets it: exit statuses, one clear line, nothing half written."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ridethrough.cli import main
from ridethrough.images import generate_keys
from support import ROOT


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def said(capsys):
    captured = capsys.readouterr()
    return captured.out, captured.err


def refused(capsys, *arguments):
    """Status 2, nothing on standard output, one line on standard error."""
    assert main(arguments) == 2
    out, err = said(capsys)
    assert out == "" and err.count("\n") == 1 and err.startswith("ridethrough: "), err
    return err


def test_run_says_what_happened_and_writes_a_vcd(capsys):
    assert main(["run"]) == 0
    out, err = said(capsys)
    assert err == "" and "PASS" in out and "longest darkness   0 us" in out and "\x1b" not in out
    assert Path("build/update.vcd").read_text().startswith("$")


@pytest.mark.parametrize(
    ("arguments", "status"),
    [(["legacy_long_reboot"], 1), (["--board", "bare_pico"], 0), (["update", "--board", "latch_pico"], 0)],
)
def test_run_exit_status(arguments, status, capsys):
    assert main(["run", *arguments]) == status


def test_what_is_not_as_stated_is_said_and_what_was_not_reached(capsys):
    Path("s.toml").write_text(
        'title = "x"\n[world]\nduration = "20 s"\n[[step]]\nat = "90 s"\ndo = "push"\n[shows]\nad1 = 5\n'
    )
    assert main(["run", "s.toml"]) == 0
    out, _ = said(capsys)
    assert "NOT AS STATED: AD1 sent: 0, the scenario states 5" in out
    assert "NOT AS STATED: the step 'push' was not reached" in out


def test_firmware_that_fails_is_heard(capsys):
    Path("mine").mkdir()
    Path("mine/main.py").write_text("def (\n")
    assert main(["run", "--firmware", "mine"]) == 0
    assert "SyntaxError" in said(capsys)[0]
    assert main(["run", "--firmware", "mine", "--json"]) == 0
    assert any("SyntaxError" in text for text in json.loads(said(capsys)[0])["console_tail"])


def test_firmware_with_folders_in_folders(capsys):
    Path("mine/lib/deep/er").mkdir(parents=True)
    Path("mine/lib/deep/er/m.py").write_text("print('deep')\n")
    Path("mine/main.py").write_text("import deep.er.m\n")
    assert main(["run", "--firmware", "mine"]) == 0
    assert "deep" in said(capsys)[0]


def test_a_firmware_that_talks_nonsense_is_no_traceback(capsys):
    Path("mine").mkdir()
    Path("mine/main.py").write_text(
        "print('OK ready')\nprint('* outcome x version=1')\nprint('* log 8F72 \\ud800')\n"
        "import sys\nwhile True:\n    sys.stdin.buffer.read(1)\n    print('OK next=abc')\n"
    )
    assert main(["run", "--firmware", "mine"]) == 0


def test_a_firmware_that_counts_further_than_python_reads_is_no_traceback(capsys):
    Path("mine").mkdir()
    Path("mine/main.py").write_text(
        "import sys\nprint('OK ready')\nprint('* application ' + '7' * 5000)\n"
        "while True:\n    sys.stdin.buffer.read(1)\n    print('OK next=' + '9' * 5000)\n"
    )
    assert main(["run", "update", "--firmware", "mine"]) == 0
    assert "refused: an answer without next=" in said(capsys)[0]


def test_undecided_is_3(tmp_path, capsys):
    text = (ROOT / "tools/ridethrough/scenarios/legacy_long_reboot.toml").read_text()
    Path("cut.toml").write_text(text.replace('"400 s"', '"200 s"'))
    assert main(["run", "cut.toml", "--quiet"]) == 3
    assert "UNDECIDED: the trace ends in a cut" in said(capsys)[0]


def test_json_is_json_and_nothing_else(capsys):
    assert main(["run", "legacy_long_reboot", "--json"]) == 1
    figures = json.loads(said(capsys)[0])
    assert figures["verdict"]["status"] == "fail" and figures["alerts"][0]["doing"] == "meter"
    assert figures["scenario"] == "legacy_long_reboot"


def test_a_picture(capsys):
    from xml.etree import ElementTree

    assert main(["run", "legacy_long_reboot", "--picture", "p/legacy.svg", "--quiet"]) == 1
    root = ElementTree.parse("p/legacy.svg").getroot()
    text = " ".join(e.text or "" for e in root.iter())
    assert "AD1, false (meter)" in text and "FAIL" in text
    assert "http" not in Path("p/legacy.svg").read_text().replace("http://www.w3.org/2000/svg", "")


def test_demo(capsys):
    assert main(["demo", "--output", "out"]) == 0
    out, _ = said(capsys)
    assert out.index("FAIL") < out.index("PASS")
    assert sorted(os.listdir("out")) == [
        "legacy_long_reboot.svg", "legacy_long_reboot.vcd", "update.svg", "update.vcd",
    ]  # fmt: skip


def test_demo_fails_if_a_run_does_not_end_as_stated(capsys, monkeypatch):
    from ridethrough.cli import demo

    monkeypatch.setattr(demo, "SCENARIOS", ("wrong.toml",))
    text = (ROOT / "tools/ridethrough/scenarios/update.toml").read_text()
    Path("wrong.toml").write_text(text.replace("outcome   = 0", "outcome   = 3"))
    assert main(["demo"]) == 1
    assert "NOT AS STATED: outcome: 0, the scenario states 3" in said(capsys)[0]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["run", "updte"], "no scenario 'updte'; did you mean 'update'?"),
        (["run", "none.toml"], "none.toml: No such file"),
        (["run", "--board", "rpi_pic"], "did you mean 'rpi_pico'?"),
        (["run", "--board", "./nowhere"], "no board './nowhere'"),
        (["run", "--firmware", "nowhere"], "no firmware './nowhere'"),
        (["run", "--firmware", "."], "neither boot.py nor main.py"),
        (["run", "typo.toml"], "typo.toml:2: world.duratoin: unknown key; did you mean 'duration'?"),
        (["run", "impossible.toml"], "impossible.toml:2: hub.lost_mv: 99 is not within"),
        (["run", "--vcd", "file/x.vcd"], "file/x.vcd: cannot be written"),
        (["run", "--picture", "/proc/x.svg"], "/proc/x.svg: cannot be written"),
        (["demo", "--output", "file"], "cannot be written"),
        (["run", "--board", "b" * 300], "File name too long"),
        (["run", "--board", "./noboard"], "no board.py"),
        (["image", "keygen", "k" * 300], "File name too long"),
        (["image", "inspect", "noise"], "no Zigbee OTA header"),
        (["image", "inspect", "none"], "none: No such file"),
        (["image", "inspect", "."], "Is a directory"),
        (["image", "sign", "noise", "--key", "none", "-o", "x"], "none: No such file"),
        (["image", "build", "--keys", "none", "--board", "rpi_pico", "--version", "2", "-o", "x"], "keygen"),
        (["image", "build", "--app", "no", "--keys", "n", "--board", "b", "--version", "2", "-o", "x"], "no: no such"),
    ],
)  # fmt: skip
def test_bad_input_is_one_clear_line(arguments, expected, capsys):
    Path("typo.toml").write_text('title = "x"\nworld.duratoin = "3 s"\n')
    Path("impossible.toml").write_text('title = "x"\nhub.lost_mv = 99\n')
    Path("file").write_text("in the way")
    Path("noboard").mkdir()
    Path("noboard/board.toml").write_text('extends = "rpi_pico"\n')
    Path("noise").write_bytes(bytes(range(256)) * 10)
    before = sorted(os.listdir())
    assert expected in refused(capsys, *arguments)
    assert [n for n in sorted(os.listdir()) if n != "build"] == before


def test_image_from_key_to_inspection(capsys):
    assert main(["image", "keygen", "keys"]) == 0
    how = ["--keys", "keys", "--board", "rpi_pico"]
    assert main(["image", "build", *how, "--version", "2", "--size", "16384", "-o", "build/v2.img"]) == 0
    assert Path("build/v2.img").stat().st_size == 16_384
    said(capsys)
    assert main(["image", "inspect", "build/v2.img", "--key", "keys/supplier.pem", "--maker", "keys/maker.pem"]) == 0
    out, _ = said(capsys)
    assert "supplier's signature: holds" in out and "everybody knows" not in out
    assert main(["image", "inspect", "build/v2.img", "--key", "keys/maker.pem"]) == 1
    generate_keys(Path("new"))
    assert main(["image", "sign", "build/v2.img", "--key", "new/supplier.pem", "-o", "build/again.img"]) == 0
    assert main(["image", "inspect", "build/again.img", "--key", "new/supplier.pem", "--json"]) == 0
    refused_size = ["image", "build", *how, "--version", "2", "--size", "300000", "-o", "big.img"]
    said(capsys)
    assert "a slot of rpi_pico holds 262144" in refused(capsys, *refused_size)
    assert "write it like 1..3" in refused(
        capsys, "image", "build", *how, "--version", "2", "--follows", "3", "-o", "x.img"
    )


def shell(*arguments, **environment):
    command = [sys.executable, "-c", "from ridethrough.cli import main; raise SystemExit(main())", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | environment, check=False)


@pytest.mark.parametrize("arguments", [["run"], ["demo"], ["image"], ["image", "build"], ["image", "inspect"]])
def test_help_has_examples(arguments):
    done = shell(*arguments, "--help")
    assert done.returncode == 0 and "examples:" in done.stdout and "  ridethrough " in done.stdout


def test_wrong_usage_is_2():
    assert shell().returncode == 2
    assert shell("rn").returncode == 2
    assert shell("image", "build", "--version", "-1").returncode == 2


def test_colour_only_where_it_is_wanted():
    assert "\x1b[" not in shell("run", "legacy_long_reboot").stdout
    forced = shell("run", "legacy_long_reboot", FORCE_COLOR="1", TERM="xterm-256color").stdout
    assert "\x1b[" in forced
    plain = shell("run", "legacy_long_reboot", FORCE_COLOR="1", NO_COLOR="1", TERM="xterm-256color").stdout
    assert "\x1b[31" not in plain and "\x1b[1;31" not in plain


def test_a_terminal_that_knows_only_ascii():
    done = shell("run", "legacy_long_reboot", PYTHONIOENCODING="ascii")
    assert done.returncode == 1 and "####" in done.stdout and done.stderr == ""


def test_the_reader_of_a_pipe_may_leave():
    for arguments, status in (("run", 0), ("run legacy_long_reboot", 1), ("run --json", 0)):
        ours = f"{sys.executable} -c 'from ridethrough.cli import main; raise SystemExit(main())' {arguments}"
        script = f"{ours} | head -1; exit ${{PIPESTATUS[0]}}"
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (status, ""), arguments
