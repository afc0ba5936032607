"""The columns against a naive simulation, event by event; against the emulator's own hub; against closed forms; and
against themselves, divided among workers."""

import json
import math
from dataclasses import replace
from functools import cache, partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ridethrough.crews.crew import crew_of
from ridethrough.crews.named import crews
from ridethrough.reports.rollout import as_json
from ridethrough.rollout.draws import Block, Incidents, Mains, mains_of
from ridethrough.rollout.nation import roll_out
from ridethrough.rollout.plan import DAY_US
from ridethrough.rollout.plan_file import load_plan
from ridethrough.rollout.reaction import Hubs, react
from ridethrough.rollout.remedies import Variant
from ridethrough.rollout.stream import _judged
from ridethrough.rollout.tables import HubClass, rail_trace
from ridethrough.rollout.totals import WINDOW_US
from ridethrough.rollout.worker import Job, Worker
from ridethrough.runner import run_scenario
from ridethrough.scenarios import Scenario
from ridethrough.traces.alerts import DEFINITIONS
from ridethrough.workbench.hub_replay import with_hub
from ridethrough.world.hub_params import HubParams
from rollout import naive_nation
from rollout.small_nations import behaviours, small

S = 10**6


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("nations")


@cache
def seen(text, folder):
    path = folder / "small.toml"
    path.write_text(text)
    plan = load_plan(str(path))
    return plan, behaviours(plan)


def worker(text, folder, seed=1, **other):
    plan, behaviours = seen(text, folder)
    return Worker(Job(replace(plan, **other), behaviours, seed))


# --- meter by meter ---


def by_premise(stream):
    """What each premise's columns say, as the naive simulation has it."""
    found = {}

    def of(premise):
        return found.setdefault(int(premise), naive_nation.Told())

    columns = (stream.since, stream.sent, stream.network, stream.legitimate, stream.ac, stream.restored)
    for premise, *rest in zip(stream.premise, *(c.tolist() for c in columns), strict=True):
        of(premise).alerts.append(tuple(rest))
    columns = (stream.outage_lost, stream.outage_back, stream.outage_alerted)
    for premise, *rest in zip(stream.outage_premise, *(c.tolist() for c in columns), strict=True):
        of(premise).outages.append(tuple(rest))
    return found


def by_meter(drawn, whose, behaviours):
    """Each meter's outages, and the activations that are drawn for it."""
    streets, rows = {}, {}
    for premise, lost, back in zip(*(c.tolist() for c in vars(drawn.mains).values()), strict=True):
        streets.setdefault(premise, []).append((lost, back))
    a = drawn.activations
    for premise, at, dated, back in zip(a.premise.tolist(), a.at.tolist(), a.dated, a.rolls_back, strict=True):
        which = (whose.rolled_back if back else whose.activation)[premise]
        rows.setdefault(premise, []).append((at, dated, behaviours[which]))
    return streets, rows


@pytest.mark.parametrize(
    "behaviour, again, seed, definition",
    [
        ("believes_its_reboot", "1 h", 1, 0),
        ("chatter", "5 min", 2, 1),
        ("ac_lost_floats", "20 min", 3, 2),
        ("double_reboot", "5 min", 4, 0),
    ],
)
def test_the_columns_agree_with_a_simulation_event_by_event(behaviour, again, seed, definition, folder):
    """Each variant of the stream, meter by meter, to the microsecond."""
    definition = list(DEFINITIONS)[definition]
    text = small(behaviour, again, meters="350", legacy="200", times="40", day="0")
    # five days of a gale, with outages of minutes: every tenth activation finds its meter without mains
    text = text.replace('mean              = "100 s"', 'mean              = "8 min"').replace(
        "longer = 2", "longer = 1\ndays = 5"
    )
    one = worker(text, folder, seed, legitimate=definition)
    plan = one.plan
    met = coupled = false = waited = 0
    for variant in dict.fromkeys(choice.variant for choice in one.choices):
        kind = one.kind(replace(plan.hubs, limit_us=variant.limit_us))
        behaviours = [one.job.behaviours[m] for m in kind.tables.meters]
        for block in one.blocks:
            drawn = one.drawn(0, block)
            stream = one.stream(drawn, variant)
            whose = one.behaviours(drawn, variant, kind.tables)
            columns = by_premise(stream)
            streets, rows = by_meter(drawn, whose, behaviours)
            missed = 0
            for premise in sorted({*streets, *rows}):
                mains, mine = streets.get(premise, []), rows.get(premise, [])
                told = naive_nation.meter(
                    behaviours[whose.outage[premise]],
                    mine,
                    mains,
                    kind.classes[drawn.premises.hub[premise]],
                    (variant.limit_us, plan.hubs.limit_us),
                    definition,
                    plan.retry_us,
                )
                found = columns.pop(premise, naive_nation.Told())
                assert found.alerts == told.alerts, (seed, variant, block, premise, mains, mine)
                assert found.outages == told.outages, (seed, variant, block, premise)
                missed += len(told.missed)
                coupled += len(mains) > 1
                waited += sum(lost <= at < back for at, *_ in mine for lost, back in mains)
                met += any(lost < at + 3600 * S and at < back for at, *_ in mine for lost, back in mains)
                false += sum(not alert[3] for alert in told.alerts)
            assert not columns
            assert len(stream.missed) == missed
    # what makes it hard was there
    assert met > 50 and coupled > 500 and false > 100 and waited > 20, (met, coupled, false, waited)


FEW = st.lists(st.integers(1, 12), min_size=2, max_size=12)


@given(FEW, st.integers(1, 8), st.integers(0, 9), st.integers(1, 9), st.sampled_from([">=", ">"]))
def test_hubs_in_columns_do_what_the_hub_does(lengths, limit, store, charge, boundary):
    """Losses and returns a few microseconds apart: every equality of two times occurs."""
    params = HubParams(limit_us=limit, boundary=boundary, store_us=store, store_charge_us=charge, boot_us=1, join_us=1)
    at, losses = 10, []
    for lost, back in zip(lengths[::2], lengths[1::2], strict=False):
        losses.append((at + lost, at + lost + back))
        at += lost + back
    trace = with_hub(rail_trace(losses, [], 0), params)
    _alike(losses, params, trace)


@given(st.lists(st.integers(1, 2 * 3600 * S), min_size=4, max_size=12).filter(lambda x: len(x) % 2 == 0),
       st.integers(S, 86_400 * S), st.integers(S, 3600 * S))  # fmt: skip
def test_hubs_in_columns_do_it_with_the_largest_figures_that_a_plan_may_have(lengths, store, charge):
    params = HubParams(store_us=store, store_charge_us=charge)
    at, losses = 10, []
    for pause, length in zip(lengths[::2], lengths[1::2], strict=True):
        losses.append((at + pause, at + pause + length))
        at += pause + length
    _alike(losses, params, with_hub(rail_trace(losses, [], 0), params))


def _alike(losses, params, trace):
    lost, back = (np.array(column, dtype=np.int64) for column in zip(*losses, strict=True))
    zeros = np.zeros(len(losses), dtype=np.int32)
    answer = react(zeros, lost, back, zeros.astype(np.uint8), Hubs.of((HubClass(params, 1, 0),)))
    assert lost[answer.sent].tolist() == [e.data["since_us"] for e in trace.events("ad1")]
    assert lost[answer.due & ~answer.sent].tolist() == [e.data["since_us"] for e in trace.events("missed_ad1")]


@given(st.lists(st.integers(1, 6), min_size=2, max_size=8), st.integers(1, 5), st.integers(0, 30))
def test_legitimate_in_columns_is_what_it_is_elsewhere(lengths, limit, since):
    at, streets = 0, []
    for pause, length in zip(lengths[::2], lengths[1::2], strict=False):
        streets.append((at + pause, at + pause + length))
        at += pause + length
    lost, back = (np.array(column, dtype=np.int64) for column in zip(*streets, strict=True))
    zeros = np.zeros(len(streets), dtype=np.int32)
    street = naive_nation.street(streets, limit)
    begin, sent = np.array([since], dtype=np.int64), np.array([since + limit], dtype=np.int64)
    for words, judge in DEFINITIONS.items():
        network, true = _judged(zeros[:1], begin, sent, Mains(zeros, lost, back), limit, words)
        assert true[0] == judge(street, since + naive_nation.CALM_US, since + limit + naive_nation.CALM_US)
        assert network[0] == any(a <= since < b for a, b in streets)


@pytest.mark.parametrize("name, most", [("double_reboot", 0), ("rollback", 1)])
def test_a_rail_played_to_a_hub_is_what_the_emulator_does_with_that_hub(name, most, folder):
    """The emulator runs the meter once; here it runs it with each hub. How a capacitor ends below 9 V depends on the
    hub that it feeds, so times differ by milliseconds; what is sent does not."""
    one = worker(small(name), folder)
    kind = one.kind(one.plan.hubs)
    meter = next(m for m in kind.tables.meters if m.scenario == name)
    course = kind.tables.alone[kind.tables.meters[meter]]
    scenario = Scenario.load(name)
    alerts = set()
    for h, hub in enumerate(kind.classes):
        trace = run_scenario(replace(scenario, world=replace(scenario.world, hub=hub.params)))
        command_us = trace.events("command")[0].t_us
        told = [e.t_us - command_us for e in trace.events("ad1")]
        mine = [t for t in kind.answers.sent[h, course].tolist() if t < 2**61]
        assert len(mine) == len(told) and all(abs(a - b) < 20_000 for a, b in zip(mine, told, strict=True)), hub
        assert abs(int(kind.answers.dark[h, course]) - trace.dark_us()) < 20_000, hub
        alerts.add(len(told))
    assert max(alerts) == most


# --- closed forms ---


def within(count, mean, variance, what):
    """Four standard deviations: one in sixteen thousand would be beyond, and the seed is fixed."""
    assert abs(count - mean) <= 4 * math.sqrt(variance) + 1e-9, (what, count, mean, math.sqrt(variance))


@pytest.fixture(scope="module")
def calm(folder):
    """A nation without storms, in which every activation of `cut_181` is alone, as columns of its blocks."""
    text = small("cut_181", storms=False, meters="60_000", legacy="20_000", rolls_back='"0 %"', dated='"100 %"')
    one = worker(text, folder, 5)
    drawn = [one.drawn(0, block) for block in one.blocks]
    return one, [(d, one.stream(d, Variant((), one.plan.hubs.limit_us))) for d in drawn]


def test_outages_are_as_many_as_their_rates_say(calm):
    """A compound Poisson process: incidents at a rate, each with a geometric number of premises."""
    plan = calm[0].plan
    mean = variance = count = 0.0
    for a, area in enumerate(plan.areas):
        meters = plan.area_meters[area.name]
        if meters:
            incidents = calm[0].incidents(0, a)
            count += int(incidents.size[incidents.lost >= 0].sum())
            for outages in plan.outages:
                per_100 = area.interruptions if outages.per_100 is None else outages.per_100
                rate = per_100 / 100 / 365 * plan.days * meters
                p = 1 / outages.premises
                mean += rate
                variance += rate / outages.premises * (2 - p) / p**2
    within(count, mean, variance, "interruptions")
    assert count > 10_000


def test_false_alerts_are_as_many_as_hubs_can_send(calm):
    """Of activations that nothing meets, those whose hub has a store that lasts: binomial."""
    one, both = calm
    n = sent = 0
    for drawn, stream in both:
        streets = set(drawn.mains.premise.tolist())
        whose = drawn.activations.premise
        calm_ones = ~np.isin(whose, list(streets))
        n += int(calm_ones.sum())
        sent += int(np.isin(stream.premise, whose[calm_ones]).sum())
    share = sum(part for value, part in one.plan.hubs.store_us if value >= one.plan.hubs.limit_us) / 1e6
    within(sent, n * share, n * share * (1 - share), "false alerts")
    assert n > 300


def test_a_suppression_window_takes_in_what_its_length_says(calm):
    """Outages fall anywhere in the time, so a window takes its length's share of those of the meters in it."""
    one, both = calm
    window_us = 30 * 60 * S
    inside = expected = 0.0
    for drawn, _ in both:
        dates = dict(zip(drawn.activations.premise.tolist(), drawn.activations.date.tolist(), strict=True))
        for premise, lost in zip(drawn.mains.premise.tolist(), drawn.mains.lost.tolist(), strict=True):
            date = dates.get(premise, one.plan.end_us)
            if date + window_us < one.plan.end_us and 0 <= lost < one.plan.end_us:
                inside += date <= lost < date + window_us
                expected += window_us / one.plan.end_us
    # outages come in incidents, but on premises that are activated at other times
    within(inside, expected, expected, "inside a window")
    assert expected > 10


def test_windows_of_the_dcc_are_as_empty_as_chance_leaves_them(calm):
    """Dates are spread evenly over 20 hours: a window is hit by one of n with the probability of its length."""
    dates = np.concatenate([d.activations.date for d, _ in calm[1]])
    day = dates[(dates >= DAY_US) & (dates < 2 * DAY_US)] - DAY_US - 2 * 3600 * S
    n, windows = len(day), 20 * 3600 * S // WINDOW_US
    empty = windows - len(np.unique(day // WINDOW_US))
    p = (1 - 1 / windows) ** n
    within(empty, windows * p, windows * p, "empty windows")


# --- the same for anybody ---


def test_workers_change_nothing(folder):
    text = small("believes_its_reboot", meters="3_000", legacy="1_000")
    plan, behaviours = seen(text, folder)

    def counted(crew_for):
        return json.dumps(as_json(roll_out(plan, behaviours, 7, 2, crew_for)))

    alone = counted(partial(crew_of, jobs=1))
    assert counted(partial(crew_of, jobs=2)) == alone
    with crews(1, "local:3") as crew_for:
        assert counted(crew_for) == alone
    found = json.loads(alone)
    first, second = found["alerts"]["false, the meter's doing"]
    assert first > 500 and first != second  # two draws have other luck
    other = json.dumps(as_json(roll_out(plan, behaviours, 8, 2, partial(crew_of, jobs=1))))
    assert other != alone


def test_every_block_has_its_share_and_no_meter_is_lost(folder):
    one = worker(small(meters="3_000", legacy="1_000"), folder)
    counts = [0, 0]
    for block in one.blocks:
        drawn = one.drawn(0, block)
        for i in (0, 1):
            counts[i] += int((drawn.premises.population == i).sum())
        assert len(drawn.premises.hub) == block.size
    assert counts == [1_000, 2_000]
    assert sum(block.size for block in one.blocks) == 3_000


def test_an_incident_goes_on_with_the_first_premises_behind_the_last():
    incidents = Incidents(*(np.array([value]) for value in (8, 4, 100, 200)))
    found = [mains_of(incidents, Block(0, n, *ends), 10).premise.tolist() for n, ends in enumerate(((0, 5), (5, 10)))]
    assert found == [[0, 1], [3, 4]]
