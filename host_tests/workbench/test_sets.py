"""Several rules as one requirement, and a rule with one of its numbers at many values."""

import csv
import io
from dataclasses import replace
from functools import partial
from itertools import islice
from xml.etree import ElementTree as Xml

import pytest
from ridethrough import BadInput, Rule
from ridethrough.cli import main
from ridethrough.cli.rules import audit as audit_command
from ridethrough.reports.curve import as_csv, lines, svg_of
from ridethrough.rules import Evidence
from ridethrough.workbench.audit import audit
from ridethrough.workbench.behaviour import trace_of
from ridethrough.workbench.curve import curve, values
from ridethrough.workbench.harm import FALSE_AD1
from ridethrough.workbench.matrix import HOLE
from ridethrough.workbench.sets import adds, conflicts
from ridethrough.workbench.specimens import run_specimen
from ridethrough.world.hub_params import HubParams
from support import S, of

WG, PER_REBOOT = Rule.load("mp102-wg-2020-04"), Rule.load("mp102-per-reboot")


def named(rule_id, **reading):
    return replace(of(**reading), id=rule_id)


def statuses(rules, behaviour):
    evidence = Evidence(trace_of(behaviour, HubParams()))
    return [rule.check(evidence).status for rule in rules]


def test_what_a_rule_adds_is_shown_by_what_it_alone_forbids():
    one, other = adds([WG, PER_REBOOT])
    # whatever is a cut of three minutes is a sum of three minutes as well
    assert one.shown is None and other.shown is not None
    assert statuses([WG, PER_REBOOT], other.shown) == ["pass", "fail"]


def test_three_rules_of_which_one_adds_nothing():
    loose = named("loose", lasting="5 min or more", unless="mains lost")
    by_id = {one.rule: one.shown for one in adds([WG, loose, Rule.load("all-ad1-legitimate")])}
    assert by_id["loose"] is None and by_id["mp102-wg-2020-04"] is not None and by_id["all-ad1-legitimate"] is not None


def test_rules_that_no_meter_can_keep_together_are_found_with_what_shows_it():
    must = named("must", require="ad1 within 4 min of a command")
    never = named("never", require="no ad1 within 4 min of a command")
    (found,) = conflicts([must, never, WG], tries=120)
    assert found.rules == ("must", "never")
    for kept, behaviour in found.shown:
        rules = [must, never] if kept == "must" else [never, must]
        assert statuses(rules, behaviour) == ["pass", "fail"]
        # the meter has done nothing to its hub
        assert all(step.ch_mv == 12_000 for step in behaviour)
    assert [kept for kept, _ in found.shown] == ["must", "never"]


def test_a_rule_that_forbids_the_supply_itself_cannot_be_kept():
    (found,) = conflicts([named("none", forbid="CH power above 9 V", during="always"), WG], tries=60)
    assert found.rules == ("none",) and found.shown == ()


def test_rules_that_do_not_fight_are_not_said_to():
    assert list(conflicts([WG, PER_REBOOT, Rule.load("design-target")])) == []


def test_an_audit_of_two_rules_lets_less_through_than_one_of_each():
    together = [WG, Rule.load("all-ad1-legitimate")]
    left = [find for find in audit(together, tries=60) if find.flag == HOLE and find.kind == FALSE_AD1]
    assert left == [] and any(find.kind == FALSE_AD1 for find in islice(audit(WG, tries=60), 1))


def test_an_audit_of_a_set_in_the_terminal_and_on_a_page(tmp_path, capsys, monkeypatch):
    for name in ("audit", "adds", "conflicts"):
        # as the command does it, with fewer tries
        found = getattr(audit_command, name)
        monkeypatch.setattr(audit_command, name, partial(found, tries=60))
    page, folder = tmp_path / "a.html", tmp_path / "out"
    words = ["rules", "audit", "mp102-wg-2020-04", "mp102-per-reboot", "--html", str(page), "--output", str(folder)]
    assert main(words) == 1
    out = capsys.readouterr().out
    assert "mp102-wg-2020-04 adds nothing to the others" in out and "mp102-per-reboot adds something" in out
    assert "no two of them were found to fight each other" in out
    text = page.read_text()
    assert "As one requirement" in text and text.index("What was found") < text.index('class="timeline"')
    # a hole is no success: no green headline stands under it
    assert 'class="verdict pass"' not in text and 'class="verdict hole"' in text
    assert list(folder.glob("audit-*.vcd"))
    assert main(["rules", "audit", "mp102-wg-2020-04", "mp102-open"]) == 2


# --- curves ---


@pytest.fixture(scope="module")
def meters():
    return [run_specimen(name) for name in ("long_reboot", "chatter", "exactly_3_min")]


@pytest.mark.parametrize(
    ("key", "text", "first", "last", "n"),
    [
        ("lasting", "1min..10min", "1 min", "10 min", 10),
        ("lasting", "1 min to 5 min", "1 min", "5 min", 13),
        ("lasting", "10ms..100ms", "10 ms", "100 ms", 10),
        ("times", "1..4", "1", "4", 4),
        ("forbid", "50%..95%", "50 %", "95 %", 10),
        ("forbid", "8V..11V", "8 V", "11 V", 13),
        ("per", "5min..15min", "5 min", "15 min", 11),
    ],
)
def test_a_range_is_divided_as_somebody_would_write_it(key, text, first, last, n):
    found = values(key, text)
    assert (found[0][0], found[-1][0], len(found)) == (first, last, n)
    assert len(values(key, text, 2)) == 3


@pytest.mark.parametrize(
    ("key", "text", "said"),
    [
        ("lastin", "1min..2min", "did you mean 'lasting'?"),
        ("lasting", "3min", "is no range: write it like 1min..10min"),
        ("lasting", "1min..2V", "both ends need the same unit"),
        ("lasting", "2min..1min", "the lower end comes first"),
        ("lasting", "1min..a while", "is not a time"),
    ],
)
def test_a_range_that_is_none_is_refused(key, text, said):
    with pytest.raises(BadInput, match=said):
        values(key, text)


def test_each_point_is_the_verdict_of_the_rule_with_that_number(meters):
    found = curve(WG, "lasting", values("lasting", "1min..5min"), meters)
    for point in found.points:
        rule = WG.altered("lasting", f"{point.value} or more")
        assert [v.status for v in point.verdicts] == [rule.check(m.trace).status for m in meters]
    at = {point.value: i for i, point in enumerate(found.points)}
    assert [s.name for s, _ in found.no_longer(at["3 min 20 s"])] == ["exactly_3_min"]
    gone = {s.name: v for i in range(len(found.points)) for s, v in found.no_longer(i)}
    assert {"chatter", "exactly_3_min", "long_reboot"} == set(gone) and all(v.status == "fail" for v in gone.values())
    assert found.points[-1].holes > found.points[0].holes


def test_a_number_in_any_key_of_each_limit(meters):
    rule = Rule.load("planned-unplanned")
    found = curve(rule, "lasting", values("lasting", "1min..2min", 1), meters)
    assert [p.broken >= 0 for p in found.points] == [True, True]
    found = curve(WG, "ends_when", values("ends_when", "1s..5s", 2), meters)
    assert [p.written for p in found.points] == ["back for 1 s", "back for 3 s", "back for 5 s"]
    found = curve(of(unless="mains lost for 3 min"), "unless", values("unless", "1min..2min", 1), meters)
    assert found.points[0].written == "mains lost for 1 min"
    for key, said in (("during", "has no number in it"), ("unless", "is no text|no number")):
        with pytest.raises(BadInput, match=said):
            curve(WG, key, values("lasting", "1min..2min"), meters)
    with pytest.raises(BadInput, match="a curve needs one reading"):
        curve(Rule.load("mp102-open"), "lasting", values("lasting", "1min..2min"), meters)


def test_a_curve_in_lines_rows_and_as_a_drawing(meters):
    found = curve(WG, "lasting", values("lasting", "1min..5min"), meters)
    said = "\n".join(str(getattr(line, "plain", line)) for line in lines(found))
    assert "no longer: chatter (" in said and "beyond at" in said
    rows = list(csv.DictReader(io.StringIO(as_csv(found))))
    assert len(rows) == len(found.points) * len(meters)
    assert {row["verdict"] for row in rows} >= {"pass", "fail"}
    svg = Xml.fromstring(svg_of(found))
    drawn = [e.attrib["points"].split() for e in svg.iter() if e.tag.endswith("polyline")]
    assert len(drawn) == 4 and all(len(points) == len(found.points) for points in drawn)
    heights = [float(point.split(",")[1]) for point in drawn[0]]
    assert heights == sorted(heights), "a longer limit breaks no more meters"


def test_the_command_draws_and_writes(tmp_path, capsys):
    words = ["rules", "curve", "mp102-wg-2020-04", "lasting", "1min..5min", "--specimens", "long_reboot,chatter"]
    assert main([*words, "--svg", str(tmp_path / "c.svg"), "--csv", str(tmp_path / "c.csv")]) == 0
    assert "harm let through" in capsys.readouterr().out
    assert (tmp_path / "c.svg").read_bytes().startswith(b"<svg") and (tmp_path / "c.csv").is_file()
    assert main(["rules", "curve", "mp102-wg-2020-04", "during", "1min..5min"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_limit_just_beyond_a_meters_cut_lets_it_through(meters):
    (meter,) = [m for m in meters if m.name == "exactly_3_min"]
    found = curve(WG, "lasting", [("180 s", 180.0), ("180000001 us", 180.000001)], [meter])
    assert [p.verdicts[0].status for p in found.points] == ["fail", "pass"]
    assert found.points[0].verdicts[0].witness.amount_us == 180 * S
