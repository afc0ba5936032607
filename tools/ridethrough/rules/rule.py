"""A rule file, and its evaluation. Semantics: docs/rules.md; the keys are those of the rule language, of
which this version evaluates the values that its library uses and names the others as not evaluated yet.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ridethrough.errors import BadInput, suggestion
from ridethrough.paths import RULES
from ridethrough.quantities import parse_time_us, show_time
from ridethrough.rules.conditions import Condition
from ridethrough.rules.verdict import Verdict, Witness
from ridethrough.tables import Table
from ridethrough.traces import Trace
from ridethrough.traces.intervals import Interval, merged, overlap_us, touches

PLANNED = ("activation", "commanded")
UNPLANNED = ("watchdog", "brown-out", "crash", "rollback")
_DURING = ("any reboot", "planned", "unplanned", *PLANNED, *UNPLANNED)
_FROM = ("command", "shutdown", "reset")
_TO = ("boot", "application", "outcome")


@dataclass(frozen=True)
class Lasting:
    """`3 min or more` (inclusive) or `more than 3 min`."""

    limit_us: int
    inclusive: bool

    @classmethod
    def parse(cls, text: str) -> Lasting:
        match = re.fullmatch(r"(?:(?P<a>.+) or more|more than (?P<b>.+))", text.strip())
        if match is None:
            raise BadInput(f"'{text[:40]}' has no boundary: write '3 min or more' or 'more than 3 min'")
        return cls(parse_time_us(match["a"] or match["b"]), match["a"] is not None)

    def broken_by(self, amount_us: int) -> bool:
        return amount_us >= self.limit_us if self.inclusive else amount_us > self.limit_us


@dataclass(frozen=True)
class Rule:
    """One rule file."""

    id: str
    text: str
    source: str
    forbid: Condition
    lasting: Lasting
    during: str
    starts: str
    ends: str
    unless: Condition | None

    @classmethod
    def load(cls, name: str | Path) -> Rule:
        """A rule of the library by its id, or a file. BadInput if there is none or it cannot be read."""
        path = Path(name) if str(name).endswith(".toml") else RULES / f"{name}.toml"
        if not path.is_file():
            known = [p.stem for p in RULES.glob("*.toml")]
            raise BadInput(f"no rule '{name}'{suggestion(str(name), known)}; a file's name ends in .toml")
        top = Table.load(path)
        head, reading = top.table("rule"), top.table("reading")
        for key in ("times", "tolerance"):
            if reading.has(key):
                raise reading.fail(key, "is not evaluated yet")
        if top.has("limit"):
            raise top.fail("limit", "is not evaluated yet")
        reading.choice("per", ("cut",), "cut")
        reading.choice("ends_when", ("back",), "back")
        forbid = reading.text("forbid", "CH power below 90 %")
        unless = reading.text("unless", "")
        rule = cls(
            id=head.text("id"),
            text=head.text("text"),
            source=head.text("source"),
            forbid=reading.parsed("forbid", Condition.parse, forbid),
            lasting=reading.parsed("lasting", Lasting.parse, reading.text("lasting", "more than 0 s")),
            during=reading.choice("during", _DURING, "any reboot"),
            starts=reading.choice("from", _FROM, "reset"),
            ends=reading.choice("to", _TO, "outcome"),
            unless=reading.parsed("unless", Condition.parse, unless) if unless else None,
        )
        for table in (top, head, reading):
            table.done()
        return rule

    def speaks_about(self, kind: str) -> bool:
        """Is a reset of that kind one of the rule's? A kind that nobody knows counts as unplanned."""
        if kind == "power-up":
            return False
        if self.during in ("planned", "unplanned"):
            return (kind in PLANNED) == (self.during == "planned")
        return self.during in ("any reboot", kind)

    def spans(self, trace: Trace) -> list[Interval]:
        """The reboots that the rule speaks about. One stays open across further resets until `to`."""
        starts = [e.t_us for e in trace.events(self.starts)]
        spans, earlier_us = [], -1
        for reset in trace.events("reset"):
            if self.speaks_about(str(reset.data.get("kind", ""))):
                # a start belongs to the first reset after it
                begin = max((t for t in starts if earlier_us < t <= reset.t_us), default=reset.t_us)
                spans.append((begin, self._end_us(trace, reset.t_us)))
            earlier_us = reset.t_us
        return merged(spans)

    def _end_us(self, trace: Trace, reset_us: int) -> int:
        ends = [e.t_us for e in trace.events(self.ends) if e.t_us > reset_us]
        if self.ends == "outcome" and not _activating(trace, reset_us):
            # nothing will report an outcome of this reboot: it is over when an application runs again
            ends += [e.t_us for e in trace.events("application") if e.t_us > reset_us]
        return min(ends, default=trace.end_us)

    def check(self, trace: Trace) -> Verdict:
        """The verdict over a trace that is exact: only its end leaves anything open."""
        spans = self.spans(trace)
        if not spans and self._heading_for_one(trace):
            cause = "the trace ends in a cut, before the reset that was announced"
            return Verdict(self.id, "undecided", cause=cause)
        if not spans:
            return Verdict(self.id, "vacuous", cause="the trace holds no reboot that the rule speaks about")
        taken_off = self.unless.holds(trace) if self.unless else []
        witnesses = []
        unfinished = None
        for cut in self.forbid.holds(trace):
            if not touches(cut, spans):
                continue
            witness = Witness(*cut, cut[1] - cut[0] - overlap_us(cut, taken_off))
            witnesses.append(witness)
            if cut[1] >= trace.end_us and not self.lasting.broken_by(witness.amount_us):
                unfinished = witness
        worst = max(witnesses, key=lambda w: w.amount_us, default=None)
        amount_us = worst.amount_us if worst else 0
        if worst and self.lasting.broken_by(amount_us):
            return Verdict(self.id, "fail", worst, amount_us - self.lasting.limit_us, self.forbid.text)
        if unfinished:
            cause = f"the trace ends in a cut that began at {show_time(unfinished.from_us)}"
            return Verdict(self.id, "undecided", unfinished, cause=cause)
        return Verdict(self.id, "pass", worst, self.lasting.limit_us - amount_us)

    def _heading_for_one(self, trace: Trace) -> bool:
        # A command or shutdown without its reset, and a cut that is still open.
        announced = [e.t_us for e in trace.log if e.name in ("command", "shutdown")]
        resets = [e.t_us for e in trace.events("reset")]
        cuts = self.forbid.holds(trace)
        open_cut = bool(cuts) and cuts[-1][1] >= trace.end_us
        return open_cut and bool(announced) and max(announced) > max(resets, default=-1)


def _activating(trace: Trace, reset_us: int) -> bool:
    # Has an activation begun, up to this reset, whose outcome was not reported before it?
    kinds = [e for e in trace.events("reset") if e.t_us <= reset_us and e.data.get("kind") == "activation"]
    outcomes = [e.t_us for e in trace.events("outcome") if e.t_us <= reset_us]
    return bool(kinds) and kinds[-1].t_us > max(outcomes, default=-1)
