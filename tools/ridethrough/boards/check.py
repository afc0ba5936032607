"""Is a board that somebody describes sound? Beyond the types that boards.py asks for: do its figures fit each
other, its `board.py`, and the firmware?
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ridethrough.boards import Board
from ridethrough.support.errors import BadInput

NEEDED = (
    "ch_enable", "ac_ok", "mains", "ch_present_n", "enable_sense", "held_at_boot", "soft_reset", "RESET_PULL",
    "HARDWARE", "WDT_MS", "BOOT_US", "HOLD_US", "SLOT_BYTES", "METROLOGY_CLOCK",
    "TIMER", "ch_mv", "running", "metrology", "hold_set",
    "hold_is_set",
)  # fmt: skip
"""What the firmware takes from board.py; see docs/boards.md."""
BOOT_NEEDED = {"soft_reset", "held_at_boot"}
"""And from boot.py."""
_RESIDENT_BYTES = 160 * 1024
"""Files beside the slots: resident firmware, record, logs, and littlefs's own copies of what changes."""
_HIGHEST_MV = 13_200
_NUMBER_MAX = 2**63
"""No constant of a board.py is as large."""
_WINDOW_LOW_MV, _HUB_LOST_MV = 10_800, 9_000
_HUB_UF, _HUB_MW = 470, 5_000
"""The worst hub that is to be carried over a gap [assumed]; the same as in firmware/esme/holdup.py."""


def problems(board: Board) -> Iterator[str]:
    """One line each: what does not fit, and how to mend it."""
    yield from _pins(board)
    yield from _hold(board)
    if 2 * board.slot_bytes + _RESIDENT_BYTES > board.flash_bytes:
        room = (board.flash_bytes - _RESIDENT_BYTES) // 2 // board.block_bytes * board.block_bytes
        yield (
            f"flash.slot_bytes: two slots of {board.slot_bytes} bytes and {_RESIDENT_BYTES} for everything else do "
            f"not fit {board.flash_bytes}: at most {max(0, room)}"
        )
    yield from _boot_py(board)
    yield from _board_py(board)


def _pins(board: Board) -> Iterator[str]:
    for role, pin in board.pins.items():
        if pin.gpio in board.glitching:
            yield f"pins.{role}: gpio {pin.gpio} is not its own ({board.glitching[pin.gpio]}): take another"
    sense = board.pins["ch_sense"]
    if _HIGHEST_MV / sense.divider > board.io_mv:
        least = -(-_HIGHEST_MV // board.io_mv)
        yield (
            f"pins.ch_sense: {_HIGHEST_MV / 1000:g} V over a divider of {sense.divider} is more than the chip's "
            f"{board.io_mv / 1000:g} V: divide by {least} or more"
        )
    if board.reset_pull == "down" and not board.pins["ac_ok"].pull_up_ohm:
        yield (
            "pins.ac_ok: in reset it is low, and the hub is told that mains is lost: a pull-up (10 kOhm) keeps the "
            "transistor on"
        )
    for role in ("ac_ok", "running_n"):
        yield from _pull(board, role, board.pins[role].pull_up_ohm)


def _pull(board: Board, role: str, pull_up_ohm: int) -> Iterator[str]:
    # Does the pull-up beat the chip's own pull-down?
    if not pull_up_ohm or board.reset_pull != "down":
        return
    mv = board.io_mv * board.pull_down_ohm // (board.pull_down_ohm + pull_up_ohm)
    if mv < board.high_mv:
        most = board.pull_down_ohm * (board.io_mv - board.high_mv) // board.high_mv
        yield (
            f"pins.{role}: {pull_up_ohm} Ohm against the chip's pull-down of {board.pull_down_ohm} leaves {mv} mV, "
            f"and high is from {board.high_mv} mV: at most {most} Ohm"
        )


def _hold(board: Board) -> Iterator[str]:
    pull_up_ohm = board.pins["ch_enable"].pull_up_ohm
    if board.hold == "pull":
        if not pull_up_ohm:
            yield 'hold.kind: "pull" needs pins.ch_enable with a pull_up_ohm, such as 10000'
        yield from _pull(board, "ch_enable", pull_up_ohm)
    elif pull_up_ohm:
        yield f'hold.kind: "{board.hold}", yet pins.ch_enable has a pull-up: is it "pull"?'
    if board.hold == "pad" and board.port != "esp32":
        yield f'hold.kind: "pad" is the esp32 port\'s; {board.port} cannot hold a pad: "pull" or "latch"'


def _boot_py(board: Board) -> Iterator[str]:
    try:
        names = _defined(_parsed(board, "boot.py"))[1]
    except BadInput as e:
        yield str(e)
        return
    for name in sorted(BOOT_NEEDED - names):
        yield f"boot.py: {name} is missing: the firmware needs it (docs/boards.md)"


def _parsed(board: Board, name: str) -> ast.Module:
    try:
        return ast.parse(board.files()[f"/{name}"].decode())
    except (SyntaxError, ValueError, RecursionError, MemoryError) as e:
        # the two last are what Python's parser says of brackets in brackets
        raise BadInput(f"{name}: cannot be read: {[*str(e).splitlines(), 'too deeply nested'][0]}") from e


def _board_py(board: Board) -> Iterator[str]:
    try:
        tree = _parsed(board, "board.py")
    except BadInput as e:
        yield str(e)
        return
    defined, names = _defined(tree)
    for name in NEEDED:
        if name not in names:
            yield f"board.py: {name} is missing: the firmware needs it (docs/boards.md)"
    for name, wanted in (
        ("HARDWARE", board.hardware),
        ("SLOT_BYTES", board.slot_bytes),
        ("METROLOGY_CLOCK", board.metrology_clock),
    ):
        if defined.get(name, wanted) != wanted:
            yield f"board.py: {name} is {defined[name]}, board.toml says {wanted}: one of them is wrong"
    wdt_ms, stated_us, hold_us = (defined.get(name, 0) for name in ("WDT_MS", "BOOT_US", "HOLD_US"))
    if wdt_ms > board.wdt_ms_max:
        yield f"board.py: WDT_MS is {wdt_ms}, the chip's watchdog allows {board.wdt_ms_max}"
    if 0 < stated_us < board.start_us:
        reached = f"board.toml says that boot.py is reached after {board.start_us}"
        yield f"board.py: BOOT_US is {stated_us}, {reached}: round it up"
    gap_us = wdt_ms * 1000 + stated_us - hold_us
    carried_us = _HUB_UF * (_WINDOW_LOW_MV**2 - _HUB_LOST_MV**2) // (2000 * _HUB_MW)
    if board.hold != "none" and hold_us >= 0 and gap_us > carried_us:
        yield (
            f"board.py: HOLD_US is {hold_us}: nothing holds the rail for {gap_us} us of a watchdog bite and a start, "
            f"and the hub's capacitor carries {carried_us} us; -1 if it lasts as long as the supply"
        )


def constants(board: Board) -> dict[str, int]:
    """The whole numbers that board.py defines, by name. BadInput if it cannot be read."""
    return _defined(_parsed(board, "board.py"))[0]


def _defined(tree: ast.Module) -> tuple[dict[str, int], set[str]]:
    constants: dict[str, int] = {}
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    names.add(target.id)
                    try:
                        value = ast.literal_eval(node.value)
                    except (ValueError, TypeError, RecursionError, MemoryError):
                        continue
                    if isinstance(value, int) and abs(value) < _NUMBER_MAX:
                        constants[target.id] = value
    return constants, names
