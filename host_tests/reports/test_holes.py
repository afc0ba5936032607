"""Time that nobody saw is drawn as such, and told apart from time without power."""

from xml.etree import ElementTree

import pytest
from ridethrough import Rule
from ridethrough.cli import main
from ridethrough.reports.picture import write_picture
from ridethrough.reports.timeline import Glyphs, happenings, strip
from ridethrough.traces.load import ProbeMap, load_capture

SVG = "{http://www.w3.org/2000/svg}"
GLYPHS = Glyphs.for_encoding("ascii")


def vcd(path, changes):
    """CH power in volts, at seconds."""
    head = "$timescale 1 us $end\n$var real 64 ! ch_mv $end\n$enddefinitions $end\n"
    path.write_text(head + "".join(f"#{round(t * 1e6)}\nr{1000 * v} !\n" for t, v in changes))
    return path


@pytest.fixture
def holed(tmp_path):
    path = tmp_path / "h.csv"
    seen = [(t, 12.0 if t < 20 else 0.0) for t in range(400) if not 100 <= t < 300]
    path.write_text("time [s],rail\n" + "".join(f"{t},{v}\n" for t, v in seen))
    return path


def test_a_strip_shows_a_question_where_nobody_looked(holed):
    capture = load_capture(holed, ProbeMap({"ch_mv": "rail"}))
    rail = next(line.plain for line in strip(capture, 111, GLYPHS) if line.plain.startswith("CH power"))[11:]
    assert rail == "#" * 4 + "." * 20 + "?" * 52 + "." * 24


def test_a_picture_has_a_box_and_no_curve_where_nobody_looked(holed, tmp_path):
    rule = Rule.load("mp102-wg-2020-04")
    capture = load_capture(holed, ProbeMap({"ch_mv": "rail"}), rule.levels_mv)
    write_picture(capture, rule.check(capture), "a logger that paused", tmp_path / "h.svg")
    root = ElementTree.parse(tmp_path / "h.svg").getroot()
    (hole,) = [box for box in root.iter(f"{SVG}rect") if box.get("class") == "hole"]
    a = float(hole.get("x")[:-1])
    b = a + float(hole.get("width")[:-1])
    assert (a, b) == pytest.approx((100 * 99 / 399, 100 * 300 / 399), abs=0.01)
    assert hole.find(f"{SVG}title").text == "not seen, 99.000001 s to 5 min"
    lines = [line for line in root.iter(f"{SVG}polyline") if line.get("class") == "line"]
    drawn = [float(point.split(",")[0]) / 10 for line in lines for point in line.get("points").split()]
    assert len(lines) == 2 and not [x for x in drawn if a + 0.01 < x < b - 0.01]


def test_nothing_is_told_of_mains_and_the_hub_while_nobody_looked(tmp_path):
    path = tmp_path / "m.csv"
    rows = (f"{t},12000,{1 if t < 350 else 0},12000\n" for t in range(400) if not 100 <= t < 300)
    path.write_text("time [s],ch_mv,mains,hub_mv\n" + "".join(rows))
    capture = load_capture(path, ProbeMap())
    assert [line.plain.split()[2:] for line in happenings(capture)] == [["mains", "lost"]]
    mains = next(line.plain for line in strip(capture, 111, GLYPHS) if line.plain.startswith("mains"))[11:]
    assert mains[20] == "#" and mains[30:70] == "?" * 40 and mains[80] == "#" and mains[95] == "."
    rule = Rule.load("mp102-wg-2020-04")
    write_picture(capture, rule.check(capture), "a logger that paused", tmp_path / "m.svg")
    boxes = [box.get("class") for box in ElementTree.parse(tmp_path / "m.svg").getroot().iter(f"{SVG}rect")]
    assert capture.dark() == [] and boxes.count("hole") == 3 and "bad" not in boxes


def test_a_page_tells_the_figures_to_the_microsecond_and_the_sentence_rounds_them(tmp_path, capsys):
    path = vcd(tmp_path / "c.vcd", [(0, 12.0), (100.000123, 0.0), (400.000456, 12.0), (500, 12.0)])
    assert main(["check", str(path), "--html", str(tmp_path / "c.html"), "--assume", "mains on",
                 "--at", "activation=90s", "--at", "outcome=450s"]) == 1  # fmt: skip
    said = capsys.readouterr().out
    assert "from 100 s to 6 min 40 s, 5 min counted, 2 min beyond the limit" in said
    page = (tmp_path / "c.html").read_text()
    for exact in ("100.000123 s", "6 min 40.000456 s", "5 min 0.000333 s", "2 min 0.000333 s"):
        assert f"<td>{exact}</td>" in page


def test_a_verdict_near_the_limit_is_not_rounded_onto_it(tmp_path, capsys):
    path = vcd(tmp_path / "n.vcd", [(0, 12.0), (100, 0.0), (279.999833, 12.0), (500, 12.0)])
    assert main(["check", str(path), "--assume", "mains on", "--at", "activation=90s", "--at", "outcome=450s"]) == 0
    assert "longest cut 2 min 59.999833 s, margin 167 us" in capsys.readouterr().out
