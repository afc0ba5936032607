"""A firmware directory, and the files that it puts on a fresh board."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ridethrough.boards import Board
from ridethrough.images.build import ImageSpec, application_files, build_image
from ridethrough.images.keys import EMULATED
from ridethrough.support.errors import BadInput, suggestion
from ridethrough.support.paths import FIRMWARE, SPECIMENS, WITNESS

FACTORY_VERSION = 1
_SOURCE_BYTES_MAX = 4 * 1024 * 1024


@dataclass(frozen=True)
class Firmware:
    """`files` by absolute path on the board; `application` the files of its image, if it takes images."""

    name: str
    files: dict[str, bytes]
    application: dict[str, bytes]

    @classmethod
    def load(cls, name: str = "") -> Firmware:
        """The reference (""), a specimen by name, or a directory. BadInput if there is no firmware in it."""
        directory = FIRMWARE if not name else SPECIMENS / name if "/" not in name and name != "." else Path(name)
        if not directory.is_dir():
            known = [p.name for p in SPECIMENS.iterdir() if p.is_dir()]
            raise BadInput(f"no firmware '{name}' ({directory} is no directory){suggestion(name, known)}")
        if not any((directory / f).is_file() for f in ("boot.py", "main.py")):
            raise BadInput(f"{directory}: neither boot.py nor main.py: no MicroPython firmware")
        apart = ("app", WITNESS.name) if directory == FIRMWARE else ("app",)
        files: dict[str, bytes] = {}
        total = 0
        for path in sorted(directory.rglob("*")):
            relative = path.relative_to(directory)
            hidden = any(part.startswith((".", "__pycache__")) for part in relative.parts)
            if path.is_file() and not hidden and relative.parts[0] not in apart:
                total += path.stat().st_size
                if total > _SOURCE_BYTES_MAX:
                    raise BadInput(f"{directory}: more than {_SOURCE_BYTES_MAX} bytes: no board holds that")
                files["/" + relative.as_posix()] = path.read_bytes()
        app = directory / "app"
        return cls(name or "reference", files, application_files(app) if app.is_dir() else {})

    def fresh_board(self, board: Board) -> dict[str, bytes]:
        """Every file on a board as the factory leaves it, with everybody's keys: for emulation only."""
        files = dict(self.files)
        files["/board.py"] = board.board_py.read_bytes()
        if self.application:
            files["/esme/maker.pub"] = EMULATED.maker.public
            files["/esme/supplier.pub"] = EMULATED.supplier.public
            spec = ImageSpec(version=FACTORY_VERSION, hardware=board.hardware)
            files["/slot_a.img"] = build_image(self.application, spec, EMULATED)
        return files
