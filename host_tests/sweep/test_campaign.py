"""A campaign: each scenario on each board, what is new since the last one, and its evidence for people and for CI."""

import json
import shlex
from argparse import Namespace
from dataclasses import replace
from xml.etree import ElementTree as Xml

import pytest
from ridethrough import Board, Scenario
from ridethrough.cli import main
from ridethrough.cli.campaign import _again
from ridethrough.invariants.table import MEANS, NEEDS
from ridethrough.invariants.violation import Violation
from ridethrough.reports.evidence import sweep_page, sweep_suite
from ridethrough.reports.junit import write_junit
from ridethrough.reports.page import Page
from ridethrough.sweep.campaign import Row, changes
from ridethrough.sweep.facts import files_digest
from ridethrough.sweep.result import Result
from support import ROOT


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_campaign_and_its_evidence(elsewhere, capsys):
    words = ["campaign", "update", "hub_out:trial", "--board", "rpi_pico", "--faults", "reset", "--jobs", "1"]
    words += ["--junit", "c.xml", "--html", "c.html"]
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "update on rpi_pico" in out and "left out: it has faults of its own (troubles)" in out
    assert "2 sweeps: 1 held, 0 broke, 1 left out; nothing to compare with" in out

    suites = Xml.parse("c.xml").getroot()
    assert suites.attrib["tests"] == str(len(NEEDS) + 1) and suites.attrib["failures"] == "0"
    swept, left_out = suites.findall("testsuite")
    assert [case.attrib["name"] for case in swept.findall("testcase")] == list(NEEDS)
    facts = {one.attrib["name"]: one.attrib["value"] for one in swept.iter("property")}
    assert len(facts["SHA-256 of the firmware"]) == 64 and facts["cuts"] == "1"
    assert "faults of its own" in left_out.find("testcase/skipped").attrib["message"]
    page = (elsewhere / "c.html").read_text()
    assert "There was no campaign before" in page and facts["SHA-256 of the firmware"] in page

    # what the last one found is forged: then something is new
    last = elsewhere / "build" / "campaign.json"
    found = json.loads(last.read_text())
    found["rows"][0] |= {"status": "broke", "broke": ["darkness"], "states": 1}
    last.write_text(json.dumps(found))
    assert main([*words, "--json"]) == 0
    new = json.loads(capsys.readouterr().out)["new"]
    assert new[:2] == ["update on rpi_pico: broke before, held now", "update on rpi_pico: darkness holds now"]
    assert "states, 1 before" in new[2] and len(new) == 3


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["update", "nothing"], "nothing"),
        (["update", "hub_out:trail"], "did you mean 'trial'"),
        (["--board", "rpi_pic"], "did you mean 'rpi_pico'"),
        (["--cuts", "0"], "--cuts 0"),
        (["--faults", "powr"], "did you mean 'power'"),
        (["--jobs", "0"], "--jobs 0"),
        (["--last", "noise.json"], "noise.json: not a campaign"),
        (["--junit", "."], "is a folder"),
        (["--on", "here"], "local:N or tcp://HOST:PORT"),
    ],
)
def test_bad_input_is_one_line(elsewhere, capsys, words, says):
    (elsewhere / "noise.json").write_text('{"rows": [3]}')
    assert main(["campaign", "--board", "rpi_pico", *words]) == 2
    error = capsys.readouterr().err
    assert says in error and error.count("\n") == 1, error
    assert not (elsewhere / "build").exists() or not list((elsewhere / "build").iterdir())


def row(broke=(), not_owed=(), left_out=""):
    result = None
    if not left_out:
        result = Result(boots=3, merged_states=9)
        for name in broke:
            result.failures[name] += 1
            result.broken[name] = [Violation(name, "it broke", 5, ("u.1", "u"))]
            result.ways[result.broken[name][0].kind] += 1
    return Row("s", "b", left_out, result, {"SHA-256 of the firmware": "ab", "firmware": "f"}, frozenset(not_owed))


def test_a_failure_of_a_board_of_ones_own_is_replayed_where_it_lies(elsewhere):
    board = elsewhere / "my board"
    board.mkdir()
    (board / "board.toml").write_text('extends = "rpi_pico"\n')
    (board / "board.py").write_text("")
    given = Namespace(board=["latch_pico", str(board)])
    here = replace(row(["log"]), board=Board.load(str(board)).name, image_bytes=8192)
    words = shlex.split(_again(given, here, "u.1-u"))
    assert words == ["ridethrough", "sweep", "s", "--board", str(board), "--size", "8192", "--replay", "u.1-u"]
    # one whose size is the point is replayed with it
    words = shlex.split(_again(given, replace(here, board="latch_pico", image_bytes=None), "u"))
    assert words == ["ridethrough", "sweep", "s", "--board", "latch_pico", "--replay", "u"]


def test_what_no_firmware_can_keep_has_to_break():
    assert row().status == "held" and row(["darkness"]).status == "broke"
    assert row(["ac-lost"], ["ac-lost"]).status == "held"
    assert row(["ac-lost", "darkness"], ["ac-lost"]).broke == ["darkness"]
    kept = row([], ["ac-lost"])
    assert kept.status == "broke" and kept.kept == ["ac-lost"]
    # a board that refuses every activation owes what the image on trial would have broken
    owed = [Scenario.load("bad_application:hangs_deaf", board).sweep.not_owed for board in ("rpi_pico", "bare_pico")]
    assert owed == [("ac-lost",), ()]


@pytest.mark.parametrize(
    ("was", "now", "new"),
    [
        (row(), row(), []),
        (row(), row(["log"]), ["s on b: held before, broke now", "s on b: log breaks now"]),
        (row(["log"]), row(), ["s on b: broke before, held now", "s on b: log holds now"]),
        (row(["log"]), row(["energy", "log"]), ["s on b: energy breaks now"]),
        (row(left_out="why"), row(), ["s on b: left out before, held now"]),
        (None, row(), ["s on b: is new, held"]),
    ],
)
def test_what_is_new(was, now, new):
    assert changes({"rows": [was.to_json()] if was else []}, [now]) == new


def test_what_is_no_campaign_is_said():
    for before in ({}, {"rows": 3}, {"rows": [3]}, {"rows": [{"scenario": "s"}]}, []):
        with pytest.raises(ValueError, match="no rows of a campaign"):
            changes(before, [row()])


def test_a_sweep_that_breaks_says_so_in_its_evidence(elsewhere):
    result = row(["darkness", "log"]).result
    result.not_checked = {"answer": "the signal answer"}
    again = "ridethrough sweep --replay {}".format
    write_junit(elsewhere / "s.xml", "n", [sweep_suite("s on b", result, {"a": "b"}, again)])
    cases = {case.attrib["name"]: case for case in Xml.parse("s.xml").getroot().iter("testcase")}
    for name in NEEDS:
        failure, skipped = cases[name].find("failure"), cases[name].find("skipped")
        assert (failure is not None) == (name in ("darkness", "log")) and (skipped is not None) == (name == "answer")
    assert cases["log"].find("failure").text == "it broke\nridethrough sweep --replay u.1-u"
    page = Page("t")
    sweep_page(page, result, {"a": "b"}, again)
    html = page.html()
    assert "BROKEN in 1 boot" in html and "needs the signal answer" in html and "sweep --replay u.1-u" in html
    assert html.count(">held<") == len(NEEDS) - 3


def test_scenarios_give_evidence(elsewhere, capsys):
    assert main(["scenarios", "clocks:slow", "--board", "rpi_pico", "--junit", "r.xml", "--html", "r.html"]) == 0
    (case,) = Xml.parse("r.xml").getroot().iter("testcase")
    assert case.attrib == {"classname": "scenarios on rpi_pico", "name": "clocks:slow"} and not list(case)
    assert "1 runs, 0 not as stated" in (elsewhere / "r.html").read_text()
    board = elsewhere / "mine"
    board.mkdir()
    (board / "board.toml").write_text('extends = "rpi_pico"\n[flash]\nerase_us = 90000000\n')
    (board / "board.py").write_text("")
    status = main(["scenarios", "clocks:slow", "--board", "./mine", "--junit", "r.xml"])
    assert (status == 1) == (Xml.parse("r.xml").getroot().attrib["failures"] == "1")
    capsys.readouterr()


def test_each_invariant_has_its_meaning_here_and_on_the_page():
    rows = {}
    for line in (ROOT / "docs" / "sweep.md").read_text().split("| name | meaning |")[1].splitlines()[2:]:
        if not line.startswith("|"):
            break
        names, _, meaning = line.strip("|").partition("|")
        rows |= {name.strip().strip("`"): meaning.strip() for name in names.split(",")}
    assert rows == MEANS and list(MEANS) == [*rows] and set(rows) == set(NEEDS)


def test_files_are_hashed_as_sha256sum_lists_them():
    # printf x > a; sha256sum of the line "$(sha256sum of a)  /a"
    assert files_digest({"/a": b"x"}) == "91cd36a48842b604dda6f38c33cf4cd8259980f30ab19025c6d1137b8081a405"
    assert files_digest({"/b": b"y", "/a": b"x"}) == files_digest({"/a": b"x", "/b": b"y"})
