"""A rule drawn, and its formula: what is drawn is what the engine finds."""

import base64
import re
from itertools import pairwise
from xml.etree import ElementTree as Xml

import pytest
from ridethrough import Rule
from ridethrough.cli import main
from ridethrough.reports.diagram import diagrams, legend, svg_of
from ridethrough.reports.timeline import Glyphs
from ridethrough.rules.formula import formula
from ridethrough.rules.library import names
from ridethrough.workbench.criteria import either_side
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
