"""What a sweep found, so far or in the end; parts of it add up, whoever found them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from ridethrough.invariants.table import NEEDS
from ridethrough.invariants.violation import Violation
from ridethrough.sweep.crash_states import Key
from ridethrough.sweep.recovery import Ended, Recovery


@dataclass
class Result:
    """What a sweep found. `cut_states`: byte states that cuts left, counted each time; `largest_key`: how many
    of them the fullest merged state stood for. `broken`: each distinct failure of an invariant, by name, as it
    was first seen; `failures`: how many boots broke each invariant."""

    boots: int = 0
    joined: int = 0
    """How many of them were ended at a moment from which another one had gone on."""
    operations: int = 0
    cut_states: int = 0
    merged_states: int = 0
    largest_key: int = 0
    per_cut: list[int] = field(default_factory=list)
    """New merged states after one cut, after two, and so on."""
    left_out: int = 0
    """States and further faults that a sample left out."""
    fixpoint: bool = False
    longest_dark_us: int = 0
    longest_recovery_us: int = 0
    most_boots: int = 0
    by_fault: Counter[str] = field(default_factory=Counter)
    struck: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By fault and the phase of the update in which it struck ("": none, or not told)."""
    broken: dict[str, list[Violation]] = field(default_factory=dict)
    ways: Counter[str] = field(default_factory=Counter)
    """How many boots led to each distinct failure, by Violation.kind."""
    failures: Counter[str] = field(default_factory=Counter)
    ended: dict[str, Ended] = field(default_factory=dict)
    """How guests ended by themselves, and the first time of each; `endings`: in how many boots."""
    endings: Counter[str] = field(default_factory=Counter)
    heard: set[str] = field(default_factory=set)
    """The names of all events."""
    not_checked: dict[str, str] = field(default_factory=dict)
    keys: Counter[Key] = field(default_factory=Counter)
    """How many byte states each merged state stood for."""
    failed_hold_dark_us: int = 0

    @property
    def sample(self) -> str:
        """What a sample left out, in words; "" if it is none."""
        return f"{self.left_out} states and faults were left out, of which nothing is known" if self.left_out else ""

    @property
    def held(self) -> list[str]:
        """The invariants that were checked and held."""
        return [name for name in NEEDS if name not in self.failures and name not in self.not_checked]

    def add(self, recovery: Recovery, phase: str) -> None:
        """Takes in one boot, after a fault that struck in `phase`."""
        fault = recovery.fault
        self.boots += 1
        self.joined += recovery.end is None
        self.operations += recovery.operations
        self.cut_states += sum(recovery.counts.values())
        self.keys.update(recovery.counts)
        self.longest_recovery_us = max(self.longest_recovery_us, recovery.took_us)
        self.most_boots = max(self.most_boots, recovery.boots)
        name = fault.extra.rstrip("ab") or fault.kind
        self.by_fault[name] += 1
        self.struck[name, phase] += 1
        self.heard |= recovery.heard
        if fault.extra == "hold":
            self.failed_hold_dark_us = max(self.failed_hold_dark_us, recovery.dark_us)
        else:
            self.longest_dark_us = max(self.longest_dark_us, recovery.dark_us)
        for broken in recovery.broken:
            self.failures[broken.invariant] += 1
            self._way(broken, 1)
        for ended in {ended.how: ended for ended in reversed(recovery.ended)}.values():
            self.ended.setdefault(ended.how, ended)
            self.endings[ended.how] += 1

    def merge(self, later: Result) -> None:
        """Takes in the boots of a part that comes after this one."""
        for name in ("boots", "joined", "operations", "cut_states", "left_out"):
            setattr(self, name, getattr(self, name) + getattr(later, name))
        for name in ("longest_recovery_us", "most_boots", "longest_dark_us", "failed_hold_dark_us"):
            setattr(self, name, max(getattr(self, name), getattr(later, name)))
        for name in ("keys", "by_fault", "struck", "failures", "endings"):
            getattr(self, name).update(getattr(later, name))
        self.heard |= later.heard
        for violations in later.broken.values():
            for broken in violations:
                self._way(broken, later.ways[broken.kind])
        for how, ended in later.ended.items():
            self.ended.setdefault(how, ended)

    def _way(self, broken: Violation, ways: int) -> None:
        if not self.ways[broken.kind]:
            self.broken.setdefault(broken.invariant, []).append(broken)
        self.ways[broken.kind] += ways

    def to_json(self) -> dict[str, Any]:
        """All of it but `keys`."""
        return {
            **{name: getattr(self, name) for name in _NUMBERS},
            "per_cut": self.per_cut,
            "by_fault": dict(self.by_fault),
            "struck": [[*where, count] for where, count in self.struck.items()],
            "broken": {name: [vars(one) for one in some] for name, some in self.broken.items()},
            "ways": dict(self.ways),
            "failures": dict(self.failures),
            "ended": {how: vars(one) for how, one in self.ended.items()},
            "endings": dict(self.endings),
            "heard": sorted(self.heard),
        }

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Result:
        """What `to_json` made; KeyError, TypeError or ValueError if it is something else."""
        result = cls(
            per_cut=[_whole(n) for n in found["per_cut"]],
            by_fault=_counter(found["by_fault"]),
            struck=Counter({(str(name), str(phase)): _whole(count) for name, phase, count in found["struck"]}),
            broken={str(name): [_violation(one) for one in some] for name, some in found["broken"].items()},
            ways=_counter(found["ways"]),
            failures=_counter(found["failures"]),
            ended={
                str(how): Ended(str(one["how"]), _whole(one["t_us"]), _texts(one["path"]))
                for how, one in found["ended"].items()
            },
            endings=_counter(found["endings"]),
            heard=set(_texts(found["heard"])),
        )
        for name in _NUMBERS:
            setattr(result, name, _whole(found[name]))
        return result


_NUMBERS = (
    "boots", "joined", "operations", "cut_states", "left_out", "longest_dark_us", "longest_recovery_us",
    "most_boots", "failed_hold_dark_us",
)  # fmt: skip


def _whole(value: Any) -> int:
    if not isinstance(value, int):
        raise TypeError(f"a number expected, not {type(value).__name__}")
    return int(value)


def _texts(values: Any) -> tuple[str, ...]:
    return tuple(str(value) for value in values)


def _counter(found: Any) -> Counter[str]:
    return Counter({str(name): _whole(count) for name, count in found.items()})


def _violation(one: Any) -> Violation:
    return Violation(
        str(one["invariant"]), str(one["text"]), _whole(one["t_us"]), _texts(one["path"]), _texts(one["console"])
    )
