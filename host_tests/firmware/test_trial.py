"""A new application on trial: one that misbehaves is rolled back, whatever it does."""

from dataclasses import replace

import pytest
from ridethrough import Board, Scenario, run_scenario
from ridethrough.scenarios import Step
from support import (
    REFERENCE,
    S,
    application,
    codes,
    guests,
    image,
    lines,
    outcomes,
    resets,
    run_steps,
    running_version,
    update,
    with_main,
)
from update_runs import BAD_APPLICATIONS


@pytest.mark.parametrize("name", BAD_APPLICATIONS)
def test_a_bad_application_is_rolled_back(name):
    trace = update(image(files=application(BAD_APPLICATIONS[name])), seconds=220)
    assert outcomes(trace)[-1] == ("3", "1")
    assert running_version(trace) == 1
    assert "E001" in codes(trace)
    assert trace.dark_us() == 0 and trace.events("ad1") == []
    boots_on_trial = [r for r in resets(trace) if r != "power-up"]
    assert len(boots_on_trial) <= 5


def test_hanging_costs_watchdog_resets_and_then_the_old_slot_comes_back():
    trace = update(image(files=application(BAD_APPLICATIONS["hangs"])), seconds=80)
    assert resets(trace) == ["power-up", "activation", "watchdog", "watchdog", "watchdog"]
    assert any("not confirmed in 3 boots" in x for x in lines(trace))


@pytest.mark.parametrize("guest_name", guests())
def test_the_boots_of_a_trial_are_counted_no_further_than_matters(guest_name):
    """The count is a byte, and a reset before the rollback is written counts once more each time."""
    source = (
        "from esme import bootrec, start\nrec = bootrec.Record()\nrec.phase = bootrec.TRIAL\n"
        "for i in range(300):\n    start.account(rec)\nrec.save()\nprint(bootrec.load().attempts)\n"
    )
    said = lines(run_steps(firmware=with_main(source), seconds=30, guest_name=guest_name))
    assert said[-1] == "4", said[-3:]


def test_a_trial_that_lets_go_of_the_rail_ends_at_the_budget():
    for keep in ("meter.feed()", "w.feed()"):
        source = (
            "import time, board\nfrom machine import WDT, Pin\nw = WDT(timeout=8000)\ndef run(meter):\n"
            "    while True:\n        board.ch_enable.init(Pin.OUT, value=0)\n"
            f"        for _ in range(40):\n            {keep}\n            time.sleep_ms(500)\n"
            "        meter.counted()\n        meter.poll(0)\n"
        )
        trace = update(image(files=application(source)), seconds=150)
        assert outcomes(trace) == [("3", "1")], keep
        assert 55 * S < trace.dark_us() < 66 * S, keep
        assert any("dark 6" in line for line in lines(trace)), keep


def test_ctrl_c_does_nothing_on_trial():
    slow = (
        "def run(meter):\n    for _ in range(200):\n        meter.counted()\n        meter.poll(50)\n"
        "    meter.confirm()\n    while True:\n        meter.counted()\n        meter.poll(50)\n"
    )
    push = image(files=application(slow))
    plain = update(push, seconds=40)
    at_us = plain.events("application")[-1].t_us + S
    steps = (Step("push", 3 * S), Step("activate"))
    talk = run_steps(*steps, push=push, seconds=40, typed=((at_us, b"\x03"), (at_us + S, b"\x03\x03")))
    assert outcomes(talk) == outcomes(plain) == [("0", "2")]
    assert resets(talk) == resets(plain)
    assert "E005" not in codes(talk)
    assert lines(talk).count("ERR busy bench mode is refused on trial") == 2


@pytest.mark.parametrize("at_ms", [320, 500, 1_500])
@pytest.mark.parametrize("guest_name", guests())
def test_a_ctrl_c_before_the_application_runs_counts_as_soon_as_it_may(at_ms, guest_name):
    trace = run_steps(seconds=12, typed=((at_ms * 1000, b"\r\x03"),), guest_name=guest_name)
    assert "E005" in codes(trace)
    assert not [line for line in lines(trace) if "refused" in line]
    assert trace.notes["console"][-1][1].startswith("Type") or any(">>>" in line for line in lines(trace))


FLOODS = {
    "bursts": (b"\x03" * 29, 100_000),
    "each by itself": (b"\x03", 2_000),
    "between lines": (b"\x03\x03\n\x03", 5_000),
}


@pytest.mark.parametrize("flood", FLOODS)
@pytest.mark.parametrize("name", ["esp32_devkit", "rpi_pico", "pybd_sf2", "latch_pico"])
def test_a_flood_of_ctrl_c_ends_no_trial(name, flood):
    """No byte that is not signed may: it is answered, but not so often that the watchdog waits for the answers."""
    slow = (
        "def run(meter):\n    for _ in range(400):\n        meter.counted()\n        meter.poll(50)\n"
        "    meter.confirm()\n    while True:\n        meter.counted()\n        meter.poll(50)\n"
    )
    board = Board.load(name)
    push = image(board, files=application(slow))
    steps = (Step("push", 3 * S), Step("activate"))
    at_us = run_steps(*steps, board=board, push=push, seconds=20).events("application")[-1].t_us + S // 2
    data, every_us = FLOODS[flood]
    typed = tuple((t_us, data) for t_us in range(at_us, at_us + 15 * S, every_us))
    trace = run_steps(*steps, board=board, push=push, seconds=at_us // S + 60, typed=typed)
    # confirmed without another reset; from then on Ctrl-C counts, and the bench has the board
    confirmed_us = trace.events("confirm")[0].t_us
    assert [e.data["kind"] for e in trace.events("reset") if e.t_us < confirmed_us] == ["power-up", "activation"]
    assert confirmed_us > at_us + S // 2 and all(outcome == "0" for outcome, _ in outcomes(trace))


def test_a_slow_roll_back_is_not_begun_again_by_the_net():
    # the timer comes due while the flash is written
    start = REFERENCE.files["/esme/start.py"].replace(
        b"    events.log(events.ROLLED_BACK, why)\n",
        b"    events.log(events.ROLLED_BACK, why)\n    import time\n    time.sleep_ms(1500)\n",
    )
    # and is not the first to see that the trial is over
    supervisor = REFERENCE.files["/esme/supervisor.py"].replace(b"_NET_MS = 1_000", b"_NET_MS = 700")
    slow = replace(REFERENCE, files=REFERENCE.files | {"/esme/start.py": start, "/esme/supervisor.py": supervisor})
    trace = run_scenario(Scenario.load("bad_application:never_confirms"), firmware=slow)
    assert codes(trace).count("E001") == 1 and resets(trace) == ["power-up", "activation", "rollback"]
