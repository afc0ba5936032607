"""Which releases of MicroPython the firmware and the boards are for: held against the stubs of each (`make releases`).

A release is taken if `board.py` and the firmware have no finding that they do not have with the newest. Nothing is
run: a behaviour that changed between two releases is not seen.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from check_stubs import REFERENCE, ROOT
from ridethrough.boards import Board
from ridethrough.support.paths import BOARDS

RELEASES = {
    "rp2": "1.20.0.post5 1.21.0.post2 1.22.1.post2 1.23.0.post2 1.24.1.post2 1.25.0.post3 1.26.0.post1 1.27.0.post1 "
    "1.28.0.post4 1.29.0.post1",
    "esp32": "1.20.0.post5 1.21.0.post4 1.22.0.post1 1.23.0.post2 1.24.1.post2 1.25.0.post5 1.26.0.post1 1.27.0.post1 "
    "1.28.0.post4 1.29.0.post1",
    "stm32": "1.20.0.post5 1.21.0.post2 1.22.0.post1 1.23.0.post2 1.24.1.post2 1.25.0.post3 1.26.0.post1 1.27.0.post1 "
    "1.28.0.post4 1.29.0.post1",
}


def stubs(port: str, version: str) -> Path | None:
    """The folder of a release's stubs, fetched once; None if there are none."""
    place = ROOT / "build" / "stubs" / f"{port}-{version}"
    if not place.is_dir():
        package = f"micropython-{port}-stubs=={version}"
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        if subprocess.run([*pip, "--target", str(place), package], check=False).returncode:
            return None
    return place


def findings(port: str, place: Path) -> list[str]:
    """What mypy says of the firmware and of the port's boards, without the lines' numbers."""
    firmware = ROOT / "firmware"
    boards = [p.parent for p in BOARDS.glob("*/board.py") if Board.load(p.parent.name).port == port]
    files = sorted((firmware / "esme").glob("*.py"))
    found: list[str] = []
    for names, path in (
        (files, [REFERENCE, firmware, firmware / "app"]),
        *(([b / name], [b, firmware]) for b in boards for name in ("board.py", "boot.py")),
    ):
        command = [
            sys.executable, "-m", "mypy", "--config-file", str(Path(__file__).with_name("stubs.ini")),
            "--no-error-summary", "--custom-typeshed-dir", str(place), "--cache-dir", os.devnull, *map(str, names),
        ]  # fmt: skip
        environment = os.environ | {"MYPYPATH": os.pathsep.join(map(str, [*path, place]))}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        lines = (done.stdout + done.stderr).splitlines()
        found += [line.partition(": ")[0].split(":")[0] + ": " + line.partition(": ")[2] for line in lines]
    # the stubs contradict themselves here and there
    return [line for line in found if line.startswith(("firmware/", "boards/")) and "note:" not in line]


def main() -> int:
    for port, versions in RELEASES.items():
        newest = findings(port, place) if (place := stubs(port, versions.split()[-1])) else []
        for version in versions.split():
            place = stubs(port, version)
            new = sorted(set(findings(port, place)) - set(newest)) if place else ["no stubs"]
            print(
                f"{port:<6} {version:<14} {'sound' if not new else f'{len(new)} findings: {new[0][:100]}'}", flush=True
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
