"""A board that was flashed when boot.py was everybody's is flashed anew, and power is cut at every flash operation of
the swap: what is left boots, holds the rail, and is completed by the next flash.

flashed_before.zip: the files of the firmware (and app/, an image's content) and of rpi_pico as they were then.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from ridethrough import Firmware, World
from ridethrough.devices import flashing
from ridethrough.guests.cpython import CPythonGuest
from ridethrough.guests.cpython.files import LfsVfs
from ridethrough.guests.flashfs import FlashFs, fresh_flash
from ridethrough.images import EMULATED, ImageSpec, build_image
from ridethrough.world.chip import ChipParams, FlashChip, programmed
from ridethrough.world.site import Site
from support import PICO, REFERENCE, S

SWAP = flashing._KEEP_AWAKE.encode() + b"_swap()\n"
CTRL_C, RAW, DONE = b"\x03", b"\x01", b"\x04"
UP_US = 6 * S  # by then the application runs, also with the record rebuilt
NEW = dict(REFERENCE.files) | PICO.files()


def before() -> Firmware:
    with zipfile.ZipFile(Path(__file__).with_name("flashed_before.zip")) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    app = {name.removeprefix("app/"): data for name, data in files.items() if name.startswith("app/")}
    on_board = {f"/{name}": data for name, data in files.items() if not name.startswith("app/")}
    anchors = {"/esme/maker.pub": EMULATED.maker.public, "/esme/supplier.pub": EMULATED.supplier.public}
    first = build_image(app, ImageSpec(1, PICO.hardware, resident=1), EMULATED)
    return Firmware("before", on_board | anchors | {"/slot_a.img": first}, {})


def booted(flash: bytes, until_us: int = UP_US, **world) -> Site:
    site = Site(PICO, World(**world), CPythonGuest(), flash)
    site.run(until_us)
    site.finish()
    site.close()
    return site


def staged() -> bytes:
    """A board that ran the firmware of before, with everything new staged: as `flash` leaves it before the swap."""
    chip = FlashChip(ChipParams.of(PICO), booted(fresh_flash(before(), PICO)).mcu.chip.data)
    flash = FlashFs(chip)
    flash.mount()
    there = before().files
    changed = flashing.swap_order([path for path in NEW if there.get(path) != NEW[path]])
    assert {"/boot.py", "/board.py", "/esme/resume.py", "/esme/start.py"} <= set(changed)
    stage = {flashing.STAGE + path: NEW[path] for path in changed}
    flash.write_files(stage | {flashing.PLAN: "\n".join(changed).encode()})
    return bytes(chip.data)


def swapped(flash: bytes, hear=lambda chip: None) -> Site:
    """Somebody at the board's raw REPL does what `flash` does."""
    typed = ((UP_US, CTRL_C), (UP_US + S, RAW), (UP_US + 2 * S, SWAP + DONE))
    site = Site(PICO, World(typed=typed), CPythonGuest(), flash)
    site.run(UP_US + 2 * S)
    hear(site.mcu.chip)
    site.run(UP_US + 12 * S)
    site.finish()
    site.close()
    return site


def cuts(flash: bytes) -> list[bytes]:
    """What a power cut can leave on the chip: before, inside and after each operation of the swap."""
    states: dict[bytes, None] = {}

    def hear(chip: FlashChip) -> None:
        def begins(operation) -> None:
            states[bytes(chip.data)] = None
            torn = bytearray(chip.data)
            at, data = operation.at, operation.data
            if data:
                half = len(data) // 2
                torn[at : at + half] = programmed(torn[at : at + half], data[:half])
            else:
                torn[at : at + PICO.block_bytes // 2] = b"\xff" * (PICO.block_bytes // 2)
            states[bytes(torn)] = None

        chip.on_operation = begins

    states[bytes(swapped(flash, hear).mcu.chip.data)] = None
    return list(states)


def resident(flash: bytes) -> dict[str, bytes | None]:
    fs = FlashFs(FlashChip(ChipParams.of(PICO), bytearray(flash)))
    fs.mount()
    return {path: _held(fs, path) for path in NEW}


def _held(fs: FlashFs, path: str) -> bytes | None:
    try:
        return fs.read_file(path)
    except OSError:
        return None


def test_power_cuts_while_a_board_of_before_is_flashed_anew():
    """Before boot.py leads to the new files all of the library is old; from then on the board finishes by itself."""
    flash, old = staged(), before().files
    states = cuts(flash)
    finished = 0
    for state in states:
        site = booted(state)
        trace = site.trace
        assert trace.wire_at("running_n", UP_US) == 0, site.mcu.console.log
        assert not any("Traceback" in line for _, line in site.mcu.console.log + site.mcu.console.lost)
        driven_us = next(t for t, level in trace.wires["ch_enable"] if level)
        assert driven_us - trace.events("reset")[-1].t_us < 100_000 and trace.dark_us() == 0
        held = resident(bytes(site.mcu.chip.data))
        if held == NEW:
            finished += 1
        else:
            began = {"/esme/swap.py", "/esme/resume.py"}
            assert {path for path in NEW if held[path] != old.get(path)} <= began
            assert resident(bytes(swapped(state).mcu.chip.data)) == NEW
    assert len(states) > 50 and 0 < finished < len(states)


def test_a_board_that_finishes_a_flash_is_cut_off_again():
    """At every operation of that, with a hard reset."""
    half = next(state for state in cuts(staged()) if resident(state)["/boot.py"] == NEW["/boot.py"])
    states: dict[bytes, None] = {}
    site = Site(PICO, World(), CPythonGuest(), half)
    site.mcu.chip.on_operation = lambda operation: states.setdefault(bytes(site.mcu.chip.data))
    site.run(S)
    site.close()
    assert len(states) > 20
    for state in states:
        again = booted(state)
        assert resident(bytes(again.mcu.chip.data)) == NEW and again.trace.wire_at("running_n", UP_US) == 0


@pytest.mark.parametrize("fails", ["rename", "remove"])
def test_a_flash_that_refuses_now_and_then_is_finished_by_a_later_start(fails, monkeypatch):
    """No start mixes the two for good, and none ends at the prompt."""
    half = next(state for state in cuts(staged()) if resident(state)["/boot.py"] == NEW["/boot.py"])
    real, calls = getattr(LfsVfs, fails), []

    def flaky(self, *paths):
        calls.append(paths)
        if len(calls) == 3:
            raise OSError(5)
        return real(self, *paths)

    monkeypatch.setattr(LfsVfs, fails, flaky)
    first = booted(half)
    monkeypatch.undo()
    assert len(calls) >= 3 and not any("Traceback" in line for _, line in first.mcu.console.lost)
    again = booted(bytes(first.mcu.chip.data))
    assert resident(bytes(again.mcu.chip.data)) == NEW and again.trace.wire_at("running_n", UP_US) == 0
