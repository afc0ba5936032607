"""A firmware directory, and the files that it puts on a fresh board."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ridethrough.boards import Board
from ridethrough.images.build import ImageSpec, application_files, build_image
from ridethrough.images.keys import EMULATED
from ridethrough.support.errors import BadInput, suggestion
from ridethrough.support.files import FOLDER_BYTES_MAX, read_bounded, read_folder
from ridethrough.support.paths import FIRMWARE, SPECIMENS, WITNESS

FACTORY_VERSION = 1


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
        files = {f"/{path}": data for path, data in read_folder(directory, FOLDER_BYTES_MAX, apart).items()}
        app = directory / "app"
        return cls(name or "reference", files, application_files(app) if app.is_dir() else {})

    def fresh_board(self, board: Board) -> dict[str, bytes]:
        """Every file on a board as the factory leaves it, with everybody's keys: for emulation only."""
        files = dict(self.files)
        files["/board.py"] = read_bounded(board.board_py, FOLDER_BYTES_MAX, "board.py")
        if self.application:
            files["/esme/maker.pub"] = EMULATED.maker.public
            files["/esme/supplier.pub"] = EMULATED.supplier.public
            spec = ImageSpec(version=FACTORY_VERSION, hardware=board.hardware)
            files["/slot_a.img"] = build_image(self.application, spec, EMULATED)
        return files
