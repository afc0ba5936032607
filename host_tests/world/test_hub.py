"""The hub's boundary and its store."""

import pytest
from ridethrough import HubParams
from ridethrough.traces import Trace
from ridethrough.world.clock import Clock, Order
from ridethrough.world.hub import Hub
from support import S

MIN3 = 180 * S


class ExactSupply:
    """In the place of a power path, so that a darkness can be given to the microsecond."""

    def set_load(self, load_mw, alive):
        pass


class Bench:
    """A hub that is supplied from 1 s on, and dark when it is told."""

    def __init__(self, **params):
        self.clock, self.trace = Clock(), Trace()
        self.hub = Hub(self.clock, self.trace, ExactSupply(), HubParams(**params))
        self.clock.at(S, Order.PHYSICS, self.hub._back)

    def dark_for(self, dark_us, at_us=200 * S):
        """Darkness of exactly `dark_us`, by telling the hub itself when its supply goes and comes."""
        self.clock.at(at_us, Order.PHYSICS, self.hub._lost)
        self.clock.at(at_us + dark_us, Order.PHYSICS, self.hub._back)
        return self

    def run(self, until_us):
        self.clock.run(until_us)
        self.trace.end_us = until_us
        return self.trace


@pytest.mark.parametrize(
    ("boundary", "dark_us", "sent"),
    [
        (">=", MIN3 - 1, []),
        (">=", MIN3, [200 * S + MIN3]),
        (">=", MIN3 + 1, [200 * S + MIN3]),
        (">", MIN3 - 1, []),
        (">", MIN3, []),
        (">", MIN3 + 1, [200 * S + MIN3 + 1]),
    ],
)
def test_the_boundary_is_exact(boundary, dark_us, sent):
    trace = Bench(boundary=boundary).dark_for(dark_us).run(500 * S)
    assert [e.t_us for e in trace.events("ad1")] == sent


def states(trace):
    return [state for _, state in trace.texts["hub"]]


def test_a_short_loss_costs_a_boot_and_no_alert():
    trace = Bench().dark_for(9_000).run(300 * S)
    assert states(trace) == ["off", "boot", "joining", "up", "store", "boot", "joining", "up"]
    assert trace.events("ad1") == []


def test_a_store_that_does_not_last_misses_the_alert():
    trace = Bench(store_us=100 * S).dark_for(400 * S).run(800 * S)
    assert trace.events("ad1") == []
    assert [e.t_us for e in trace.events("missed_ad1")] == [200 * S + MIN3]
    assert "off" in states(trace)[1:]


def test_a_store_that_is_not_yet_recharged_misses_the_second_alert():
    bench = Bench(store_us=200 * S, store_charge_us=600 * S).dark_for(190 * S)
    trace = bench.dark_for(300 * S, at_us=450 * S).run(900 * S)
    assert len(trace.events("ad1")) == 1 and len(trace.events("missed_ad1")) == 1


def test_an_alert_may_ask_for_ac_lost():
    trace = Bench(ad1_needs_ac_lost=True).dark_for(200 * S).run(500 * S)
    assert trace.events("ad1") == []


def test_an_alert_that_asks_for_ac_lost_is_sent_when_it_is_high():
    bench = Bench(ad1_needs_ac_lost=True).dark_for(200 * S)
    bench.trace.set_wire("ac_lost", 0, 1)
    assert len(bench.run(500 * S).events("ad1")) == 1


def test_an_alert_that_was_not_to_be_sent_is_not_missed():
    trace = Bench(ad1_needs_ac_lost=True, store_us=30 * S).dark_for(200 * S).run(500 * S)
    assert trace.events("ad1") == trace.events("missed_ad1") == []


def test_the_store_charges_again():
    bench = Bench(store_us=200 * S, store_charge_us=100 * S).dark_for(190 * S)
    trace = bench.dark_for(190 * S, at_us=600 * S).run(1000 * S)
    assert len(trace.events("ad1")) == 2


def test_bursts_are_drawn():
    loads = []
    bench = Bench()
    bench.hub._power.set_load = lambda mw, alive: loads.append((bench.clock.now_us, mw))
    bench.run(60 * S)
    up = next(t for t, state in bench.trace.texts["hub"] if state == "up")
    assert [mw for t, mw in loads if t >= up][:4] == [1000, 5000, 1000, 5000]
    assert [t - up for t, mw in loads if t > up][:3] == [8 * S, 10 * S, 18 * S]
