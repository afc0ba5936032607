"""One scenario, two guests, one trace: equal to the microsecond, for every scenario."""

from dataclasses import replace

import pytest
from ridethrough import Board, Firmware, Scenario, World, run, run_scenario
from ridethrough.guests.micropython import MicroPythonGuest
from ridethrough.reports.difference import draw
from ridethrough.reports.timeline import Glyphs
from ridethrough.sweep.explore import fresh_state
from ridethrough.sweep.faults import Fault
from ridethrough.sweep.recovery import recover
from ridethrough.sweep.setting import Setting
from ridethrough.traces.difference import first_difference
from support import PICO, REFERENCE, S, assert_same, guests, lines, run_steps, with_main

pytestmark = pytest.mark.skipif("micropython" not in guests(), reason="no MicroPython VM on this machine")
BOTH = ("cpython", "micropython")


@pytest.mark.parametrize("board", ["bare_pico", "latch_pico"])
def test_the_update_is_the_same_on_every_board(board):
    scenario = Scenario.load("update", board)
    assert_same(run_scenario(scenario), run_scenario(scenario, guest=MicroPythonGuest()))


def test_the_first_difference_is_found_and_drawn():
    one = run_steps(seconds=4)
    late = REFERENCE.files["/main.py"].replace(b"import gc\n", b"import gc\nimport time\ntime.sleep_us(7)\n")
    other = run_steps(
        firmware=Firmware("late", dict(REFERENCE.files) | {"/main.py": late}, REFERENCE.application), seconds=4
    )
    difference = first_difference(one, other)
    assert difference is not None
    picture = list(draw(difference, ("one", "other"), (one, other), Glyphs.for_encoding("ascii")))
    assert picture[0] == f"first difference at {difference.t_us / 1e6:.6f} s: {difference.signal}"
    assert any("^" in line for line in picture) and any("#" in line for line in picture)


def test_the_flash_left_by_one_guest_boots_under_the_other():
    # What each guest makes of a state that the other has left in the middle of an update.
    setting = {g: Setting.load(Scenario.load("update").with_image_bytes(8192), PICO, REFERENCE, g) for g in BOTH}
    fresh = fresh_state(setting["cpython"].scenario)
    for left, boots in (BOTH, BOTH[::-1]):
        states = recover(setting[left], fresh, Fault("power-up")).states
        state = [s for s in states.values() if s.phase == "armed"][-1]
        recovery = recover(setting[boots], state, Fault("watchdog"), record=False)
        assert not recovery.broken
        assert recovery.trace.events("outcome")[-1].data["version"] == "2"


def test_a_sampled_sweep_is_the_same_under_the_vm():
    # The same states, in number and kind, from every recovery; every ninth state, by power and by reset in turn.
    setting = {g: Setting.load(Scenario.load("update").with_image_bytes(8192), PICO, REFERENCE, g) for g in BOTH}
    fresh = fresh_state(setting["cpython"].scenario)
    first = {g: recover(setting[g], fresh, Fault("power-up")) for g in BOTH}
    assert first["cpython"].states == first["micropython"].states
    assert not first["micropython"].broken
    compared = 0
    for state in [*first["cpython"].states.values()][::9]:
        fault = Fault(("power-up", "watchdog")[compared % 2])
        one, other = (recover(setting[g], state, fault) for g in BOTH)
        assert not one.broken and not other.broken, (state.path, fault, one.broken, other.broken)
        assert one.counts == other.counts and one.states == other.states, (state.path, fault)
        assert_same(one.trace, other.trace)
        compared += 1
    assert compared >= 8


def test_the_prompt_is_the_same():
    typed = "x = 6 * 7\nx\nprint('a' * 3)\nfor i in range(2):\n  print(i)\n\nraise ValueError(7)\n'it''s'\n\x04"
    world = {"typed": ((1 * S, typed.encode()),)}
    one, other = (run_steps(firmware=with_main("print('up')\n"), seconds=3, guest_name=g, **world) for g in BOTH)
    said = [line for line in lines(other) if "Traceback" not in line and "File" not in line]
    assert said == [line for line in lines(one) if "Traceback" not in line and "File" not in line]
    assert said[0] == "up" and "42" in said and "aaa" in said and "'its'" in said
    assert said.count("up") == 2 and "MPY: soft reboot" in said


def test_the_network_is_the_same():
    source = "import requests\nr = requests.get('http://x/y')\nprint(r.status_code, r.text)\n"
    source += "r = requests.get('http://x/z')\nprint(r.status_code)\n"
    world = {"network": {"http://x/y": b"hello"}}
    one, other = (run_steps(firmware=with_main(source), seconds=9, guest_name=g, **world) for g in BOTH)
    assert lines(one)[:2] == ["200 hello", "404"]
    assert_same(one, other)


def test_errors_of_the_flash_are_the_same():
    # A driver that reports: littlefs moves elsewhere, on both guests alike.
    board = replace(PICO, flash_reports_errors=True)
    setting = {g: Setting.load(Scenario.load("update").with_image_bytes(8192), board, REFERENCE, g) for g in BOTH}
    fresh = fresh_state(setting["cpython"].scenario)
    for block in (0, 1, 40, 41):
        one, other = (recover(setting[g], fresh, Fault("power-up", "bad", block), record=False) for g in BOTH)
        assert_same(one.trace, other.trace)


def test_times_of_modification_cost_flash():
    # Why both guests mount without: the stock mount writes more (here a page more for each commit), and the host's
    # littlefs would not follow.
    many = with_main("from esme import store\nfor i in range(60):\n    store.replace('/x', bytes(210))\n")
    plain, stock = (
        run(many, PICO, World(duration_us=20 * S), guest=MicroPythonGuest(mtime=mtime)) for mtime in (False, True)
    )
    one, other = (sum(trace.notes["programmed_bytes"].values()) for trace in (plain, stock))
    assert 1.01 < other / one < 1.6, (one, other)


def test_a_board_of_another_directory_runs_too(tmp_path):
    board = tmp_path / "mine"
    board.mkdir()
    for name in ("board.toml", "board.py"):
        (board / name).write_bytes((Board.load("rpi_pico").directory / name).read_bytes())
    scenario = Scenario.load("flash_lost", str(board))
    assert_same(run_scenario(scenario), run_scenario(scenario, guest=MicroPythonGuest()))


def test_a_timer_that_is_due_at_a_soft_reset_calls_nobody():
    # its interpreter is gone by the time at which the port says "soft reboot"
    source = "import machine, time\nmachine.Timer(mode=1, period=3, callback=lambda t: None)\n"
    source += "time.sleep_us(2800)\nprint('again')\nmachine.soft_reset()\n"
    one, other = (run_steps(firmware=with_main(source), seconds=1, guest_name=g) for g in BOTH)
    assert lines(other).count("again") > 3
    assert_same(one, other)
