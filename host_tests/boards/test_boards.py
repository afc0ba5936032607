"""Boards: what does not fit is said with how to mend it; each way of holding the rail behaves as it must."""

import shutil
from dataclasses import replace

import pytest
from ridethrough import BadInput, Board, Firmware, Scenario, World, run, run_scenario
from ridethrough.boards.check import constants, problems
from ridethrough.cli import main
from ridethrough.cli.board.used_pins import UsedPins
from ridethrough.guests.cpython import CPythonGuest
from ridethrough.guests.flashfs import fresh_flash
from ridethrough.guests.named import guest_named
from ridethrough.reports.wiring import write_wiring
from ridethrough.support.paths import BOARDS
from ridethrough.world.clock import Order
from ridethrough.world.site import Site
from support import ROOT, S, guests, lines, with_main

EVERY = sorted(p.parent.name for p in BOARDS.glob("*/board.toml"))
HOLDING = [name for name in EVERY if Board.load(name).hold != "none"]


@pytest.mark.parametrize("name", EVERY)
def test_each_board_is_sound_and_the_firmware_runs_on_it(name, capsys):
    assert main(["board", "check", name]) == 0
    assert "sound" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["rpi_pico2", "esp32_devkit", "pybd_sf2"])
def test_both_guests_do_the_same_on_it(name):
    scenario, board = Scenario.load("update", name), Board.load(name)
    one, other = (run_scenario(scenario, board, guest=guest_named(guest)) for guest in ("cpython", "micropython"))
    assert one.voltages == other.voltages and one.wires == other.wires and one.log == other.log


@pytest.mark.parametrize(
    ("name", "faults"), [("rpi_pico2", "power"), ("esp32_devkit", "power,reset"), ("pybd_sf2", "power,reset")]
)
def test_single_cuts_on_it(name, faults, capsys):
    assert main(["sweep", "--board", name, "--size", "8192", "--cuts", "1", "--faults", faults]) == 0
    assert ", 0 broke" in capsys.readouterr().out


@pytest.mark.parametrize("guest", guests())
@pytest.mark.parametrize("name", EVERY)
def test_it_knows_a_soft_reset_from_every_other(name, guest):
    """By what its port offers; machine.reset_cause() as the port has it."""
    boot_py = Board.load(name).files()["/boot.py"].decode().partition("from esme")[0]
    main_py = (
        "import machine, os, sys\nprint('#', bool(soft_reset), machine.reset_cause())\n"
        "n = len(os.listdir('/')) - len(os.listdir('/esme'))\nopen('/n%d' % n, 'w').close()\n"
        "made = [f for f in os.listdir('/') if f[:1] == 'n']\n"
        "sys.exit() if len(made) == 1 else machine.reset() if len(made) == 2 else None\n"
    )
    trace = run(with_main(main_py, boot_py), Board.load(name), World(duration_us=10 * S), guest=guest_named(guest))
    causes = {"stm32": (1, 0, 2)}.get(Board.load(name).port, (1, 1, 3))
    said = [line for line in lines(trace) if line.startswith("#")]
    assert said == [f"# False {causes[0]}", f"# True {causes[1]}", f"# False {causes[2]}"]


ELSEWHERE = """
import os, pyb, vfs

def tried(f, *a):
    try:
        return f(*a)
    except OSError as e:
        return e.args[0]

def look():
    print("#", os.getcwd(), os.listdir("/"), tried(os.stat, "/flash/boot.py") == 19, tried(os.stat, "/boot.py"))
    print("#", tried(open, "/x", "w"), tried(os.remove, "/"), tried(os.listdir, "/none"), os.stat("/")[0])

look()
vfs.umount("/flash")
look()
vfs.mount(vfs.VfsLfs2(pyb.Flash(start=0), progsize=256, mtime=False), "/")
print("#", os.getcwd(), os.listdir("/"), tried(os.stat, "/flash/boot.py"), os.stat("boot.py")[6] > 0)
"""


def test_a_flash_that_is_not_at_the_root_on_both_guests():
    """As the stm32 port mounts it; and where nothing is mounted there is nothing."""
    firmware = Firmware("test", {"/boot.py": ELSEWHERE.encode()}, {})
    board = replace(Board.load("pybd_sf2"), console="uart")  # what boot.py prints is to be seen
    said = []
    for guest in guests():
        trace = run(firmware, board, World(duration_us=S), guest=guest_named(guest))
        said.append([line for line in lines(trace) if line.startswith("#")])
    assert len(said[0]) == 5 and all(one == said[0] for one in said), said


@pytest.mark.parametrize("name", EVERY)
def test_the_wiring_in_the_documentation_is_of_this_board(name, tmp_path):
    write_wiring(Board.load(name), tmp_path / "w.svg")
    stored = ROOT / "docs" / "pictures" / f"wiring-{name}.svg"
    assert (tmp_path / "w.svg").read_text() == stored.read_text(), "run make pictures"


RESETS = ("watchdog", "commanded", "brown-out")


def rail_after(board, kind):
    """For how long CH power is below 90 % after a reset of that kind at 20 s, in us."""
    ends = {"watchdog": "machine.WDT(timeout=1000)\n", "commanded": "machine.reset()\n", "brown-out": ""}
    main_py = (
        "import machine, os, time\nif 'done' not in os.listdir('/'):\n"
        "    open('/done', 'w').close()\n    time.sleep(20)\n"
        f"    print('* shutdown commanded')\n    {ends[kind]}while True:\n    time.sleep(1)\n"
    )
    site = Site(board, World(duration_us=60 * S), CPythonGuest(), fresh_flash(with_main(main_py), board))
    if kind == "brown-out":
        site.clock.at(40 * S, Order.PHYSICS, lambda: site.mcu.reset("brown-out"))
    site.run(60 * S)
    trace = site.finish()
    site.close()
    assert [e.data["kind"] for e in trace.events("reset")] == ["power-up", kind]
    return sum(b - a for a, b in trace.voltages["ch_mv"].below(10_800, trace.end_us) if a > 10 * S)


# A pull-up and a latch hold whatever happens to the chip; a pad is lost with the chip's supply; nothing holds nothing.
LOST = {"none": RESETS, "pull": (), "latch": (), "pad": ("brown-out",)}


@pytest.mark.parametrize("kind", RESETS)
@pytest.mark.parametrize("name", EVERY)
def test_the_rail_through_each_kind_of_reset(name, kind):
    board = Board.load(name)
    dark_us = rail_after(board, kind)
    assert bool(dark_us) == (kind in LOST[board.hold]), dark_us


@pytest.fixture
def mine(tmp_path):
    shutil.copytree(BOARDS / "rpi_pico", tmp_path / "mine")

    def altered(old, new, name="board.toml"):
        path = tmp_path / "mine" / name
        text = path.read_text()
        assert old in text, old
        path.write_text(text.replace(old, new, 1))
        return list(problems(Board.load(str(tmp_path / "mine"))))

    return altered


@pytest.mark.parametrize(
    ("old", "new", "name", "said"),
    [
        ("gpio = 16, pull_up_ohm = 10000", "gpio = 15, pull_up_ohm = 10000", "board.toml", "RP2040-E5"),
        ("gpio = 16, pull_up_ohm = 10000", "gpio = 16, pull_up_ohm = 47000", "board.toml", "at most 32500 Ohm"),
        ("gpio = 16, pull_up_ohm = 10000", "gpio = 16", "board.toml", "needs pins.ch_enable with a pull_up_ohm"),
        ('kind = "pull"', 'kind = "none"', "board.toml", 'is it "pull"'),
        ('kind = "pull"', 'kind = "pad"', "board.toml", "esp32 port's"),
        ("slot_bytes      = 262144", "slot_bytes      = 700000", "board.toml", "do not fit"),
        ("divider = 6", "divider = 3", "board.toml", "divide by 4 or more"),
        ("WDT_MS = 8000", "WDT_MS = 9000", "board.py", "the chip's watchdog allows 8388"),
        ("BOOT_US = 60_000", "BOOT_US = 6_000", "board.py", "round it up"),
        ("HOLD_US = -1", "HOLD_US = 100_000", "board.py", "the hub's capacitor carries"),
        ("HARDWARE = 0x0101", "HARDWARE = 0x0102", "board.py", "one of them is wrong"),
        ("def ch_mv():", "def ch_millivolts():", "board.py", "ch_mv is missing"),
        ("import ADC, I2C", "import (", "board.py", "cannot be read"),
    ],
)
def test_what_does_not_fit_is_said_with_how_to_mend_it(mine, old, new, name, said):
    found = mine(old, new, name)
    assert any(said in problem for problem in found), found
    assert all("\n" not in problem for problem in found)


def test_a_board_that_is_none_gets_one_line(tmp_path, capsys):
    for arguments in (["check", "rpi_picoo"], ["show", str(tmp_path)], ["check", str(tmp_path / "x")]):
        assert main(["board", *arguments]) == 2
        assert capsys.readouterr().err.count("\n") == 1
    assert main(["board", "list"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in EVERY)


@pytest.mark.parametrize(
    ("role", "gpio", "said"),
    [
        ("ch_enable", 16, "board.py never drives it; it drives GPIO16, which [pins] does not have"),
        ("running_n", 19, "never drives it; it drives GPIO19"),
        ("ac_ok", 17, "never drives it; it drives GPIO17"),
        ("mains", 18, "never takes interrupts of it; it takes interrupts of GPIO18"),
        ("ch_present_n", 20, "never reads it; it reads GPIO20"),
        ("ch_sense", 26, "never measures at it; it measures at GPIO26"),
    ],
)
def test_a_pin_that_has_another_number_in_board_py_is_found(tmp_path, capsys, role, gpio, said):
    folder = copied("rpi_pico", tmp_path)
    wrong = 28 if role == "ch_sense" else 11
    text = (folder / "board.toml").read_text()
    line = next(line for line in text.splitlines() if line.startswith(f"{role} "))
    (folder / "board.toml").write_text(text.replace(line, line.replace(f"gpio = {gpio}", f"gpio = {wrong}")))
    assert main(["board", "check", str(folder)]) == 1
    out = capsys.readouterr().out
    assert f"pins.{role}: board.toml says GPIO{wrong}" in out and said in out


@pytest.mark.parametrize("name", EVERY)
def test_the_rail_is_driven_soon_after_a_reset(name):
    """On an RP2040 within 15 ms of the boot ROM's end by the measured costs; elsewhere our part is below 7 ms. BOOT_US,
    which is for the chip at its worst, is more than the emulated time."""
    board = Board.load(name)
    used = UsedPins(board)
    trace = run_scenario(Scenario.load("update", name), board, calls=used.hear)
    undriven_us = used.undriven_us([e.t_us for e in trace.events("reset")])
    assert board.start_us < undriven_us < constants(board)["BOOT_US"]
    if (board.rom_us, board.boot_us) == (10_000, 7_900):
        assert undriven_us - board.rom_us < 15_000
    else:
        assert undriven_us - board.start_us < 7_000


def test_a_boot_us_that_the_emulated_start_exceeds_is_found(tmp_path, capsys):
    folder = copied("rpi_pico", tmp_path)
    path = folder / "board.py"
    path.write_text(path.read_text().replace("BOOT_US = 60_000", "BOOT_US = 23_500"))
    assert main(["board", "check", str(folder)]) == 1
    assert (
        "BOOT_US is 23500, and in the emulator boot.py drives ch_enable 23900 us after a reset"
        in capsys.readouterr().out
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("driven = 1\n", "boot.py: soft_reset is missing"),
        ("soft_reset = (\n", "boot.py: cannot be read"),
        (None, "no boot.py: the firmware needs one (see docs/boards.md)"),
    ],
)
def test_a_boot_py_that_is_not_sound(tmp_path, capsys, text, said):
    folder = copied("rpi_pico", tmp_path)
    (folder / "boot.py").unlink()
    if text is not None:
        (folder / "boot.py").write_text(text)
    assert main(["board", "check", str(folder)]) == 1
    out = capsys.readouterr().out
    assert said in out


def test_a_board_py_that_raises_says_so(tmp_path, capsys):
    folder = copied("rpi_pico", tmp_path)
    with (folder / "board.py").open("a") as out:
        out.write("\nPin(99)\n")
    assert main(["board", "check", str(folder)]) == 1
    assert "the firmware does not start on it: ValueError: invalid pin" in capsys.readouterr().out


def copied(name, tmp_path):
    """A board's folder, to be changed."""
    folder = tmp_path / "mine"
    shutil.copytree(ROOT / "boards" / name, folder)
    return folder


def test_a_folder_that_is_named_like_a_board_is_pointed_at(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    copied("rpi_pico", tmp_path)
    with pytest.raises(BadInput, match=r"no board 'mine'; the folder is \./mine"):
        Board.load("mine")
    assert Board.load("./mine").name == "mine"
