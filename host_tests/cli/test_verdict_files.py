"""Verdicts as files, and who decided what."""

import json
import re
import shutil

import pytest
from ridethrough import Rule
from ridethrough.cli import main
from ridethrough.reports.verdict_file import FORMAT
from ridethrough.rules.keys import OPEN


@pytest.fixture
def filed(tmp_path, monkeypatch, capsys):
    """A capture, a rule of one's own, and what check says of them, in a folder."""
    monkeypatch.chdir(tmp_path)
    rows = [(t, 0.0 if 200 <= t < 400 else 12.0) for t in range(0, 800)]
    (tmp_path / "rail.csv").write_text("time [s],rail [V]\n" + "".join(f"{t},{v}\n" for t, v in rows))
    (tmp_path / "mine.toml").write_text(
        '[rule]\nid = "mine"\nversion = "1.2"\ntext = "t"\nsource = "s"\n[reading]\nlasting = "3 min or more"\n'
    )
    words = ["check", "rail.csv", "--map", "ch_mv=rail", "--at", "reset=200s", "--at", "outcome=500s", "--scale", "1"]
    status = main([*words, "--rule", "mine.toml", "--rule", "mp102-wg-2020-04", "--verdict", "v/rail.json"])
    capsys.readouterr()
    # one is broken; nobody recorded mains, so the other, which exempts its loss, is undecided: the worst counts
    assert status == 1
    return tmp_path


def test_a_verdict_file_holds_what_it_takes_to_judge_again(filed, capsys):
    data = json.loads((filed / "v/rail.json").read_text())
    assert data["format"] == FORMAT and data["options"]["map"] == ["ch_mv=rail"]
    by_rule = {one["rule_id"]: one for one in data["verdicts"]}
    assert by_rule["mine"]["status"] == "fail" and by_rule["mine"]["rule_version"] == "1.2"
    assert (by_rule["mine"]["capture"], by_rule["mine"]["rule"]) == ("../rail.csv", "../mine.toml")
    assert by_rule["mp102-wg-2020-04"]["status"] == "undecided" and by_rule["mp102-wg-2020-04"]["reason"]
    assert main(["verify", "v/rail.json"]) == 0
    assert capsys.readouterr().out.count("as it says") == 2


def test_the_folder_can_be_moved(filed, monkeypatch):
    shutil.move(filed / "v", filed / "elsewhere")
    for name in ("rail.csv", "mine.toml"):
        (filed / "there").mkdir(exist_ok=True)
        shutil.copy(filed / name, filed / "there" / name)
    shutil.move(filed / "elsewhere", filed / "there" / "v")
    (filed / "rail.csv").unlink()
    monkeypatch.chdir(filed.parent)
    assert main(["verify", str(filed / "there/v/rail.json")]) == 0


def test_what_is_not_as_the_file_says_is_found(filed, capsys):
    path = filed / "v/rail.json"
    data = json.loads(path.read_text())
    broken = next(one for one in data["verdicts"] if one["rule_id"] == "mine")
    broken["status"], broken["margin_us"] = "pass", 5
    path.write_text(json.dumps(data))
    assert main(["verify", str(path)]) == 1
    out = capsys.readouterr().out
    assert "status: fail now, pass in the file, of the same files" in out and "margin_us: " in out
    assert "SHA-256" not in out and out.count("as it says") == 1


def test_other_files_are_found(filed, capsys):
    (filed / "mine.toml").write_text((filed / "mine.toml").read_text().replace("3 min", "4 min"))
    assert main(["verify", "v/rail.json"]) == 1
    out = capsys.readouterr().out
    assert "../mine.toml is another file now" in out and "status: pass now, fail in the file\n" in out
    with (filed / "rail.csv").open("a") as f:
        f.write("800,12.0\n")
    assert main(["verify", "v/rail.json"]) == 1
    assert capsys.readouterr().out.count("../rail.csv is another file now") == 2


def test_a_run_can_be_filed_and_verified(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["run", "long_reboot", "--vcd", "r.vcd", "--verdict", "r.json", "--quiet"]) == 1
    assert main(["verify", "r.json"]) == 0
    assert "as it says" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "no JSON"),
        ("[]", "no verdict file of this format"),
        (json.dumps({"format": FORMAT, "options": {"html": "x"}, "verdicts": []}), "not those of `check`"),
        (json.dumps({"format": FORMAT, "options": {"map": "x"}, "verdicts": []}), "not those of `check`"),
        (json.dumps({"format": FORMAT, "options": {}, "verdicts": []}), "holds no verdicts"),
        (json.dumps({"format": FORMAT, "options": {}, "verdicts": [{"capture": 1}]}), "verdicts[0]: capture"),
        ("[" * 5000, "no JSON"),
    ],
)
def test_a_file_that_is_none_gets_one_line(tmp_path, capsys, text, said):
    path = tmp_path / "x.json"
    path.write_text(text)
    assert main(["verify", str(path)]) == 2
    err = capsys.readouterr().err
    assert said in err and err.count("\n") == 1


def test_a_capture_that_is_gone_gets_one_line(filed, capsys):
    (filed / "rail.csv").unlink()
    assert main(["verify", "v/rail.json"]) == 2
    assert "rail.csv: cannot be read" in capsys.readouterr().err


# --- decisions ---


@pytest.fixture
def opened(tmp_path):
    path = tmp_path / "r.toml"
    path.write_text(Rule.load("mp102-open").written)
    return path


def decide(path, key, value, by="A Group", on="2026-11-26"):
    return main(["rules", "decide", str(path), key, value, "--by", by, "--on", on])


def test_a_decision_is_kept_in_the_rule_file_and_lessens_its_readings(opened, capsys):
    before = Rule.load(opened)
    assert decide(opened, "per", "cut") == 0
    out = capsys.readouterr().out
    assert f"{before.count} readings before, {before.count // 4} now" in out and "was: ?" in out
    rule = Rule.load(opened)
    (found,) = rule.decisions
    assert (found.key, found.value, found.by, found.on, found.was) == ("per", "cut", "A Group", "2026-11-26", OPEN)
    assert rule.limits[0].raw["per"] == "cut" and "per" not in rule.open_keys
    assert decide(opened, "unless", "none") == 0 and decide(opened, "tolerance", "1 s") == 0
    assert decide(opened, "per", "reboot", on="2026-11-27") == 0
    rule = Rule.load(opened)
    assert "unless" not in rule.limits[0].raw and rule.limits[0].raw["tolerance"] == "1 s"
    assert [d.was for d in rule.decisions] == ["?", "?", "none", "cut"]
    assert [d.stands(rule.limits[0].raw) for d in rule.decisions] == [False, True, True, True]


def test_who_and_when_are_asked_for(opened, monkeypatch, capsys):
    answers = iter(["The Group", "2026-11-26"])
    monkeypatch.setattr("builtins.input", lambda prompt: next(answers))
    assert main(["rules", "decide", str(opened), "per", "cut"]) == 0
    assert "by The Group on 2026-11-26" in capsys.readouterr().out
    before = opened.read_text()

    def nobody(prompt):
        raise EOFError

    monkeypatch.setattr("builtins.input", nobody)
    assert main(["rules", "decide", str(opened), "from", "reset"]) == 2 and opened.read_text() == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["per", "cuts", "--by", "A", "--on", "2026-11-26"], "'cuts' is not known"),
        (["pr", "cut", "--by", "A", "--on", "2026-11-26"], "did you mean 'per'?"),
        (["per", "cut", "--by", "A", "--on", "2026-11-31"], "is no date"),
        (["per", "cut", "--by", "A\nB", "--on", "2026-11-30"], "is one line"),
        (["require", "CH up", "--by", "A", "--on", "2026-11-30"], "cannot be decided"),
    ],
)
def test_a_decision_that_cannot_be_taken_changes_nothing(opened, capsys, words, said):
    before = opened.read_text()
    assert main(["rules", "decide", str(opened), *words]) == 2
    assert said in capsys.readouterr().err and opened.read_text() == before


def test_a_key_of_several_limits_is_decided_by_hand(tmp_path, capsys):
    path = tmp_path / "p.toml"
    path.write_text(Rule.load("planned-unplanned").written)
    assert decide(path, "lasting", "2 min or more") == 2
    assert re.search(r"stands in lines \d+, \d+: decide it there by hand", capsys.readouterr().err)
    assert main(["rules", "decide", "mp102-open", "per", "cut", "--by", "A", "--on", "2026-11-26"]) == 2
    assert "the library stays as it is" in capsys.readouterr().err


def test_the_record_says_what_was_open_and_what_stands(opened, tmp_path, capsys):
    assert decide(opened, "per", "cut") == 0
    opened.write_text(opened.read_text().replace('per       = "cut"', 'per       = "reboot"'))
    page = tmp_path / "record.html"
    assert main(["rules", "record", str(opened), "-o", str(page), "--specimens", "chatter,long_reboot"]) == 0
    text = page.read_text()
    assert "Before the first of these decisions it had 15360 readings, now it has 3840." in text
    assert "the file says something else" in text and "A Group" in text and "Hub figures, all assumed" in text
    assert "Nobody is named for:" in text and "chatter" in text and "SHA-256 of its file" in text
    assert main(["rules", "record", "mp102-wg-2020-04", "-o", str(tmp_path / "x.pdf")]) == 2


def test_a_decision_never_touches_what_is_quoted(tmp_path, capsys):
    path = tmp_path / "t.toml"
    head = '[rule]\nid = "t"\ntext = """a\nper = "week"\n[[decision]]\nb"""\nsource = "s"\n'
    path.write_text(head + '[reading] # as proposed\nlasting = "3 min or more"  # the paper\n')
    assert decide(path, "per", "reboot") == 0
    rule = Rule.load(path)
    assert path.read_text().startswith(head) and rule.limits[0].raw["per"] == "reboot"
    assert rule.decisions[0].was == "none"
    assert decide(path, "lasting", "more than 3 min") == 0 and "  # the paper" in path.read_text()


def test_a_decision_keeps_the_ends_of_lines(opened):
    opened.write_bytes(opened.read_text().replace("\n", "\r\n").encode())
    assert decide(opened, "per", "cut") == 0
    data = opened.read_bytes()
    assert data.count(b"\r\n") == data.count(b"\n") and Rule.load(opened).decisions


def test_an_open_question_is_no_decision(opened, capsys):
    before = opened.read_text()
    assert decide(opened, "per", "?") == 2 and opened.read_text() == before
    assert "is no decision" in capsys.readouterr().err


def test_a_device_is_no_capture(filed, capsys):
    data = json.loads((filed / "v/rail.json").read_text())
    data["verdicts"][0]["capture"] = "/dev/zero"
    (filed / "v/rail.json").write_text(json.dumps(data))
    assert main(["verify", "v/rail.json"]) == 2
    assert "/dev/zero: no file" in capsys.readouterr().err


def test_another_name_or_version_of_the_rule_is_found(filed, capsys):
    data = json.loads((filed / "v/rail.json").read_text())
    for one in data["verdicts"]:
        one["rule_version"] = "7"
    (filed / "v/rail.json").write_text(json.dumps(data))
    assert main(["verify", "v/rail.json"]) == 1
    assert "rule_version: 1.2 now, 7 in the file" in capsys.readouterr().out
