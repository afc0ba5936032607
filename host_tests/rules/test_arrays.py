"""Judging in two columns, as captures of millions of edges are, comes to what judging in pairs comes to."""

import math

import pytest
from drawn import READINGS
from hypothesis import given, settings
from hypothesis import strategies as st
from ridethrough.traces import bands
from ridethrough.traces.bands import Bands
from ridethrough.traces.capture import Capture
from ridethrough.traces.readers import fast
from ridethrough.traces.spans import Spans, longest, reaching
from support import of

try:
    import numpy as np
except ImportError:
    COLUMNS = [list]
else:
    COLUMNS = [list, np.array]

VOLTS = st.sampled_from(
    [(12_000.0, 12_000.0), (0.0, 0.0), (0.0, 12_000.0), (10_700.0, 10_700.0), (-math.inf, math.inf)]
)
LEVELS = st.sampled_from([(0.0, 0.0), (1.0, 1.0), (0.0, 1.0)])


def changes(values):
    return st.lists(st.tuples(st.integers(1, 4), values), min_size=1, max_size=20)


def banded(drawn, begin_us):
    found, t_us = Bands("drawn"), begin_us
    for gap_us, (low, high) in drawn:
        found.add(t_us, low, high)
        t_us += gap_us
    return found


@settings(max_examples=300)
@given(READINGS, changes(VOLTS), changes(LEVELS), st.integers(0, 2), st.integers(1, 50), st.integers(0, 40))
def test_a_verdict_is_the_same_in_arrays(reading, rail, mains, begin_us, end_us, reset_us):
    capture = Capture(end_us=end_us, known={"outcome", "reset", "reset kind", "command", "application"})
    capture.bands = {"ch_mv": banded(rail, begin_us), "mains": banded(mains, 0)}
    capture.state("reset", min(reset_us, end_us - 1), "activation")
    verdicts = []
    for many, numpy in ((10**9, False), (0, False), *([(0, True)] if fast.NUMPY else [])):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(bands, "_MANY", many)
            patch.setattr(fast, "NUMPY", numpy)
            verdicts.append(of(**reading).check(capture))
    assert all(verdict == verdicts[0] for verdict in verdicts)
    assert isinstance(capture.bands["ch_mv"].below(10_800, end_us).sure, list)


@pytest.mark.parametrize("numpy", [False, True][: len(COLUMNS)])
def test_what_is_long_is_judged_in_columns(numpy, monkeypatch):
    monkeypatch.setattr(fast, "NUMPY", numpy)
    rail = Bands()
    for t_us in range(6000):
        rail.add(t_us, 12_000.0 * (t_us % 2), 12_000.0 * (t_us % 2))
    sure = rail.below(10_800, 6000).sure
    assert isinstance(sure, Spans) and isinstance(sure.begins, list) is not numpy


@pytest.mark.parametrize("column", COLUMNS)
def test_columns_are_told_from_pairs_by_nothing_but_their_size(column):
    spans = Spans(column([1, 5, 20]), column([3, 9, 24]))
    pairs = [(1, 3), (5, 9), (20, 24)]
    assert (
        spans == pairs and pairs == spans and list(spans) == pairs and spans[1:] == pairs[1:] and spans[-1] == (20, 24)
    )
    assert spans != pairs[:2] and spans != [(1, 3), (5, 9), (20, 25)]
    assert longest(spans) == longest(pairs) == (5, 9)
    assert reaching(spans, -5, 30) == reaching(pairs, -5, 30) == [(-5, 3), (5, 9), (20, 30)] and spans == pairs
