"""What a supplier signs for one board: activation commands, permits, the time (firmware/esme/signed.py reads them)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping

from ridethrough.images import layout
from ridethrough.images.keys import KeyPair
from ridethrough.support.errors import BadInput

OLD_ID_BYTES = 8
"""Boards that were flashed before tell each other apart by so much of their id."""


def manufacturer_part(image: bytes) -> bytes:
    """The Manufacturer Image inside a whole image that `build_image` made."""
    header_bytes = int.from_bytes(image[6:8], "little")
    return image[header_bytes : -layout.TAIL_BYTES]


def _digest(image: bytes) -> bytes:
    return hashlib.sha256(manufacturer_part(image)).digest()


def activation_command(image: bytes, board_id: bytes, counter: int, supplier: KeyPair, date_unix_s: int = 0) -> bytes:
    """Activate `image` on one board, now or at `date_unix_s` (`layout.DATE_CANCEL` withdraws)."""
    board = hashlib.sha256(board_id).digest()
    signed = layout.COMMAND.pack(layout.COMMAND_MAGIC, board, counter, _digest(image), date_unix_s)
    return signed + supplier.sign(signed)


def old_command(image: bytes, board_id: bytes, counter: int, supplier: KeyPair, date_unix_s: int = 0) -> bytes:
    """The same for a board that was flashed before. BadInput if its id is longer: another board might take it."""
    if len(board_id) > OLD_ID_BYTES:
        raise BadInput(
            f"the board's firmware tells boards apart by {OLD_ID_BYTES} of their {len(board_id)} bytes of id: flash it "
            "anew (ridethrough flash)"
        )
    signed = layout.OLD_COMMAND.pack(
        layout.OLD_COMMAND_MAGIC, board_id.ljust(OLD_ID_BYTES, b"\0"), counter, _digest(image), date_unix_s
    )
    return signed + supplier.sign(signed)


def next_command(image: bytes, hello: Mapping[str, str], supplier: KeyPair, date_unix_s: int = 0) -> bytes:
    """The command for the board that has answered `hello`, in the form and with the next counter that it takes.
    KeyError or ValueError if that is no such answer."""
    if not re.fullmatch("[0-9]{1,10}", hello["counter"]) or not int(hello["counter"]) < 2**32 - 1:
        raise ValueError(f"counter={hello['counter'][:20]}, a number below {2**32 - 1} expected")
    make = activation_command if takes_signed_time(hello) else old_command
    return make(image, bytes.fromhex(hello["board"]), int(hello["counter"]) + 1, supplier, date_unix_s)


def takes_signed_time(hello: Mapping[str, str]) -> bool:
    """Of a board that has answered `hello`: is it of those that take signed time, permits and whole ids?"""
    return hello.get("protocol", "") == "2"


def permits(image: bytes, board_id: bytes, supplier: KeyPair) -> Callable[[int], bytes]:
    """A function of a counter: the permit to give up, for `image`, the slot of one board that does not run."""

    def permit(counter: int) -> bytes:
        board = hashlib.sha256(board_id).digest()
        signed = layout.PERMIT.pack(layout.PERMIT_MAGIC, board, counter, _digest(image))
        return signed + supplier.sign(signed)

    return permit


def signed_time(board_id: bytes, unix_s: int, supplier: KeyPair) -> bytes:
    """The time, for one board."""
    signed = layout.TIME.pack(layout.TIME_MAGIC, hashlib.sha256(board_id).digest(), unix_s)
    return signed + supplier.sign(signed)
