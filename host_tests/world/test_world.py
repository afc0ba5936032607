"""Clock, chip, pins and the MCU's own rules."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ridethrough.world.chip import ChipParams, FlashChip
from ridethrough.world.clock import Clock, Order
from ridethrough.world.pins import IN, OUT, PULL_DOWN, PULL_NONE, PULL_UP, Pins
from support import PICO, S, guests, lines, resets, run_steps, with_main

ENABLE = 16


def test_order_within_a_microsecond():
    clock, seen = Clock(), []
    for order in reversed(Order):
        clock.at(5, order, lambda order=order: seen.append(order))
    clock.at(5, Order.WORLD, lambda: seen.append("second"))
    clock.run(10)
    assert seen == [Order.ALERT, Order.PHYSICS, Order.MCU, Order.WORLD, "second", Order.GUEST]
    assert clock.now_us == 10


# --- chip ---


def chip():
    return FlashChip(ChipParams(4096, 4, 256, 400, 45_000))


@given(st.binary(min_size=1, max_size=600), st.binary(min_size=1, max_size=600), st.integers(0, 4000))
def test_programming_only_clears_bits(first, second, at):
    c = chip()
    c.program(at, first, lambda us: us)
    c.program(at, second, lambda us: us)
    for i in range(max(len(first), len(second))):
        expected = (first[i] if i < len(first) else 0xFF) & (second[i] if i < len(second) else 0xFF)
        assert c.data[at + i] == expected


def test_times_and_counts():
    c, spent = chip(), []
    c.purpose = "/x"
    c.program(0, bytes(257), lambda us: spent.append(us) or us)
    c.erase(0, lambda us: spent.append(us) or us)
    assert spent == [800, 45_000]
    assert c.programmed_bytes["/x"] == 257 and c.erases["/x"] == 1
    assert c.data[:4096] == b"\xff" * 4096


def test_a_cut_leaves_half_an_operation():
    c = chip()
    c.program(0, bytes(1000), lambda us: us // 2)
    assert c.data[:1000].count(0) == 500
    c.program(0, bytes(4096), lambda us: us)
    c.erase(0, lambda us: us // 4)
    assert c.data[:1024] == b"\xff" * 1024 and c.data[1024] == 0


# --- pins ---


def pins(ohm=10_000):
    clashes = []
    facts = {role: replace(pin, pull_up_ohm=ohm) if pin.gpio == ENABLE else pin for role, pin in PICO.pins.items()}
    p = Pins(replace(PICO, pins=facts), lambda gpio: None, clashes.append)
    p.set_power(True)
    return p, clashes


@pytest.mark.parametrize(("ohm", "level"), [(10_000, 1), (32_000, 1), (33_000, 0), (47_000, 0), (0, 0)])
def test_a_pull_up_against_the_reset_pull_down(ohm, level):
    """10 kOhm makes 2.75 V of it, 47 kOhm only 1.7 V: below 2.0 V nobody may take it for high."""
    p, _ = pins(ohm)
    assert p.level(ENABLE) == level


def test_who_wins_on_a_net():
    p, clashes = pins()
    p.configure(ENABLE, OUT, PULL_NONE, 0)
    assert p.level(ENABLE) == 0 and p.driven(ENABLE)
    p.configure(ENABLE, IN, PULL_UP, None)
    assert p.level(ENABLE) == 1 and not p.driven(ENABLE)
    p.configure(ENABLE, IN, PULL_DOWN, None)
    p.drive(ENABLE, 0)
    assert p.level(ENABLE) == 0 and clashes == []
    p.configure(ENABLE, OUT, PULL_NONE, 1)
    assert clashes == [ENABLE]
    p.reset()
    p.powered = False
    assert p.level(ENABLE) == 0


# --- the MCU, as small firmware sees it ---


def test_watchdog_bites_and_feeding_keeps_it_quiet():
    source = (
        "from machine import WDT\nimport time\nw = WDT(timeout=2000)\n"
        "for _ in range(5):\n    w.feed()\n    time.sleep(1)\nprint('hanging')\nwhile True:\n    pass\n"
    )
    trace = run_steps(firmware=with_main(source), seconds=8)
    assert resets(trace) == ["power-up", "watchdog"]
    hanging = next(t for t, line in trace.notes["console"] if line == "hanging")
    # the last feed was a second before
    assert trace.events("reset")[1].t_us == pytest.approx(hanging + S, abs=2_000)


def test_a_bare_except_does_not_outlive_a_reset():
    source = (
        "from machine import WDT\nimport time\nw = WDT(timeout=1000)\nn = 0\n"
        "while True:\n    try:\n        time.sleep(10)\n        print('never')\n    except:\n        n += 1\n"
    )
    trace = run_steps(firmware=with_main(source), seconds=5)
    assert resets(trace).count("watchdog") >= 3
    assert "never" not in lines(trace)


def test_without_a_watchdog_a_hang_lasts():
    trace = run_steps(firmware=with_main("while True:\n    pass\n"), seconds=3600)
    assert resets(trace) == ["power-up"] and trace.end_us == 3600 * S


def test_a_soft_reset_keeps_pins_and_reruns_boot():
    source = (
        "from machine import Pin, mem32\nimport machine\nprint('oe', mem32[0xD0000020] >> 2 & 1)\n"
        "if not mem32[0xD0000020] >> 2 & 1:\n    Pin(2, Pin.OUT, value=1)\n    machine.soft_reset()\n"
    )
    trace = run_steps(firmware=with_main(source), seconds=5)
    assert [x for x in lines(trace) if x.startswith("oe")] == ["oe 0", "oe 1"]
    assert "MPY: soft reboot" in lines(trace) and resets(trace) == ["power-up"]
    assert trace.when("ch_enable", 0) == [(0, trace.wires["ch_enable"][1][0])]


def test_ctrl_d_at_the_prompt_is_a_soft_reset():
    trace = run_steps(firmware=with_main("print('main')"), seconds=5, typed=((2 * S, b"\x04"),))
    assert lines(trace).count("main") == 2


def test_a_hard_reset_drops_every_pin():
    source = "from machine import Pin\nimport time, machine\nPin(2, Pin.OUT, value=1)\ntime.sleep(1)\nmachine.reset()\n"
    trace = run_steps(
        firmware=with_main(source, boot="from machine import Pin\nPin(19, Pin.OUT, value=0)\n"), seconds=2
    )
    assert resets(trace)[:2] == ["power-up", "commanded"]
    again_us = trace.events("reset")[1].t_us
    # the external pull-up shows it from that very moment until boot.py has the pin again
    assert any(a == again_us for a, _ in trace.when("running_n", 1))


def test_boot_py_that_raises_keeps_main_from_running():
    """On a Pico nobody hears of it; the run does."""
    for board in (PICO, replace(PICO, console="uart")):
        trace = run_steps(firmware=with_main("print('main')", boot="1 / 0\n"), board=board, seconds=2)
        assert "main" not in lines(trace)
        heard, lost = ([text for _, text in trace.notes[name]] for name in ("console", "lost"))
        text = "ZeroDivisionError: division by zero"
        assert (text in heard, text in lost) == (board is not PICO, board is PICO)


@pytest.mark.parametrize("guest_name", guests())
def test_what_boot_py_prints_is_lost_on_usb_after_a_hard_reset_alone(guest_name):
    boot = "import machine\nprint('boot', machine.reset_cause())\n"
    main = (
        "import os, sys, time\nprint('main')\nif 'x' not in os.listdir():\n    open('x', 'w').close()\n    sys.exit()\n"
    )
    said = {}
    for board in (PICO, replace(PICO, console="uart")):
        trace = run_steps(firmware=with_main(main, boot), board=board, seconds=2, guest_name=guest_name)
        said[board.console] = [line for line in lines(trace) if line[:4] in ("boot", "main")]
        assert ("lost", [text for _, text in trace.notes["lost"]]) == ("lost", ["boot 1"] if board is PICO else [])
    assert said == {"usb": ["main", "boot 1", "main"], "uart": ["boot 1", "main", "boot 1", "main"]}


def test_ticks_wrap_as_on_a_board():
    source = (
        "import time\nt = time.ticks_us()\ntime.sleep(1080)\nu = time.ticks_us()\n"
        "print(u < t, time.ticks_diff(u, t) // 1000000, time.ticks_diff(t, u) // 1000000)\n"
        "time.sleep(1)\nprint(time.ticks_diff(time.ticks_us(), u) // 1000000)\n"
    )
    trace = run_steps(firmware=with_main(source), seconds=1200)
    # 1080 s is more than the 1073.7 s after which ticks_us wraps: as a difference it reads 6 s
    assert lines(trace)[-2:] == ["False 6 -7", "1"]


@pytest.mark.parametrize("guest_name", guests())
def test_a_file_left_open_is_a_fault(guest_name):
    source = "def f():\n    open('/x', 'w').write('1')\nf()\nopen('/y', 'w').close()\n"
    trace = run_steps(firmware=with_main(source), seconds=2, guest_name=guest_name)
    assert [dict(e.data) for e in trace.events("fault")] == [{"kind": "file left open", "path": "/x"}]


@pytest.mark.parametrize("guest_name", guests())
def test_a_file_that_is_still_open_at_the_end_is_one_too(guest_name):
    trace = run_steps(firmware=with_main("f = open('/x', 'w')\n"), seconds=2, guest_name=guest_name)
    assert [e.data["path"] for e in trace.events("fault")] == ["/x"]


def test_timers_and_interrupts_off():
    source = (
        "import machine, time\nn = 0\ndef tick(t):\n    global n\n    n += 1\n"
        "timer = machine.Timer(period=100, callback=tick)\ntime.sleep(1)\nprint('on', n)\n"
        "state = machine.disable_irq()\nfor _ in range(20):\n    time.sleep_ms(10)\nprint('off', n)\n"
        "machine.enable_irq(state)\ntime.sleep_ms(1)\ntimer.deinit()\ntime.sleep(1)\nprint('over', n)\n"
    )
    trace = run_steps(firmware=with_main(source), seconds=5)
    assert [x for x in lines(trace) if x[0] == "o"] == ["on 10", "off 10", "over 12"]


def test_several_boards_in_one_world_do_not_disturb_each_other():
    from ridethrough import World
    from ridethrough.guests.cpython import CPythonGuest
    from ridethrough.guests.flashfs import fresh_flash
    from ridethrough.runner import run
    from ridethrough.world.site import Site

    def firmware(period):
        return with_main(f"import time\nwhile True:\n    time.sleep_ms({period})\n    print({period})\n")

    clock, sites = Clock(), []
    for period in (70, 110):
        site = Site(PICO, World(), CPythonGuest(), fresh_flash(firmware(period), PICO), clock)
        sites.append(site)
    clock.run(3 * S)
    for site, period in zip(sites, (70, 110), strict=True):
        alone = run(firmware(period), PICO, World(duration_us=3 * S))
        assert site.mcu.console.log == alone.notes["console"] != []
        site.mcu.close()
