"""Drafts and test cases: what they call kept passes, what they call broken fails, by the engine that judges meters."""

import csv
import io
import json
import re
import subprocess
import sys
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ridethrough import BadInput, Rule
from ridethrough.cli import main
from ridethrough.reports.cases import as_csv
from ridethrough.rules import Evidence
from ridethrough.rules.keys import CHOICES
from ridethrough.rules.library import names
from ridethrough.rules.rule import sha256_of
from ridethrough.workbench.behaviour import CALM_US, Step, trace_of
from ridethrough.workbench.cases import Case, cases
from ridethrough.workbench.criteria import Example, either_side
from ridethrough.world.hub_params import HubParams
from support import S, of

DECIDED = [name for name in names() if not Rule.load(name).open_keys]


def agrees(rule, readings, example):
    verdict = rule.check_readings(readings, Evidence(trace_of(example.behaviour, HubParams())))
    return verdict.status == {"kept": "pass", "broken": "fail"}[example.said]


@pytest.mark.parametrize("name", DECIDED)
def test_every_rule_of_the_library_has_an_example_on_either_side(name):
    rule = Rule.load(name)
    for reading in rule.readings:
        pair = either_side(rule, reading)
        assert pair is not None and pair.kept is not None, name
        assert agrees(rule, (reading,), pair.broken) and agrees(rule, (reading,), pair.kept)


TIMES = st.sampled_from(["20 ms", "500 ms", "1 s", "7 s", "1 min", "3 min", "4 min", "10 min"])
LIMITS = st.tuples(st.sampled_from(["{} or more", "more than {}"]), TIMES).map(lambda p: p[0].format(p[1]))
GENERATED = st.fixed_dictionaries(
    {"forbid": st.sampled_from([*CHOICES["forbid"], "CH power outside +-10 %", "mains lost", "meter down", "ad1"])},
    optional={
        "lasting": LIMITS,
        "times": st.sampled_from(["2 or more", "more than twice"]),
        "per": st.sampled_from([*CHOICES["per"], "any 24 hours"]),
        "ends_when": st.sampled_from(CHOICES["ends_when"]),
        "during": st.sampled_from([*CHOICES["during"], "any start", "unplanned"]),
        "from": st.sampled_from([*CHOICES["from"], "mains lost"]),
        "to": st.sampled_from([*CHOICES["to"], "CH up"]),
        "unless": st.sampled_from([*filter(None, CHOICES["unless"]), "CH power below 90 % for at most 20 ms"]),
        "tolerance": st.sampled_from(["0 s", "1 ms"]),
    },
)


def test_examples_of_1000_generated_rules_get_the_verdict_that_they_are_given():
    pairs = by_time = 0

    @settings(max_examples=1000)
    @given(GENERATED)
    def look(reading):
        nonlocal pairs, by_time
        rule = of(**reading)
        pair = either_side(rule, rule.readings[0], tries=0)
        if pair is None:
            return
        assert agrees(rule, rule.readings, pair.broken)
        if pair.kept is not None:
            pairs += 1
            assert agrees(rule, rule.readings, pair.kept)
        if pair.by_time:
            by_time += 1
            one, two = pair.kept.behaviour, pair.broken.behaviour
            assert [s.for_us for s in one] != [s.for_us for s in two] and len(one) == len(two)

    look()
    # a generator that finds nothing would pass, too
    assert pairs > 400 and by_time > 200, (pairs, by_time)


@pytest.mark.parametrize(
    ("reading", "kept_us", "broken_us"),
    [
        ({"lasting": "more than 20 ms"}, 20_000, 21_000),
        ({"lasting": "20 ms or more"}, 19_000, 20_000),
        ({"lasting": "3 min or more"}, 179 * S, 180 * S),
        ({"lasting": "more than 3 min"}, 180 * S, 181 * S),
        ({"lasting": "more than 300 ms"}, 300_000, 310_000),
    ],
)
def test_either_side_is_in_steps_that_fit_the_limit(reading, kept_us, broken_us):
    rule = of(during="activation", **reading)
    pair = either_side(rule, rule.readings[0])
    cut = next(i for i, step in enumerate(pair.broken.behaviour) if not step.ch_mv)
    assert (pair.kept.behaviour[cut].for_us, pair.broken.behaviour[cut].for_us) == (kept_us, broken_us)


def test_within_a_tolerance_nothing_is_called_kept_or_broken(tmp_path):
    path = tmp_path / "t.toml"
    path.write_text(
        '[rule]\nid = "t"\ntext = "t"\nsource = "s"\n[reading]\nlasting = "3 min or more"\ntolerance = "2 s"\n'
    )
    rule = Rule.load(path)
    pair = either_side(rule, rule.readings[0])
    cut = next(i for i, step in enumerate(pair.broken.behaviour) if not step.ch_mv)
    lengths = [example.behaviour[cut].for_us for example in (pair.kept, pair.broken)]
    assert lengths == [177 * S, 182 * S] and pair.undecided_us == 4 * S
    assert main(["rules", "draft", str(path), "-o", str(tmp_path / "d.html")]) == 0
    text = (tmp_path / "d.html").read_text()
    assert "In between, over 4 s, it is undecided." in text and "at 3 min too" in text


# --- cases ---


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cases")
    rule = folder / "mine.toml"
    rule.write_text(
        '[rule]\nid = "mine"\ntext = "t"\nsource = "s"\n[reading]\n'
        'lasting = "3 min or more"\nduring = "activation"\nunless = "mains lost"\n'
    )
    assert main(["rules", "cases", str(rule), "-o", str(folder / "out")]) == 0
    return folder / "out"


def test_each_key_that_can_decide_has_a_case(written):
    data = json.loads((written / "cases.json").read_text())
    assert {case["key"] for case in data["cases"]} >= {"limit", "lasting", "per", "ends_when", "during", "to", "unless"}
    assert {case["expected"] for case in data["cases"]} == {"kept", "broken"}
    assert data["rule_sha256"] == sha256_of(Rule.load(written / "rule.toml"))
    names = [case["name"] for case in data["cases"]]
    assert len(set(names)) == len(names) and all((written / f"{name}.vcd").is_file() for name in names)


_BECOMES = re.compile(r"mains (on|off)|CH power (off|[\d.]+ V)|CH (fitted|off its pins)|(.+)")


def test_the_switchings_alone_make_the_trace_that_was_judged(written):
    """Read back from the table as a bench would do it, each case gets its verdict."""
    rule = Rule.load(written / "rule.toml")
    rows = list(csv.DictReader(io.StringIO((written / "cases.csv").read_text())))
    events = {"the application runs": "application", "the outcome is reported": "outcome"}
    events |= {"the command is accepted": "command", "the shutdown begins": "shutdown", "boot code runs": "boot"}
    found = {}
    for name in dict.fromkeys(row["case"] for row in rows):
        mine = [row for row in rows if row["case"] == name]
        mains, mv, fitted, steps = True, 12_000, True, []
        for row, after in pairwise(mine[1:]):
            event = ""
            for what in row["switching"].split(", "):
                on, volts, hub, word = _BECOMES.fullmatch(what).groups()
                mains = on == "on" if on else mains
                mv = round(float(volts.split()[0]) * 1000) if volts and volts != "off" else 0 if volts else mv
                fitted = hub == "fitted" if hub else fitted
                event = events.get(word) or (word.removesuffix(" reset") if word else event)
            us = round((float(after["at_s"]) - float(row["at_s"])) * 1e6)
            steps.append(Step(us, mv, event, mains, fitted))
        if steps:
            # the calm that every test ends with is in the last row
            steps[-1] = Step(max(1, steps[-1].for_us - CALM_US), *[getattr(steps[-1], k) for k in ("ch_mv", "event")])
        status = rule.check(trace_of(tuple(steps), HubParams())).status
        found[name] = (status, {"kept": "pass", "broken": "fail"}[mine[0]["expected"]])
    assert len(found) > 10 and all(a == b for a, b in found.values()), found


def test_the_pytest_file_passes_on_the_reference_and_fails_on_a_meter_that_breaks_the_rule(written):
    (test,) = written.glob("test_*.py")
    command = [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", str(test)]
    done = subprocess.run(command, cwd=written, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    # a rule file that says something else than its cases is found out
    path = written / "rule.toml"
    text = path.read_text()
    path.write_text(text.replace("3 min or more", "5 min or more"))
    done = subprocess.run(command, cwd=written, capture_output=True, text=True, check=False)
    path.write_text(text)
    assert done.returncode == 1 and "limit-2-broken" in done.stdout


def test_cases_of_an_open_rule_are_refused(capsys):
    assert main(["rules", "cases", "mp102-open"]) == 2
    assert "cases need one reading; decide them first" in capsys.readouterr().err
    with pytest.raises(BadInput):
        cases(Rule.load("mp102-open"))


def test_a_case_says_when_to_switch_what():
    rule = of(lasting="3 min or more")
    verdict = rule.check(trace_of((Step(180 * S, 0, "activation"),), HubParams()))
    case = Case("a", "limit", "why", Example((Step(180 * S, 0, "activation"),), verdict))
    assert case.switchings == [
        (0, "mains on, CH power 12 V, CH fitted"),
        (CALM_US, "CH power off, activation reset"),
        (CALM_US + 180 * S, "CH power 12 V"),
        (2 * CALM_US + 180 * S, "end"),
    ]
    assert "a,broken,780.000,CH power 12 V,limit,why\n" in as_csv([case])
