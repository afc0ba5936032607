"""What a sweep's result rests on, so that it can be filed: what was swept, its hashes, and the versions."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import version as version_of

from ridethrough.sweep.setting import Setting
from ridethrough.version import VERSION


def facts(setting: Setting, cuts: int | None, faults: Iterable[str], sample: str = "") -> dict[str, str]:
    """By name, in the order in which they are shown. Hashes are SHA-256. `sample`: what one left out, in words."""
    found = {
        "scenario": f"{setting.scenario.name}: {setting.scenario.title}",
        "board": f"{setting.board.name}: {setting.board.title}",
        "firmware": setting.firmware.name,
        "SHA-256 of the firmware": files_digest(setting.firmware.files | _below_app(setting.firmware.application)),
        "SHA-256 of the flash at the start": hashlib.sha256(setting.reader.fresh).hexdigest(),
    }
    if setting.image:
        found |= {
            "image": f"{len(setting.image)} bytes",
            "SHA-256 of the image": hashlib.sha256(setting.image).hexdigest(),
        }
    return (
        found
        | {
            "begins with": setting.life or "a board as the factory leaves it",
            "guest": setting.guest,
            "faults": ", ".join(faults),
            "states are told apart": _told_apart(setting),
            "cuts": "until no state is new" if cuts is None else str(cuts),
        }
        | ({"a sample": sample} if sample else {})
        | versions()
    )


def _told_apart(setting: Setting) -> str:
    if not setting.files:
        return "by every byte of the flash"
    return "by page" if setting.by_page else "by page after the first cut alone"


def versions() -> dict[str, str]:
    """Of what runs here."""
    return {
        "Ridethrough": VERSION,
        "Python": platform.python_version(),
        "littlefs-python": version_of("littlefs-python"),
    }


def files_digest(files: Mapping[str, bytes]) -> str:
    """Of all files: of the lines "SHA-256, two spaces, path" in order of path, as `sha256sum` prints them."""
    lines = [f"{hashlib.sha256(data).hexdigest()}  {path}\n" for path, data in sorted(files.items())]
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def _below_app(application: Mapping[str, bytes]) -> dict[str, bytes]:
    return {f"/app/{name}": data for name, data in application.items()}
