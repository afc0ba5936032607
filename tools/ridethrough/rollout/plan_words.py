"""The words that a plan's tables have in common: shares, behaviours, licence areas."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

from ridethrough.boards import Board
from ridethrough.boards.firmware import Firmware
from ridethrough.rollout.plan import PPM, Area, Meter
from ridethrough.scenarios import Scenario
from ridethrough.support.errors import BadInput, suggestion
from ridethrough.support.paths import SPECIMENS
from ridethrough.support.toml import Table, brief

_SHARE = re.compile(r"(\d{1,3}(?:\.\d{1,4})?) ?%")


def share(text: str) -> int:
    """PPM of a text such as `12.5 %`."""
    match = _SHARE.fullmatch(text)
    if match is None or Decimal(match[1]) > 100:
        raise BadInput(f"'{text[:40]}' is no share: write it like '12.5 %', from 0 to 100 %")
    return int(Decimal(match[1]) * PPM / 100)


def share_of(table: Table, key: str, default: str) -> int:
    """A share at `key`, in PPM."""
    return table.parsed(key, share, table.text(key, default))


def check_sum(table: Table, key: str, shares: list[int]) -> None:
    """BadInput unless they add up to 1."""
    total = sum(shares)
    if total != PPM:
        raise table.fail(key, f"the shares add up to {Decimal(total) * 100 / PPM:f} %, not to 100 %")


def area_shares(table: Table, key: str, known: tuple[Area, ...]) -> dict[str, int]:
    """Shares of licence areas, zero where none is given; empty if nothing is."""
    inner = table.table(key)
    names = [a.name for a in known]
    found = {}
    for name in inner.everything():
        if name not in names:
            raise inner.fail(name, f"no licence area has that name{suggestion(name, names)}")
        found[name] = inner.parsed(name, share, inner.text(name))
    if found:
        check_sum(table, key, list(found.values()))
        found = {name: found.get(name, 0) for name in names}
    return found


def real_number(table: Table, key: str, most: int) -> float:
    """A number from 0 to `most`."""
    value = table.raw(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise table.fail(key, f"a number from 0 to {most} expected, not '{brief(value)}'")
    return float(value)


def meter_of(table: Table, beside: Path, key: str = "behaviour") -> Meter:
    """The behaviour that a table names: `behaviour`, or `firmware` and `line`, or `capture`."""
    if key != "behaviour":
        return scenario_of(table, key, table.text(key), beside)
    given = [k for k in ("behaviour", "firmware", "capture") if table.has(k)]
    if len(given) != 1:
        raise table.fail("behaviour", "one of behaviour, firmware and capture expected")
    if given == ["behaviour"]:
        return scenario_of(table, key, table.text(key), beside)
    if given == ["firmware"]:
        name = table.text("firmware")
        if not name.strip("/."):
            raise table.fail("firmware", "a folder beside the plan, or a specimen's, expected")
        # one that comes with the project, or a directory beside the plan
        firmware = name if "/" not in name and (SPECIMENS / name).is_dir() else f"{beside / name}/"
        table.parsed("firmware", Firmware.load, firmware)
        board = table.text("board", "rpi_pico")
        table.parsed("board", Board.load, board)
        return Meter(firmware=firmware, board=board, line=table.text("line"))
    capture = beside / table.text("capture")
    if not capture.is_file():
        raise table.fail("capture", f"'{capture}' is no file")
    channels = table.table("map")
    scale = real_number(table, "scale", 10_000) if table.has("scale") else None
    if scale == 0:
        raise table.fail("scale", "what the probe divides the voltage by: more than 0")
    return Meter(
        capture=capture,
        at_us=table.time_us("at") if table.has("at") else None,
        channels=tuple((signal, channels.text(signal)) for signal in channels.everything()),
        scale=scale,
    )


def scenario_of(table: Table, key: str, name: str, beside: Path) -> Meter:
    """The scenario called `name`, by name or in a file beside the plan. BadInput if there is none."""
    if name.partition(":")[0].endswith(".toml"):
        name = str(beside / name)
    table.parsed(key, Scenario.load, name)
    return Meter(scenario=name)
