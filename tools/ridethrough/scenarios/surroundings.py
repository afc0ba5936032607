"""The tables of a scenario that say what answers a board: [uart.N], [spi.N], [wifi]."""

from __future__ import annotations

import re

from ridethrough.scenarios.moments import moments
from ridethrough.support.quantities import parse_time_us
from ridethrough.support.toml import Table
from ridethrough.world.peripherals import Parts, Wifi

_NUMBER = re.compile("[0-9]")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}\s*)+")


def parts(uart: Table, spi: Table, wifi: Table) -> Parts:
    """What the three tables say. BadInput for what cannot be."""
    return Parts(
        uart={int(n): _texts(uart.table(n)) for n in _numbered(uart)},
        spi={int(n): _bytes(spi.table(n)) for n in _numbered(spi)},
        wifi=_wifi(wifi),
    )


def _numbered(table: Table) -> list[str]:
    found = list(table.everything())
    for name in found:
        if not _NUMBER.fullmatch(name):
            raise table.fail(name, "the number of a bus expected, such as 0")
        if not isinstance(table.raw(name), dict):
            raise table.fail(name, 'a table expected: what was sent = "what comes back"')
    return found


def _texts(table: Table) -> dict[bytes, bytes]:
    return {sent.encode(): table.text(sent).encode() for sent in table.everything()}


def _bytes(table: Table) -> dict[bytes, bytes]:
    found = {}
    for sent in table.everything():
        answer = table.text(sent)
        for one in (sent, answer):
            if not _HEX.fullmatch(one):
                raise table.fail(sent, f"'{one}' is no hexadecimal text: two digits a byte, such as '9f 00'")
        found[bytes.fromhex(sent)] = bytes.fromhex(answer)
    return found


def _wifi(table: Table) -> Wifi:
    d = Wifi()
    up: list[tuple[int, bool]] = []
    for at_us, at, text in moments(table, "drops", 'a list of moments and times such as [["30 s", "5 s"]]'):
        if up and at_us < up[-1][0]:
            raise table.fail("drops", f"'{at}' is earlier than what stands before it")
        up += [(at_us, False), (at_us + table.parsed("drops", parse_time_us, text), True)]
    found = Wifi(
        ssid=table.text("ssid", d.ssid),
        password=table.text("password", d.password),
        join_us=table.time_us("join", d.join_us),
        fails=table.flag("fails", d.fails),
        up=tuple(up),
    )
    table.done()
    return found
