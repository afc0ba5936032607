"""Stands beside one boot: hears every console line, updates what the invariants remember, and collects what broke.
docs/sweep.md says of each invariant what it means.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace

from ridethrough.guests.protocol import GUEST_ENDED
from ridethrough.invariants.table import FILES, NEEDS, SIGNAL, STEPS, VERSION
from ridethrough.invariants.table import SLOTS as SLOTS_NEEDED
from ridethrough.invariants.violation import Violation
from ridethrough.scenarios import NONE
from ridethrough.sweep.crash_states import Memory
from ridethrough.sweep.flash import LOGGED_ONCE, SLOTS, Contents, Record
from ridethrough.sweep.log_kept import LogKept
from ridethrough.sweep.setting import Setting, manufacturer_digest
from ridethrough.traces import Event, Trace
from ridethrough.world.site import Site

_VERIFIED, _PROVEN = 2, 3
"""Log entries that something else may owe."""
_STUCK = ("boots", "converges")
_LOST, _LOG_LOST = "* record lost", "* log lost"
"""Broken by a board that does not come to rest: its console may say why."""
_LAST_LINES = 8


def not_checked(setting: Setting, heard: frozenset[str]) -> dict[str, str]:
    """The invariants whose inputs this firmware did not give, and what they need. `heard`: the names of all
    events of a sweep."""
    given = {
        "": True,
        SLOTS_NEEDED: setting.reference,
        FILES: setting.files,
        VERSION: (setting.reference and "application" in heard) or bool(setting.scenario.sweep.updates),
        STEPS: setting.steps == setting.scenario.steps,
    }
    for needs in NEEDS.values():
        if needs.startswith(SIGNAL):
            given[needs] = needs.removeprefix(SIGNAL) in heard
    return {name: needs for name, needs in NEEDS.items() if not given[needs]}


class Watch:
    """One boot's checker. `memory` is what is remembered so far; `told` is called when it has changed.
    `spoilt`: something is wrong with the flash itself."""

    def __init__(
        self, setting: Setting, site: Site, memory: Memory, flash_now: Callable[[], Contents], spoilt: bool
    ) -> None:
        self.memory = memory
        self.spoilt = spoilt
        self.broken: list[Violation] = []
        self.told: Callable[[], None] = lambda: None
        self._setting = setting
        self._site = site
        self._flash_now = flash_now
        self._seen = 0
        self._news = False
        self._changed = ""
        self._log = LogKept(flash_now().entries if setting.reference else ())
        hear = site.mcu.console.on_line
        hear_phase = site.mcu.console.on_phase

        def phase(name: str) -> None:
            self._phase(name)
            hear_phase(name)

        site.mcu.console.on_phase = phase

        def line(text: str) -> None:
            self._look()
            if self._news:
                self._news = False
                self.told()
            hear(text)

        site.mcu.console.on_line = line
        signal = site.mcu.wiring.on_signal

        def pin(name: str, data: dict[str, str]) -> None:
            signal(name, data)
            self._look()

        site.mcu.wiring.on_signal = pin

    def _look(self) -> None:
        # Takes in what the board has said since. A pin may move in the middle of a flash operation, when no cut can
        # be noted: what is new then is told with the next line.
        before = self.memory
        log = self._site.trace.log
        seen, self._seen = self._seen, len(log)
        for event in log[seen:]:
            self._event(event)
        self._news |= self.memory != before

    def report(self, invariant: str, text: str, t_us: int | None = None) -> None:
        """Notes that an invariant did not hold; once for each invariant and boot."""
        if all(b.invariant != invariant for b in self.broken):
            at_us = self._site.clock.now_us if t_us is None else t_us
            lines = [line for _, line in self._site.mcu.console.log if line] if invariant in _STUCK else []
            self.broken.append(Violation(invariant, text, at_us, console=tuple(lines[-_LAST_LINES:])))

    def _event(self, event: Event) -> None:
        data = event.data
        if event.name != "gbcs":
            self._version_changed()
        if event.name == "application":
            self._application(event.number("version") or 0)
        elif event.name == "register":
            self._register(event.number("mwh") or 0)
        elif event.name == "answer":
            self._answer(event.number("counter") or 0, f"{data['outcome']} version={data['version']}")
        elif event.name == "confirm" and self._setting.reference:
            self._written("the confirm is told", lambda record: record.phase == Record.CONFIRMED)
        elif event.name == "outcome" and self.memory.command_high:
            told = event.number("outcome")
            if self._setting.reference:
                self._written(f"outcome {told} is told", lambda record: record.outcome == told)
            self._answer(self.memory.command_high, f"{data['outcome']} version={data['version']}")
        elif event.name == "command":
            self._command(event.number("counter") or 0)
        elif event.name == "gbcs":
            self._logged(str(data["code"]), str(data["text"]))

    def _written(self, what: str, so: Callable[[Record], bool]) -> None:
        # What is told stands in the record already: a cut right after it must not undo it.
        record = self._flash_now().record
        if record is not None and not so(record) and not self._record_lost():
            self.report("order", f"{what}, and the record does not have it yet")

    def _record_lost(self) -> bool:
        # Has this boot said that it cannot write it?
        boot_us = self._site.trace.events("boot")[-1].t_us
        return any(t >= boot_us and line.startswith(_LOST) for t, line in self._site.mcu.console.log)

    def _application(self, version: int) -> None:
        if not self._setting.reference:
            self._file_set(self._flash_now(), "runs")
            return
        if not version:
            return
        trusted = self._setting.trusted
        if version not in trusted.values():
            self.report("version", f"version {version} runs, neither the old one nor the new one")
        contents = self._flash_now()
        record = contents.record
        # where no record can be written, each boot goes by the signatures in the slots
        slots = (SLOTS[record.running],) if record else SLOTS
        held = {trusted.get(manufacturer_digest(contents.files.get(slot, b""))) for slot in slots} - {None}
        if not held:
            self.report("verified-image", f"what runs from {' or '.join(slots)} is no image that was verified")
        elif version not in held:
            self.report(
                "version",
                f"{' or '.join(slots)} holds version {max(v or 0 for v in held)}, the firmware says {version}",
            )

    def _phase(self, name: str) -> None:
        trials = self.memory.trials + 1 if name == "trial" else 0
        if trials > self._setting.scenario.sweep.trial_boots:
            self.report("trial-boots", f"the new slot is tried {trials} times")
        self.memory = replace(self.memory, trials=trials)

    def _register(self, mwh: int) -> None:
        high = self.memory.register_high_mwh
        truth = self._site.metrology.total_mwh()
        if mwh < high:
            self.report("register", f"{mwh} mWh after {high} mWh had been reported")
        if mwh > truth:
            self.report("register", f"{mwh} mWh reported, {truth} mWh had flowed")
        self.memory = replace(self.memory, register_high_mwh=max(high, mwh))

    def _answer(self, counter: int, text: str) -> None:
        given = dict(self.memory.answers)
        if given.setdefault(counter, text) != text:
            self.report("answer", f"command {counter} is answered outcome={text} after outcome={given[counter]}")
        self.memory = replace(self.memory, answers=tuple(sorted(given.items())))

    def _command(self, counter: int) -> None:
        high = self.memory.command_high
        if counter < high:
            self.report("command-counter", f"command {counter} is accepted after {high}")
        self.memory = replace(self.memory, command_high=max(high, counter))

    def _logged(self, code: str, text: str) -> None:
        self._log.told(len(self._site.trace.events("boot")), code)
        resets = self._site.trace.events("reset")
        kind = resets[-1].data["kind"] if resets else ""
        fault = {
            "8F35": kind in ("power-up", "brown-out"),
            "8F36": kind in ("power-up", "brown-out"),
            "81B3": kind == "watchdog" or self.spoilt,
            "8F1B": self.spoilt,
            "81A2": False,
            "81A3": False,
        }.get(code, True)
        if not fault:
            self.report("log", f"{code} {text} after a reset of kind {kind}, and nothing was wrong of that sort")
        if code == "8F43":
            self._changed = f"{code} {text}"
        if code in LOGGED_ONCE:
            self.memory = replace(self.memory, logged=self.memory.logged | {code})

    def _entries(self, contents: Contents, at_rest: bool) -> None:
        if not self.spoilt and not self._says(_LOG_LOST) and (missing := self._log.missing(contents, at_rest)):
            self.report("log-kept", missing)

    def _says(self, words: str) -> bool:
        # Has this recovery's console had a line that begins so?
        return any(line.startswith(words) for _, line in self._site.mcu.console.log)

    def _version_changed(self) -> None:
        # Once all is told that came with it: a fallback that followed may be told right after it.
        told, self._changed = self._changed, ""
        record = self._flash_now().record if told and not self._fell_back() else None
        if record is not None and record.versions[record.active] != self._setting.scenario.image.version:
            self.report("log", f"{told}, and the confirmed version is {record.versions[record.active]}")

    def _fell_back(self) -> bool:
        # Flash that rotted since may have cost the slot that a late entry speaks of.
        return any(e.data["code"] in ("8F1B", "E006") for e in self._site.trace.events("gbcs"))

    def owes_nothing(self) -> bool:
        """Is all that was told in the log, and no energy lost? Then what is on the flash says all of it."""
        contents = self._flash_now()
        return not self._log.missing(contents, at_rest=True) and len(contents.register_began) <= 1

    def flash(self, contents: Contents, at_rest: bool = False) -> None:
        """Checks what a cut would leave, or what is there at the end (`at_rest`)."""
        if not contents.mounts:
            self.report("mounts", "the flash does not mount: the port would format it")
            return
        if contents.changed:
            self.report("resident-files", ", ".join(contents.changed))
        if self._setting.reference:
            self._entries(contents, at_rest)
            self._record(contents.record)
            if not self.spoilt:
                self._slots(contents)

    def _record(self, record: Record | None) -> None:
        if record is None:
            return
        counters = self._setting.counters
        # after a fallback it is the other slot that has confirmed itself
        slots = {record.active, *(i for i in (0, 1) if record.states[i] == _PROVEN)}
        confirmed = max(record.counters[i] or counters.get(record.versions[i], 0) for i in slots)
        if record.least_counter < self.memory.least_high:
            self.report("least-counter", f"{record.least_counter} after {self.memory.least_high}")
        if record.states[record.active] and record.least_counter > max(confirmed, self.memory.least_high):
            self.report(
                "least-counter", f"{record.least_counter}, and the confirmed image has {confirmed}: it ran ahead"
            )
        if record.least_counter > self.memory.least_high:
            self.memory = replace(self.memory, least_high=record.least_counter)

    def _slots(self, contents: Contents) -> None:
        record = contents.record
        for i, path in enumerate(SLOTS if record else ()):
            assert record is not None
            if record.states[i] >= _VERIFIED:
                at, length = record.spans[i]
                held = contents.files.get(path, b"")[at : at + length]
                if hashlib.sha256(held).digest() != record.digests[i]:
                    self.report("verified-slot", f"{path} is not what the record calls verified")

    def _file_set(self, contents: Contents, when: str) -> None:
        # Of firmware that is not the reference: are the files of its update all old, or all new?
        sweep = self._setting.scenario.sweep
        if not contents.mounts:
            return
        old = self._setting.firmware.files
        now = {path: contents.files.get(path) for path in sweep.updates}
        if now not in ({p: old.get(p) for p in sweep.updates}, {p: sweep.new.get(p) for p in sweep.updates}):
            parts = ", ".join(f"{p} {_which(now[p], old.get(p), sweep.new.get(p))}" for p in sweep.updates)
            self.report("version", f"neither the old version nor the new one {when}: {parts}")

    def end(self, trace: Trace, contents: Contents) -> None:
        """Checks that the board has come to rest as it must."""
        self.flash(contents, at_rest=True)
        if not self._setting.reference:
            self._file_set(contents, "is there at the end")
            if not self.running():
                self.stopped()
            return
        if not contents.mounts:
            return
        if len(contents.register_began) > 1:
            self.report("energy", "between two entries of the register energy was lost, or made up")
        record = contents.record
        if record is None:
            # a superblock that takes nothing freezes littlefs: then the firmware must say that the record is lost
            if not self._record_lost():
                self.report("record", "the boot record cannot be read at the end, and the firmware does not say so")
            return
        runs = trace.events("application")
        version = (runs[-1].number("version") or 0) if runs else 0
        trusted = self._setting.trusted.values()
        # where nothing is left that has confirmed itself and is intact, the console is owed, and no application
        owed = version in trusted or (version == 0 and not any(self._intact(contents, record)))
        if record.phase in (Record.ARMED, Record.TRIAL) or not owed:
            self.report("converges", f"phase {record.phase}, version {version} at the end")
        self._owed(record, contents.logged)
        answered = {counter for counter, _ in self.memory.answers}
        if record.command_counter and record.phase != Record.SCHEDULED and record.command_counter not in answered:
            self.report("answer", f"command {record.command_counter} was accepted and is never answered")

    @staticmethod
    def _intact(contents: Contents, record: Record) -> Iterator[bool]:
        # Of each slot that has confirmed itself: does it hold what was verified?
        for i, path in enumerate(SLOTS):
            if record.states[i] == _PROVEN:
                at, length = record.spans[i]
                held = contents.files.get(path, b"")[at : at + length]
                yield hashlib.sha256(held).digest() == record.digests[i]

    def running(self) -> bool:
        """Does an application run, by the board's signal? True without that signal, and of the reference, whose record
        says more."""
        if self._setting.reference or not self._setting.board.says("application"):
            return True
        for event in reversed(self._site.trace.log):
            if event.name in ("application", "reset", "boot") or _guest_ended(event):
                return event.name == "application"
        return False

    def stopped(self) -> None:
        """Notes that no application runs, and what of its reason can be seen."""
        trace, board = self._site.trace, self._setting.board
        what = "no application runs any more" if trace.events("application") else "no application ran"
        ended = [str(e.data["text"]) for e in trace.log if _guest_ended(e)]
        if ended:
            self.report("converges", f"{what}: the guest ended, {ended[-1]}")
            return
        line = board.signals.get("application")
        awaited = f"line '{line.pattern}'" if line else "pin"
        self.report("converges", f"{what}: its signal is the {awaited} ([signals] in board.toml)")

    def stated(self, trace: Trace) -> None:
        """Checks that a run without faults ends as its scenario says, if the head-end did all of it."""
        if self._setting.steps != self._setting.scenario.steps:
            return
        shows = self._setting.scenario.shows
        for name, wanted in (("outcome", shows.outcome), ("version", shows.version)):
            event = {"outcome": "outcome", "version": "application"}[name]
            seen = trace.events(event) or (trace.events("answer") if name == "outcome" else [])
            got = seen[-1].number(name) if seen else NONE
            if wanted is not None and got != wanted:
                self.report("stated", f"{name} {got} without any fault, the scenario states {wanted}")

    def _owed(self, record: Record, written: frozenset[str]) -> None:
        # What the record shows to have happened stands in the log, at the latest by now.
        new = self._setting.scenario.image.version
        logged = self.memory.logged | written
        slots = range(2)
        if any(record.states[i] >= _VERIFIED and record.versions[i] == new for i in slots) and "8F72" not in logged:
            self.report("log", "an image was verified, and no 8F72 says so")
        if record.versions[record.active] == new and record.states[record.active] and "8F43" not in logged:
            self.report("log", f"version {new} is confirmed, and no 8F43 says so")
        if record.outcome == 3 and not logged & {"E001", "E007", "8F67"}:
            self.report("log", "an activation failed, and no entry says so")

    def boot_log(self, trace: Trace) -> None:
        """Checks that each boot that ran to its application has logged why it was, if the firmware logs at all."""
        if not self._setting.reference and not trace.events("gbcs"):
            return
        boots = [e.t_us for e in trace.events("boot")]
        for i, boot_us in enumerate(boots):
            until = boots[i + 1] if i + 1 < len(boots) else trace.end_us
            inside = [e for e in trace.log if boot_us <= e.t_us < until]
            if not any(e.name == "application" for e in inside):
                continue
            kinds = [e.data["kind"] for e in trace.events("reset") if e.t_us <= boot_us]
            codes = {e.data["code"] for e in inside if e.name == "gbcs"}
            if kinds and kinds[-1] in ("power-up", "brown-out") and not codes & {"8F35", "8F36", "E003"}:
                self.report("log", f"a {kinds[-1]}, and no 8F35 says so", boot_us)


def _guest_ended(event: Event) -> bool:
    return event.name == "fault" and event.data["kind"] == GUEST_ENDED


def _which(now: bytes | None, old: bytes | None, new: bytes | None) -> str:
    if now is None:
        return "missing"
    if now == new:
        return "new"
    if now == old:
        return "old"
    return "empty" if not now else f"neither ({len(now)} bytes)"
