"""Sentences of real life, as an author of requirements writes them: each is understood as it is meant, or refused with
the words to write instead."""

import pytest
from ridethrough import BadInput, Rule, Scenario
from ridethrough.cli import main
from ridethrough.rules.conditions import Condition
from ridethrough.rules.explain import explain, warnings
from ridethrough.rules.forms import EXAMPLES
from ridethrough.rules.words import Boundary, lasting, times
from ridethrough.runner import run_scenario
from ridethrough.traces import Segment, Trace
from ridethrough.traces.calendar import periods, zone_of
from ridethrough.workbench.behaviour import Step, trace_of
from ridethrough.workbench.specimens import run_specimen
from ridethrough.world.hub_params import HubParams
from support import S, of

MIN = 60 * S


def behaved(*steps):
    return trace_of(steps, HubParams())


def status(rule, *steps):
    return rule.check(behaved(*steps)).status


def rail(*pieces, **wires):
    """CH power in (microseconds, mV), mains on; with its resets and outcomes."""
    trace, at = Trace(), 0
    trace.set_wire("mains", 0, 1)
    for us, mv in pieces:
        trace.voltages["ch_mv"].add(Segment(at, "flat", float(mv)))
        at += us
    trace.end_us = at
    return trace


def test_supply_kept_save_for_interruptions_not_exceeding_20_ms():
    rule = of(lasting="more than 20 ms", during="activation")
    for us, expected in ((20_000, "pass"), (20_001, "fail"), (21_000, "fail")):
        steps = (Step(us, 0, "activation"), Step(30 * S, event="outcome"))
        assert status(rule, *steps) == expected


@pytest.mark.parametrize("per", ["any 24 hours", "24 hours", "any 24 h", "1440 min", "per any 24 hours"])
def test_total_interruption_in_any_24_hours(per):
    rule = of(lasting="more than 3 min", per=per, during="always")
    assert rule.readings[0].window_us == 24 * 3600 * S
    cut, on = Step(100 * S, 0), Step(3600 * S)
    assert status(rule, cut, on, Step(80 * S, 0)) == "pass"
    assert status(rule, cut, on, Step(81 * S, 0)) == "fail"
    assert status(rule, cut, Step(24 * 3600 * S), Step(100 * S, 0)) == "pass"


@pytest.mark.parametrize(("per", "days"), [("1 week", 7), ("any week", 7), ("a week", 7), ("2 days", 2)])
def test_weeks_and_days(per, days):
    assert of(lasting="more than 3 min", per=per).readings[0].window_us == days * 24 * 3600 * S


def test_more_than_one_interruption_per_activation():
    rule = of(lasting="more than 1 s", times="more than once", per="reboot", during="activation")
    cut = Step(2 * S, 0)
    once = (Step(S, event="activation"), cut, Step(S, event="outcome"))
    twice = (Step(S, event="activation"), cut, Step(S), cut, Step(S, event="outcome"))
    assert (status(rule, *once), status(rule, *twice)) == ("pass", "fail")
    assert "more than once in one reboot" in explain(rule)[0]
    assert times("twice or more") == Boundary(2, True) == times("2 times or more")


def test_a_supply_that_has_to_be_stable_before_it_counts_as_back():
    counted_in = of(lasting="3 min or more", during="always", ends_when="CH power at or above 90 % for 60 s")
    (warning,) = warnings(counted_in)
    assert "counts those 1 min into the cut" in warning and "`ends_when = back for 1 min`" in warning
    steps = (Step(150 * S, 0), Step(10 * MIN))
    assert status(counted_in, *steps) == "fail"
    meant = of(lasting="3 min or more", during="always", ends_when="back for 60 s")
    assert status(meant, *steps) == "pass" and not warnings(meant)


def test_an_exemption_of_an_event_is_said_of_an_event():
    (said,) = explain(Rule.load("all-ad1-legitimate"))
    assert "It is no breach while mains is lost and has been for 3 min." in said and "taken off" not in said


@pytest.mark.parametrize(
    "window", ["12 V +-10 %", "12 V +/- 10 %", "12 V ± 10 %", "+-10 %", "90..110 %", "10.8-13.2 V", "10.8 V to 13.2 V"]
)
def test_a_window_as_people_write_it(window):
    condition = Condition.parse(f"CH power outside {window}")
    assert condition.says == "CH power is outside 10.8 V to 13.2 V"
    held = condition.holds(rail((5, 12_000), (5, 10_800), (5, 10_799), (5, 13_200), (5, 13_201))).sure
    assert list(held) == [(10, 15), (20, 25)]


def test_a_window_apart_from_short_shallow_dips():
    rule = of(
        forbid="CH power outside 12 V +-10 %", unless="CH power within 9 V..10.8 V for at most 500 ms", during="always"
    )
    for us, mv, expected in ((500_000, 9_000, "pass"), (500_001, 9_000, "fail"), (20_000, 8_999, "fail")):
        assert rule.check(rail((S, 12_000), (us, mv), (S, 12_000))).status == expected
    assert rule.check(rail((S, 12_000), (20_000, 14_000), (S, 12_000))).status == "fail"


def test_a_simulations_own_start_is_no_breach_and_no_reboot():
    trace = run_scenario(Scenario.load("update"))
    assert of(forbid="CH power outside 12 V +-10 %", during="always").check(trace).status == "pass"
    assert of(forbid="meter off", during="always").check(trace).status == "pass"
    resets = [e.data["kind"] for e in trace.events("reset")]
    assert resets[0] == "power-up"
    rule = of(forbid="reset", times=f"{len(resets)} or more", per="any 15 minutes", during="always")
    assert rule.check(trace).status == "pass"
    assert of(forbid="power-up reset", during="always").check(trace).status == "pass"
    assert of(forbid="CH power below 90 %", during="power-up").check(trace).status == "vacuous"
    trace.starts_itself = False
    assert rule.check(trace).status == "fail"


def test_more_than_two_reboots_in_any_15_minutes():
    rule = of(forbid="reboot", times="more than two", per="any 15 minutes", during="always")
    reboot = (Step(5 * S, event="watchdog"), Step(60 * S, event="application"))
    assert status(rule, *reboot * 2) == "pass"
    assert status(rule, *reboot * 3) == "fail"


def test_back_in_service_within_ten_minutes_of_an_activation():
    rule = of(require="CH up within 10 min of outcome")
    assert status(rule) == "vacuous"
    start = (Step(170 * S, 0, "activation"), Step(S, event="outcome"))
    assert status(rule, *start) == "pass"
    # it comes back at last, 35 s after its supply did: in time, and one microsecond too late
    late = (Step(S, event="activation"), Step(S, event="outcome"))
    dark_us = 10 * MIN - S - 35 * S
    assert status(rule, *late, Step(dark_us, 0), Step(10 * MIN)) == "pass"  # it was up when the outcome came
    down = (Step(S, 0, "activation"), Step(10 * MIN - 35 * S, 0, "outcome"), Step(10 * MIN))
    assert status(rule, *down) == "pass"
    down = (Step(S, 0, "activation"), Step(10 * MIN - 35 * S + 1, 0, "outcome"), Step(10 * MIN))
    assert status(rule, *down) == "fail"
    assert "10 min after an outcome have passed in which at no time the CH is in service" in explain(rule)[0]
    assert "to demand it, write `require`" in " ".join(warnings(of(forbid="CH up within 10 min of outcome")))


def test_a_demand_whose_time_is_not_over_when_the_trace_ends():
    trace = behaved(Step(S, 0, "activation"), Step(S, 0, "outcome"), Step(60 * MIN, 0))
    trace.end_us = 12 * MIN
    verdict = of(require="CH up within 10 min of outcome").check(trace)
    assert verdict.status == "undecided" and "ends before the time for it is over" in verdict.cause


def test_an_ad1_soon_after_a_reset():
    rule = of(require="no AD1 within 5 min of a reset")
    assert status(rule) == "vacuous"
    assert status(rule, Step(200 * S, 0, "watchdog"), Step(S, event="application")) == "fail"
    assert status(rule, Step(S, event="watchdog"), Step(6 * MIN, event="application"), Step(200 * S, 0)) == "pass"
    assert of(forbid="AD1 within 5 min of a reset", during="always").readings[0].forbid.says == (
        "an AD1 is sent at most 5 min after a reset"
    )


@pytest.mark.parametrize("name", ["slow_after_outage", "long_reboot"])
def test_power_ups_are_reboots_for_any_start_alone(name):
    meter = run_specimen(name)
    reboot, start = (of(lasting="3 min or more", during=d, to="application") for d in ("any reboot", "any start"))
    found = {d: rule.check(meter.trace).status for d, rule in (("reboot", reboot), ("start", start))}
    expected = {"slow_after_outage": ("vacuous", "fail"), "long_reboot": ("fail", "fail")}[name]
    assert (found["reboot"], found["start"]) == expected
    assert "A power-up is no reboot" in explain(reboot)[0] and "(`any start` speaks of it)" in explain(reboot)[0]
    assert "The start after a power-up is a reboot like any other." in explain(start)[0]


def test_an_outage_of_60_s_and_a_boot_of_150_s_without_exemption():
    trace = run_scenario(Scenario.load("slow_after_outage"))
    (outage,) = trace.when("mains", 0)[-1:]
    verdict = of(lasting="3 min or more", during="any start", to="application").check(trace)
    assert verdict.status == "fail" and verdict.witness.from_us >= outage[0]
    assert "power-up" in of(lasting="3 min or more", to="application").check(trace).cause


@pytest.mark.parametrize(("mains_off_s", "found"), [(181, "pass"), (100, "fail"), (0, "fail")])
def test_a_false_ad1(mains_off_s, found):
    off = (Step(mains_off_s * S, mains=False),) if mains_off_s else ()
    rule = of(forbid="false ad1", during="always")
    assert status(rule, *off, Step((185 - mains_off_s) * S, 0), Step(20 * S)) == found


def test_conditions_as_the_sides_of_a_reboot():
    rule = of(lasting="1 min or more", **{"from": "mains lost", "to": "CH up for 10 s"})
    before = (Step(61 * S, 0, mains=False), Step(100 * S))
    assert status(rule, *before, Step(S, event="watchdog"), Step(MIN, event="application")) == "fail"
    assert status(of(lasting="1 min or more"), *before, Step(S, event="watchdog"), Step(MIN)) == "pass"
    assert "at which this begins: mains is lost" in explain(rule)[0]
    assert "the CH is in service and has been for 10 s" in explain(rule)[0]


@pytest.mark.parametrize(
    ("key", "written", "instead"),
    [
        ("lasting", "at most 3 min", "'more than 3 min'"),
        ("lasting", "not exceeding 3 min", "'more than 3 min'"),
        ("lasting", "up to 3 min", "'more than 3 min'"),
        ("lasting", "no longer than 3 min", "'more than 3 min'"),
        ("lasting", "<= 3 min", "'more than 3 min'"),
        ("lasting", "under 3 min", "'3 min or more'"),
        ("lasting", "is below 3 min", "'3 min or more'"),
        ("lasting", "< 3 min", "'3 min or more'"),
        ("lasting", "2,5 min or more", "2.5 min"),
        ("times", "at most once", "'more than 1'"),
        ("times", "not more than two", "'more than two'"),
        ("times", "once", "'more than 1'"),
        ("per", "day", "'calendar day', or 'any 24 hours'"),
        ("per", "per day", "'calendar day', or 'any 24 hours'"),
        ("per", "month", "'calendar month'"),
        ("per", "activation", 'during = "activation"'),
        ("during", "any reset", "'any start'"),
        ("require", "CH up", "'CH up within 10 min of outcome'"),
    ],
)
def test_what_is_refused_says_what_to_write(key, written, instead):
    with pytest.raises(BadInput) as error:
        of(**{key: written})
    assert instead in str(error.value)


@pytest.mark.parametrize(
    ("written", "boundary"),
    [
        ("in excess of 3 min", Boundary(3 * MIN, False)),
        ("a minute or more", Boundary(MIN, True)),
        ("more than an hour", Boundary(60 * MIN, False)),
        ("no less than 3 min", Boundary(3 * MIN, True)),
        ("not less than one minute", Boundary(MIN, True)),
    ],
)
def test_limits_in_further_words(written, boundary):
    assert lasting(written) == boundary


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("CH power is below 90 %", "CH power below 90 %"),
        ("CH power under 10.8 V", "CH power below 10.8 V"),
        ("CH power less than 10.8 V", "CH power below 10.8 V"),
        ("CH power < 10.8 V", "CH power below 10.8 V"),
        ("CH power at most 9 V", "CH power at or below 9 V"),
        ("CH power >= 9 V", "CH power at or above 9 V"),
        ("mains off", "mains lost"),
        ("no mains", "mains lost"),
        ("the CH is out of service", "CH down"),
        ("an activation", "activation reset"),
        ("any start", "reset"),
    ],
)
def test_other_words_for_the_same(written, same):
    assert Condition.parse(written).says == Condition.parse(same).says


@pytest.mark.parametrize(
    ("written", "never"),
    [
        ("mains offf", "mains on"),
        ("converter offf", "converter on"),
        ("CH dwn", "CH up"),
        ("CH power abov 9 V", "below"),
    ],
)
def test_a_suggestion_is_never_the_reverse(written, never):
    with pytest.raises(BadInput) as error:
        Condition.parse(written)
    assert f"did you mean '{never}" not in str(error.value)


def test_each_form_has_an_example_that_it_reads():
    assert all(Condition.parse(example).says and Condition.parse(example).stl for example in EXAMPLES)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("lasting = 3 min or more", 'quotes: "3 min or more"'),
        ("per = cut", 'quotes: "cut"'),
        ('per = "cut" each by itself', "a remark begins with #"),
        ('per = "cut" - each by itself', "a remark begins with #"),
    ],
)
def test_a_slip_in_toml_is_named(tmp_path, line, said):
    path = tmp_path / "s.toml"
    path.write_text(f'[rule]\nid = "a"\ntext = "b"\nsource = "c"\n[reading]\n{line}\n')
    with pytest.raises(BadInput) as error:
        Rule.load(path)
    assert said in str(error.value)


def test_an_event_with_an_end_says_it():
    (said,) = explain(of(forbid="ad1", ends_when="CH up", during="always"))
    assert "A cut ends when the CH is in service" in said
    assert "Nothing is exempt" in said


# --- a calendar ---

MONTHS = """[rule]
id = "m"
text = "t"
source = "s"
[reading]
during = "always"
per = "{per}"
lasting = "more than 3 min"
"""


def month_ends(tmp_path, stamp, per="calendar month", zone=("--zone", "Europe/London"), capsys=None):
    """Two minutes without power on either side of the last midnight of a May, as a table of edges."""
    rule, table = tmp_path / "m.toml", tmp_path / "t.csv"
    rule.write_text(MONTHS.format(per=per))
    rows = [(1360 + i / 2, 0.0 if 1378 <= 1360 + i / 2 < 1382 else 12.0) for i in range(80)]
    lines = (f"{stamp.format(int(t // 60), int(t % 60), int(t * 60 % 60))},{v}\n" for t, v in rows)
    table.write_text("time,rail [V]\n" + "".join(lines))
    status = main(["check", str(table), "--map", "ch_mv=rail", "--rule", str(rule), "--blip", "31s", *zone])
    return status, capsys.readouterr()


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        # in British summer 23:00 UTC is midnight
        ("2026-05-31T{:02}:{:02}:{:02}Z", 0),
        # in winter it is 23:00, and both halves fall into one month
        ("2026-12-31T{:02}:{:02}:{:02}Z", 1),
        # a clock that says no zone shows that of the calendar
        ("2026-05-31T{:02}:{:02}:{:02}", 1),
    ],
)
def test_a_calendar_month_begins_at_midnight_of_its_zone(tmp_path, capsys, stamp, expected):
    status, said = month_ends(tmp_path, stamp, capsys=capsys)
    assert status == expected, said


def test_a_calendar_needs_a_date_and_a_zone(tmp_path, capsys):
    status, said = month_ends(tmp_path, "2026-05-31T{:02}:{:02}:{:02}Z", zone=(), capsys=capsys)
    assert status == 3 and "the time zone was not said: --zone ZONE would say" in said.out
    status, said = month_ends(tmp_path, "{:02}:{:02}:{:02}", capsys=capsys)
    assert status == 3 and "knows no date" in said.out
    status, said = month_ends(tmp_path, "2026-05-31T{:02}:{:02}:{:02}Z", zone=("--zone", "London"), capsys=capsys)
    assert status == 2 and said.err.count("\n") == 1 and "write it like Europe/London" in said.err
    assert of(per="calendar month").check(behaved()).status == "undecided"


def test_a_day_of_summer_time_has_23_hours():
    epoch_us = 1_774_699_200 * S  # 28 March 2026, noon UTC
    found = periods("day", epoch_us, zone_of("Europe/London"), 30 * 3600 * S)
    assert [(b - a) // (3600 * S) for a, b in found] == [24, 23]
    assert [(b - a) // (24 * 3600 * S) for a, b in periods("month", epoch_us, zone_of("UTC"), S)] == [31]


@pytest.mark.parametrize(
    ("require", "stated", "said"),
    [
        ("CH up within 10 min of outcome", (), "outcome was not captured: --at outcome=TIME would say"),
        ("CH up within 10 min of outcome", ("--at", "outcome=20s"), "hub was not captured"),
        ("no ad1 within 10 min of a reset", ("--at", "reset=20s"), "ad1 was not captured"),
        ("CH power above 9 V within 1 min of a reset", (), "reset was not captured"),
    ],
)
def test_what_nobody_saw_is_neither_kept_nor_broken(tmp_path, capsys, require, stated, said):
    rule, rail = tmp_path / "r.toml", tmp_path / "rail.csv"
    rule.write_text(f'[rule]\nid = "r"\ntext = "t"\nsource = "s"\n[reading]\nrequire = "{require}"\n')
    rail.write_text("time [s],rail [V]\n" + "".join(f"{t / 100},12.0\n" for t in range(3000)))
    assert main(["check", str(rail), "--map", "ch_mv=rail", "--scale", "1", "--rule", str(rule), *stated]) == 3
    assert said in capsys.readouterr().out


def test_a_demand_that_nothing_happens_is_open_until_its_time_is_over():
    rule = of(require="no CH power below 9 V within 5 min of a reset")
    trace = behaved(Step(30 * S, event="watchdog"))
    assert rule.check(trace).status == "pass"
    trace.end_us = 10 * MIN + 4 * MIN
    verdict = rule.check(trace)
    assert verdict.status == "undecided" and "before the time for it is over" in verdict.cause
    assert status(rule, Step(30 * S, event="watchdog"), Step(S, 0)) == "fail"


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        ('forbid = "CH power below 9 V for 1 min"\nduring = "always"', "a cut of 60 s fits between two"),
        (
            'forbid = "CH power below 9 V"\nlasting = "1 min or more"\nduring = "always"',
            "a cut of 60 s fits between two",
        ),
        ('require = "CH power above 10.8 V within 1 min of reset"', "a cut of 1 s fits between two"),
        ('forbid = "CH power below 9 V for at most 1 min"\nduring = "always"', "fits between two"),
    ],
)
@pytest.mark.parametrize("dark", [(), range(20, 60)])
def test_samples_that_are_too_far_apart_decide_nothing(tmp_path, capsys, reading, expected, dark):
    rule, rail = tmp_path / "r.toml", tmp_path / "rail.csv"
    rule.write_text(f'[rule]\nid = "r"\ntext = "t"\nsource = "s"\n[reading]\n{reading}\n')
    rows = (f"{100 * t},{0.0 if t in dark else 12.0}\n" for t in range(90))
    rail.write_text("time [s],rail [V]\n" + "".join(rows))
    words = ["check", str(rail), "--map", "ch_mv=rail", "--scale", "1", "--rule", str(rule), "--at", "watchdog=1900s"]
    assert main(words) == 3
    assert expected in capsys.readouterr().out


@pytest.mark.parametrize("key", ["lasting", "times", "tolerance", "per", "ends_when"])
def test_keys_that_would_hide_a_breach_have_no_place_beside_a_demand(key):
    value = {
        "lasting": "3 min or more",
        "times": "more than 1",
        "tolerance": "1 s",
        "per": "10 min",
        "ends_when": "CH up",
    }
    demand = {"require": "CH up within 10 min of outcome"}
    with pytest.raises(BadInput, match=f"`{key}` has no place beside it"):
        of(**demand, **{key: value[key]})
    with pytest.raises(BadInput, match=r"nor in the \[reading\] above"):
        of(demand, **{key: value[key]})


@pytest.mark.parametrize(
    ("key", "written", "said"),
    [
        ("require", "no reset within 10 min of reset", "would count against itself"),
        ("require", "AD1 within 3 min of an AD1", "would count against itself"),
        ("forbid", "AD1 for 1 min", "takes no time"),
        ("lasting", "maximum 3 min", "'more than 3 min'"),
        ("lasting", "less than or equal to 3 min", "'more than 3 min'"),
        ("times", "maximum 3", "'more than 3'"),
        ("times", "0", "'1 or more'"),
        ("times", "0 or more", "'1 or more'"),
        ("unless", "mains never lost", "reads two ways"),
        ("forbid", "CH isn't up", "reads two ways"),
        ("during", "not activation", "there is no 'not'"),
        ("during", "except power-up", "there is no 'not'"),
        ("per", "1 day", "'any 24 hours'"),
        ("per", "a day", "'any 24 hours'"),
    ],
)
def test_what_would_be_misunderstood_is_refused(key, written, said):
    with pytest.raises(BadInput) as error:
        of(**{key: written})
    assert said in str(error.value) and "did you mean" not in str(error.value)


def test_any_before_a_kind_of_reboot_and_before_a_window():
    assert of(during="any unplanned reboot").readings[0].during == of(during="unplanned").readings[0].during
    assert of(during="any power-up reboot").readings[0].during == ("power-up",)
    assert of(per="any cut").readings[0].per == "cut" and of(per="any calendar day").readings[0].calendar == "day"


def test_a_window_of_volts_within_a_time():
    rule = of(require="CH power within 90..110 % within 1 min of a reset")
    assert status(rule, Step(59 * S, 0, "watchdog"), Step(S)) == "pass"
    assert status(rule, Step(61 * S, 0, "watchdog"), Step(S)) == "fail"


def test_an_end_that_holds_already_is_warned_of():
    (warning,) = warnings(of(lasting="1 min or more", to="CH power above 10.8 V"))
    assert "ends a reboot at once where it holds at the reset already" in warning


@pytest.mark.parametrize("command", [["audit"], ["cases"], ["curve"]])
def test_what_has_no_date_is_not_tried_on_a_calendar(tmp_path, capsys, command):
    path = tmp_path / "c.toml"
    path.write_text(
        '[rule]\nid = "c"\ntext = "t"\nsource = "s"\n[reading]\nlasting = "3 min or more"\nper = "calendar day"\n'
    )
    more = ["lasting", "1min..2min"] if command == ["curve"] else []
    assert main(["rules", *command, str(path), *more]) == 2
    err = capsys.readouterr().err
    assert "counts by the calendar day" in err and err.count("\n") == 1
