"""The rule engine against an evaluation that looks at every microsecond."""

import naive_rules
from drawn import READINGS, small_traces
from hypothesis import given, settings
from hypothesis import strategies as st
from support import of


@settings(max_examples=1000)
@given(READINGS, small_traces(), st.sampled_from(["0 us", "1 us", "2 us"]))
def test_against_a_naive_evaluation(reading, small, tolerance):
    """Every microsecond of a small trace looked at, one after the other; all keys."""
    if not {"times", "require"} & reading.keys() and int(reading.get("lasting", "0").strip("ormethan us")) > 2:
        reading = reading | {"tolerance": tolerance}
    verdict = of(**reading).check(small.trace())
    expected = naive_rules.status(reading, small)
    if any(naive_rules.pending(words, small) for words in naive_rules.conditions(naive_rules.without_require(reading))):
        # what comes after the trace may still change what holds in it
        assert verdict.status in (expected, "undecided"), verdict
    else:
        assert verdict.status == expected, verdict
