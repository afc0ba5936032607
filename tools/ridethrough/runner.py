"""Scenario + board + firmware + guest -> trace: the one place where they meet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ridethrough.boards import Board
from ridethrough.boards.firmware import Firmware
from ridethrough.guests.cpython import CPythonGuest
from ridethrough.guests.flashfs import fresh_flash
from ridethrough.headend.head_end import HeadEnd
from ridethrough.scenarios import Scenario, Step
from ridethrough.scenarios.images import planned_image
from ridethrough.traces import Trace
from ridethrough.world.calls import Call, hear_calls
from ridethrough.world.mcu import Guest
from ridethrough.world.site import Site
from ridethrough.world.world import World


def run_scenario(
    scenario: Scenario,
    board: Board | None = None,
    firmware: Firmware | None = None,
    guest: Guest | None = None,
    calls: Callable[[Call], None] | None = None,
) -> Trace:
    """One run of a scenario, on its own board and firmware unless others are given. `calls` hears each call that the
    firmware makes to the hardware."""
    board = board or Board.load(scenario.board)
    firmware = firmware or Firmware.load(scenario.firmware)
    if scenario.script:
        firmware = replace(firmware, files=firmware.files | {"/script": scenario.script.encode()})
    image = planned_image(firmware, board, scenario.image) if firmware.application else b""
    return run(firmware, board, scenario.world, steps=scenario.steps, image=image, guest=guest, calls=calls)


def run(
    firmware: Firmware | str,
    board: Board | str,
    world: World | None = None,
    *,
    steps: tuple[Step, ...] = (),
    image: bytes = b"",
    guest: Guest | None = None,
    calls: Callable[[Call], None] | None = None,
) -> Trace:
    """Runs `firmware` on `board` in `world` and returns what was seen.

    `steps` is what the head-end does, with `image` as the image that it pushes. Nothing in a run depends
    on the wall clock or on chance: the same arguments give the same trace.
    """
    firmware = Firmware.load(firmware) if isinstance(firmware, str) else firmware
    board = Board.load(board) if isinstance(board, str) else board
    world = world or World()
    guest = guest or CPythonGuest()
    flash = bytes(board.flash_bytes) if world.flash_is_noise else fresh_flash(firmware, board)
    site = Site(board, world, guest, flash)
    if calls:
        hear_calls(site.mcu, calls)
    head_end = HeadEnd(site, steps, image)
    site.run(world.duration_us)
    trace = site.finish()
    site.close()
    chip = site.mcu.chip
    trace.notes.update(
        unheld_us=board.unheld_us,
        board=board.name,
        firmware=firmware.name,
        image_bytes=len(image),
        answers=head_end.answers,
        not_reached=head_end.not_reached(),
        console=site.mcu.console.log,
        lost=site.mcu.console.lost,
        pins=site.mcu.wiring.moves,
        programmed_bytes=dict(chip.programmed_bytes),
        erases=dict(chip.erases),
        supplied_mwh=site.metrology.total_mwh() - world.start_mwh,
        flash=bytes(chip.data),
    )
    return trace
