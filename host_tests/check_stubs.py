"""Check firmware/ and boards/ against the MicroPython stubs of their port (part of `make lint`).

The stubs bring a `builtins` and a `typing` of their own, so they are a typeshed of mypy's and are kept
apart, in .stubs. Their types are looser than the port's, so what is checked is that names, attributes
and calls exist.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STUBS = ROOT / ".stubs"
BOARDS = sorted(p.parent for p in (ROOT / "boards").glob("*/board.py"))


def check(files: list[Path], path: list[Path], *options: str) -> int:
    command = [
        sys.executable, "-m", "mypy", "--config-file", str(ROOT / "host_tests" / "stubs.ini"),
        "--custom-typeshed-dir", str(STUBS), *options, *map(str, files),
    ]  # fmt: skip
    environment = os.environ | {"MYPYPATH": os.pathsep.join(map(str, [*path, STUBS]))}
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def main() -> int:
    firmware, app = ROOT / "firmware", ROOT / "firmware" / "app"
    status = 0
    for board in BOARDS:
        status |= check([board / "board.py"], [])
    status |= check([firmware / "boot.py", *(firmware / "esme").glob("*.py")], [BOARDS[-1], firmware, app])
    # main.py goes on in the namespace that boot.py leaves
    status |= check([firmware / "main.py"], [BOARDS[-1], firmware, app], "--disable-error-code=name-defined")
    status |= check([*app.glob("*.py")], [BOARDS[-1], firmware, app])
    return status


if __name__ == "__main__":
    sys.exit(main())
