"""The figures of a run, in one place for every report, and whether they are what its scenario states."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ridethrough.invariants.hub import ac_lost_wrong
from ridethrough.rules import Rule, Verdict
from ridethrough.scenarios import NONE, Shows
from ridethrough.support.quantities import show_time
from ridethrough.traces import Event, Trace
from ridethrough.traces.ac_lost import LAG_US_MAX, AcLost, ac_lost
from ridethrough.traces.alerts import DEFAULT_DEFINITION, Alert, alerts

_KINDS = ("slot", "boot record", "event log", "register", "other")
_FILES = {"/slot_a.img": 0, "/slot_b.img": 0, "/boot.rec": 1, "/events.log": 2, "/events.old": 2, "/register.log": 3}


@dataclass(frozen=True)
class Summary:
    """Times in us. `programmed_bytes`: bytes programmed into flash, by what they were for."""

    verdict: Verdict
    dark_us: int
    ac_lost: AcLost
    alerts: tuple[Alert, ...]
    definition: str
    missed: int
    outcome: int | None
    version: int | None
    codes: tuple[str, ...]
    programmed_bytes: dict[str, int]
    image_bytes: int
    refusals: tuple[str, ...] = ()
    """What the board said in refusing something."""
    faults: tuple[str, ...] = ()
    """The kind of each fault."""
    fault_details: tuple[str, ...] = ()
    """Of each fault what else is known, and when it was."""
    not_reached: tuple[str, ...] = ()
    """Steps of the head-end that the run was too short for."""
    answers: tuple[tuple[str, str], ...] = ()
    """Each step of the head-end and what came of it."""
    console_tail: tuple[str, ...] = ()
    unheld_us: int = 0
    """For how long after power-on the board drives no pin."""

    def as_json(self) -> dict[str, Any]:
        """Everything, for programs."""
        return asdict(self) | {"verdict": asdict(self.verdict), "alerts": [asdict(a) for a in self.alerts]}

    def misses(self, shows: Shows) -> list[str]:
        """What is not as the scenario states, one line each; empty if all is."""
        found = []

        def expect(what: str, wanted: object, got: object) -> None:
            if wanted is not None and wanted != (NONE if got is None else got):
                found.append(f"{what}: {got}, the scenario states {wanted}")

        expect("rule", shows.rule, self.verdict.status)
        expect("AD1 sent", shows.ad1, len(self.alerts))
        expect("false AD1", shows.ad1_false, sum(not a.legitimate for a in self.alerts))
        expect("outcome", shows.outcome, self.outcome)
        expect("version", shows.version, self.version)
        for what, limit_us, got_us in (
            ("longest darkness", shows.dark_us, self.dark_us),
            ("AC lost high with mains on", shows.ac_lost_us, self.ac_lost.high_with_mains_us),
        ):
            # a board that holds nothing at power-on is dark until it has started
            slack_us = self.unheld_us if limit_us and what == "longest darkness" else 0
            if limit_us is not None and got_us > limit_us + slack_us:
                found.append(f"{what}: {show_time(got_us)}, the scenario states at most {show_time(limit_us)}")
        # AC lost true to mains, both ways, is asked of every run
        # a specimen may state that its meter is worse
        stated_us = shows.ac_lost_us or 0
        most_us = (max(LAG_US_MAX, stated_us), max(LAG_US_MAX + self.unheld_us, stated_us))
        found += [f"AC lost {v.text}" for v in ac_lost_wrong(self.ac_lost, *most_us)]
        found += [f"the step '{step}' was not reached: the run is too short" for step in self.not_reached]
        told = zip(self.faults, self.fault_details, strict=True)
        found += [f"fault: {fault}{detail}" for fault, detail in told if fault not in shows.faults]
        found += [f"no fault '{fault}'" for fault in shows.faults if fault not in self.faults]
        if shows.refused and not any(shows.refused in text for text in self.refusals):
            found.append(
                f"nothing was refused with '{shows.refused}', but with: {'; '.join(self.refusals) or 'nothing'}"
            )
        found += [f"0x{code} was not logged" for code in shows.codes if code not in self.codes]
        found += [f"0x{code} was logged" for code in shows.codes_not if code in self.codes]
        return found


def _detail(fault: Event) -> str:
    said = "".join(f": {value}" for key, value in fault.data.items() if key != "kind")
    return f"{said} (at {show_time(fault.t_us)})"


def summarise(trace: Trace, rule: Rule, definition: str = DEFAULT_DEFINITION) -> Summary:
    """The figures of `trace`, judged by `rule` and by a definition of a legitimate AD1."""
    # what the board announces, or else what it answers to the command
    outcomes = trace.events("outcome") or trace.events("answer")
    versions = trace.events("application")
    programmed = dict.fromkeys(_KINDS, 0)
    for path, count in trace.notes.get("programmed_bytes", {}).items():
        programmed[_KINDS[_FILES.get(path.removesuffix(".new"), 4)]] += count
    return Summary(
        verdict=rule.check(trace),
        unheld_us=int(trace.notes.get("unheld_us", 0)),
        dark_us=trace.dark_us(),
        ac_lost=ac_lost(trace),
        alerts=tuple(alerts(trace, definition)),
        definition=definition,
        missed=len(trace.events("missed_ad1")),
        outcome=outcomes[-1].number("outcome") if outcomes else None,
        version=versions[-1].number("version") if versions else None,
        codes=tuple(e.data["code"] for e in trace.events("gbcs")),
        programmed_bytes=programmed,
        image_bytes=trace.notes.get("image_bytes", 0),
        refusals=tuple(e.data["text"] for e in trace.events("refused")),
        faults=tuple(e.data["kind"] for e in trace.events("fault")),
        fault_details=tuple(_detail(e) for e in trace.events("fault")),
        not_reached=tuple(trace.notes.get("not_reached", ())),
        answers=tuple(trace.notes.get("answers", ())),
        console_tail=tuple(text for _, text in trace.notes.get("console", [])[-20:]),
    )
