"""A virtual board's flash file on a disk that is full: one line, and nothing half written."""

import errno
import os

import pytest
from ridethrough import BadInput, Board, World
from ridethrough.guests.flashfs import fresh_flash
from ridethrough.guests.micropython import MicroPythonGuest
from ridethrough.virtual import flash_file
from ridethrough.virtual.flash_file import FlashFile
from ridethrough.world.site import Site
from support import PICO, REFERENCE, S, guests

FRESH = fresh_flash(REFERENCE, PICO)


@pytest.fixture
def full(monkeypatch):
    """A function: from now on the disk is full once `left` bytes are written."""

    def fill(left=0):
        room = [left]

        def pwrite(fd, data, at):
            if not room[0]:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            some = data[: room[0]]
            room[0] -= len(some)
            return real(fd, some, at)

        real = os.pwrite
        monkeypatch.setattr(flash_file.os, "pwrite", pwrite)

    return fill


@pytest.mark.parametrize("left", [0, 1, 100_000, PICO.flash_bytes - 1])
def test_a_new_file_that_does_not_fit_is_no_half_flash(tmp_path, full, left):
    full(left)
    path = tmp_path / "a.flash"
    with pytest.raises(BadInput, match=r"a\.flash: No space left on device: the board's flash cannot be kept"):
        FlashFile(path, PICO, FRESH)
    assert path.stat().st_size == 0


def test_a_file_that_was_whole_stays_so_and_says_why_it_is_not_kept(tmp_path, full):
    path = tmp_path / "a.flash"
    drawer = FlashFile(path, PICO, FRESH)
    drawer.keep(4096, b"x" * 256)
    full()
    with pytest.raises(BadInput, match="No space left on device"):
        drawer.keep(0, b"y")
    drawer.close()
    assert path.read_bytes()[4096:4352] == b"x" * 256 and path.stat().st_size == PICO.flash_bytes


def test_a_write_that_is_done_in_pieces_is_done_whole(tmp_path, full, monkeypatch):
    real = os.pwrite
    monkeypatch.setattr(flash_file.os, "pwrite", lambda fd, data, at: real(fd, data[:1000], at))
    drawer = FlashFile(tmp_path / "a.flash", PICO, FRESH)
    drawer.close()
    assert (tmp_path / "a.flash").read_bytes() == FRESH


@pytest.mark.parametrize("left", [0, 700])
@pytest.mark.skipif("micropython" not in guests(), reason="no MicroPython VM on this machine")
def test_a_board_that_is_served_ends_with_the_reason(tmp_path, full, left):
    drawer = FlashFile(tmp_path / "a.flash", PICO, FRESH)
    site = Site(Board.load("rpi_pico"), World(), MicroPythonGuest(), FRESH)
    site.mcu.chip.on_written = lambda at, size: drawer.keep(at, bytes(site.mcu.chip.data[at : at + size]))
    full(left)
    with pytest.raises(BadInput, match="No space left on device"):
        site.run(20 * S)
    site.close()
    drawer.close()
