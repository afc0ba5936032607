"""`run --firmware` without a scenario: somebody else's firmware is given power, and watched."""

# ruff: noqa: E501  programs in a line

import io
import json
from pathlib import Path

import pytest
from ridethrough import Board, Firmware
from ridethrough.cli import main
from support import guests

BLINK = """
import time
from machine import Pin, WDT
led = Pin(3, Pin.OUT)
w = WDT(timeout=3000)
for i in range(4):
    led.toggle()
    w.feed()
    print("turn", i)
    time.sleep(1)
"""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def firmware():
    def make(main_py, **files):
        Path("fw").mkdir()
        Path("fw/main.py").write_text(main_py)
        for name, text in files.items():
            path = Path("fw", f"{name}.py")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        return "fw"

    return make


def watch(capsys, *options, status=0):
    assert main(["run", "--firmware", "fw", *options]) == status
    return capsys.readouterr().out


@pytest.mark.parametrize("guest", guests())
def test_everything_about_firmware_that_was_only_watched(firmware, capsys, guest):
    firmware(BLINK)
    out = watch(capsys, "--for", "9s", "--guest", guest)
    assert "fw on rpi_pico, watched for 9 s" in out
    assert "turn 3" in out and "reset: watchdog" in out and "reset: power-up" in out
    assert "GPIO3" in out and "PASS: no cut at all" in out
    for nobody_asked in ("push", "no application was announced", "NOT AS STATED", "slot"):
        assert nobody_asked not in out
    line = next(line for line in out.splitlines() if "turn 1" in line)
    assert 1.3 < float(line.split()[0]) < 1.4


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("print('before')\nimport nothing_like_it\n", "ImportError: no module named 'nothing_like_it'"),
        ("def f():\n    1 / 0\nf()\n", "ZeroDivisionError"),
        ("import time\ntime.sleep(2)\nraise ValueError('mine')\n", "ValueError: mine"),
        ("if True print(1)\n", "SyntaxError"),
    ],
)
@pytest.mark.parametrize("guest", guests())
def test_a_traceback_is_the_first_thing_shown(firmware, capsys, source, said, guest):
    firmware(source)
    head = watch(capsys, "--for", "5s", "--guest", guest).partition("mains ")[0]
    assert "The firmware ended with an exception at" in head and said in head


def test_what_is_not_simulated_comes_before_everything_too(firmware, capsys):
    firmware("import machine\ntry:\n    machine.I2S(0)\nexcept Exception:\n    pass\n")
    assert "asked for: machine.I2S" in watch(capsys, "--for", "5s").partition("mains ")[0]


def test_mains_hub_and_keystrokes(firmware, capsys):
    firmware("import sys\nwhile True:\n    print('got', sys.stdin.read(1))\n")
    out = watch(
        capsys, "--for", "2min", "--mains", "off@60s..90s", "--hub", "out@100s..101s", "--type", "z@10s",
        "--type", r"\x03@20s", status=0,
    )  # fmt: skip
    assert "mains lost" in out and "mains on" in out and "got z" in out and "KeyboardInterrupt" in out
    assert " 60.000000 s  mains lost" in out and " 90.000000 s  mains on" in out


def test_figures_for_programs(firmware, capsys):
    firmware(BLINK + "\nraise RuntimeError('end')\n")
    found = json.loads(watch(capsys, "--for", "5s", "--json"))
    assert found["console"][0]["text"] == "turn 0"
    assert found["tracebacks"][0]["text"][-1] == "RuntimeError: end"
    assert found["resets"][0]["kind"] == "power-up"
    (pin,) = [p for p in found["pins"] if p["gpio"] == 3]
    assert pin["count"] == 4 and pin["level"] == 0 and pin["first_us"] < pin["last_us"]


@pytest.mark.parametrize("guest", guests())
@pytest.mark.parametrize(
    ("source", "moved"),
    [
        ("from machine import Pin\nPin(3, Pin.OUT, value=1)\n", [(3, 1, 1)]),
        ("from machine import Pin\nPin('LED', Pin.OUT).on()\n", [(25, 1, 1)]),
        ("from machine import PWM\nPWM(4, freq=100, duty_u16=60000)\n", [(4, 1, 1)]),
        ("from machine import Pin\nPin(16, Pin.OUT, value=0)\n", [(16, 1, 0)]),
        ("from machine import Pin\nPin(3, Pin.OUT, value=0)\nPin(5, Pin.IN)\n", []),
    ],
)
def test_a_pin_that_is_driven_at_once_has_moved(firmware, capsys, source, moved, guest):
    firmware(source)
    found = json.loads(watch(capsys, "--for", "2s", "--json", "--guest", guest))["pins"]
    assert [(p["gpio"], p["count"], p["level"]) for p in found if p["role"] not in ("mains", "ch_present_n")] == moved


def test_a_long_console_is_shown_by_its_ends(firmware, capsys):
    firmware("for i in range(1000):\n    print('line', i)\n")
    out = watch(capsys, "--for", "5s")
    assert "line 0\n" in out and "line 999\n" in out and "line 500\n" not in out and "lines more" in out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--mains", "on@3s"], "--mains 'on@3s': 'off@60s' or 'off@60s..90s' expected"),
        (["--mains", "off@9s..3s"], "--mains 'off@9s..3s': it ends before it begins"),
        (["--mains", "off@1s", "--mains", "off@3s..4s"], "only the last may be without an end"),
        (["--mains", "off@3s..5s", "--mains", "off@4s..6s"], "in order of time, without overlap"),
        (["--mains", "off@90s"], "the run ends at 60 s: see --for"),
        (["--hub", "off@3s"], "--hub 'off@3s': 'out@60s' or 'out@60s..90s' expected"),
        (["--hub", "out@3 parsecs"], "unknown unit of time"),
        (["--type", "status"], "a text and a time expected, such as status@10s"),
        (["--type", "x@70s"], "the run ends at 60 s: see --for"),
        (["--for", "0s"], "longer than 0 and at most 90 days"),
        (["--for", "soon"], "'soon'"),
        (["--break", "main.py"], "a file of the firmware and a line expected"),
        (["update", "--for", "3s"], "--for goes without a scenario: 'update' says what happens"),
        (["update", "--type", "x@1s"], "--type goes without a scenario"),
    ],
)
def test_bad_input_gets_one_line(firmware, capsys, options, said):
    firmware("pass\n")
    assert main(["run", "--firmware", "fw", *options]) == 2
    err = capsys.readouterr().err
    assert said in err and err.count("\n") == 1


def test_a_folder_app_is_the_firmwares_own(firmware, capsys):
    firmware("from app import thing\nprint('is', thing.NAME)\n", **{"app/__init__": "", "app/thing": "NAME = 'mine'\n"})
    assert "is mine" in watch(capsys, "--for", "2s")
    assert not Firmware.load("./fw").application and Firmware.load().application


@pytest.mark.parametrize("own", ["board's", "firmware's", "none"])
def test_a_board_py_is_optional_and_the_firmwares_own_counts(firmware, capsys, own, tmp_path):
    board = tmp_path / "board"
    board.mkdir()
    (board / "board.toml").write_text('extends = "rpi_pico"\n')
    if own == "board's":
        (board / "board.py").write_text('WHOSE = "board\'s"\n')
    firmware(
        "import board\nprint('it is', board.WHOSE)\n", **({"board": 'WHOSE = "firmware\'s"\n'} if own[0] == "f" else {})
    )
    out = watch(capsys, "--for", "2s", "--board", str(board))
    assert (f"it is {own}" in out) == (own != "none") and ("no module named 'board'" in out) == (own == "none")
    if own == "none":
        assert main(["run", "--board", str(board)]) == 2
        assert "no board.py: the firmware needs one" in capsys.readouterr().err


def test_the_reference_is_watched_if_somebody_asks(capsys):
    assert main(["run", "--for", "20s", "--type", "status@15s"]) == 0
    out = capsys.readouterr().out
    assert "reference on rpi_pico, watched for 20 s" in out and "OK phase=" in out


def test_calls_to_the_hardware(firmware, capsys):
    firmware(
        "from machine import Pin\nimport time\np = Pin(3, Pin.OUT)\nfor _ in range(3):\n    p.value(1)\ntime.sleep_ms(7)\ntime.ticks_ms()\n"
    )
    watch(capsys, "--for", "2s", "--calls", "calls.txt")
    text = Path("calls.txt").read_text()
    assert "pin_configure(3, 1, 0, None, None)\n" in text
    assert "pin_write(3, 1)   3 times\n" in text
    assert "sleep_us(7000)\n" in text and "ticks_ms() -> " in text
    assert all(float(line.split()[0]) >= 0.3 for line in text.splitlines())


def test_a_breakpoint_in_ones_own_file(firmware, capsys, monkeypatch):
    firmware(
        "import helper\nfor i in range(3):\n    helper.work(i)\n",
        helper="def work(n):\n    total = n * 2\n    return total\n",
    )
    monkeypatch.setattr("sys.stdin", io.StringIO("p n\nn\np total\nc\np n\nc\nc\n"))
    out = watch(capsys, "--for", "2s", "--break", "helper.py:2")
    assert "-> total = n * 2" in out
    assert [line for line in out.replace("(Pdb) ", "").splitlines() if line.isdigit()] == ["0", "0", "1"]


def test_leaving_the_debugger_ends_the_run(firmware, capsys, monkeypatch):
    firmware("x = 1\nprint('went on')\n")
    monkeypatch.setattr("sys.stdin", io.StringIO("q\n"))
    assert main(["run", "--firmware", "fw", "--break", "main.py:1"]) == 130
    assert "went on" not in capsys.readouterr().out


def test_a_breakpoint_needs_the_cpython_guest(firmware, capsys):
    firmware("pass\n")
    assert main(["run", "--firmware", "fw", "--break", "main.py:1", "--guest", "micropython"]) == 2
    assert "--break goes with the cpython guest" in capsys.readouterr().err


def test_scenarios_on_boards_of_ones_own(tmp_path, capsys):
    board = tmp_path / "mine"
    board.mkdir()
    (board / "board.toml").write_text('extends = "rpi_pico"\n')
    for path, data in Board.load("rpi_pico").files().items():
        (board / path.lstrip("/")).write_bytes(data)
    assert main(["scenarios", "update", "--board", str(board), "--board", "latch_pico"]) == 0
    assert "2 runs, 0 not as stated" in capsys.readouterr().out
