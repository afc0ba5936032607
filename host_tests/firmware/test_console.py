"""Whoever is at the console: hostile lines change nothing, Ctrl-C leads to a bench mode that is bounded."""

import pytest
from ridethrough.scenarios import Step
from support import S, codes, guests, lines, resets, run_steps

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
