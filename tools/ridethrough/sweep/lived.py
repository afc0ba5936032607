"""Boards that have lived: what a sweep may start from instead of one as the factory leaves it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from ridethrough.boards import Board
from ridethrough.boards.firmware import FACTORY_VERSION, Firmware
from ridethrough.guests.cpython import CPythonGuest
from ridethrough.guests.flashfs import FlashFs, fresh_flash
from ridethrough.headend import client
from ridethrough.headend.head_end import HeadEnd
from ridethrough.images import EMULATED, ImageSpec, activation_command, build_image
from ridethrough.images.commands import manufacturer_part, permits
from ridethrough.sweep.flash import RECORD, Record
from ridethrough.world.chip import ChipParams, FlashChip
from ridethrough.world.site import Site
from ridethrough.world.world import World

_S = 1_000_000
_BEGIN_US, _UPDATE_US = 5 * _S, 60 * _S
_DATE = 4_000_000_000
_LOG_BYTES = 4096
"""LIMIT of esme/events.py."""
_LINE = b"%06d 8F57 filler, as an old board has it\n"
_STRANGE_HARDWARE = 0x7777


@dataclass(frozen=True)
class Lived:
    """`flash` is what its chip holds, `mwh` where its metrology part stands, `commands` how many it has taken.
    `images`: SHA-256 of each Manufacturer Image that it may run, beside the factory's, and its version, which is its
    security counter, too."""

    flash: bytes
    mwh: int
    commands: int = 0
    images: tuple[tuple[bytes, int], ...] = ()

    @property
    def version(self) -> int:
        """The newest that it may run."""
        return max((version for _, version in self.images), default=FACTORY_VERSION)


def _image(firmware: Firmware, board: Board, size: int, version: int, hardware: int | None = None) -> bytes:
    spec = ImageSpec(version, board.hardware if hardware is None else hardware, counter=version)
    return build_image(firmware.application, spec, EMULATED, size)


def _live(firmware: Firmware, board: Board, size: int, updates: int, world: World, stored: bool = False) -> Lived:
    # `updates` in a row; then, with `stored`, one more image and a command with a date.
    site = Site(board, world, CPythonGuest(), fresh_flash(firmware, board))
    images = [_image(firmware, board, size, FACTORY_VERSION + 1 + i) for i in range(updates + stored)]

    def operation() -> client.Operation:
        for i, image in enumerate(images):
            yield from client.push(image, permit=permits(image, board.unique_id, EMULATED.supplier))
            date = _DATE if i >= updates else 0
            signed = activation_command(image, board.unique_id, i + 1, EMULATED.supplier, date)
            yield from (client.command(signed) if date else client.await_outcome(signed))
        return ""

    HeadEnd(site, (), b"").start(operation(), _BEGIN_US)
    site.run(_BEGIN_US + _UPDATE_US * len(images) + 15 * _S)
    site.close()
    ran = images[:updates]
    return Lived(
        bytes(site.mcu.chip.data),
        site.metrology.total_mwh(),
        len(images),
        tuple((hashlib.sha256(manufacturer_part(one)).digest(), FACTORY_VERSION + 1 + i) for i, one in enumerate(ran)),
    )


def _with_files(lived: Lived, board: Board, files: dict[str, bytes], gone: str = "") -> Lived:
    chip = FlashChip(ChipParams.of(board), bytearray(lived.flash))
    flash = FlashFs(chip)
    flash.mount()
    if gone:
        flash.remove(gone)
    flash.write_files(files)
    return replace(lived, flash=bytes(chip.data))


def _full_log(firmware: Firmware, board: Board, size: int) -> Lived:
    lines = b"".join(_LINE % n for n in range(1, 200))
    old = lines[: _LOG_BYTES // len(_LINE % 0) * len(_LINE % 0)]
    new = lines[len(old) :][: (_LOG_BYTES - 170) // len(_LINE % 0) * len(_LINE % 0)]
    files = {"/events.old": old, "/events.log": new}
    return _with_files(_live(firmware, board, size, 1, World()), board, files)


def _spent(firmware: Firmware, board: Board, size: int) -> Lived:
    # As after many unsigned requests: none is left, so that each new transfer takes a permit.
    lived = _live(firmware, board, size, 0, World())
    chip = FlashChip(ChipParams.of(board), bytearray(lived.flash))
    flash = FlashFs(chip)
    flash.mount()
    return _with_files(lived, board, {RECORD: Record.without_quota(flash.read_file(RECORD))})


def _stranger(firmware: Firmware, board: Board, size: int) -> Lived:
    strange = _image(firmware, board, size, 9, _STRANGE_HARDWARE)
    return _with_files(_live(firmware, board, size, 0, World()), board, {"/slot_b.img": strange}, gone="/boot.rec")


def _wrap(firmware: Firmware, board: Board, size: int) -> Lived:
    # the part's counter wraps two seconds after the sweep's runs begin
    world = World()
    lived_s = (_BEGIN_US + 15 * _S) // _S
    return _live(
        firmware, board, size, 0, replace(world, start_mwh=2**32 - world.load_w * 1000 * (lived_s + 2) // 3600)
    )


LIVES: dict[str, Callable[[Firmware, Board, int], Lived]] = {
    "proven": lambda firmware, board, size: _live(firmware, board, size, 1, World()),
    "third": lambda firmware, board, size: _live(firmware, board, size, 2, World()),
    "scheduled": lambda firmware, board, size: _live(firmware, board, size, 0, World(), stored=True),
    "full-log": _full_log,
    "register-wrap": _wrap,
    "stranger": _stranger,
    "spent": _spent,
}
"""By name: both slots proven by one update; by two, so that the first slot runs again; an activation with a date is
stored; the event log is about to rotate; the metrology part's counter is about to wrap; the record is gone, and a
slot holds an image for other hardware; no request without a permit is left."""
