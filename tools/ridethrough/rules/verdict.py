"""What a rule says of a trace."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from ridethrough.support.errors import Param
from ridethrough.support.quantities import show_rounded, show_time

Status = Literal["pass", "fail", "undecided", "vacuous"]
EXIT_STATUS: dict[Status, int] = {"pass": 0, "vacuous": 0, "fail": 1, "undecided": 3}
WORST_FIRST: tuple[Status, ...] = ("fail", "undecided", "pass", "vacuous")


_NEAR_US = 10**6
"""So near to the limit a verdict is told to the microsecond."""


def worst_exit_status(statuses: Iterable[int]) -> int:
    """Of several things that were judged: broken is worse than undecided, undecided worse than kept."""
    return max(statuses, key=(0, 3, 1).index)


@dataclass(frozen=True)
class Worst:
    """The cut, or the `cuts` that are added up, that decide: from, to, and what counts; times in us, but
    `amount_us` is a count where the rule counts."""

    from_us: int
    to_us: int
    amount_us: int
    cuts: int = 1


@dataclass(frozen=True)
class Verdict:
    """`fail` comes with its witness and by how much, `pass` with its margin, `undecided` with its cause."""

    rule_id: str
    status: Status
    witness: Worst | None = None
    margin_us: int | None = None
    """How far the worst stays below the limit (pass) or goes beyond it (fail); a count where the rule counts."""
    cause: str = ""
    """Why it is undecided or vacuous; for a fail, the words of what was forbidden."""
    limit: str = ""
    """The name of the limit that decided, if it has one."""
    counts: bool = False
    """The rule counts cuts: amounts are numbers of them."""
    cures: tuple[Param, ...] = ()
    """What would decide it, any one of them."""
    readings: str = ""
    """For a rule that leaves keys open: in how many of its readings it fails, and which key decides."""

    @property
    def exit_status(self) -> int:
        return EXIT_STATUS[self.status]

    @property
    def limit_ran_out_us(self) -> int | None:
        """When a single cut had lasted so long that the rule was broken; None where nobody can say it in one moment."""
        w = self.witness
        if self.status != "fail" or w is None or w.cuts != 1 or self.counts or self.margin_us is None:
            return None
        # what counts may be less than the whole cut: then it is not known where in it the limit ran out
        return w.to_us - self.margin_us if w.amount_us == w.to_us - w.from_us else None

    def sentence(self) -> str:
        """The verdict for people: its times are rounded, where nothing hangs on the rest of them."""
        if self.readings:
            return f"{self.status.upper()}: {self.readings}"
        limit = f"{self.limit}: " if self.limit else ""
        if self.status == "fail" and self.witness:
            w = self.witness
            several = f", in {w.cuts} cuts" if w.cuts > 1 and not self.counts else ""
            beyond = f"{self._show(self.margin_us)} beyond" if self.margin_us else "exactly"
            return (
                f"FAIL: {limit}{self.cause} from {show_rounded(w.from_us)} to {show_rounded(w.to_us)}, "
                f"{self._show(w.amount_us)} counted{several}, {beyond} the limit"
            )
        if self.status == "pass":
            what = (
                "most cuts" if self.counts else "longest cut" if not self.witness or self.witness.cuts == 1 else "most"
            )
            worst = f"{what} {self._show(self.witness.amount_us)}" if self.witness else "no cut at all"
            return f"PASS: {worst}, margin {self._show(self.margin_us or 0)}"
        return f"{self.status.upper()}: {limit}{self.cause}"

    def _show(self, amount: int) -> str:
        if self.counts:
            return str(amount)
        near = self.margin_us is not None and self.margin_us < _NEAR_US
        return show_time(amount) if near else show_rounded(amount)


def worst_of(verdicts: Sequence[Verdict]) -> Verdict:
    """The verdict of a rule with several limits: kept when each is kept; the nearest of equals."""
    order = {status: i for i, status in enumerate(WORST_FIRST)}

    def key(v: Verdict) -> tuple[int, int]:
        margin = v.margin_us or 0
        return order[v.status], -margin if v.status == "fail" else margin

    return min(verdicts, key=key)
