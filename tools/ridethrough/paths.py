"""Where the project's own data files lie: in a clone, beside `tools/`."""

from __future__ import annotations

from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
FIRMWARE = _ROOT / "firmware"
BOARDS = _ROOT / "boards"
SCENARIOS = Path(__file__).resolve().parent / "scenarios"
SPECIMENS = Path(__file__).resolve().parent / "specimens"
RULES = Path(__file__).resolve().parent / "rules" / "library"
