"""What a rule says of a trace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ridethrough.quantities import show_time

Status = Literal["pass", "fail", "undecided", "vacuous"]
EXIT_STATUS: dict[Status, int] = {"pass": 0, "vacuous": 0, "fail": 1, "undecided": 3}


@dataclass(frozen=True)
class Witness:
    """The cut that decides: from, to, and how long it counts; all in us."""

    from_us: int
    to_us: int
    amount_us: int


@dataclass(frozen=True)
class Verdict:
    """`fail` comes with its witness and by how much, `pass` with its margin, `undecided` with its cause."""

    rule_id: str
    status: Status
    witness: Witness | None = None
    margin_us: int | None = None
    """How far the worst cut stays below the limit (pass) or goes beyond it (fail)."""
    cause: str = ""
    """Why it is undecided or vacuous; for a fail, the words of what was forbidden."""

    @property
    def exit_status(self) -> int:
        return EXIT_STATUS[self.status]

    def sentence(self) -> str:
        """The verdict for people."""
        if self.status == "fail" and self.witness:
            w = self.witness
            return (
                f"FAIL: {self.cause} from {show_time(w.from_us)} to {show_time(w.to_us)}, "
                f"{show_time(w.amount_us)} counted, {show_time(self.margin_us or 0)} beyond the limit"
            )
        if self.status == "pass":
            worst = f"longest cut {show_time(self.witness.amount_us)}" if self.witness else "no cut at all"
            return f"PASS: {worst}, margin {show_time(self.margin_us or 0)}"
        return f"{self.status.upper()}: {self.cause}"
