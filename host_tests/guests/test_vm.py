"""The real MicroPython VM runs the same files, and the world sees the same to the microsecond."""

import pytest
from ridethrough import BadInput, World, run
from ridethrough.guests.flashfs import fresh_flash
from ridethrough.guests.micropython import MicroPythonGuest, find_vm
from ridethrough.guests.protocol import Session
from ridethrough.scenarios import Step
from ridethrough.world.site import Site
from support import (
    BARE,
    LATCH,
    PICO,
    REFERENCE,
    S,
    application,
    assert_same,
    guests,
    image,
    lines,
    resets,
    run_steps,
    with_main,
)

pytestmark = pytest.mark.skipif("micropython" not in guests(), reason="no MicroPython VM on this machine")


def both(*steps, **how):
    return [run_steps(*steps, guest_name=name, **how) for name in ("cpython", "micropython")]


@pytest.mark.parametrize("board", [PICO, BARE, LATCH], ids=lambda b: b.name)
def test_the_boot_is_the_same(board):
    one, other = both(board=board, seconds=4)
    assert "* application 1" in lines(other)
    assert_same(one, other)


def test_a_whole_update_is_the_same():
    steps = (Step("push", 3 * S), Step("activate"), Step("activate again"))
    one, other = both(*steps, push=image(), seconds=14)
    assert resets(other) == ["power-up", "activation"]
    assert [e.data for e in other.events("outcome")] == [{"outcome": "0", "version": "2"}]
    assert_same(one, other)


def test_an_image_whose_signature_is_broken_is_the_same():
    push = image()
    one, other = both(Step("push", 3 * S), push=push[:-1] + bytes([push[-1] ^ 1]), seconds=8)
    assert any("8F1C" in line for line in lines(other))
    assert_same(one, other)


def test_what_boots_under_one_guest_boots_from_the_flash_of_the_other():
    """The flash images are equal, byte for byte, so either guest goes on where the other left off."""
    one, other = both(seconds=4)
    assert one.notes["flash"] == other.notes["flash"]


def test_ctrl_c_timers_and_a_hang():
    interrupted = both(Step("interrupt", 4 * S), seconds=16)
    assert_same(*interrupted)
    assert any("bench" in line or "E005" in line for line in lines(interrupted[1]))


def test_a_rail_that_the_firmware_lets_go_is_measured_anew():
    source = (
        "from machine import ADC, Pin\nimport time\nrail, enable = ADC(26), Pin(16, Pin.OUT, value=1)\n"
        "time.sleep_ms(3000)\nprint(rail.read_u16())\nenable.value(0)\n"
        "for _ in range(4):\n    print(rail.read_u16())\n    time.sleep_us(500)\n"
    )
    one, other = (run(with_main(source), PICO, World(duration_us=5 * S), guest=g) for g in (None, MicroPythonGuest()))
    read = [int(line) for line in lines(other) if line.isdigit()]
    assert len(read) == 5 and read == sorted(read, reverse=True) and len(set(read)) == 5
    assert_same(one, other)


def test_a_pin_that_something_else_than_pin_moves_is_read_and_written_anew():
    source = (
        "from machine import PWM, Pin\nimport time\np = Pin(15, Pin.OUT, value=1)\nseen = [p.value()]\n"
        "w = PWM(p, freq=1000, duty_u16=0)\nseen.append(p.value())\ntime.sleep_ms(50)\nseen.append(p.value())\n"
        "p.value(1)\nseen.append(p.value())\nw.deinit()\nseen.append(p.value())\np.init(Pin.OUT)\n"
        "p.value(1)\nseen.append(p.value())\np.toggle()\nseen.append(p.value())\np.value(1)\n"
        "print(seen, p.value())\n"
    )
    one, other = (run(with_main(source), PICO, World(duration_us=2 * S), guest=g) for g in (None, MicroPythonGuest()))
    assert lines(other) == lines(one) and lines(one)[0].startswith("[1, 0, 0, 1, 0, 1, 0]"), lines(one)
    assert_same(one, other)


def test_a_board_that_idles_asks_for_little_however_often_it_is_looked_at(monkeypatch):
    asked = []
    call = Session._call
    monkeypatch.setattr(Session, "_call", lambda self, name, given: asked.append(name) or call(self, name, given))
    site = Site(PICO, World(), MicroPythonGuest(), fresh_flash(REFERENCE, PICO))
    site.run(20 * S)
    asked.clear()
    for _ in range(400):
        site.clock.run(site.clock.now_us + 50_000)
    site.close()
    # the waits that a look falls into, and half as much for all that it reads in a thousand polls
    assert 300 < asked.count("stdin_poll") < 500 and len(asked) < 2 * asked.count("stdin_poll")


def test_the_vm_has_a_boards_memory():
    hungry = (
        "def run(meter):\n    keep = []\n    while True:\n        keep.append(bytearray(4096))\n        meter.feed()\n"
    )
    trace = run_steps(
        Step("push", 3 * S),
        Step("activate"),
        push=image(files=application(hungry)),
        seconds=14,
        guest_name="micropython",
    )
    assert any("MemoryError" in line for line in lines(trace))
    assert [e.data["outcome"] for e in trace.events("outcome")] == ["3"]


def test_code_that_hangs_in_the_vm_meets_the_watchdog():
    source = "from machine import WDT\nw = WDT(timeout=2000)\nprint('hanging')\nwhile True:\n    pass\n"
    world = World(duration_us=3_000_000)
    trace = run(with_main(source), PICO, world, guest=MicroPythonGuest(cpu_s=1))
    assert set(lines(trace)) == {"hanging"} and resets(trace) == ["power-up", "watchdog"]


def test_without_a_vm_the_message_says_how_to_get_one(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.delenv("RIDETHROUGH_MICROPYTHON", raising=False)
    with pytest.raises(BadInput, match="RIDETHROUGH_MICROPYTHON"):
        find_vm()
