"""What one meter does to its rail, from the emulator: at an activation, at an outage of mains, and where both meet.

Nothing here knows a hub but for the voltage at which it loses its supply: hubs differ, and their stores remember what
was before (reaction.py). Times are in us from the command of an activation, or from the loss of mains.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ridethrough.boards import Board
from ridethrough.rollout.plan import Meter
from ridethrough.rules.words import show_span
from ridethrough.runner import run_scenario
from ridethrough.scenarios import Scenario, Step
from ridethrough.scenarios.plan import ImagePlan
from ridethrough.support.errors import BadInput
from ridethrough.support.quantities import show_time
from ridethrough.traces import Trace
from ridethrough.traces.capture import Capture
from ridethrough.traces.intervals import Interval
from ridethrough.traces.load import ProbeMap, load_capture
from ridethrough.workbench.hub_replay import supply_losses
from ridethrough.world.hub_params import HubParams
from ridethrough.world.world import World

_S = 10**6
AT_US = 60 * _S
"""When an outage begins in a run of its own, and when firmware without a scenario is told to activate: by then every
hub that starts with the meter is up."""
_CALM_US = 60 * _S
_WATCHED_US = 240 * _S
_LONGEST_US = 4 * 3600 * _S
LENGTHS_US = tuple(s * _S for s in (1, 30, 120, 240, 3600, 12 * 3600))
"""Outages that are run first; where two neighbours end differently the boundary is looked for, to a second."""
MET_US = tuple(s * _S for s in (1, 60, 240, 7200))
"""Outages that are run where one begins during an activation."""
_SLICE_US = 30 * _S
_ACTIVATION_US_MAX = 3600 * _S
_SAME_US = 10_000
_RUNS_MAX = 48
_UNSURE_US = _S
_KEYS = {"channels": "map", "at": "at", "scale": "scale"}
"""What a population calls the parameters of a capture."""
_ENDS = ("reset", "boot", "application", "confirm", "outcome")
_RESTORED, _RESTORED_LONG = "8F35", "8F36"


@dataclass(frozen=True)
class Course:
    """How it went. `losses`: for each threshold, when a hub with it is without supply. `ac_lost`: when the line said
    so; None if nobody saw it. `restored_us`, `restored_long_us`: when the meter reported an outage as 0x8F35 and
    0x8F36. `busy_us`: until when it is at it. `mains_back_us`: what is later moves with a longer outage."""

    losses: tuple[tuple[Interval, ...], ...]
    ac_lost: tuple[Interval, ...] | None
    restored_us: int | None
    restored_long_us: int | None
    busy_us: int
    mains_back_us: int | None = None


@dataclass(frozen=True)
class Behaviour:
    """`alone`: an activation with mains there; None if the meter is not activated. `outages`: from which length on, and
    the course of one of that length. `met`: for each slice of the activation, outages that begin in it; empty for a
    capture: nobody has seen both, so each stands as it is."""

    words: str
    alone: Course | None
    outages: tuple[tuple[int, Course], ...]
    met: tuple[tuple[tuple[int, Course], ...], ...]


Told = Callable[[str], None]


def observe(
    meter: Meter,
    outages: Meter | None,
    activated: bool,
    thresholds: Sequence[int],
    told: Told,
    strict: Collection[int] | None = None,
) -> Behaviour:
    """Runs the meter; `thresholds` in mV, of which a capture has to tell those in `strict` (default: all) for certain.
    `outages`: whose behaviour at an outage stands for its own. BadInput if it cannot be run so, or nothing can be said
    of it."""
    strict = thresholds if strict is None else strict
    watched = _Watched(outages or meter, thresholds, told)
    alone_us = tuple(_lengths(watched))
    if not activated:
        return Behaviour(meter.words, None, alone_us, ())
    if meter.capture:
        return Behaviour(meter.words, _captured(meter, thresholds, strict), alone_us, ())
    watched = _Watched(meter, thresholds, told)
    alone = watched.activation(None)
    met = tuple(
        tuple((length, watched.activation((offset, length))) for length in MET_US) for offset in _slices(alone.busy_us)
    )
    return Behaviour(meter.words, alone, alone_us, met)


def _slices(span_us: int) -> list[int]:
    # the middle of each
    n = max(1, -(-span_us // _SLICE_US))
    return [max(1, span_us * (2 * i + 1) // (2 * n)) for i in range(n)]


class _Watched:
    """One meter in the emulator."""

    def __init__(self, meter: Meter, thresholds: Sequence[int], told: Told) -> None:
        self.meter, self._thresholds, self._told = meter, thresholds, told
        self._scenario = _scenario(meter)
        self._command_us: int | None = None

    def activation(self, outage: tuple[int, int] | None) -> Course:
        """With mains lost (from when after the command, for how long)."""
        world = self._scenario.world
        if len(world.mains) > 1 or world.troubles or world.hub_fitted:
            raise BadInput(f"{self.meter.words}: its scenario has outages or hands of its own: here the plan has them")
        back_us = None
        if outage:
            assert self._command_us is not None, "an activation was run without an outage first"
            lost_us = self._command_us + outage[0]
            back_us = lost_us + outage[1]
            world = replace(world, mains=(*world.mains, (lost_us, False), (back_us, True)))
        until_us = max(world.duration_us, (back_us or 0) + _WATCHED_US)
        self._told(self.meter.words)
        trace = self._calm(replace(self._scenario, world=world), until_us)
        commands = trace.events("command")
        at_us = commands[0].t_us if commands else AT_US if self.meter.line else None
        if at_us is None:
            raise BadInput(f"{self.meter.words}: nothing activates it: a population without [activation] needs nothing")
        course = self._course(trace, at_us, back_us)
        if not outage:
            if not commands and not any(e.t_us > at_us for e in trace.events("reset")):
                raise BadInput(f"{self.meter.words}: '{self.meter.line}' does nothing: no command, no reset after it")
            if course.busy_us > _ACTIVATION_US_MAX:
                raise BadInput(
                    f"{self.meter.words}: its activation lasts {show_span(course.busy_us)}: at most "
                    f"{show_span(_ACTIVATION_US_MAX)}, please; take a behaviour with one reboot"
                )
            self._command_us = at_us
        return course

    def outage(self, length_us: int) -> Course:
        """Of mains, with nothing else going on."""
        self._told(self.meter.words)
        back_us = AT_US + length_us
        world = replace(
            self._scenario.world, mains=((0, True), (AT_US, False), (back_us, True)), troubles=(), hub_fitted=()
        )
        trace = self._calm(replace(self._scenario, world=world, steps=()), back_us + _WATCHED_US)
        return self._course(trace, AT_US, back_us)

    def _calm(self, scenario: Scenario, until_us: int) -> Trace:
        # A run that ends with the rail on for a while.
        back_mv = max(HubParams().back_mv, *self._thresholds)
        watched_us = _WATCHED_US
        while True:
            run = replace(scenario, world=replace(scenario.world, duration_us=until_us))
            trace = run_scenario(run)
            low = trace.voltages["hub_mv"].below(back_mv, trace.end_us)
            if not low or low[-1][1] <= trace.end_us - _CALM_US:
                return trace
            if watched_us > _LONGEST_US:
                raise BadInput(
                    f"{self.meter.words}: its rail is not back {show_time(watched_us)} later: nothing can be said of a "
                    "roll-out of meters that never come back"
                )
            until_us += watched_us
            watched_us *= 2

    def _course(self, trace: Trace, at_us: int, back_us: int | None) -> Course:
        losses = tuple(
            tuple((a - at_us, b - at_us) for a, b in supply_losses(trace, mv, back_mv(mv)) if b > at_us)
            for mv in self._thresholds
        )
        ac = tuple((a - at_us, b - at_us) for a, b in trace.when("ac_lost", 1) if b > at_us)
        ends = [e.t_us for e in trace.log if e.name in _ENDS and e.t_us > at_us]
        ends += [b + at_us for one in losses for _, b in one]
        return Course(
            losses,
            ac,
            _code(trace, _RESTORED, at_us),
            _code(trace, _RESTORED_LONG, at_us),
            max([back_us or at_us, *ends]) - at_us,
            None if back_us is None else back_us - at_us,
        )


def back_mv(lost_mv: int) -> int:
    """From which voltage on a hub that loses its supply at `lost_mv` has it again, as everywhere else."""
    return max(HubParams().back_mv, lost_mv)


def _code(trace: Trace, code: str, at_us: int) -> int | None:
    return next((e.t_us - at_us for e in trace.events("gbcs") if e.data["code"] == code and e.t_us > at_us), None)


def _scenario(meter: Meter) -> Scenario:
    if meter.scenario:
        return Scenario.load(meter.scenario)
    board = Board.load(meter.board)
    return Scenario(
        name="rollout",
        title=meter.words,
        text="",
        board=board.name,
        firmware=meter.firmware,
        world=World(duration_us=AT_US + _WATCHED_US),
        image=ImagePlan(),
        steps=(Step("type", AT_US, meter.line),),
    )


def _lengths(watched: _Watched) -> list[tuple[int, Course]]:
    """Outages of growing length, one for each way in which they go."""
    runs: dict[int, Course] = {length: watched.outage(length) for length in LENGTHS_US}

    def between(low: int, high: int) -> None:
        if high - low <= _S or _alike(runs[low], runs[high]):
            return
        if len(runs) >= _RUNS_MAX:
            raise BadInput(f"{watched.meter.words}: it ends each outage otherwise: too many lengths to be run")
        middle = (low + high) // 2 // _S * _S
        runs[middle] = watched.outage(middle)
        between(low, middle)
        between(middle, high)

    for low, high in pairwise(LENGTHS_US):
        between(low, high)
    found: list[tuple[int, Course]] = []
    for length in sorted(runs):
        if not found or not _alike(found[-1][1], runs[length]):
            found.append((length, runs[length]))
    return found


def _alike(one: Course, other: Course) -> bool:
    # the same but for what a longer outage moves
    def points(course: Course) -> list[int | None]:
        back = course.mains_back_us or 0
        moments = [t for losses in course.losses for pair in losses for t in pair]
        moments += [t for pair in course.ac_lost or () for t in pair]
        moments += [course.busy_us]
        codes = [course.restored_us, course.restored_long_us]
        return [t - back if t is not None and t > back else t for t in [*moments, *codes]]

    a, b = points(one), points(other)
    return len(a) == len(b) and all(
        (x is None) == (y is None) and abs((x or 0) - (y or 0)) <= _SAME_US for x, y in zip(a, b, strict=True)
    )


# --- captures ---


def _captured(meter: Meter, thresholds: Sequence[int], strict: Collection[int]) -> Course:
    assert meter.capture is not None
    levels = [mv for lost in thresholds for mv in (lost, back_mv(lost))]
    try:
        capture = load_capture(meter.capture, ProbeMap(dict(meter.channels), meter.scale), levels)
    except BadInput as e:
        # what is an option elsewhere is a key of the population
        raise BadInput(e.spelled(lambda p: f"`{_KEYS.get(p.name, p.name)}` {p.value}".rstrip())) from e
    at_us = meter.at_us
    if at_us is None:
        known = capture.events("command") or capture.events("reset")
        if not known:
            raise BadInput(f"{meter.capture}: no command and no reset in it: say with `at` when the activation began")
        at_us = known[0].t_us
    if not capture.first_us <= at_us < capture.end_us:
        raise BadInput(f"{meter.capture}: it ends at {show_time(capture.end_us)}, before the activation begins")
    voltage = "hub_mv" if "hub_mv" in capture.bands else "ch_mv"
    losses = tuple(_captured_losses(meter, capture, voltage, lost, at_us, lost in strict) for lost in thresholds)
    if not any(losses) and any(capture.below(voltage, lost).sure for lost in strict):
        raise BadInput(f"{meter.capture}: CH power is away before {show_time(at_us)} only, where the activation begins")
    ac = None
    if "ac_lost" in capture.bands:
        ac = tuple((a - at_us, b - at_us) for a, b in capture.wire("ac_lost", 1).sure if b > at_us)
    return Course(losses, ac, None, None, max([0, *(b for one in losses for _, b in one)]))


def _captured_losses(
    meter: Meter, capture: Capture, voltage: str, lost_mv: int, at_us: int, strict: bool
) -> tuple[Interval, ...]:
    below, up = capture.below(voltage, lost_mv), capture.below(voltage, back_mv(lost_mv))
    surely, maybe = _ends(below.sure, up.sure), _ends(below.may, up.may)
    apart = len(surely) != len(maybe) or any(
        abs(a - c) > _UNSURE_US or abs(b - d) > _UNSURE_US for (a, b), (c, d) in zip(surely, maybe, strict=True)
    )
    if apart and strict:
        why = below.why or up.why or "samples are too far apart"
        raise BadInput(
            f"{meter.capture}: when a hub loses its supply at {lost_mv / 1000:g} V is not certain to a second: {why}"
        )
    if any(b >= capture.end_us for _, b in surely):
        raise BadInput(f"{meter.capture}: it ends before the rail is back")
    return tuple((a - at_us, b - at_us) for a, b in surely if b > at_us)


def _ends(below: Sequence[Interval], up: Sequence[Interval]) -> list[Interval]:
    # from falling below the one threshold to reaching the other
    return [(next(a for a, _ in below if c <= a < d), d) for c, d in up if any(c <= a < d for a, _ in below)]
