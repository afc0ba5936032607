"""The bytes of an image and of an activation command: one place for their numbers on the host side.

The board has the same in firmware/esme/image.py and activation.py; a test holds the two together.
"""

from __future__ import annotations

import struct

OUTER = struct.Struct("<IHHHHHIH32sI")
"""Zigbee OTA header, without its optional fields."""
OUTER_IDENT = 0x0BEEF11E
OUTER_FORM = 0x0100
ZIGBEE_STACK = 0x0002
HARDWARE_PRESENT = 4
CONTROL_KNOWN = 7
"""Bits of the field control that have a meaning."""
SUB_ELEMENT = struct.Struct("<HI")
"""Tag and length, before the data of each part of a Zigbee OTA file."""
SUB_ELEMENTS = {
    0: "upgrade image", 1: "ECDSA signature", 2: "ECDSA signing certificate", 3: "image integrity code",
    4: "picture data", 5: "ECDSA signature, suite 2", 6: "ECDSA signing certificate, suite 2",
}  # fmt: skip
"""Zigbee Cluster Library, OTA Upgrade, table of tag identifiers; 0xf000 and up are each maker's own."""
SUB_ELEMENTS_MAX = 1000
OPTIONAL = ((1, "security credential version", 1), (2, "upgrade file destination", 8), (4, "hardware versions", 4))

INNER = struct.Struct("<8sHHIIIIIIII32s")
INNER_MAGIC = b"RTHIMG\r\n"
INNER_FORM = 1
SIGNATURE_BYTES = 64
PAYLOAD_AT = INNER.size + SIGNATURE_BYTES
MARKER = b"\x00\x40"
"""0x0040 big-endian: 64 bytes of signature follow."""
TAIL_BYTES = len(MARKER) + SIGNATURE_BYTES

COMMAND = struct.Struct("<8s32sI32sQ")
"""Magic, SHA-256 of the board's id, counter, SHA-256 of the Manufacturer Image, date; then r||s, as in all below."""
COMMAND_MAGIC = b"RTHAC2\r\n"
OLD_COMMAND = struct.Struct("<8s8sI32sQ")
"""The same of boards that were flashed before: with an id of 8 bytes, which longer ones are cut to."""
OLD_COMMAND_MAGIC = b"RTHACT\r\n"
PERMIT = struct.Struct("<8s32sI32s")
"""Magic, SHA-256 of the board's id, counter, SHA-256 of the Manufacturer Image."""
PERMIT_MAGIC = b"RTHPMT\r\n"
TIME = struct.Struct("<8s32sQ")
"""Magic, SHA-256 of the board's id, seconds since 1970 UTC."""
TIME_MAGIC = b"RTHTIM\r\n"
DATE_CANCEL = 2**64 - 1

IMAGE_BYTES_MAX = 16 * 1024 * 1024
"""Nothing larger is read into memory; the largest real image is some 750 KB [assumed]."""
