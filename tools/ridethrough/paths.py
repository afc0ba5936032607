"""Where the project's own data files lie: in a clone, beside `tools/`; of an installed wheel, in the package."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_ROOT = _PACKAGE / "installed" if (_PACKAGE / "installed").is_dir() else _PACKAGE.parents[1]
FIRMWARE = _ROOT / "firmware"
WITNESS = FIRMWARE / "witness"
"""Firmware for a board of its own."""
BOARDS = _ROOT / "boards"
SCENARIOS = Path(__file__).resolve().parent / "scenarios"
SPECIMENS = Path(__file__).resolve().parent / "specimens"
RULES = Path(__file__).resolve().parent / "rules" / "library"
