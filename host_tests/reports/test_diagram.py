"""A rule drawn, and its formula: what is drawn is what the engine finds."""

import base64
import re
from itertools import pairwise
from xml.etree import ElementTree as Xml

import pytest
from ridethrough import Rule, Scenario
from ridethrough.cli import main
from ridethrough.reports.diagram import diagrams, legend, svg_of
from ridethrough.reports.picture import Drawing
from ridethrough.reports.timeline import Glyphs
from ridethrough.rules.formula import formula
from ridethrough.rules.library import names
from ridethrough.runner import run_scenario
from ridethrough.traces import Segment, Trace
from ridethrough.workbench.behaviour import CALM_US, Step, trace_of
from ridethrough.workbench.criteria import either_side
from ridethrough.world.hub_params import HubParams
from support import S, of

DECIDED = [name for name in names() if not Rule.load(name).open_keys]
ASCII = Glyphs.for_encoding("ascii")


def drawn(rule):
    reading = rule.readings[0]
    return diagrams(rule, reading, either_side(rule, reading))


def test_the_lanes_are_what_the_engine_finds():
    kept, broken = drawn(Rule.load("mp102-wg-2020-04"))
    lanes = {lane.name: list(lane.when) for lane in broken.lanes}
    cut = (610 * S, 790 * S)
    assert lanes["forbidden"] == lanes["cut"] == lanes["counted"] == [cut] and lanes["reboot"] == [(600 * S, 800 * S)]
    assert dict(broken.marks) == {600 * S: "R", 790 * S: "a!", 800 * S: "o"}
    assert {lane.name: list(lane.when) for lane in kept.lanes}["counted"] == [(610 * S, 789 * S)]
    lines = list(broken.text(100, ASCII))
    assert (
        lines[0]
        == "broken: FAIL: CH power below 90 % from 10 min 10 s to 13 min 10 s, 3 min counted, exactly the limit"
    )
    rows = {line[:9].strip(): line[10:] for line in lines[2:-1]}
    assert rows["forbidden"] == rows["counted"] and set(rows["CH power"]) == {"#", "."}
    assert all(a != b for a, b in zip(rows["forbidden"], rows["CH power"], strict=True))
    assert "3min" in lines[-1] and len(set(map(len, rows.values()))) == 1


def test_time_that_is_taken_off_is_drawn_as_exempt():
    rule = of(lasting="3 min or more", unless="mains lost", during="always", ends_when="CH up")
    reading = rule.readings[0]
    found = {lane.name for one in diagrams(rule, reading, either_side(rule, reading)) for lane in one.lanes}
    assert {"forbidden", "cut", "counted", "CH power"} <= found and "reboot" not in found


@pytest.mark.parametrize("name", DECIDED)
def test_every_rule_of_the_library_is_drawn_and_has_a_formula(name, capsys, tmp_path):
    assert main(["rules", "explain", name, "--svg", str(tmp_path / "r.svg")]) == 0
    out = capsys.readouterr().out
    assert "breach := " in out and "broken: FAIL" in out and "kept: PASS" in out
    svg = Xml.parse(tmp_path / "r.svg").getroot()
    width = int(svg.attrib["width"])
    rects = [e for e in svg.iter() if e.tag.endswith("rect")]
    assert rects and all(float(e.attrib["x"]) + float(e.attrib["width"]) <= width for e in rects)
    # no label runs into the next one of its line
    texts = [(float(e.attrib["y"]), float(e.attrib["x"]), e.text or "") for e in svg.iter() if e.tag.endswith("text")]
    for (y, x, text), (y2, x2, _) in pairwise(sorted(t for t in texts if t[0] > 60 and len(t[2]) < 20)):
        assert y != y2 or x + 5 * len(text) < x2 + 4, (text, x, x2)


def test_a_draft_carries_its_drawing_as_a_picture(tmp_path):
    assert main(["rules", "draft", "mp102-wg-2020-04", "-o", str(tmp_path / "d.html")]) == 0
    page = (tmp_path / "d.html").read_text()
    (data,) = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', page)
    svg = base64.b64decode(data)
    rule = Rule.load("mp102-wg-2020-04")
    title = "A1: mp102-wg-2020-04"
    assert svg == svg_of(drawn(rule), title, legend(rule.readings[0])) and b"@media" not in svg
    assert 'border="1"' in page and re.search(r'<img class="drawing" [^>]*width="680" height="\d+"', page)


def test_a_formula_says_what_stl_cannot():
    lines = list(formula(of(lasting="more than 3 min", during="always").readings[0]))
    assert lines == ["bad := ch_mv < 10800", "cut := bad", "counted := cut",
                     "breach := historically[0,180000000] counted"]  # fmt: skip
    assert "breach := historically[0,180000000) counted" in list(formula(of(lasting="3 min or more").readings[0]))
    summed = list(formula(Rule.load("mp102-per-reboot").readings[0]))
    assert summed[-1] == "breach := sum over each reboot of counted >= 180000000"
    counts = list(formula(Rule.load("activations-apart").readings[0]))
    assert counts[-1] == "breach := count over any 600000000 of the cuts with sum(counted) > 0 >= 2"


# --- timelines ---


def noisy(n, end_us=10 * 60 * S):
    """A rail that changes `n` times, with one spike that nothing else reaches."""
    trace = Trace(end_us=end_us)
    for i in range(n):
        mv = 500.0 if i == n // 3 else 11_900.0 + 100 * (i % 2)
        trace.voltages["ch_mv"].add(Segment(i * end_us // n, "flat", mv))
    trace.set_wire("mains", 0, 1)
    for i in range(n):
        trace.set_wire("ac_lost", i * end_us // n, i % 2)
        trace.add_event(i * end_us // n, "reset", kind="watchdog")
    return trace


def test_a_long_curve_is_thinned_and_not_cut_off():
    trace = noisy(60_000)
    drawing = Drawing(trace, of(during="always").check(trace))
    (curve,) = drawing.plot.iter("polyline")
    points = [tuple(map(float, point.split(","))) for point in curve.attrib["points"].split()]
    assert len(points) < 9000 and points == sorted(points, key=lambda p: p[0])
    assert points[0][0] == 0 and points[-1][0] > 999.9
    assert max(y for _, y in points) == 13_200 - 500, "a spike of a ten-thousandth of the time is still there"
    boxes = [e for e in drawing.plot.iter("rect") if e.attrib["class"] == "bad"]
    assert len(boxes) <= 2000 and float(boxes[-1].attrib["x"][:-1]) + float(boxes[-1].attrib["width"][:-1]) > 99.9
    marks = [float(e.attrib["x1"][:-1]) for e in drawing.plot.iter("line") if e.attrib["class"] == "reset"]
    assert len(marks) <= 2001 and marks[-1] > 99.9


def test_a_short_curve_is_drawn_as_it_is():
    trace = noisy(100)
    drawing = Drawing(trace, of(during="always").check(trace))
    (curve,) = drawing.plot.iter("polyline")
    assert len(curve.attrib["points"].split()) == 200
    assert len([e for e in drawing.plot.iter("line") if e.attrib["class"] == "reset"]) == 100


def test_the_moment_at_which_the_limit_ran_out():
    behaviour = (Step(200 * S, 0, "activation"), Step(S, event="outcome"))
    trace = trace_of(behaviour, HubParams())
    fail = of(lasting="3 min or more").check(trace)
    assert fail.limit_ran_out_us == CALM_US + 180 * S
    assert of(lasting="5 min or more").check(trace).limit_ran_out_us is None
    assert of(forbid="reset", times="1 or more", during="always").check(trace).limit_ran_out_us is None
    mains = (Step(100 * S, mains=False, event="activation"), Step(200 * S, 0), Step(S, event="outcome"))
    # a part of it is taken off, so nobody can say where in it the limit ran out
    assert of(lasting="3 min or more", unless="mains lost").check(trace_of(mains, HubParams())).limit_ran_out_us is None
    drawing = Drawing(trace, fail)
    (line,) = [e for e in drawing.plot.iter("line") if e.attrib["class"] == "ranout"]
    assert float(line.attrib["x1"][:-1]) == pytest.approx(100 * fail.limit_ran_out_us / trace.end_us, abs=0.001)


@pytest.mark.parametrize("name", ["long_reboot", "boot_loop", "five_in_a_month", "two_activations", "chatter"])
def test_labels_never_collide_on_a_narrow_page(name):
    trace = run_scenario(Scenario.load(name))
    drawing = Drawing(trace, Rule.load("mp102-wg-2020-04").check(trace))
    rows = {}
    for text in drawing.plot.findall("text"):
        style = text.attrib.get("class", "")
        if "wideonly" in style:
            continue
        at, width = float(text.attrib["x"].rstrip("%")), 2.3 * len(text.text or "")  # of a plot 250 px wide
        begin = at - width if text.attrib.get("text-anchor") == "end" else at
        rows.setdefault(text.attrib["y"], []).append((begin, begin + width, text.text))
    assert rows
    for row in rows.values():
        for (_, end, one), (begin, _, other) in pairwise(sorted(row)):
            assert end <= begin + 0.5, (one, other)
