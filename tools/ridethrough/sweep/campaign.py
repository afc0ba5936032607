"""A campaign: every scenario on every board, each swept with so many cuts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ridethrough.boards import Board
from ridethrough.boards.firmware import Firmware
from ridethrough.crews.crew import CrewFor
from ridethrough.scenarios import Scenario
from ridethrough.support.errors import BadInput
from ridethrough.sweep.explore import sweep
from ridethrough.sweep.facts import facts
from ridethrough.sweep.result import Result
from ridethrough.sweep.setting import Setting

Told = Callable[[str, Result, int], None]


@dataclass(frozen=True)
class Row:
    """One scenario on one board. `left_out`: why it was not swept; then there is no result. `image_bytes`: instead of
    the scenario's own size."""

    scenario: str
    board: str
    left_out: str = ""
    result: Result | None = None
    facts: dict[str, str] = field(default_factory=dict)
    not_owed: frozenset[str] = frozenset()
    image_bytes: int | None = None

    @property
    def name(self) -> str:
        return f"{self.scenario} on {self.board}"

    @property
    def broke(self) -> list[str]:
        """The invariants that broke, though they were owed."""
        return [name for name in self.result.failures if name not in self.not_owed] if self.result else []

    @property
    def kept(self) -> list[str]:
        """Those that the scenario says no firmware can keep, and that held all the same."""
        if self.result is None:
            return []
        return sorted(name for name in self.not_owed if name not in self.result.failures)

    @property
    def status(self) -> str:
        """In a word: what a campaign compares with the one before."""
        return "left out" if self.result is None else "broke" if self.broke or self.kept else "held"

    def to_json(self) -> dict[str, Any]:
        """What the next campaign compares with."""
        found: dict[str, Any] = {"scenario": self.scenario, "board": self.board, "status": self.status}
        if self.result is None:
            return found | {"why": self.left_out}
        r = self.result
        return found | {
            "boots": r.boots,
            "states": r.merged_states,
            "broke": sorted(self.broke),
            "not_owed": sorted(self.not_owed & r.failures.keys()),
            "kept_all_the_same": self.kept,
            "held": r.held,
            "not_checked": sorted(r.not_checked),
            "firmware": self.facts["SHA-256 of the firmware"],
        }


def campaign(
    names: Iterable[str],
    boards: Sequence[Board],
    crew_for: CrewFor,
    cuts: int | None,
    faults: Sequence[str],
    image_bytes: int | None = None,
    told: Told = lambda name, result, waiting: None,
) -> Iterator[Row]:
    """Row for row. `image_bytes`: instead of each scenario's own size, but where the size is the point. `told(name,
    result, waiting)` is called as a sweep goes on."""
    for name in names:
        for board in boards:
            yield _row(name, board, crew_for, cuts, faults, image_bytes, told)


def _row(
    name: str,
    board: Board,
    crew_for: CrewFor,
    cuts: int | None,
    faults: Sequence[str],
    image_bytes: int | None,
    told: Told,
) -> Row:
    scenario = Scenario.load(name, board.name)
    if scenario.shows.refused.startswith("size "):
        image_bytes = None
    if image_bytes is not None:
        scenario = scenario.with_image_bytes(image_bytes)
    try:
        setting = Setting.load(scenario, board, Firmware.load(scenario.firmware))
    except BadInput as e:
        return Row(name, board.name, left_out=str(e).removeprefix(f"scenario {scenario.name}: "))
    title = f"{name} on {board.name}"

    def hear(result: Result, waiting: int) -> None:
        told(title, result, waiting)

    result = sweep(setting, cuts, faults, progress=hear, crew=crew_for)
    owed = frozenset(scenario.sweep.not_owed)
    return Row(name, board.name, "", result, facts(setting, cuts, faults), owed, image_bytes)


def changes(before: dict[str, Any], rows: Sequence[Row]) -> list[str]:
    """What is new since the campaign whose rows are `before`, in sentences. ValueError if these are none."""
    try:
        was = {(str(row["scenario"]), str(row["board"])): row for row in before["rows"]}
        return [line for row in rows for line in _change(was.get((row.scenario, row.board)), row.to_json(), row.name)]
    except (KeyError, TypeError, AttributeError) as e:
        raise ValueError(f"no rows of a campaign: {e}") from e


def _change(was: dict[str, Any] | None, now: dict[str, Any], name: str) -> Iterator[str]:
    if was is None:
        yield f"{name}: is new, {now['status']}"
        return
    if was["status"] != now["status"]:
        yield f"{name}: {was['status']} before, {now['status']} now"
    broke, broken_before = set(now.get("broke", ())), set(was.get("broke", ()))
    for invariant in sorted(broke - broken_before):
        yield f"{name}: {invariant} breaks now"
    for invariant in sorted(broken_before - broke):
        if invariant in now.get("held", ()):
            yield f"{name}: {invariant} holds now"
    for invariant in sorted(set(now.get("not_checked", ())) - set(was.get("not_checked", ()))):
        yield f"{name}: {invariant} is not checked any more"
    if "states" in was and "states" in now and was["states"] != now["states"]:
        yield f"{name}: {now['states']} states, {was['states']} before"
