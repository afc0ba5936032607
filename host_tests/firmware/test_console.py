"""Whoever is at the console: hostile lines change nothing, Ctrl-C leads to a bench mode that is bounded."""

from dataclasses import replace

import pytest
from ridethrough.scenarios import Step
from support import PICO, S, codes, guests, lines, resets, run_steps, with_main

HOSTILE = [
    "clock -1", "clock 9223372036854775807", "clock " + "9" * 40, "clock x", "block -5 0 AAAA", "block 0 0 AAAA",
    "receive 99999999999999999999 00", "receive -1 " + "0" * 32, "receive 4000 zz", "command", "command " + "A" * 1300,
    "verify now", "reset now and then", "log " + "x" * 900, "help", "\x00\x01\x02", "caf\u00e9", "x" * 3000, " ",
    "answer",
]  # fmt: skip


@pytest.mark.parametrize("guest_name", guests())
def test_hostile_lines_change_nothing(guest_name):
    typed = tuple((4 * S + i * 100_000, line.encode() + b"\n") for i, line in enumerate(HOSTILE) if "reset" not in line)
    trace = run_steps(seconds=12, guest_name=guest_name, typed=typed)
    assert resets(trace) == ["power-up"] and "E002" not in codes(trace)
    assert sum(line.startswith("ERR") for line in lines(trace)) >= 13


@pytest.mark.parametrize("after_ms", [1, 30, 100, 200, 300, 450])
def test_ctrl_c_during_a_boot_does_nothing(after_ms):
    reset_us = 10 * S
    trace = run_steps(Step("hard reset", reset_us), seconds=30, typed=((reset_us + after_ms * 1000, b"\x03"),))
    assert resets(trace) == ["power-up", "watchdog"]
    assert len(trace.events("application")) == 2


@pytest.mark.parametrize("guest_name", guests())
def test_ctrl_c_does_not_stop_a_reset_that_was_announced(guest_name):
    typed = ((20 * S, b"reset\n"), (20 * S + 10_000, b"\x03"))
    trace = run_steps(seconds=30, typed=typed, guest_name=guest_name)
    assert resets(trace) == ["power-up", "commanded"] and 20 * S < trace.events("reset")[1].t_us < 20 * S + 100_000
    assert not any("bench" in line for line in lines(trace))


def test_ctrl_c_does_not_end_in_a_watchdog_bite():
    trace = run_steps(Step("interrupt", 6 * S), seconds=120)
    assert resets(trace) == ["power-up"]
    assert "E005" in codes(trace)
    assert trace.dark_us() == 0


def test_bench_mode_is_bounded():
    trace = run_steps(Step("interrupt", 6 * S), seconds=1900)
    assert resets(trace)[:2] == ["power-up", "watchdog"]
    assert trace.events("reset")[1].t_us > 1800 * S


def test_ac_lost_stays_true_in_bench_mode():
    trace = run_steps(Step("interrupt", 6 * S), seconds=40, mains=((0, True), (20 * S, False), (20 * S + 90_000, True)))
    assert trace.when("mains", 0)[-1] == (20 * S, 20 * S + 90_000)
    assert resets(trace) == ["power-up"]


# --- notices from before the console is there ---


@pytest.mark.parametrize("console", ["usb", "uart"])
@pytest.mark.parametrize("guest_name", guests())
def test_what_boot_py_has_to_say_is_told_when_the_console_is_there(console, guest_name):
    board = replace(PICO, console=console)
    trace = run_steps(Step("hard reset", 10 * S), board=board, guest_name=guest_name, seconds=15)
    said = [line for line in lines(trace) if line.startswith("* ")]
    assert said == ["* log E003 version 1", "* application 1", "* log 81B3 ", "* application 1"]
    assert trace.notes["lost"] == []


def test_after_a_soft_reset_nothing_waits():
    """The port leaves main.py out when somebody asked for the raw prompt: there would be nobody to tell it."""
    typed = (
        (8 * S, b"\x03"),
        (9 * S, b"\x01"),
        (10 * S, b"import os\nos.remove('/boot.rec')\n\x04"),
        (12 * S, b"\x04"),
    )
    trace = run_steps(typed=typed, seconds=20)
    after = [line for t, line in trace.notes["console"] if t > 12 * S]
    assert "* log E003 version 1" in after and not any(line.startswith("* application") for line in after)


@pytest.mark.parametrize("guest_name", guests())
def test_notices_that_wait_are_bounded(guest_name):
    boot = "import board\nfrom esme import events\nfor i in range(40):\n    events.notice('n%d' % i)\n"
    trace = run_steps(
        firmware=with_main("events.tell()\nevents.notice('now')\n", boot), guest_name=guest_name, seconds=3
    )
    assert lines(trace) == [f"* n{i}" for i in range(32)] + ["* now"]
