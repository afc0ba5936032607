"""The energy register and the metrology part that it reads."""

import struct

import pytest
from support import S, codes, image, lines, resets, run_steps, update
from update_runs import Talk, command_line, flash_after, pushed, signed_command


def test_the_register_counts_on_through_the_reset_and_never_goes_back():
    talk = Talk("register", pushed(image()), command_line(signed_command(image())), "register", "register")
    readings = [int(a.split("=")[1]) for a in talk.answers if a and "mwh" in a]
    assert readings == sorted(readings)


def test_no_energy_is_lost_over_an_update():
    trace = update(image(), seconds=33)
    _, fs = flash_after(trace)
    log = fs.read_file("/register.log")
    entries = [struct.unpack_from("<QI", log, i) for i in range(0, len(log), 12)]
    totals = [total for total, _ in entries]
    assert totals == sorted(totals)
    # all that flowed since the first reading, as far as it is persisted, by the part's own counter
    assert totals[-1] == entries[-1][1] - entries[0][1]


@pytest.mark.parametrize("off_at_s", [31, 45, 600])
def test_the_total_is_exact_after_every_restart(off_at_s):
    """It is persisted when mains goes and every half hour; what has flowed since the part itself has counted."""
    typed = (((off_at_s + 40) * S, b"register\n"), ((off_at_s + 70) * S, b"register\n"))
    mains = ((0, True), (off_at_s * S, False), ((off_at_s + 20) * S, True))
    trace = run_steps(seconds=off_at_s + 80, mains=mains, typed=typed)
    said = [int(line.split("=")[1]) for line in lines(trace) if line.startswith("OK mwh=")]
    # 500 W, without the 3.6 s before the very first reading; it is counted once a second
    most = [500 * 1000 * (at_s - 20 - 3.5) / 3600 for at_s in (off_at_s + 40, off_at_s + 70)]
    assert all(0 <= true - told < 500 * 1000 * 1.5 / 3600 for told, true in zip(said, most, strict=True)), (said, most)


def test_a_metrology_part_that_is_silent_for_a_while_is_no_crash(monkeypatch):
    from ridethrough.world.metrology import Metrology

    read = Metrology.read
    silent = range(15 * S, 25 * S)
    monkeypatch.setattr(Metrology, "read", lambda self, *a: None if self._clock.now_us in silent else read(self, *a))
    trace = update(image(), seconds=40)
    assert "E002" not in codes(trace) and "crash" not in resets(trace)
    assert codes(trace).count("E008") <= 2 and "E008" in codes(trace)
