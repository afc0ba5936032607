"""Sweeps of firmware that is not ours: what counts as running, what is counted, what is told and how often."""

import json
from dataclasses import replace

import pytest
from ridethrough import Board, Firmware, Scenario
from ridethrough.cli import main
from ridethrough.invariants.table import NEEDS
from ridethrough.invariants.violation import Violation
from ridethrough.reports.sweep import lines, replay_lines, summary
from ridethrough.sweep.explore import sweep
from ridethrough.sweep.faults import FAULTS
from ridethrough.sweep.flash import Contents
from ridethrough.sweep.replay import replay
from ridethrough.sweep.setting import Setting

HEAD = """from machine import Pin
import time
mains, ac = Pin(18, Pin.IN), Pin(17, Pin.OUT)
def follow(pin):
    ac.value(mains.value())
mains.irq(follow, Pin.IRQ_RISING | Pin.IRQ_FALLING, hard=True)
follow(mains)
"""
IDLE = """
while True:
    time.sleep_ms(50)
"""
RUNS = HEAD + "print('meter 1 is up')" + IDLE
SIGNAL = "[signals]\napplication = 'meter (?P<version>[0-9]+) is up'\n"
BY_PIN = "[signals]\napplication = { pin = 'running_n', level = 0, version = '1' }\n"


def lay(folder, **files):
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_py", ".py").replace("_toml", ".toml")
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text)


def made(tmp_path, files, new=None, scenario="", signals=SIGNAL, guest="cpython"):
    """A sweep's setting. `files` go on the board; `new`: those that the update changes, afterwards."""
    lay(tmp_path, board__board_toml='extends = "rpi_pico"\n' + signals, board__board_py="")
    firmware = Firmware.load("")
    if files:
        for name, text in files.items():
            lay(tmp_path / "fw", **{name: text})
        firmware = Firmware.load(str(tmp_path / "fw"))
    toml = f'title = "mine"\n{scenario}\n[sweep]\n'
    if new:
        lay(tmp_path / "new", **new)
        names = [f"/{name.replace('_py', '.py')}" for name in new]
        toml += f'updates = {json.dumps(names)}\nnew = "new"\n'
    (tmp_path / "mine.toml").write_text(toml)
    here = Scenario.load(str(tmp_path / "mine.toml"))
    return Setting.load(here, Board.load(str(tmp_path / "board")), firmware, guest)


def once(setting, faults=("power", "reset"), cuts=1):
    result = sweep(setting, cuts, faults)
    assert sorted([*result.held, *result.failures, *result.not_checked]) == sorted(NEEDS)
    assert len(result.held) + len(result.failures) + len(result.not_checked) == len(NEEDS)
    assert set(result.broken) == set(result.failures)
    return result


def told(result):
    return [line.plain for line in lines(result, lambda ident: f"again {ident}")]


# --- converges -----------------------------------------------------------------------------------

DEAD = {
    "import": ("import notthere", "ImportError: no module named 'notthere'"),
    "syntax": ("def x(:", "SyntaxError"),
    "raises": (HEAD + "raise ValueError('no calibration')", "ValueError: no calibration"),
    "waits": (HEAD + "print('waiting for the radio')" + IDLE, "waiting for the radio"),
}


@pytest.mark.parametrize(("source", "says"), DEAD.values(), ids=DEAD)
def test_firmware_that_never_runs_is_broken_and_its_console_says_why(tmp_path, source, says):
    result = once(made(tmp_path, {"main_py": source}, {"main_py": source}), ["power"])
    (broken,) = result.broken["converges"]
    assert broken.text.startswith("no application ran") and "meter (?P<version>[0-9]+) is up" in broken.text
    assert any(says in line for line in broken.console) and any(
        f"| {line}" in "\n".join(told(result)) for line in broken.console
    )
    assert "version" in result.held


def test_firmware_that_resets_for_ever_runs_no_application(tmp_path):
    result = once(made(tmp_path, {"main_py": HEAD + "import machine\nprint('again')\nmachine.reset()"}), ["power"])
    assert {"boots", "converges"} <= set(result.failures)
    assert result.broken["boots"][0].console == ("again",) * 8


@pytest.mark.parametrize("ends", ["raise SystemExit", "import machine\nmachine.soft_reset()", "import sys\nsys.exit()"])
def test_firmware_that_starts_its_interpreter_for_ever_is_given_up_soon(tmp_path, ends):
    result = once(made(tmp_path, {"main_py": HEAD + ends}), ["reset"])
    assert {"boots", "converges"} <= set(result.failures)
    assert result.longest_recovery_us < 5_000_000


def test_an_application_that_is_reset_and_does_not_come_back_is_broken(tmp_path):
    source = HEAD + (
        "import machine, os\n"
        "if 'ran' in os.listdir():\n    time.sleep(3600)\n"
        "print('meter 1 is up')\nopen('ran', 'w').close()\nmachine.reset()"
    )
    result = once(made(tmp_path, {"main_py": source}), ["reset"])
    assert {b.text.partition(":")[0] for b in result.broken["converges"]} == {
        "no application ran", "no application runs any more",
    }  # fmt: skip


@pytest.mark.parametrize("signals", [SIGNAL, BY_PIN], ids=["line", "pin"])
def test_an_application_that_starts_late_converges(tmp_path, signals):
    slow = HEAD + "time.sleep(90)\nPin(19, Pin.OUT).value(0)\nprint('meter 1 is up')" + IDLE
    result = once(made(tmp_path, {"main_py": slow}, signals=signals), ["power"])
    assert not result.broken and "converges" in result.held
    assert result.longest_recovery_us > 90_000_000


def test_a_pin_that_never_moves_is_told_as_a_pin(tmp_path):
    result = once(made(tmp_path, {"main_py": RUNS.replace("print", "str")}, signals=""), ["power"])
    assert "line '\\* application" in result.broken["converges"][0].text
    board = replace(Board.load(str(tmp_path / "board")), signals={})
    by_pin = made(tmp_path / "2", {"main_py": RUNS}, signals=BY_PIN)
    result = once(replace(by_pin, board=replace(board, pin_signals=by_pin.board.pin_signals)), ["power"])
    assert "its signal is the pin" in result.broken["converges"][0].text


@pytest.mark.parametrize("source", [RUNS, "import notthere", HEAD + "raise ValueError"])
def test_without_a_signal_converges_is_not_checked(tmp_path, source):
    here = made(tmp_path, {"main_py": source})
    signals = {name: p for name, p in here.board.signals.items() if name != "application"}
    result = once(replace(here, board=replace(here.board, signals=signals)), ["power"])
    assert result.not_checked["converges"] == "the signal application" and "converges" not in result.failures
    assert "  converges          not checked: needs the signal application" in told(result)


# --- AC lost -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "undriven"),
    [
        ("print('meter 1 is up')\nimport time" + IDLE, True),
        ("import notthere", True),
        ("from machine import Pin\nPin(17, Pin.OUT, value=1)\nprint('meter 1 is up')\nimport time" + IDLE, False),
    ],
    ids=["runs", "dead", "driven-wrongly"],
)
def test_it_is_said_whether_an_undriven_ac_lost_counts(tmp_path, source, undriven):
    result = once(made(tmp_path, {"main_py": source}), ["power"])
    (broken,) = result.broken["ac-lost"]
    assert ("nothing drove ac_ok (GPIO 17), and that counts, too" in broken.text) == undriven


# --- what is counted -----------------------------------------------------------------------------

SAYS = {
    "nothing-else": "",
    "a-phase": "print('* phase idle')\n",
    "a-log": "print('* log 8F35 mains restored')\n",
    "a-register": "print('OK mwh=0')\n",
}


@pytest.mark.parametrize("line", SAYS.values(), ids=SAYS)
def test_held_and_broke_and_not_checked_are_all_and_all_are_shown(tmp_path, line):
    result = once(made(tmp_path, {"main_py": HEAD + line + RUNS}, {"main_py": RUNS}))
    text = told(result)
    for status, count in (("held", 0), ("BROKEN", 0), ("not checked", 0)):
        count = sum(row[2:].split(" ")[0] in NEEDS and row[21:].startswith(status) for row in text)
        assert count == {"held": len(result.held), "BROKEN": 0, "not checked": len(result.not_checked)}[status]
    assert not result.failures and "0 broke" in summary(result)
    assert ("log" in result.held) == ("8F35" in line)


def test_a_log_that_lacks_an_entry_is_broken_once_the_firmware_logs(tmp_path):
    source = HEAD + "print('* log 8F72 image verified')\n" + RUNS
    result = once(made(tmp_path, {"main_py": source}), ["power"])
    assert "a power-up, and no 8F35 says so" in result.broken["log"][0].text


# --- version -------------------------------------------------------------------------------------

PAIR = {"a_py": "V = 1\n", "b_py": "V = 1\n"}
NEW_PAIR = {"a_py": "V = 2\n", "b_py": "V = 2\n"}
START = "\nimport a\nprint('meter %d is up' % a.V)" + IDLE
JOURNAL = """
import os
if 'done' not in os.listdir():
    for n in ('a.py', 'b.py'):
        with open(n + '.new', 'w') as f:
            f.write('V = 2\\n')
    open('done', 'w').close()
for n in ('a.py', 'b.py'):
    if n + '.new' in os.listdir():
        os.rename(n + '.new', n)
"""
NO_JOURNAL = """
import os
if 'done' not in os.listdir():
    open('done', 'w').close()
    for n in ('a.py', 'b.py'):
        with open(n, 'w') as f:
            f.write('V = 2\\n')
"""
IN_BACKGROUND = """
import os
print('meter 1 is up')
for n in ('a.py', 'b.py'):
    if 'began' in os.listdir() and n == 'b.py':
        break
    open('began', 'w').close()
    with open(n + '.new', 'w') as f:
        f.write('V = 2\\n')
    os.rename(n + '.new', n)
"""


@pytest.mark.parametrize(
    "tail", ["", "time.sleep_ms(5)\n", "open('extra', 'w').close()\n"], ids=["plain", "slow", "extra"]
)
def test_an_update_that_is_finished_before_anything_runs_is_whole(tmp_path, tail):
    result = once(made(tmp_path, {**PAIR, "main_py": HEAD + JOURNAL + tail + START}, NEW_PAIR))
    assert not result.failures and "version" in result.held and result.merged_states > 10


@pytest.mark.parametrize(
    ("update", "where", "mixed"),
    [
        (NO_JOURNAL + START, "runs", "/a.py new, /b.py old"),
        (NO_JOURNAL.replace("'a.py', 'b.py'", "'b.py', 'a.py'") + START, "runs", "/a.py old, /b.py new"),
        (NO_JOURNAL.replace("f.write('V = 2\\n')", "f.write('V = 3\\n')") + START, "runs", "/a.py neither"),
        (IN_BACKGROUND + IDLE, "is there at the end", "/a.py new, /b.py old"),
    ],
    ids=["no-journal", "other-order", "something-else", "in-background"],
)
def test_an_update_that_is_half_done_where_it_runs_or_at_the_end_is_broken(tmp_path, update, where, mixed):
    here = made(tmp_path, {**PAIR, "main_py": HEAD + update}, NEW_PAIR)
    result = once(here)
    found = [b for b in result.broken["version"] if f"the new one {where}: {mixed}" in b.text]
    assert found
    assert found[0].text in [b.text for b in replay(here, found[0].ident).broken]


def test_what_a_pin_says_to_run_is_judged_without_a_line(tmp_path):
    source = HEAD + NO_JOURNAL + "Pin(19, Pin.OUT).value(0)" + JOURNAL + IDLE
    files = {
        **PAIR,
        "main_py": source.replace("if 'done' not", "if 'more' not", 2).replace("open('done'", "open('more'"),
    }
    result = once(made(tmp_path, files, NEW_PAIR, signals=BY_PIN))
    assert any("runs: /a.py" in b.text for b in result.broken["version"])


# --- told once, by name --------------------------------------------------------------------------


def test_a_failure_is_told_once_with_how_many_ways_lead_to_it(tmp_path):
    here = made(tmp_path, {**PAIR, "main_py": HEAD + NO_JOURNAL + START}, NEW_PAIR)
    result = once(here)
    for name, found in result.broken.items():
        kinds = [b.kind for b in found]
        assert len(set(kinds)) == len(kinds)
        assert sum(result.ways[kind] for kind in kinds) == result.failures[name]
    most = max(result.broken["version"], key=lambda b: result.ways[b.kind])
    assert result.ways[most.kind] > 1
    assert f"    {most.text} ({result.ways[most.kind]} ways lead to it, this is the first)" in told(result)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("dark for 3 min 20 s from 1.5 s on", "dark for 4 min from 200 ms on", True),
        ("5 mWh after 7 mWh had been reported", "6 mWh after 123 mWh had been reported", True),
        ("/a.py neither (12 bytes)", "/a.py neither (7 bytes)", True),
        ("/a.py new, /b.py old", "/a.py old, /b.py new", False),
        ("version 3 runs", "version 4 runs", False),
    ],
)
def test_amounts_alone_make_no_other_failure(one, other, same):
    assert (Violation("x", one, 0).kind == Violation("x", other, 9).kind) == same
    assert Violation("x", one, 0).kind != Violation("y", one, 0).kind


WRITES = {
    "changed": ("open('lib.py', 'w').close()", "/lib.py changed"),
    "gone": ("import os\nos.remove('lib.py')", "/lib.py is gone"),
    "deep": ("open('sub/deep.py', 'w').close()", "/sub/deep.py changed"),
    "two": (
        "import os\nos.remove('lib.py')\nopen('sub/deep.py', 'w').close()",
        "/lib.py is gone, /sub/deep.py changed",
    ),
}


@pytest.mark.parametrize(("source", "says"), WRITES.values(), ids=WRITES)
def test_a_resident_file_that_changed_is_named(tmp_path, source, says):
    files = {
        "lib_py": "x = 1\n",
        "sub__deep_py": "y = 1\n",
        "main_py": HEAD + "try:\n    " + source.replace("\n", "\n    "),
    }
    files["main_py"] += "\nexcept OSError:\n    pass\nprint('meter 1 is up')" + IDLE
    result = once(made(tmp_path, files))
    assert says in [b.text for b in result.broken["resident-files"]]


def test_a_file_of_the_reference_s_name_is_any_file(tmp_path):
    # the reference's register is compared by its last entry only, its .new files by being there; others whole
    reader = made(tmp_path, {"main_py": RUNS}).reader
    for path in ("/register.log", "/register.log.new", "/boot.rec.new"):
        keys = {reader.key(Contents(True, files={path: letter * 12}), 0) for letter in (b"A", b"B", b"C")}
        assert len(keys) == 3


# --- replays -------------------------------------------------------------------------------------


@pytest.mark.parametrize("ident", ["u", "u.1-u", "u.1-w", "u.1-w.1-u"])
def test_a_replay_shows_each_boot_s_console_with_its_times(tmp_path, ident):
    source = HEAD + "print('hello')\nopen('n', 'w').close()\n" + RUNS
    again = replay(made(tmp_path, {"main_py": source}), ident)
    boots = len(ident.split("-"))
    assert len(again.consoles) == len(again.steps) == boots
    times = [t for console in again.consoles for t, _ in console]
    assert times == sorted(times) and times[-1] <= again.trace.end_us
    assert all(console[0][1] == "hello" for console in again.consoles)
    assert again.consoles[-1][1][1] == "meter 1 is up"
    events = [e.t_us for e in again.trace.events("application")]
    assert events == [t for console in again.consoles for t, line in console if "is up" in line]
    rows = [row.plain for row in replay_lines(again)]
    for t_us, line in again.consoles[-1]:
        assert f"{t_us / 1e6:14.6f} s  | {line}" in rows


def test_of_a_long_console_the_last_lines_are_shown(tmp_path):
    source = HEAD + "for i in range(100):\n    print('line', i)\n" + RUNS
    rows = [row.plain.strip() for row in replay_lines(replay(made(tmp_path, {"main_py": source}), "u"))]
    assert "(61 lines before these)" in rows and any(row.endswith("| line 99") for row in rows)
    assert not any(row.endswith("| line 60") for row in rows)


# --- programs ------------------------------------------------------------------------------------

ASK = """#!/bin/sh
ask() { printf '%s\\n' "$1" >&4; read -r answer <&3; }
say() { ask "[\\"stdout_write\\", \\"$1\\\\n\\"]"; }
ask '["pin_configure", 17, 1, 0, 1]'
"""
STAYS = "ask '[\"sleep_us\", 900000000]'\n"


def program(tmp_path, text, **more):
    path = tmp_path / "meter"
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(ASK + text)
    path.chmod(0o755)
    return made(tmp_path, None, guest=f"exec:{path}", **more)


def test_a_program_is_judged_as_foreign(tmp_path):
    result = once(program(tmp_path, "say 'meter 1 is up'\n" + STAYS), [f for f in FAULTS if f != "clock"])
    assert set(result.failures) == {"ac-lost"}  # it drives the line, and not after mains
    of_the_reference = {"mounts", "resident-files", "verified-image", "verified-slot", "record", "least-counter"}
    assert of_the_reference | {"version"} <= set(result.not_checked)
    assert "converges" in result.held


def test_a_program_with_files_of_its_own_is_asked_for_them(tmp_path):
    setting = made(tmp_path, {**PAIR, "main_py": ""}, NEW_PAIR)
    mine = program(tmp_path / "p", "say 'meter 1 is up'\n" + STAYS)
    setting = Setting(setting.scenario, setting.board, setting.firmware, mine.guest)
    result = once(setting, ["reset"])
    assert {"mounts", "resident-files", "version"} <= set(result.held)


def test_steps_with_images_are_left_out_for_firmware_that_takes_none(tmp_path):
    mine = program(tmp_path, "say 'meter 1 is up'\n" + STAYS)
    setting = Setting.load(Scenario.load("update"), mine.board, Firmware.load(""), mine.guest)
    result = once(setting, ["reset"])
    assert result.not_checked["stated"] == "firmware that takes the scenario's images" and not result.failures
    assert result.longest_recovery_us < 10_000_000


@pytest.mark.parametrize(
    ("ends", "how"),
    [
        ("exit 4", "exit status 4"),
        ("kill -ABRT $$", "killed by signal 6 (SIGABRT)"),
        ("kill -KILL $$", "killed by signal 9 (SIGKILL)"),
        ("exit 0", "exit status 0"),
    ],
)
def test_a_program_that_ends_is_told_with_its_time_and_runs_no_application(tmp_path, ends, how, capsys):
    setting = program(tmp_path, "say 'meter 1 is up'\nask '[\"sleep_us\", 250000]'\n" + ends)
    result = once(setting, ["reset"])
    assert set(result.ended) == {how} and result.endings[how] == result.boots
    text = "\n".join(told(result))
    at = result.ended[how].t_us
    assert at > 550_000 and f"guest ended        {how}, in {result.boots} boot" in text
    assert result.broken["converges"][0].text == f"no application runs any more: the guest ended, {how}"
    assert [e.t_us for e in replay(setting, result.ended[how].ident).trace.events("fault")] == [at]
    words = ["sweep", str(tmp_path / "mine.toml"), "--board", str(tmp_path / "board"), "--guest", setting.guest]
    assert main([*words, "--faults", "reset", "--cuts", "1", "--jobs", "1", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["guest_ended"][how]["t_us"] == at and found["broken"]["converges"]["first"][0]["ways"] == 1


@pytest.mark.parametrize(
    ("requests", "states"),
    [
        (['"flash_program", 1437696, "70"', '"flash_program", 1437697, "71"', '"flash_program", 1437696, "30"'], 3),
        (['"flash_program", 1437696, "70"', '"flash_program", 1437696, "70"'], 2),
        (['"flash_erase", 351', '"flash_program", 1437696, "70"'], 2),  # and before: as erased
    ],
)
def test_every_byte_of_a_program_s_flash_tells_states_apart(tmp_path, requests, states):
    # block 351 is no file's: a reader of files would not look there
    writes = "".join(f"ask '[{request}]'\n" for request in requests)
    result = once(program(tmp_path, writes + "say 'meter 1 is up'\n" + STAYS), ["reset"])
    assert result.merged_states == states and not result.failures


def test_a_sweep_in_which_nothing_was_written_says_so(tmp_path):
    """An update that begins once the application runs comes too late: the board is at rest by then."""
    late = RUNS.replace("while True", "time.sleep(30)\nopen('application.py', 'w').close()\nwhile True")
    result = once(made(tmp_path, {"main_py": late, "application_py": "1"}, {"application_py": "2"}))
    assert not result.operations and any("no update was tried" in line for line in told(result))
    assert "no update was tried" not in str(told(once(made(tmp_path, {"main_py": "open('a', 'w').close()\n" + RUNS}))))
