"""Whose doing an alert was, and under which definition it was legitimate."""

import pytest
from ridethrough.traces import Trace
from ridethrough.traces.alerts import DEFINITIONS, alerts
from support import S


def judged(mains, present=((0, 1),)):
    trace = Trace(end_us=1000 * S)
    for t_us, level in mains:
        trace.set_wire("mains", t_us, level)
    for t_us, level in present:
        trace.set_wire("ch_present", t_us, level)
    trace.add_event(400 * S, "ad1", since_us=220 * S)
    return {name: alerts(trace, name)[0] for name in DEFINITIONS}


@pytest.mark.parametrize(
    ("mains", "present", "doing", "legitimate"),
    [
        (((0, 1),), ((0, 1),), "meter", (False, False, False)),
        (((0, 1), (220 * S, 0)), ((0, 1),), "network", (True, True, True)),
        (((0, 1), (219 * S, 0), (399 * S, 1)), ((0, 1),), "network", (False, False, True)),
        (((0, 1), (300 * S, 0)), ((0, 1),), "meter", (False, True, False)),
        (((0, 1),), ((0, 1), (220 * S, 0)), "handling", (False, False, False)),
    ],
)
def test_whose_doing_and_under_which_definition(mains, present, doing, legitimate):
    found = judged(mains, present)
    assert {a.doing for a in found.values()} == {doing}
    assert tuple(a.legitimate for a in found.values()) == legitimate
