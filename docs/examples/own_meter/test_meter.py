"""My meter in a hostile world: what a street, an installer and a supplier may do to it."""

from pathlib import Path

from hypothesis import settings
from ridethrough.testing import Bench, HostileWorld

HERE = Path(__file__).parent


class Meter(HostileWorld):
    board, firmware = HERE / "board", HERE / "firmware"
    says, asks = (b"restart\n",), (b"read\n",)


TestMeter = Meter.TestCase
TestMeter.settings = settings(max_examples=40, stateful_step_count=8, deadline=None)


def test_the_register_outlives_a_power_cut():
    bench = Bench(HERE / "board", HERE / "firmware")
    bench.wait(30)
    bench.mains(False)
    bench.wait(60)
    bench.converges()
    bench.type(b"read\n")
    bench.wait(1)
    assert not bench.broken()
    assert any(line.startswith("OK mwh=") and int(line[7:]) > 4000 for line in bench.console)


def test_what_this_firmware_does_not_say_is_not_checked():
    (line,) = Bench(HERE / "board", HERE / "firmware").not_checked()
    assert line.startswith("version: not checked: needs esme/ and app/")
