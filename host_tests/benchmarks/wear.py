"""How long the flash lasts: erases a day on the hottest block, and what they come to in years (part of `make budget`).

Each day is run on the emulated chip with littlefs as it is, its wear levelling included, on a board whose two slots are
full. A day of rest is the register's; the worst day is what lines that nobody has signed can make of it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from ridethrough import Board, World
from ridethrough.guests.cpython import CPythonGuest
from ridethrough.guests.flashfs import FlashFs, fresh_flash
from ridethrough.world.chip import ChipParams, FlashChip, Operation
from ridethrough.world.site import Site
from support import REFERENCE, S

PERSISTS_A_DAY = 48
"""PERSIST_MS of the application is half an hour; a test holds the two together."""
UNSIGNED_A_DAY = 1
"""REFILL_MS of esme/quota.py is a day; the same."""
DAYS_OF_REST, DAYS_OF_ATTACK = 90, 30
_YEAR_DAYS = 365.25
REST = """
from register import Register
import board
r = Register(board.metrology())
for _ in range({days} * {persists}):
    r.persist()
print("done")
"""
# A transfer of a whole slot, and a reset's share of the record and the log.
WORST = """
import binascii
import board
from esme import bootrec, events, quota, receiver, start
rec = bootrec.load()
r = receiver.Receiver(rec, rec.slots[0], quota.Quota(rec))
part = bytes(1024)
for i in range({lines}):
    rec.quota = bootrec.QUOTA_MAX
    r.begin(board.SLOT_BYTES, bytes([i] * 16), b"", lambda: None)
    for at in range(0, board.SLOT_BYTES, 1024):
        r.block(at, binascii.crc32(part), part)
    r.close()
    rec.intent = bootrec.COMMANDED
    start.save(rec)
    rec.intent = bootrec.NO_INTENT
    start.save(rec)
    events.log(events.WATCHDOG_RESET)
print("done")
"""


@dataclass(frozen=True)
class Wear:
    """Erases a day: of all blocks together, and of the one that is erased most."""

    total: float
    hottest: float

    def years(self, endurance_cycles: int) -> float:
        """Until the hottest block has had its cycles."""
        return endurance_cycles / self.hottest / _YEAR_DAYS


def _lived(board: Board) -> bytes:
    # A board that has run for a while, with both slots full.
    site = Site(board, World(), CPythonGuest(), fresh_flash(REFERENCE, board))
    site.run(20 * S)
    site.close()
    chip = FlashChip(ChipParams.of(board), site.mcu.chip.data)
    flash = FlashFs(chip)
    flash.mount()
    flash.write_files({"/slot_a.img": bytes(board.slot_bytes), "/slot_b.img": bytes(board.slot_bytes)})
    return bytes(chip.data)


def _measured(board: Board, flash: bytes, source: str, days: float) -> Wear:
    erased: Counter[int] = Counter()

    def hear(operation: Operation) -> None:
        if not operation.data:
            erased[operation.at // board.block_bytes] += 1

    # main.py alone runs on that flash: no watchdog, no boot.py
    chip = FlashChip(ChipParams.of(board), bytearray(flash))
    fs = FlashFs(chip)
    fs.mount()
    register = {f"/{name}": data for name, data in REFERENCE.application.items() if name == "register.py"}
    fs.write_files({"/boot.py": b"import board\n", "/main.py": source.encode(), **register})
    site = Site(board, World(), CPythonGuest(), bytes(chip.data))
    site.mcu.chip.on_operation = hear
    while not any(line == "done" for _, line in site.mcu.console.log):
        site.run(site.clock.now_us + 60 * S)
        if any("Traceback" in line for _, line in site.mcu.console.log):
            raise SystemExit("\n".join(line for _, line in site.mcu.console.log))
    site.close()
    return Wear(sum(erased.values()) / days, max(erased.values()) / days)


def rest(board: Board) -> Wear:
    """A day on which nothing happens but the counting of energy."""
    return _measured(board, _lived(board), REST.format(days=DAYS_OF_REST, persists=PERSISTS_A_DAY), DAYS_OF_REST)


def worst(board: Board) -> Wear:
    """What unsigned lines add to a day: as many transfers of a whole slot, and resets, as the board lets through."""
    return _measured(board, _lived(board), WORST.format(lines=UNSIGNED_A_DAY * DAYS_OF_ATTACK), DAYS_OF_ATTACK)


def lines(board: Board) -> tuple[list[str], list[str]]:
    """What to print of a board, and what is over its limits."""
    idle, busy = rest(board), worst(board)
    years = idle.years(board.endurance_cycles)
    times = max(busy.total / idle.total, busy.hottest / idle.hottest)
    said = [
        f"  flash at rest         {idle.total:.1f} erases a day, {idle.hottest:.2f} of the hottest block: {years:.0f} "
        f"years of {board.endurance_cycles} cycles, at least {board.budget['flash_years']}",
        f"  unsigned lines add    {busy.total:.1f} erases a day, {busy.hottest:.2f} of the hottest block: {times:.1f} "
        "times rest, at most 10",
    ]
    over = [f"{board.name}: the flash lasts {years:.0f} years"] if years < board.budget["flash_years"] else []
    return said, over + ([f"{board.name}: unsigned lines wear it {times:.1f} times as fast"] if times > 10 else [])
