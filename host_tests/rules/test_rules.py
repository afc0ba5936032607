"""The rule language's semantics for the keys that the library uses."""

import pytest
from ridethrough import BadInput, Rule
from ridethrough.rules import reboots
from ridethrough.rules.evidence import Evidence
from ridethrough.rules.keys import CHOICES
from ridethrough.rules.side import AT_MOST
from ridethrough.traces import Segment, Trace
from support import S, of

MIN3 = 180 * S
WG = Rule.load("mp102-wg-2020-04")


def trace(cuts=(), resets=((100 * S, "activation"),), outcomes=(), mains_lost=(), end_us=1000 * S, commands=()):
    t = Trace(end_us=end_us)
    ch = t.voltages["ch_mv"]
    ch.add(Segment(0, "flat", 12_000))
    for a, b in cuts:
        ch.add(Segment(a, "flat", 0))
        if b is not None:
            ch.add(Segment(b, "flat", 12_000))
    t.set_wire("mains", 0, 1)
    for a, b in mains_lost:
        t.set_wire("mains", a, 0)
        t.set_wire("mains", b, 1)
    events = [(at, "reset", {"kind": kind}) for at, kind in resets]
    events += [(at, "outcome", {}) for at in outcomes] + [(at, "command", {}) for at in commands]
    for at, name, data in sorted(events, key=lambda e: e[0]):
        t.add_event(at, name, **data)
    return t


def spans(t, rule=WG):
    return reboots.spans(Evidence(t), rule.readings[0], AT_MOST)


@pytest.mark.parametrize(("length", "status"), [(MIN3 - 1, "pass"), (MIN3, "fail"), (MIN3 + 1, "fail")])
def test_three_minutes_or_more(length, status):
    verdict = WG.check(trace([(100 * S, 100 * S + length)], outcomes=[400 * S]))
    assert verdict.status == status
    assert verdict.margin_us == abs(MIN3 - length)
    assert verdict.witness.amount_us == length


@pytest.mark.parametrize(("length", "status"), [(MIN3 - 1, "pass"), (MIN3, "pass"), (MIN3 + 1, "fail")])
def test_more_than_three_minutes(length, status):
    r = of(lasting="more than 3 min")
    assert r.check(trace([(100 * S, 100 * S + length)], outcomes=[400 * S])).status == status


def test_no_reboot_is_vacuous_and_power_up_is_none():
    assert WG.check(trace(resets=())).status == "vacuous"
    assert WG.check(trace(resets=((5, "power-up"),))).status == "vacuous"


def test_a_cut_outside_every_reboot_does_not_count():
    assert WG.check(trace([(500 * S, 900 * S)], outcomes=[400 * S])).status == "pass"


def test_a_cut_that_touches_the_reboot_counts_whole():
    before = trace([(50 * S, 230 * S)], outcomes=[400 * S])
    after = trace([(399 * S, 580 * S)], outcomes=[400 * S])
    assert WG.check(before).status == WG.check(after).status == "fail"


def test_a_boot_loop_is_one_reboot_and_two_short_cuts_are_two():
    t = trace(
        [(150 * S, 300 * S), (301 * S, 450 * S)], resets=((100 * S, "crash"), (300 * S, "crash")), outcomes=[460 * S]
    )
    assert spans(t) == [(100 * S, 460 * S)]
    assert WG.check(t).status == "pass"


def test_time_without_mains_is_taken_off():
    cut = [(100 * S, 310 * S)]
    assert WG.check(trace(cut, outcomes=[400 * S])).status == "fail"
    verdict = WG.check(trace(cut, outcomes=[400 * S], mains_lost=[(120 * S, 180 * S)]))
    assert verdict.status == "pass" and verdict.witness.amount_us == 150 * S


def test_a_trace_that_ends_in_a_cut_is_undecided_unless_it_is_long_enough():
    short = WG.check(trace([(100 * S, None)], end_us=200 * S))
    assert short.status == "undecided" and short.exit_status == 3 and "ends in a cut" in short.cause
    assert WG.check(trace([(100 * S, None)], end_us=280 * S)).status == "fail"


def test_a_reset_of_a_kind_that_nobody_knows_counts():
    t = trace([(100 * S, 300 * S)], resets=((100 * S, "upgrade"),), outcomes=[400 * S])
    assert WG.check(t).status == "fail"


def test_a_reboot_without_an_outcome_is_over_when_an_application_runs():
    t = trace([(200 * S, 400 * S)], resets=((100 * S, "watchdog"),))
    t.add_event(101 * S, "application", version="1")
    assert spans(t) == [(100 * S, 101 * S)] and WG.check(t).status == "pass"
    pending = trace([(200 * S, 400 * S)], resets=((100 * S, "activation"), (150 * S, "watchdog")))
    pending.add_event(160 * S, "application", version="2")
    assert spans(pending) == [(100 * S, 1000 * S)]


def test_a_start_belongs_to_the_first_reset_after_it():
    t = trace(resets=((11 * S, "commanded"), (900 * S, "watchdog")), commands=[10 * S], outcomes=[901 * S])
    r = of(lasting="3 min or more", **{"from": "command"}, during="watchdog")
    assert spans(t, r) == [(900 * S, 901 * S)]


def test_a_trace_that_ends_between_command_and_reset_is_undecided():
    t = trace([(100 * S, None)], resets=(), commands=[99 * S], end_us=150 * S)
    assert WG.check(t).status == "undecided"


def test_during_and_from():
    t = trace([(60 * S, 90 * S)], resets=((100 * S, "watchdog"),), outcomes=[400 * S], commands=[50 * S])
    assert of(lasting="10 s or more").check(t).status == "pass"
    assert of(lasting="10 s or more", **{"from": "command"}).check(t).status == "fail"
    assert of(lasting="3 min or more", during="activation").check(t).status == "vacuous"
    assert of(lasting="3 min or more", during="unplanned").check(t).status == "pass"


def test_every_status_has_its_exit_status():
    assert WG.check(trace()).exit_status == 0 and WG.check(trace(resets=())).exit_status == 0
    assert WG.check(trace([(100 * S, 300 * S)])).exit_status == 1


def test_a_cut_that_a_reset_causes_belongs_to_a_reboot_that_ends_when_power_is_back():
    # CH power falls some milliseconds after the reset: the reboot is not over before it has begun
    late = trace([(100 * S + 17_000, 300 * S)], outcomes=[400 * S])
    assert of(lasting="3 min or more", to="power back").check(late).status == "fail"
    late.add_event(100 * S + 5_000, "boot")
    assert of(lasting="3 min or more", to="boot").check(late).status == "pass"


def test_the_worst_of_several_limits_decides_and_has_its_name():
    rule = of({"name": "short", "lasting": "1 s or more"}, {"name": "long", "lasting": "1 h or more"})
    verdict = rule.check(trace([(100 * S, 160 * S)], outcomes=[400 * S]))
    assert verdict.status == "fail" and verdict.limit == "short" and verdict.sentence().startswith("FAIL: short: ")
    assert rule.check(trace([(100 * S, 100 * S + 5)], outcomes=[400 * S])).status == "pass"


def test_near_the_limit_is_undecided_with_a_tolerance():
    rule = of(lasting="3 min or more", tolerance="1 s")
    statuses = [
        rule.check(trace([(100 * S, 100 * S + length)], outcomes=[400 * S])).status
        for length in (MIN3 - S - 1, MIN3 - S, MIN3 + S - 1, MIN3 + S)
    ]
    assert statuses == ["pass", "undecided", "undecided", "fail"]


def test_an_open_rule_says_how_many_readings_and_what_decides():
    two_cuts = trace([(100 * S, 200 * S), (260 * S, 360 * S)], outcomes=[400 * S], end_us=2000 * S)
    rule = of(lasting="3 min or more", per="?", unless="?")
    verdict = rule.check(two_cuts)
    assert rule.open_keys == ("per", "unless") and verdict.status == "undecided"
    assert verdict.sentence() == "UNDECIDED: fails in 12 of 16 readings; decided by `per`"
    assert (
        rule.check(trace(outcomes=[400 * S])).sentence()
        == "PASS: kept in each of 16 readings; PASS: no cut at all, margin 3 min"
    )
    long = rule.check(trace([(100 * S, 900 * S)], outcomes=[950 * S]))
    assert long.status == "fail" and "broken in each of 16 readings" in long.sentence()


def test_too_many_readings_are_refused():
    rule = of(**dict.fromkeys(CHOICES, "?"))
    with pytest.raises(BadInput, match="readings, more than 100000: decide a key or two first"):
        rule.check(trace())


@pytest.mark.parametrize(("gap", "status"), [(10 * S - 1, "fail"), (10 * S, "pass")])
def test_a_return_that_is_as_long_as_asked_for_ends_the_cut(gap, status):
    rule = of(lasting="3 min or more", ends_when="back for 10 s")
    cuts = [(100 * S, 200 * S), (200 * S + gap, 300 * S + gap)]
    assert rule.check(trace(cuts, outcomes=[400 * S])).status == status


def test_shorter_returns_are_part_of_the_cut_and_its_end_is_when_power_came_back():
    rule = of(lasting="1 s or more", ends_when="back for 10 s")
    verdict = rule.check(trace([(100 * S, 150 * S), (155 * S, 200 * S)], outcomes=[400 * S]))
    assert (verdict.witness.from_us, verdict.witness.to_us) == (100 * S, 200 * S)


@pytest.mark.parametrize(("apart", "status"), [(60 * S - 1, "fail"), (60 * S, "pass")])
def test_a_window_holds_the_cuts_that_begin_in_it(apart, status):
    rule = of(times="2 or more", per="60 s", during="always", lasting="1 s or more")
    assert rule.check(trace([(100 * S, 102 * S), (100 * S + apart, 104 * S + apart)])).status == status


def test_a_window_counts_the_part_of_a_cut_that_lies_in_it():
    rule = of(lasting="more than 40 s", per="60 s", during="always")
    verdict = rule.check(trace([(100 * S, 130 * S), (150 * S, 250 * S)]))
    assert verdict.status == "fail" and verdict.witness.amount_us == 60 * S
    assert rule.check(trace([(100 * S, 120 * S), (140 * S, 160 * S), (300 * S, 330 * S)])).status == "pass"


def test_an_event_ends_no_span_that_begins_with_it():
    t = trace([(150 * S, 400 * S)], resets=((100 * S, "activation"),), outcomes=[100 * S])
    assert spans(t) == [(100 * S, 1000 * S)]
