"""The page's questions, asked without a browser: what it answers is what the library and the command line say."""

import base64
import contextlib
import io
import json
import pickle
import zipfile

import pytest
from ridethrough import Rule
from ridethrough.cli import main
from ridethrough.rules.keys import CHOICES
from ridethrough.rules.library import names
from ridethrough.rules.questionnaire import QUESTIONS
from ridethrough.web import engine, meters
from ridethrough.web.engine import answer
from ridethrough.workbench.specimens import run_specimen

LITERAL = Rule.load("mp102-wg-2020-04").written
CUT = {
    "end_us": 2 * 10**9, "mains": [[0, 1]], "fitted": [[0, 1]],
    "ch_mv": [[0, 12000], [700 * 10**6, 0], [881 * 10**6, 12000]],
    "events": [[699 * 10**6, "reset", "activation"], [10**9, "outcome", ""]],
}  # fmt: skip


SOME = ["chatter", "cut_179", "cut_181", "exactly_3_min", "hub_pulled", "mains_lost_too", "reference", "sag"]
"""In a browser all of them are held to the command line."""


@pytest.fixture(scope="module", autouse=True)
def _meters(tmp_path_factory):
    # as the page's build writes them
    file = tmp_path_factory.mktemp("meters") / "meters.pickle"
    file.write_bytes(meters.pickled([run_specimen(name) for name in SOME]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(meters, "FILE", file)
        patch.setattr(engine, "_METERS", meters.Meters())
        yield


def refs(*rules):
    """As the page says them: one of the library by its id, else what is written."""
    return [{"written" if "\n" in rule else "library": rule} for rule in rules]


def ask(name, /, **arguments):
    return json.loads(answer(name, json.dumps(arguments)))


def good(name, /, **arguments):
    found = ask(name, **arguments)
    assert "good" in found, found
    return found["good"]


def bad(name, /, **arguments):
    found = ask(name, **arguments)
    assert "bad" in found and "\n" not in found["bad"]["says"], found
    return found["bad"]


def test_everything_that_the_page_begins_with_is_there():
    start = good("start")
    assert [r["id"] for r in start["rules"]] == ["mp102-wg-2020-04", *(n for n in names() if n != "mp102-wg-2020-04")]
    assert {m["name"] for m in start["meters"]} == set(SOME)
    assert {q["key"] for q in start["questions"]} == {q.key for q in QUESTIONS}
    assert all(f["least"] < f["value"] < f["most"] for f in start["figures"])


def test_a_rule_says_what_explain_says(capsys):
    found = good("rule", written=LITERAL)
    assert main(["rules", "explain", "mp102-wg-2020-04"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert all(" ".join(text.split()) in said for text in found["english"])
    assert found["count"] == 1 and not found["open"] and found["reading"]["per"] == "cut"
    (drawn,) = good("drawn", written=LITERAL)
    assert drawn["svg"].startswith("<svg") and "bad := ch_mv < 10800" in drawn["formula"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("below 90 %", "blow 90 %"),
        ('"cut"', "cut"),
        ('per       = "cut"', "per"),
        ("outcome", "outcom"),
        ('id     = "mp102-wg-2020-04"', 'id = "a b"'),
        ("[reading]", "[readings]"),
        ("3 min or more", "up to 3 min"),
        ('"3 min or more"', "?"),
    ],
)
def test_an_error_is_the_command_lines_with_its_line_and_caret(tmp_path, capsys, old, new):
    written = LITERAL.replace(old, new)
    (tmp_path / "rule.toml").write_text(written)
    assert main(["rules", "show", str(tmp_path / "rule.toml")]) == 2
    said = capsys.readouterr().err.removeprefix("ridethrough: ").replace(f"{tmp_path / 'rule.toml'}:", "", 1)
    found = bad("rule", written=written)
    assert said.splitlines()[0].strip() == found["says"].strip()
    caret = next((line for line in said.splitlines() if line.strip() == "^"), "")
    assert found["column"] == max(0, len(caret) - 5)
    assert found["line"] == (int(found["says"].partition(":")[0]) if found["says"][0].isdigit() else 0)


def test_a_verdict_says_whose_doing_it_was_and_how_far_it_holds():
    found = good("judge", timeline=CUT, hub={}, rules=refs(LITERAL, "hub-in-service"))
    assert [v["status"] for v in found["verdicts"]] == ["fail", "pass"]
    assert found["verdicts"][1]["flag"] == "hole" and found["kinds"] == ["a false AD1"]
    assert found["verdicts"][0]["ran_out_us"] == 880 * 10**6
    assert [(a["doing"], a["legitimate"]) for a in found["alerts"]] == [("meter", False)]
    ranges = {r["key"]: (r["least"], r["most"]) for r in good("ranges", timeline=CUT, hub={}, rules=refs(LITERAL))}
    assert ranges["limit_us"] == (None, 180 * 10**6) and ranges["store_us"] == (None, None)
    later = good("judge", timeline=CUT, hub={"limit_us": 190 * 10**6}, rules=refs(LITERAL))
    assert later["alerts"] == [] and later["verdicts"][0]["status"] == "fail"
    for wrong in ({"rules": ["x"]}, {"rules": 5}, {"hub": None}, {"hub": [1]}, {"rules": [{"library": "nope"}]}):
        bad("judge", **{"timeline": CUT, "hub": {}, "rules": refs(LITERAL)} | wrong)
    assert "hub that alerts after" in bad("judge", timeline=CUT, hub={"limit_us": 5}, rules=refs(LITERAL))["says"]


def test_what_is_written_is_never_taken_for_a_name_or_a_file():
    for text in ("", "mp102-wg-2020-04", "rule.toml"):
        assert "rules list" not in bad("rule", written=text)["says"]


@pytest.mark.parametrize("key", [q.key for q in QUESTIONS])
def test_each_answer_to_each_question_is_a_rule(key):
    question = next(q for q in QUESTIONS if q.key == key)
    for value in [*(c[1] for c in question.choices), "?"]:
        written = good("set_key", written=LITERAL, key=key, value="none" if value is None else value)["written"]
        rule = good("rule", written=written)
        assert rule["reading"].get(key, "none") == ("none" if value is None else value)
        assert (key in rule["open"]) == (value == "?") and (rule["count"] == len(CHOICES[key])) == (value == "?")
    assert "no key" in bad("set_key", written=LITERAL, key="id", value="x")["says"]


def test_the_matrix_is_the_command_lines(capsys):
    rules = ["mp102-wg-2020-04", "hub-in-service", "dips-61000-4-29"]
    told = []
    found = json.loads(answer("matrix", json.dumps({"rules": refs(*rules)}), lambda *said: told.append(said)))["good"]
    assert main(["rules", "matrix", "--json", "--rules", ",".join(rules), "--specimens", ",".join(SOME)]) == 0
    assert found["rows"] == json.loads(capsys.readouterr().out)
    assert told[-1] == ("meters", len(SOME) - 1, len(SOME))


def test_what_a_search_finds_opens_as_a_timeline_that_shows_it():
    for find in good("audit", rules=refs("mp102-back-10-min"))["found"]:
        again = good("judge", timeline=find["timeline"], hub={}, rules=refs("mp102-back-10-min"))
        assert again["verdicts"][0]["flag"] == find["flag"] and again["harm"] == find["harm"]
    (found,) = good("compare", rules=refs("mp102-wg-2020-04", "mp102-back-10-min"))["found"]
    both = good("judge", timeline=found["timeline"], hub={}, rules=refs("mp102-wg-2020-04", "mp102-back-10-min"))
    assert sorted(v["status"] for v in both["verdicts"])[0] == "fail"
    assert len({v["status"] for v in both["verdicts"]}) == 2
    assert "open" in bad("audit", rules=refs("mp102-open"))["says"]


def test_what_is_taken_along(tmp_path):
    vcd = tmp_path / "a.vcd"
    vcd.write_text(good("vcd", timeline=CUT, hub={})["text"])
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert main(["check", str(vcd), "--json"]) == 1
    assert json.loads(out.getvalue())[0]["status"] == "fail"
    assert "FAIL" in good("svg", timeline=CUT, hub={}, written=LITERAL)["text"]
    assert "The ESME shall not" in good("draft", written=LITERAL)["text"]
    cases = good("cases", written=LITERAL)
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(cases["base64"]))) as archive:
        table = archive.read("mp102-wg-2020-04/cases.json")
        assert len(json.loads(table)["cases"]) == sum(n.endswith(".vcd") for n in archive.namelist())


def test_a_capture_is_judged_with_the_fields_beside_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [f"{t},{0 if 700 <= t < 900 else 12},1" for t in range(1500)]
    (tmp_path / "a.csv").write_text("time [s],rail,mains\n" + "\n".join(rows) + "\n")
    found = good("capture", path="a.csv", fields={}, rules=refs(LITERAL))
    assert found["channels"] == ["rail", "mains"] and found["verdicts"][0]["status"] == "undecided"
    assert "the field “at” with reset=TIME would say" in found["verdicts"][0]["sentence"]
    fields = {"map": {"ch_mv": "rail"}, "at": "activation=650s, outcome=1000s"}
    found = good("capture", path="a.csv", fields=fields, rules=refs(LITERAL))
    assert found["verdicts"][0]["status"] == "fail" and found["svg"].startswith("<svg")
    for wrong, line in (
        ({"at": "party=5s"}, "the field “at” party=5s: EVENT=TIME expected"),
        ({"scale": "ten"}, "the field “probe factor”: 'ten' is no number"),
        ({"threshold": "x"}, "the field “threshold” x:"),
        ({"zone": "Atlantis"}, "the field “time zone”"),
    ):
        said = good("capture", path="a.csv", fields=fields | wrong, rules=refs(LITERAL))["bad"]
        assert line in said and "--" not in said
    (tmp_path / "b.csv").write_bytes(b"\x89PNG")
    assert "b.csv" in bad("capture", path="b.csv", fields={}, rules=refs(LITERAL))["says"]


def test_how_open_a_rule_is():
    found = good("open", written=good("set_key", written=LITERAL, key="per", value="?")["written"])
    assert found["readings"] == 4 and [s["key"] for s in found["settles"]] == ["per"]


def test_a_preset_is_a_meter_and_an_unknown_one_is_one_line():
    assert good("preset", name="cut_181")["timeline"]["ch_mv"][1][1] == 0
    assert "did you mean 'cut_181'" in bad("preset", name="cut_180")["says"]


def test_the_meters_carry_no_flash():
    """A chip's whole flash is among a run's notes: the page would be ten times as large."""
    found = pickle.loads(meters.FILE.read_bytes())
    assert len(meters.FILE.read_bytes()) < 500_000 and all(m.trace.notes == {} for m in found)
