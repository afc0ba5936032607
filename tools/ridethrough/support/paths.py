"""Where the project's own data files lie: in a clone, beside `tools/`; of an installed wheel, in the package."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
_INSTALLED = (_PACKAGE / "installed").is_dir()
_ROOT = _PACKAGE / "installed" if _INSTALLED else _PACKAGE.parents[1]
FIRMWARE = _ROOT / "firmware"
WITNESS = FIRMWARE / "witness"
"""Firmware for a board of its own."""
BOARDS = _ROOT / "boards"
SCENARIOS = _PACKAGE / "scenarios"
SPECIMENS = _PACKAGE / "specimens"
ROLLOUT = _PACKAGE / "rollout"
WORKBENCH = (_ROOT if _INSTALLED else _ROOT / "build" / "workbench") / "ridethrough-workbench.html"
"""The page for a browser, if it was built."""
CHIP = Path("build/chip") if _INSTALLED else _ROOT / "build" / "chip"
"""Where `make chip` puts the emulated chip."""
RULES = _PACKAGE / "rules" / "library"
