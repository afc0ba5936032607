"""The reference firmware's heap, on the real VM: where nothing may be allocated, nothing is."""

import subprocess
from pathlib import Path

import pytest
from ridethrough.guests.micropython import find_vm
from support import BARE, LATCH, PICO, ROOT, guests

pytestmark = pytest.mark.skipif("micropython" not in guests(), reason="no MicroPython VM on this machine")


@pytest.mark.parametrize("board", [PICO, BARE, LATCH], ids=lambda b: b.name)
def test_from_the_record_to_the_reset_nothing_is_allocated(board):
    script, firmware = Path(__file__).with_name("heap_lock.py"), ROOT / "firmware"
    ran = subprocess.run(
        [find_vm(), script, firmware, board.directory], capture_output=True, text=True, check=False, timeout=60
    )
    assert ran.returncode == 0, ran
    assert "NOTHING WAS ALLOCATED" in ran.stdout and "AND IT WOULD HAVE BEEN SEEN" in ran.stdout, ran
