"""Which pins a board's boot.py and board.py really use, against [pins] of board.toml, and when they drive the rail,
against BOOT_US: a wrong number is sound in either file alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from ridethrough.boards import Board
from ridethrough.world.calls import Call
from ridethrough.world.driven import Driven
from ridethrough.world.pins import OUT

_DRIVES, _WATCHES, _READS, _MEASURES = "drives", "takes interrupts of", "reads", "measures at"
_USES = {
    "ch_enable": _DRIVES,
    "ac_ok": _DRIVES,
    "running_n": _DRIVES,
    "latch_set": _DRIVES,
    "latch_clear": _DRIVES,
    "mains": _WATCHES,
    "ch_present_n": _READS,
    "latch_q": _READS,
    "enable_sense": _READS,
    "ch_sense": _MEASURES,
}
"""What the firmware does with each pin in the course of an update."""


class UsedPins:
    """`hear` each call of a run, then ask for `problems`."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._used: dict[str, set[int]] = defaultdict(set)
        self._driven = Driven(board)

    def hear(self, call: Call) -> None:
        """One call of the firmware."""
        self._driven.hear(call)
        name, arguments = call.name, call.arguments
        if name == "pin_configure" and arguments[1] == OUT:
            self._used[_DRIVES].add(arguments[0])
        elif name == "pin_irq":
            self._used[_WATCHES].add(arguments[0])
        elif name == "pin_read":
            self._used[_READS].add(arguments[0])
        elif name == "adc_read":
            self._used[_MEASURES].add(arguments[0])

    def undriven_us(self, resets_us: Sequence[int]) -> int:
        """From a reset to ch_enable being driven, the longest of those after which it was."""
        return max(self._driven.after_us(resets_us), default=0)

    def problems(self) -> Iterator[str]:
        """One line for each pin on which the two files do not agree."""
        pins = self._board.pins
        known = {facts.gpio for facts in pins.values()}
        strange = {use: sorted(gpios - known) for use, gpios in self._used.items()}
        for role, use in _USES.items():
            if role not in pins or pins[role].gpio in self._used[use]:
                continue
            others = ", ".join(f"GPIO{gpio}" for gpio in strange.get(use, ()))
            instead = f"; it {use} {others}, which [pins] does not have" if others else ""
            yield f"pins.{role}: board.toml says GPIO{pins[role].gpio}, and board.py never {use} it{instead}"
