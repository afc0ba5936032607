"""A firmware directory, and the files that it puts on a fresh board."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ridethrough.boards import Board
from ridethrough.boards.bare import bare
from ridethrough.images.build import ImageSpec, application_files, build_image
from ridethrough.images.keys import EMULATED
from ridethrough.support.errors import BadInput, suggestion
from ridethrough.support.files import FOLDER_BYTES_MAX, read_folder
from ridethrough.support.paths import FIRMWARE, SPECIMENS, WITNESS

FACTORY_VERSION = 1
BUILD, PRODUCT = "/esme/build.py", b"REPL = False\n"
"""What a product build has instead of that file."""
RESUME = {"/esme/resume.py", "/esme/resume.mpy"}
"""With one of these a board's boot.py goes on."""


@dataclass(frozen=True)
class Firmware:
    """`files` by absolute path on the board, of the reference without comments; `application` the files of its image,
    if it takes images: if it has the reference's folders esme/ and app/."""

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
        # app/ is an image's content only beside the resident library that takes images; else it is a folder like any
        app = directory / "app"
        takes_images = app.is_dir() and (directory / "esme").is_dir()
        apart = ("app", WITNESS.name) if directory == FIRMWARE else ("app",) if takes_images else ()
        files = {f"/{path}": data for path, data in read_folder(directory, FOLDER_BYTES_MAX, apart).items()}
        if directory == FIRMWARE:
            files = {path: bare(data) if path.endswith(".py") else data for path, data in files.items()}
        return cls(name or "reference", files, application_files(app) if takes_images else {})

    def fresh_board(self, board: Board) -> dict[str, bytes]:
        """Every file on a board as the factory leaves it, with everybody's keys: for emulation only. The board's own
        board.py is among them, if it has one and the firmware brings none; its boot.py for the firmware that it ends
        with."""
        files = dict(self.files)
        if RESUME & files.keys() and not {"/boot.py", "/board.py"} <= files.keys():
            files = board.files() | files
        elif "/board.py" not in files and (self.application or board.board_py.is_file()):
            files["/board.py"] = board.read_board_py()
        if self.application:
            files["/esme/maker.pub"] = EMULATED.maker.public
            files["/esme/supplier.pub"] = EMULATED.supplier.public
            spec = ImageSpec(version=FACTORY_VERSION, hardware=board.hardware)
            files["/slot_a.img"] = build_image(self.application, spec, EMULATED)
        return files
