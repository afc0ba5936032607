"""The rail and AC lost through updates and resets, on boards that hold and on one that does not."""

import pytest
from ridethrough import HubParams, World
from ridethrough.guests.flashfs import fresh_flash
from ridethrough.headend.head_end import HeadEnd
from ridethrough.scenarios import Step
from ridethrough.world.world import Trouble
from support import (
    BARE,
    LATCH,
    PICO,
    REFERENCE,
    S,
    application,
    codes,
    image,
    lines,
    outcomes,
    resets,
    run_steps,
    running_version,
    update,
)
from update_runs import faults


@pytest.mark.parametrize("board", [PICO, LATCH], ids=lambda b: b.name)
def test_a_held_board_rides_through(board):
    trace = update(image(board), board)
    assert trace.dark_us() == 0 and trace.events("ad1") == []
    assert resets(trace) == ["power-up", "activation"]
    assert outcomes(trace) == [("0", "2")]
    assert codes(trace) == ["E003", "8F72", "8F43"]
    assert trace.wires["ac_lost"] == [(0, 1), (300_000, 0)]
    assert trace.wires["ch_enable"] == [(0, 0), (trace.wires["ch_enable"][1][0], 1)]
    assert faults(trace) == []


def test_the_latch_stands_from_the_first_statements_of_board_py_on():
    site_latch = {}
    trace = run_with_probe(LATCH, image(LATCH), lambda site: site.mcu.wiring.latch, site_latch)
    boot = trace.events("boot")[0].t_us
    before = [v for t, v in site_latch.items() if t < boot]
    after = [v for t, v in site_latch.items() if t > boot + 60_000]
    assert before and not any(before)
    assert len(after) > 1000 and all(after)


def test_a_watchdog_bite_between_updates_does_not_drop_a_held_rail():
    for board, held in ((PICO, True), (LATCH, True), (BARE, False)):
        trace = run_steps(Step("hard reset", 20 * S), board=board)
        low = [b - a for a, b in trace.voltages["ch_mv"].below(10_800, trace.end_us) if a > 10 * S]
        assert (low == []) == held, board.name


def run_with_probe(board, push, probe, seen, seconds=25):
    """An update in which `probe(site)` is sampled every 10 ms into `seen`."""
    from ridethrough.guests.cpython import CPythonGuest
    from ridethrough.world.clock import Order
    from ridethrough.world.site import Site

    site = Site(board, World(), CPythonGuest(), fresh_flash(REFERENCE, board))
    HeadEnd(site, (Step("push", 3 * S), Step("activate")), push)
    for t_us in range(0, seconds * S, 10_000):
        site.clock.at(t_us, Order.WORLD, lambda t_us=t_us: seen.__setitem__(t_us, probe(site)))
    site.run(seconds * S)
    trace = site.finish()
    site.close()
    return trace


def test_a_board_without_a_hold_refuses():
    trace = update(image(BARE), BARE)
    assert trace.dark_us() == 0
    assert outcomes(trace) == [("3", "1")]
    assert resets(trace) == ["power-up"]
    assert running_version(trace) == 1


def test_a_bare_board_that_is_reset_all_the_same_reboots_its_hub():
    """The gap that the refusal avoids: no AD1, but the worst hub falls to 0 V and boots again."""
    hub = HubParams(capacitance_uf=470, average_mw=5000)
    trace = run_steps(Step("hard reset", 40 * S), board=BARE, seconds=80, hub=hub)
    assert trace.events("ad1") == []
    assert trace.dark_us() > 5_000
    states = [state for t_us, state in trace.texts["hub"] if t_us > 39 * S]
    assert states[0] == "store" and "boot" in states
    assert min(trace.voltages["hub_mv"].mv_at(t) for t in range(40 * S, 40 * S + 60_000, 100)) < 1_000


def test_the_same_reset_on_a_held_board_is_not_noticed():
    hub = HubParams(capacitance_uf=470, average_mw=5000)
    trace = run_steps(Step("hard reset", 40 * S), board=PICO, seconds=60, hub=hub)
    assert trace.dark_us() == 0 and resets(trace) == ["power-up", "watchdog"]
    assert "81B3" in codes(trace)


@pytest.mark.parametrize("board", [PICO, LATCH], ids=lambda b: b.name)
def test_a_hold_that_is_broken_beforehand_is_found_by_test(board):
    """The numbers say that the board holds; only trying shows that it does not."""
    trace = update(image(board), board, troubles=(Trouble("hold fails", at_us=2 * S),))
    assert outcomes(trace) == [("3", "1")]
    assert any("enable falls when undriven" in x or "does not read back" in x for x in lines(trace))
    assert trace.dark_us() == 0


def test_rail_and_ac_lost_are_driven_before_any_other_file_is_opened(monkeypatch):
    from ridethrough.guests.cpython import files

    order = []
    do = files.LfsVfs.do

    def spy(self, path, function, *arguments, **how):
        # whatever is asked of littlefs, but for the list of a folder's files
        if path:
            order.append(path)
        return do(self, path, function, *arguments, **how)

    from ridethrough.world.pins import Pins

    configured = Pins.configure

    def pin_spy(self, gpio, *how):
        order.append(gpio)
        configured(self, gpio, *how)

    monkeypatch.setattr(files.LfsVfs, "do", spy)
    monkeypatch.setattr(Pins, "configure", pin_spy)
    run_steps(seconds=4)
    assert order[: order.index(17) + 1] == ["/boot.py", 16, 18, 17]


def test_no_preflight_without_a_hub():
    """No hub fitted: there is nothing to hold, so even the bare board may update."""
    trace = update(image(BARE), BARE, hub_fitted=((0, False),))
    assert outcomes(trace) == [("0", "2")]


def test_a_crash_on_the_latch_board_is_held_too():
    crashing = (
        "def run(meter):\n    meter.confirm()\n    for _ in range(400):\n        meter.poll(50)\n    raise ValueError\n"
    )
    push = image(LATCH, files=application(crashing))
    trace = update(push, LATCH, seconds=40, hub=HubParams(capacitance_uf=470, average_mw=5000))
    assert "crash" in resets(trace)
    assert trace.dark_us() == 0


def test_ac_lost_follows_mains_while_the_firmware_boots():
    """Nothing polls during the imports and hashes of a boot: the interrupt does it."""
    off_us = 20 * S + 200_000
    mains = ((0, True), (off_us, False), (off_us + 90_000, True))
    trace = run_steps(Step("hard reset", 20 * S), seconds=30, mains=mains)
    (high,) = [i for i in trace.when("ac_lost", 1) if i[0] > S]
    assert 0 <= high[0] - off_us < 1_000 and 0 <= high[1] - off_us - 90_000 < 1_000
    assert resets(trace) == ["power-up", "watchdog"]


def test_ac_lost_that_an_application_drives_wrongly_is_put_right():
    source = (
        "import board\ndef run(meter):\n    meter.confirm()\n    for _ in range(100):\n        meter.poll(50)\n"
        "    board.ac_ok.value(0)\n    while True:\n        meter.poll(50)\n"
    )
    trace = update(image(files=application(source)), seconds=25)
    (high,) = [i for i in trace.when("ac_lost", 1) if i[0] > S]
    assert high[1] - high[0] < 1_000


def test_ac_lost_that_goes_wrong_within_the_wait_is_put_right_after_it():
    source = (
        "import board, machine\nfrom time import sleep_ms\ndef run(meter):\n    meter.confirm()\n"
        "    machine.Timer(-1, mode=machine.Timer.ONE_SHOT, period=5010, callback=lambda t: board.ac_ok.value(0))\n"
        "    for _ in range(100):\n        meter.poll(50)\n    meter.poll(50)\n    sleep_ms(400)\n"
        "    while True:\n        meter.poll(50)\n"
    )
    trace = update(image(files=application(source)), seconds=25)
    (high,) = [i for i in trace.when("ac_lost", 1) if i[0] > S]
    assert 0 < high[1] - high[0] <= 50_000
