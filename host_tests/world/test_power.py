"""The power path in closed form, against an integration that knows nothing of closed forms."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ridethrough import BadInput
from ridethrough.traces import Segment, Trace, Voltage
from ridethrough.world.clock import Clock, Order
from ridethrough.world.hub_params import HubLoad
from ridethrough.world.power import PowerParams, PowerPath
from support import S

PARAMS = PowerParams(12_000, 5_000, 2_000, 100_000, 300_000)


def path(capacitance_uf=1000, lost=9_000, back=10_000, ohm=20):
    clock, trace = Clock(), Trace()
    power = PowerPath(clock, trace, PARAMS, HubLoad(capacitance_uf, lost, back, ohm))
    power.start()
    return clock, trace, power


def integrate(events, load_mw, capacitance_uf, end_us, step_us=1.0):
    """Both voltages by small steps: charge balance, ideal diode, no formula of the power path's own."""
    supply = enabled = False
    fitted, alive, set_mv = True, False, 12_000.0
    ch = hub = 0.0
    t, pending = 0.0, sorted(events, key=lambda e: e[0])
    samples = {}
    while t <= end_us:
        while pending and pending[0][0] <= t:
            _, what, value = pending.pop(0)
            if what == "supply":
                supply = value
            elif what == "enable":
                enabled = value
            elif what == "fitted":
                fitted = value
            else:
                set_mv = value
        target = set_mv if supply and enabled else 0.0
        if ch < target:
            ch = min(target, ch + step_us * PARAMS.set_mv / PARAMS.soft_start_us)
        elif ch > target:
            ch = max(target, ch - ch * step_us / PARAMS.fall_us)
        if alive:
            # energy: C/2 d(V^2) = -P dt
            hub -= load_mw * 1e-3 * step_us * 1e-6 / (capacitance_uf * 1e-6) / max(hub * 1e-3, 1e-3) * 1e3
        else:
            hub -= hub * step_us / (20 * capacitance_uf)
        hub = max(hub, 0.0)
        if fitted and ch > hub:
            hub = ch
        alive = hub >= 9_000 if alive else hub >= 10_000
        samples[int(t)] = (ch, hub)
        t += step_us
    return samples


changes = st.lists(
    st.tuples(
        st.integers(5_000, 60_000),
        st.one_of(
            st.tuples(st.just("enable"), st.booleans()),
            st.tuples(st.just("fitted"), st.booleans()),
            st.tuples(st.just("set"), st.sampled_from([9_500, 11_000, 12_000])),
        ),
    ),
    max_size=6,
)


@settings(max_examples=25, deadline=None)
@given(changes=changes, load_mw=st.integers(200, 5_000), capacitance_uf=st.integers(470, 2_200))
def test_agrees_with_an_integration(changes, load_mw, capacitance_uf):
    clock, trace, power = path(capacitance_uf)
    power.on_hub_back = lambda: power.set_load(load_mw, True)
    power.on_hub_lost = lambda: power.set_load(0, False)
    events = [(0, "supply", True), (0, "enable", True)]
    clock.at(0, Order.WORLD, lambda: (setattr(power, "supply", True), power.set_enable(True)))
    calls = {"enable": power.set_enable, "fitted": power.set_fitted, "set": power.set_converter}
    for t_us, (what, value) in sorted(changes, key=lambda c: c[0]):
        clock.at(t_us, Order.WORLD, lambda what=what, value=value: calls[what](value))
        events.append((t_us, what, value))
    clock.run(80_000)
    samples = integrate(events, load_mw, capacitance_uf, 80_000)
    for t_us in range(0, 80_000, 250):
        ch, hub = samples[t_us]
        assert trace.voltages["ch_mv"].mv_at(t_us) == pytest.approx(ch, abs=40), t_us
        near_cutoff = any(abs(samples[max(0, t_us + d)][1] - 9_000) < 60 for d in (-250, 0))
        # at the cut-off the two may change from power to resistance some microseconds apart
        assert trace.voltages["hub_mv"].mv_at(t_us) == pytest.approx(hub, abs=120 if near_cutoff else 60), t_us


@given(
    shape=st.sampled_from(["ramp", "power", "decay"]),
    v0=st.floats(1, 13_000),
    rate=st.floats(0.5, 1e5),
    threshold=st.floats(0.5, 13_000),
    length=st.integers(1, 10**7),
)
def test_a_crossing_is_the_first_microsecond(shape, v0, rate, threshold, length):
    segment = Segment(1_000, shape, v0, rate)
    until = 1_000 + length
    for found, holds in (
        (segment.first_below_us(threshold, until), lambda t: segment.mv_at(t) < threshold),
        (segment.first_at_least_us(threshold, until), lambda t: segment.mv_at(t) >= threshold),
    ):
        if found is None:
            assert not holds(until - 1)
        else:
            assert holds(found)
            assert found == 1_000 or not holds(found - 1)


def test_discharge_by_hand():
    """1 W from 12 V to 9 V out of 1000 uF: C/2 (144 - 81) / 1 W = 31.5 ms."""
    segment = Segment(0, "power", 12_000, HubLoad(1000, 9000, 10_000, 20).power_rate(1000))
    assert segment.first_below_us(9_000, S) == 31_501
    assert Segment(0, "decay", 12_000, 1000).mv_at(1000) == pytest.approx(12_000 / math.e)


def test_supply_outlives_mains_and_short_losses_do_not_reach_it():
    clock, trace, power = path()
    switched = []
    power.on_supply = lambda on: switched.append((clock.now_us, on))
    for t_us, on in ((0, True), (S, False), (S + 99_999, True), (2 * S, False), (3 * S, True)):
        clock.at(t_us, Order.WORLD, lambda on=on: power.set_mains(on))
    clock.run(5 * S)
    assert switched == [(300_000, True), (2_100_000, False), (3_300_000, True)]
    assert trace.wires["mains"][0] == (0, 1)


def test_below_finds_what_lies_between_the_pieces():
    voltage = Voltage([Segment(0, "flat", 12_000), Segment(100, "decay", 12_000, 50), Segment(400, "ramp", 0, 24)])
    voltage.add(Segment(900, "flat", 12_000))
    below = voltage.below(10_800, 2_000)
    assert below == [(106, 850)]
    assert voltage.below(0.1, 2_000) == [(400, 401)]


def test_a_meter_slower_than_its_hub_is_refused():
    with pytest.raises(BadInput, match="fall_us"):
        path(capacitance_uf=100, ohm=20)
