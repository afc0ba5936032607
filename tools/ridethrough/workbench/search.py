"""Search behaviours with Hypothesis, which also shrinks what it finds: the fewest steps, the plainest times. Hypothesis
is imported when something is searched for: a report that only draws has no need of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

from ridethrough.rules import Rule
from ridethrough.workbench.behaviour import FULL_MV, MARKS, RESETS, SAG_MV, Behaviour, Step

TRIES = 4000
"""At each stage."""
LAST_STAGE = 2
TYPE_CHECKING = False
if TYPE_CHECKING:
    from hypothesis import strategies as st

_S = 1_000_000
_TIMES_S = (20, 1, 100, 60, 170, 200, 300)
_SHORT_US = (10_000,)


def times_us(rules: Sequence[Rule]) -> list[int]:
    """The times worth trying: some plain ones, and those that the rules name, each also a second to either side."""
    named: set[int] = set()
    for rule in rules:
        for _, readings in rule.every_reading:
            for r in readings:
                limit = r.lasting.limit if r.lasting else 0
                named |= {t for t in (limit, r.back_us, r.window_us) if t}
        if len(named) > 12:
            break
    times = [s * _S for s in _TIMES_S] + list(_SHORT_US)
    for us in sorted(named):
        times += [us, us + _S, max(1, us - _S)]
    return list(dict.fromkeys(t for t in times if t <= 3600 * _S * 24 * 40))


def behaviours(
    rules: Sequence[Rule], stage: int = LAST_STAGE, levels_mv: Sequence[int] = ()
) -> st.SearchStrategy[Behaviour]:
    """Anything that a meter and the world around it may do, in up to some ten steps; shrinks to nothing. At
    stage 0 of plain blocks, at 1 also of whole updates with two reboots, at 2 also of loops. `levels_mv`: what CH power
    may be, if it is not everything."""
    from hypothesis import strategies as st

    time_us = st.sampled_from(times_us(rules))
    level_mv = st.sampled_from(levels_mv or (0, FULL_MV, SAG_MV, 8_000))
    calm = st.builds(Step, for_us=time_us)
    step = st.builds(
        Step,
        for_us=time_us,
        ch_mv=level_mv,
        event=st.sampled_from(("", *RESETS, *MARKS)),
        mains=st.sampled_from((True, True, True, False)),
        fitted=st.sampled_from((True, True, True, False)),
    )
    mark = st.builds(Step, for_us=time_us, event=st.sampled_from(MARKS[::-1]))
    cut = st.tuples(st.builds(Step, for_us=time_us, ch_mv=level_mv), calm)
    reset = st.builds(Step, for_us=time_us, ch_mv=level_mv, event=st.sampled_from(RESETS))
    reboot = st.tuples(reset, mark)
    outage = st.tuples(st.builds(Step, for_us=time_us, mains=st.just(False)))
    blocks = [st.tuples(mark), cut, reboot, outage, st.tuples(step)]
    if stage >= 1:
        command = st.builds(Step, for_us=time_us, event=st.just("command"))
        blocks.append(st.tuples(command, reboot, reboot).map(lambda t: (t[0], *t[1], *t[2])))
    if stage >= LAST_STAGE:
        blocks.append(st.tuples(st.integers(2, 12), reset, calm).map(lambda t: (t[1], t[2]) * t[0]))
    return st.lists(st.one_of(blocks), max_size=5).map(lambda blocks: tuple(s for b in blocks for s in b))


def smallest(
    rules: Sequence[Rule], wanted: Callable[[Behaviour], bool], tries: int = TRIES, levels_mv: Sequence[int] = ()
) -> Behaviour | None:
    """The simplest behaviour that is `wanted`; None if none was found in so many tries. The same every time."""
    if not tries:
        return None
    from hypothesis import HealthCheck, Phase, find, settings
    from hypothesis.errors import NoSuchExample

    how = settings(
        max_examples=tries,
        database=None,
        derandomize=True,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    # a loop is one choice to the search, and many steps to a reader: only if nothing plainer is found
    for stage in range(LAST_STAGE + 1):
        with suppress(NoSuchExample):
            return find(behaviours(rules, stage, levels_mv), wanted, settings=how)
    return None
