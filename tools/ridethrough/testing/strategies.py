"""Strategies for property tests: worlds, what goes wrong in them, traces, readings, images, conversations.

Every argument is keyword-only and a strategy; a default means anything valid. Everything shrinks towards:
nothing happens, at time 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from ridethrough.boards import Board
from ridethrough.boards.firmware import Firmware
from ridethrough.rules.keys import CHOICES
from ridethrough.scenarios import ImagePlan
from ridethrough.scenarios.images import planned_image
from ridethrough.scenarios.plan import DAMAGES
from ridethrough.traces import Segment, Trace
from ridethrough.world.world import ClockError, Trouble, World

_S = 10**6
Switched = tuple[tuple[int, bool], ...]


def switchings(*, times_us: st.SearchStrategy[int] | None = None, most: int = 6, first: bool = True) -> Any:
    """Something that is `first` at 0, and changes at most so often: ((t_us, on), ...), for `World.mains`.

    >>> switchings(times_us=st.just(5)).example() in (((0, True),), ((0, True), (5, False)))
    True
    """
    times = st.integers(1, 300 * _S) if times_us is None else times_us

    def alternating(found: Sequence[int]) -> Switched:
        return ((0, first), *((t, (i % 2 == 1) == first) for i, t in enumerate(sorted(set(found)))))

    return st.lists(times, max_size=most).map(alternating)


def clock_errors(
    *, drift_ppm: st.SearchStrategy[int] | None = None, tick_origin_us: st.SearchStrategy[int] | None = None
) -> st.SearchStrategy[ClockError]:
    """Clocks that run wrong; ticks that begin anywhere, also just before they wrap."""
    drift = st.integers(-10_000, 10_000) if drift_ppm is None else drift_ppm
    origin = st.integers(0, 2**30 - 1) if tick_origin_us is None else tick_origin_us
    return st.builds(ClockError, drift_ppm=drift, hub_drift_ppm=drift, tick_origin_us=origin)


def fault_plans(
    *, at_us: st.SearchStrategy[int] | None = None, for_us: st.SearchStrategy[int] | None = None, most: int = 3
) -> st.SearchStrategy[tuple[Trouble, ...]]:
    """What goes wrong, and when, for `World.troubles`."""
    at = st.integers(0, 300 * _S) if at_us is None else at_us
    last = st.integers(1, 300 * _S) if for_us is None else for_us
    kinds = st.sampled_from(["mains off", "hub out", "hold fails", "hard reset"])
    one = st.builds(lambda do, at_us, for_us: Trouble(do, at_us=at_us, for_us=for_us), kinds, at, last)
    return st.lists(one, max_size=most).map(tuple)


def worlds(
    *,
    duration_us: st.SearchStrategy[int] | None = None,
    mains: st.SearchStrategy[Switched] | None = None,
    hub_fitted: st.SearchStrategy[Switched] | None = None,
    troubles: st.SearchStrategy[tuple[Trouble, ...]] | None = None,
    clock: st.SearchStrategy[ClockError] | None = None,
) -> st.SearchStrategy[World]:
    """Whole worlds, for `ridethrough.run`."""
    return st.builds(
        World,
        duration_us=st.integers(60 * _S, 300 * _S) if duration_us is None else duration_us,
        mains=switchings() if mains is None else mains,
        hub_fitted=switchings() if hub_fitted is None else hub_fitted,
        troubles=fault_plans() if troubles is None else troubles,
        clock=clock_errors() if clock is None else clock,
    )


@st.composite
def power_traces(
    draw: st.DrawFn,
    *,
    mv: st.SearchStrategy[float] | None = None,
    lengths_us: st.SearchStrategy[int] | None = None,
    kinds: st.SearchStrategy[str] | None = None,
) -> Trace:
    """A trace of CH power and mains with one reset and its outcome, for `Rule.check`."""
    volts = st.sampled_from([12_000.0, 0.0, 9_000.0, 10_800.0]) if mv is None else mv
    lengths = st.integers(1, 400 * _S) if lengths_us is None else lengths_us
    kind = st.sampled_from(["activation", "commanded", "watchdog", "crash"]) if kinds is None else kinds
    trace, at = Trace(), 0
    trace.set_wire("mains", 0, 1)
    for value, length in draw(st.lists(st.tuples(volts, lengths), min_size=1, max_size=8)):
        trace.voltages["ch_mv"].add(Segment(at, "flat", float(value)))
        at += length
    trace.end_us = at
    reset_us = draw(st.integers(0, at - 1))
    trace.add_event(reset_us, "reset", kind=draw(kind))
    trace.add_event(draw(st.integers(reset_us, at)), "outcome", outcome="0")
    return trace


def readings(**keys: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, str]]:
    """A value for each key of the rule language, as a rule file's `[reading]` has them; `from_` is `from`."""
    chosen = {key.rstrip("_"): strategy for key, strategy in keys.items()}
    every = {key: chosen.get(key, st.sampled_from(choices)) for key, choices in CHOICES.items()}
    return st.fixed_dictionaries(every).map(lambda found: {k: v for k, v in found.items() if v is not None})


def images(
    *,
    board: Board | str = "rpi_pico",
    version: st.SearchStrategy[int] | None = None,
    damage: st.SearchStrategy[str] | None = None,
) -> st.SearchStrategy[tuple[bytes, str]]:
    """(image, what is wrong with it), "none" for a sound one; of the reference's application, of 8 KiB."""
    loaded = board if isinstance(board, Board) else Board.load(board)
    firmware = Firmware.load()
    versions = st.integers(2, 2**32 - 1) if version is None else version
    damages = st.sampled_from(DAMAGES) if damage is None else damage

    def built(version: int, damage: str) -> tuple[bytes, str]:
        plan = replace(ImagePlan(size=8192), version=version, damage=damage)
        return planned_image(firmware, loaded, plan), damage

    return st.builds(built, versions, damages)


def conversations(
    *, lines: st.SearchStrategy[bytes] | None = None, most: int = 8
) -> st.SearchStrategy[tuple[tuple[int, bytes], ...]]:
    """What is typed at a console, for `World.typed`: (t_us, line), a second and more apart."""
    known = [b"status\n", b"log 3\n", b"read\n", b"\n", b"no such command\n"]
    line = (st.sampled_from(known) | st.binary(max_size=40).map(_harmless)) if lines is None else lines

    def spaced(found: Sequence[tuple[int, bytes]]) -> tuple[tuple[int, bytes], ...]:
        at, typed = 30 * _S, []
        for pause, text in found:
            at += pause
            typed.append((at, text))
        return tuple(typed)

    return st.lists(st.tuples(st.integers(_S, 20 * _S), line), max_size=most).map(spaced)


def _harmless(data: bytes) -> bytes:
    # neither Ctrl-C nor Ctrl-D, nor another way to the prompt
    return bytes(b for b in data if b > 4) + b"\n"
