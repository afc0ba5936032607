"""The image that a scenario pushes: the firmware's application again, or one of specimens/applications, whole or
damaged as the scenario says.
"""

from __future__ import annotations

from ridethrough.boards import Board
from ridethrough.boards.firmware import Firmware
from ridethrough.images.build import ImageSpec, build_image, resign
from ridethrough.images.keys import EMULATED
from ridethrough.images.layout import INNER, PAYLOAD_AT
from ridethrough.scenarios.plan import ImagePlan
from ridethrough.support.errors import BadInput, suggestion
from ridethrough.support.paths import SPECIMENS


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
