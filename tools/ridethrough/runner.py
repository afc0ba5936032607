"""Scenario + board + firmware + guest -> trace: the one place where they meet."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from ridethrough.boards import Board
from ridethrough.errors import BadInput, suggestion
from ridethrough.firmware import Firmware
from ridethrough.guests.cpython import CPythonGuest
from ridethrough.guests.flashfs import FlashFs
from ridethrough.headend import HeadEnd
from ridethrough.images.build import ImageSpec, build_image, resign
from ridethrough.images.keys import EMULATED
from ridethrough.images.layout import INNER, PAYLOAD_AT
from ridethrough.paths import SPECIMENS
from ridethrough.scenarios import ImagePlan, Scenario, Step
from ridethrough.traces import Trace
from ridethrough.world.clock import Clock
from ridethrough.world.mcu import Guest
from ridethrough.world.surroundings import Site, World

_NO_SPACE = -28


def run_scenario(
    scenario: Scenario, board: Board | None = None, firmware: Firmware | None = None, guest: Guest | None = None
) -> Trace:
    """One run of a scenario, on its own board and firmware unless others are given."""
    board = board or Board.load(scenario.board)
    firmware = firmware or Firmware.load(scenario.firmware)
    if scenario.script:
        firmware = replace(firmware, files=firmware.files | {"/script": scenario.script.encode()})
    image = planned_image(firmware, board, scenario.image) if firmware.application else b""
    return run(firmware, board, scenario.world, steps=scenario.steps, image=image, guest=guest)


def run(
    firmware: Firmware | str,
    board: Board | str,
    world: World | None = None,
    *,
    steps: tuple[Step, ...] = (),
    image: bytes = b"",
    guest: Guest | None = None,
) -> Trace:
    """Runs `firmware` on `board` in `world` and returns what was seen.

    `steps` is what the head-end does, with `image` as the image that it pushes. Nothing in a run depends
    on the wall clock or on chance: the same arguments give the same trace.
    """
    firmware = Firmware.load(firmware) if isinstance(firmware, str) else firmware
    board = Board.load(board) if isinstance(board, str) else board
    world = world or World()
    clock = Clock()
    site = Site(clock, board, world, guest or CPythonGuest())
    chip = site.mcu.chip
    chip.data[:] = bytes(len(chip.data)) if world.flash_is_noise else fresh_flash(firmware, board)
    head_end = HeadEnd(site, steps, image)
    clock.run(world.duration_us)
    trace = site.finish()
    site.mcu.close()
    trace.notes.update(
        unheld_us=board.unheld_us,
        board=board.name,
        firmware=firmware.name,
        image_bytes=len(image),
        answers=head_end.answers,
        not_reached=head_end.not_reached(),
        console=site.mcu.console.log,
        programmed_bytes=dict(chip.programmed_bytes),
        erases=dict(chip.erases),
        supplied_mwh=site.metrology.total_mwh() - world.start_mwh,
        flash=bytes(chip.data),
    )
    return trace


def planned_image(firmware: Firmware, board: Board, plan: ImagePlan) -> bytes:
    """The image that a scenario pushes, whole or damaged as it says."""
    files = application(plan.application) if plan.application else firmware.application
    hardware = board.hardware if plan.hardware is None else plan.hardware
    spec = ImageSpec(version=plan.version, hardware=hardware, counter=plan.counter, follows=plan.follows)
    image = bytearray(build_image(files, spec, EMULATED, plan.size))
    header_bytes = int.from_bytes(image[6:8], "little")
    at = {
        "supplier signature": -1,
        "maker signature": header_bytes + INNER.size,
        "payload": header_bytes + PAYLOAD_AT + 100,
        "header version": 14,
    }
    if plan.damage == "header hardware":
        # a range above the board's own hardware
        image[header_bytes - 4 : header_bytes] = (hardware + 1).to_bytes(2, "little") * 2
    elif plan.damage in at:
        image[at[plan.damage]] ^= 1
    if plan.damage == "maker signature":
        # the supplier has signed it as it is: only the maker's own check is left to find it
        return resign(bytes(image), EMULATED.supplier, "the image")
    return bytes(image)


def application(name: str) -> dict[str, bytes]:
    """The files of an image whose application is one of specimens/applications."""
    path = SPECIMENS / "applications" / f"{name}.py"
    if not path.is_file():
        known = [p.stem for p in path.parent.glob("*.py")]
        raise BadInput(f"no application '{name}'{suggestion(name, known)}")
    return {"application.py": path.read_bytes()}


def fresh_flash(firmware: Firmware, board: Board, blank: bool = False) -> bytes:
    """A board's flash as the factory leaves it; `blank`: with MicroPython's empty file system."""
    files = {} if blank else firmware.fresh_board(board)
    return _flash(tuple(files.items()), board.block_bytes, board.blocks, board.page_bytes)


@lru_cache(maxsize=32)
def _flash(files: tuple[tuple[str, bytes], ...], block_bytes: int, blocks: int, page_bytes: int) -> bytes:
    from littlefs.errors import LittleFSError

    from ridethrough.world.chip import ChipParams, FlashChip

    chip = FlashChip(ChipParams(block_bytes, blocks, page_bytes, 1, 1))
    flash = FlashFs(chip)
    flash.format()
    flash.mount()
    try:
        flash.write_files(dict(files))
    except LittleFSError as e:
        if e.code != _NO_SPACE:
            raise BadInput(f"a file of the firmware cannot be written to the flash: {e}") from e
        raise BadInput(f"the firmware does not fit a flash of {block_bytes * blocks} bytes") from e
    return bytes(chip.data)
