"""Build an image from a directory of application files: ROMFS, inner header, both signatures.

The same input gives the same bytes, always: files go in by name, and signatures are deterministic.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from mpremote.romfs import VfsRomWriter

from ridethrough.images import layout
from ridethrough.images.keys import KeyPair, Keys
from ridethrough.support.errors import BadInput
from ridethrough.support.files import FOLDER_BYTES_MAX, read_folder

_PAD_NAME = "padding.bin"


@dataclass(frozen=True)
class ImageSpec:
    """What the headers are to say. `follows` is the range of versions it may replace."""

    version: int
    hardware: int
    counter: int = 1
    follows: tuple[int, int] = (0, 2**32 - 1)
    resident: int = 2
    manufacturer: int = 0x1234
    image_type: int = 0x0001
    label: str = "ridethrough reference"


def romfs(files: dict[str, bytes]) -> bytes:
    """A ROMFS of `files` by relative path, in order of name."""
    writer = VfsRomWriter()
    _add_folder(writer, sorted((tuple(path.split("/")), data) for path, data in files.items()))
    return bytes(writer.finalise())


def _add_folder(writer: VfsRomWriter, entries: list[tuple[tuple[str, ...], bytes]]) -> None:
    folders: dict[str, list[tuple[tuple[str, ...], bytes]]] = {}
    for parts, data in entries:
        if len(parts) == 1:
            writer.mkfile(parts[0], data)
        else:
            folders.setdefault(parts[0], []).append((parts[1:], data))
    for name, inside in folders.items():
        writer.opendir(name)
        _add_folder(writer, inside)
        writer.closedir()


def application_files(directory: Path) -> dict[str, bytes]:
    """The files below `directory`, less caches and dot files. BadInput if there is no application.py."""
    files = read_folder(directory, FOLDER_BYTES_MAX)
    if "application.py" not in files and "application.mpy" not in files:
        raise BadInput(f"{directory}: no application.py: an image needs one, with run(meter) in it")
    return files


def manufacturer_image(files: dict[str, bytes], spec: ImageSpec, keys: Keys) -> bytes:
    """Inner header, the maker's signature over it, payload."""
    payload = romfs(files)
    inner = layout.INNER.pack(
        layout.INNER_MAGIC,
        layout.INNER_FORM,
        layout.INNER.size,
        spec.version,
        spec.hardware,
        spec.counter,
        *spec.follows,
        spec.resident,
        len(payload),
        0,
        hashlib.sha256(payload).digest(),
    )
    return inner + keys.maker.sign(inner) + payload


def build_image(files: dict[str, bytes], spec: ImageSpec, keys: Keys, size: int = 0) -> bytes:
    """A whole signed image; with `size`, filled up to exactly that many bytes by a file of zeros.

    BadInput if the files alone are larger than `size`.
    """
    if size:
        bare = len(build_image(files, spec, keys))
        if bare > size:
            raise BadInput(f"the image is {bare} bytes already, more than the {size} asked for")
        pad = max(0, size - bare - 64)
        while len(image := wrap(manufacturer_image({**files, _PAD_NAME: bytes(pad)}, spec, keys), spec, keys)) < size:
            pad += size - len(image)
        if len(image) != size:
            raise BadInput(f"an image of exactly {size} bytes cannot be made of these files; ask for {len(image)}")
        return image
    return wrap(manufacturer_image(files, spec, keys), spec, keys)


def wrap(manufacturer: bytes, spec: ImageSpec, keys: Keys) -> bytes:
    """Zigbee OTA header, `manufacturer`, and the supplier's signature over it alone."""
    header_bytes = layout.OUTER.size + 4
    header = layout.OUTER.pack(
        layout.OUTER_IDENT,
        layout.OUTER_FORM,
        header_bytes,
        layout.HARDWARE_PRESENT,
        spec.manufacturer,
        spec.image_type,
        spec.version,
        layout.ZIGBEE_STACK,
        spec.label.encode()[:32],
        header_bytes + len(manufacturer) + layout.TAIL_BYTES,
    )
    hardware = spec.hardware.to_bytes(2, "little") * 2
    return header + hardware + manufacturer + layout.MARKER + keys.supplier.sign(manufacturer)


def resign(image: bytes, supplier: KeyPair, name: str) -> bytes:
    """`image` with another supplier's signature; BadInput (about the file `name`) if it is no sound image."""
    header_bytes = int.from_bytes(image[6:8], "little")
    ours = image[:4] == layout.OUTER_IDENT.to_bytes(4, "little")
    if not ours or not layout.OUTER.size <= header_bytes < len(image) - layout.TAIL_BYTES:
        raise BadInput(f"{name}: no Zigbee OTA image")
    if image[-layout.TAIL_BYTES : -layout.SIGNATURE_BYTES] != layout.MARKER:
        raise BadInput(f"{name}: no signature where one should be: ridethrough image inspect {name} says more")
    return image[: -layout.SIGNATURE_BYTES] + supplier.sign(image[header_bytes : -layout.TAIL_BYTES])
