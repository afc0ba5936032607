"""Intervals of time against sets of microseconds."""

from hypothesis import given
from hypothesis import strategies as st
from ridethrough.traces.intervals import merged, overlap_us, touches

pieces = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)).map(sorted).map(tuple), max_size=6)


@given(pieces, st.tuples(st.integers(0, 40), st.integers(0, 40)).map(sorted).map(tuple))
def test_intervals_against_sets(many, one):
    whole = {t for a, b in many for t in range(a, b)}
    made = merged([m for m in many if m[0] < m[1]])
    assert {t for a, b in made for t in range(a, b)} == whole
    assert overlap_us(one, made) == len(whole & set(range(*one)))
    if one[0] < one[1]:
        assert touches(one, made) == bool(whole & set(range(*one)))
