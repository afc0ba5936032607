"""The kit for other people's firmware finds what is wrong with theirs, and says what it cannot see."""

import doctest
import importlib
import re
import shutil
from dataclasses import replace

import pytest
from hypothesis import Phase, find, given, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test
from ridethrough import BadInput, Trace, World, run
from ridethrough.cli import main
from ridethrough.scenarios.plan import DAMAGES
from ridethrough.support.paths import BOARDS
from ridethrough.testing import INVARIANTS, Bench, HostileWorld, reference
from ridethrough.testing.strategies import conversations, fault_plans, images, power_traces, readings, worlds
from ridethrough.world.hub_params import HubParams
from support import ROOT, S, of

EXAMPLE = ROOT / "docs" / "examples" / "own_meter"
EXAMPLES_MOST, STEPS_MOST = 60, 6
SHRUNK = (Phase.explicit, Phase.generate, Phase.target, Phase.shrink)
"""All but the last, which says what else could have been drawn, and takes longer than the rest."""
MAIN, BOARD = "firmware/main.py", "board/board.py"
TAKES_HOLD = "ch_enable = Pin(16, Pin.OUT, value=1)\n_set = Pin(21, Pin.OUT, value=1)"
DEFECTS = {
    "a slow start, and no latch": (
        BOARD,
        TAKES_HOLD,
        "import time\n\ntime.sleep(1)\n" + TAKES_HOLD.replace("21, Pin.OUT, value=1", "21, Pin.OUT, value=0"),
        "darkness",
    ),
    "AC lost follows one edge": (MAIN, "Pin.IRQ_RISING | Pin.IRQ_FALLING", "Pin.IRQ_FALLING", "ac-lost"),
    "AC lost never told": (MAIN, "ac_ok.value(pin.value())", "ac_ok.value(1)", "ac-lost"),
    "register saved now and then": (
        MAIN,
        "def save():\n",
        "def save():\n    if mwh % 5560:\n        return\n",
        "register",
    ),
    "register restored from a file that is gone": (
        MAIN,
        'open("/register") as',
        'open("/register.new") as',
        "register",
    ),
    "no register, no start": (MAIN, "except OSError:", "except ValueError:", "converges"),
}


def world(folder):
    class Theirs(HostileWorld):
        board, firmware = folder / "board", folder / "firmware"

    Theirs.says, Theirs.asks = (b"restart\n",), (b"read\n",)
    return Theirs


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_is_found_and_shrunk(name, tmp_path):
    file, old, new, broken = DEFECTS[name]
    shutil.copytree(EXAMPLE, tmp_path / "meter")
    path = tmp_path / "meter" / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    machine = world(tmp_path / "meter")
    with pytest.raises(AssertionError) as error:
        run_state_machine_as_test(
            seed(2020)(machine),
            settings=settings(
                max_examples=EXAMPLES_MOST,
                stateful_step_count=8,
                deadline=None,
                database=None,
                report_multiple_bugs=False,
                phases=SHRUNK,
            ),
        )
    assert broken in str(error.value), error.value
    steps = [n for n in error.value.__notes__ if "state." in n]
    shown = "\n".join(steps)
    # these are in every run
    assert "state.power_up(" in shown and "state.teardown()" in shown, error.value.__notes__
    count = len(re.findall(r"state\.(?!power_up|teardown|nothing_is_broken)\w+\(", shown))
    assert count <= STEPS_MOST, shown


def test_the_reference_stands_in_a_hostile_world():
    class Reference(HostileWorld):
        updates = True
        says = (b"status\n", b"register\n")

    run_state_machine_as_test(Reference, settings=settings(max_examples=8, stateful_step_count=8, deadline=None))


def test_a_board_that_cannot_hold_is_found_dark():
    # the usual hub's capacitor would carry it over the 24 ms
    bench = Bench("bare_pico", world=World(hub=HubParams(capacitance_uf=470)))
    bench.wait(60)
    bench.press_reset()
    bench.wait(10)
    (found,) = bench.broken()
    assert found.startswith("darkness: the hub was without supply for") and bench.longest_dark_us() > 0


def test_what_a_board_does_not_feed_is_not_checked(tmp_path):
    shutil.copytree(BOARDS / "rpi_pico", tmp_path / "board")
    path = tmp_path / "board" / "board.toml"
    path.write_text(re.sub(r"(?m)^(application|register) .*$", "", path.read_text()))
    bench = Bench(tmp_path / "board", EXAMPLE / "firmware")
    assert [line.split(":")[0] for line in bench.not_checked()] == ["version", "version", "register", "converges"]
    assert all("not checked: needs" in line for line in bench.not_checked()) and len(INVARIANTS) == 6
    with pytest.raises(BadInput, match="takes no images"):
        bench.push()


@pytest.mark.parametrize("module", ["bench", "strategies"])
@pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
def test_examples_in_docstrings(module):
    found = doctest.testmod(importlib.import_module(f"ridethrough.testing.{module}"))
    assert found.attempted and not found.failed


def test_a_virtual_board_for_a_test(virtual_board, capsys):
    link = virtual_board("latch_pico")
    assert main(["board", "status", "--link", str(link)]) == 0 and "latch_pico" in capsys.readouterr().out
    # it would take a core from all tests that follow
    assert main(["board", "stop", "--link", str(link)]) == 0


@pytest.mark.every_guest
def test_one_test_on_every_guest(guest, make_bench, make_board):
    bench = make_bench(make_board("rpi_pico"), guest=guest)
    bench.wait(20)
    bench.mains(False)
    bench.wait(5)
    bench.converges()
    assert bench.broken() == []
    bench.close()


def test_the_reference_page_is_complete_and_of_this_version():
    text = "\n".join(reference.page()) + "\n"
    assert text == (ROOT / "docs" / "testing-reference.md").read_text(), "run make table"
    assert not re.search(r"`: *$", text, re.MULTILINE), "something has no docstring"


def simplest(strategy):
    return find(strategy, lambda found: True, settings=settings(phases=SHRUNK))


def test_strategies_shrink_towards_nothing_happens():
    found = simplest(st.from_type(World))
    assert found == World(duration_us=60 * S, mains=((0, True),), hub_fitted=((0, True),))
    trace = simplest(st.from_type(Trace))
    assert trace.end_us == 1 and trace.events("reset")[0].t_us == 0
    assert simplest(images())[1] == "none" and simplest(conversations()) == ()
    assert simplest(fault_plans()) == () and simplest(readings())["per"] == "cut"
    # each argument is taken as it is given
    assert simplest(worlds(mains=st.just(((0, False),)))).mains == ((0, False),)
    assert simplest(readings(from_=st.just("command")))["from"] == "command"


@settings(max_examples=5)
@given(images(), worlds(duration_us=st.just(70 * S)), conversations())
def test_what_they_make_can_be_used(image, world, typed):
    data, damage = image
    assert len(data) == 8192 and damage in DAMAGES
    trace = run("", "rpi_pico", replace(world, typed=typed))
    assert not trace.events("fault")


@given(readings(), power_traces())
def test_any_reading_judges_any_trace(reading, trace):
    assert of(**reading).check(trace).status in ("pass", "fail", "undecided", "vacuous")
