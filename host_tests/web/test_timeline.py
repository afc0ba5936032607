"""The timeline that is dragged: from JSON and back, from meters, and into the very traces that rules are made for."""

import pytest
from drawn import behaviours
from hypothesis import given
from hypothesis import strategies as st
from ridethrough import BadInput, Rule
from ridethrough.rules import Evidence
from ridethrough.rules.library import literal_first
from ridethrough.scenarios.loader import specimens
from ridethrough.web.timeline import CHANGES_MAX, Timeline
from ridethrough.workbench.behaviour import trace_of
from ridethrough.workbench.specimens import run_specimen
from ridethrough.world.hub_params import HubParams

HUB = HubParams()
CALM = {"end_us": 10**9, "mains": [[0, 1]], "ch_mv": [[0, 12000]], "fitted": [[0, 1]], "events": []}
RULES = [rule for rule in map(Rule.load, literal_first()) if not rule.open_keys]
SHARP = {("exactly_3_min", "all-ad1-legitimate")}
"""A hub lives a moment longer on a real edge: at exactly the limit that decides."""


@pytest.mark.parametrize("name", specimens())
def test_a_meter_with_sharp_edges_is_judged_as_the_meter(name):
    meter = run_specimen(name)
    timeline = Timeline.of_trace(meter.trace)
    assert timeline is not None and Timeline.of_json(timeline.as_json()) == timeline
    one, other = Evidence(meter.trace), Evidence(timeline.trace(meter.hub))
    parted = {(name, r.id) for r in RULES if r.check(one).status != r.check(other).status}
    assert parted == {pair for pair in SHARP if pair[0] == name}


@given(behaviours())
def test_what_a_search_found_is_the_same_in_the_timeline(behaviour):
    here = Timeline.of_behaviour(behaviour)
    assert Timeline.of_json(here.as_json()) == here
    one, other = trace_of(behaviour, HUB), here.trace(HUB)
    assert [one.texts["hub"], one.end_us] == [other.texts["hub"], other.end_us]
    assert [r.check(one).sentence() for r in RULES] == [r.check(other).sentence() for r in RULES]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ([], "a timeline is an object"),
        ({"end_us": 0}, "end_us: a whole number from 1"),
        ({"end_us": True}, "end_us: a whole number"),
        ({"end_us": 1e9}, "end_us: a whole number"),
        ({"mains": []}, "mains: a list of 1 to"),
        ({"mains": [[5, 1]]}, "mains: the first change stands at 0"),
        ({"mains": [[0, 2]]}, "mains: a whole number from 0 to 1"),
        ({"ch_mv": [[0, 12000], [7, 0], [5, 12000]]}, "ch_mv: 5 comes before 7"),
        ({"ch_mv": [[0, 12000]] * (CHANGES_MAX + 1)}, "ch_mv: a list of 1 to"),
        ({"ch_mv": [0]}, "ch_mv: each change is"),
        ({"events": [[5, "reset", ""]]}, "'' is no kind of reset"),
        ({"events": [[5, "party", ""]]}, "'party' is no event"),
        ({"events": [[5, "boot", "activation"]]}, "'boot' is no event"),
        ({"events": [[5]]}, "events: each is"),
        ({"events": [[10**9 + 1, "boot", ""]]}, "events: t_us"),
    ],
)
def test_a_timeline_that_is_none_is_one_line(change, line):
    with pytest.raises(BadInput, match=r"^[^\n]+$") as caught:
        Timeline.of_json(CALM | change if isinstance(change, dict) else change)
    assert line in str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.sampled_from(["reset", "boot"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(sorted(CALM)), inner, max_size=5),
    max_leaves=25,
)


@given(JSON, JSON, st.sampled_from(sorted(CALM)))
def test_whatever_a_link_holds_is_a_timeline_or_one_line(whole, part, key):
    for data in (whole, CALM | {key: part}, CALM | {key: [part]}):
        try:
            found = Timeline.of_json(data)
        except BadInput as e:
            assert "\n" not in str(e)
        else:
            assert Timeline.of_json(found.as_json()) == found and found.trace(HUB).end_us == found.end_us


def test_several_events_in_one_moment_keep_their_order():
    events = [[5, "command", ""], [5, "shutdown", ""], [5, "reset", "activation"], [5, "boot", ""]]
    trace = Timeline.of_json(CALM | {"events": events}).trace(HUB)
    assert [(e.t_us, e.name) for e in trace.log if e.name != "ad1"] == [(5, name) for _, name, _ in events]
