"""The activation command that a supplier signs (firmware/esme/activation.py reads it)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from ridethrough.images import layout
from ridethrough.images.keys import KeyPair


def manufacturer_part(image: bytes) -> bytes:
    """The Manufacturer Image inside a whole image that `build_image` made."""
    header_bytes = int.from_bytes(image[6:8], "little")
    return image[header_bytes : -layout.TAIL_BYTES]


def activation_command(image: bytes, board_id: bytes, counter: int, supplier: KeyPair, date_unix_s: int = 0) -> bytes:
    """Activate `image` on one board, now or at `date_unix_s` (`layout.DATE_CANCEL` withdraws)."""
    digest = hashlib.sha256(manufacturer_part(image)).digest()
    signed = layout.COMMAND.pack(layout.COMMAND_MAGIC, board_id, counter, digest, date_unix_s)
    return signed + supplier.sign(signed)


def next_command(image: bytes, hello: Mapping[str, str], supplier: KeyPair, date_unix_s: int = 0) -> bytes:
    """The same for the board that has answered `hello`, with the next counter that it takes. KeyError or ValueError
    if that is no such answer."""
    if not re.fullmatch("[0-9]{1,10}", hello["counter"]) or not int(hello["counter"]) < 2**32 - 1:
        raise ValueError(f"counter={hello['counter'][:20]}, a number below {2**32 - 1} expected")
    return activation_command(image, bytes.fromhex(hello["board"]), int(hello["counter"]) + 1, supplier, date_unix_s)
