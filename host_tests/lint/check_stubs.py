"""Check firmware/ and boards/ against the MicroPython stubs of their port (part of `make lint`).

The stubs bring a `builtins` and a `typing` of their own, so they are a typeshed of mypy's and are kept
apart, in .stubs. Their types are looser than the port's, so what is checked is that names, attributes
and calls exist.
"""

import os
import subprocess
import sys
from pathlib import Path

from ridethrough.boards import Board

ROOT = Path(__file__).resolve().parents[2]
STUBS = ROOT / ".stubs"
REFERENCE = ROOT / "boards" / "rpi_pico"
BOARDS = sorted(p.parent for p in (ROOT / "boards").glob("*/board.py"))


def check(files: list[Path], path: list[Path], *options: str, stubs: Path = STUBS) -> int:
    command = [
        sys.executable, "-m", "mypy", "--config-file", str(Path(__file__).with_name("stubs.ini")),
        "--custom-typeshed-dir", str(stubs), *options, *map(str, files),
    ]  # fmt: skip
    environment = os.environ | {"MYPYPATH": os.pathsep.join(map(str, [*path, stubs]))}
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def main() -> int:
    firmware, app = ROOT / "firmware", ROOT / "firmware" / "app"
    status = 0
    for board in BOARDS:
        port = Board.load(board.name).port
        stubs = STUBS if port == "rp2" else STUBS / "ports" / port
        status |= check([board / "board.py"], [], stubs=stubs)
        status |= check([board / "boot.py"], [board, firmware], stubs=stubs)
    status |= check([*(firmware / "esme").glob("*.py")], [REFERENCE, firmware, app])
    # main.py goes on in the namespace that boot.py leaves
    status |= check([firmware / "main.py"], [REFERENCE, firmware, app], "--disable-error-code=name-defined")
    status |= check([*app.glob("*.py")], [REFERENCE, firmware, app])
    status |= check([firmware / "witness" / "main.py"], [])
    return status


if __name__ == "__main__":
    sys.exit(main())
