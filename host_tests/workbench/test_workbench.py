"""Rules meet meters: specimens, matrix, compare, audit, and what they rest on."""

import csv
import io
import itertools
import json
import re

import pytest
from ridethrough import BadInput, Rule
from ridethrough.cli import main
from ridethrough.cli.progress import Progress
from ridethrough.reports.summary import summarise
from ridethrough.rules import Evidence
from ridethrough.rules.explain import explain, warnings
from ridethrough.rules.keys import CHOICES
from ridethrough.rules.library import names
from ridethrough.rules.questionnaire import ask_rule
from ridethrough.scenarios.loader import specimens
from ridethrough.workbench.audit import audit
from ridethrough.workbench.behaviour import Step, trace_of, words
from ridethrough.workbench.compare import compare
from ridethrough.workbench.harm import FALSE_AD1, KEPT_DOWN, MISSED_AD1, USELESS, harm
from ridethrough.workbench.hub_replay import RANGES, holds_for, with_hub
from ridethrough.workbench.matrix import HOLE, OVERREACH, matrix
from ridethrough.workbench.openness import openness
from ridethrough.workbench.specimens import run_specimen
from ridethrough.world.hub_params import HubParams
from support import S, of

WG = Rule.load("mp102-wg-2020-04")
LITERAL = dict(WG.limits[0].raw)
HUB = HubParams()


@pytest.fixture(scope="module")
def meters():
    return {name: run_specimen(name) for name in specimens()}


def test_the_gallery_is_as_large_as_promised(meters):
    assert len(names()) >= 16 and len(meters) >= 21
    assert {m.scenario.tag for m in meters.values()} == {"reported", "plausible", "contrived"}
    for meter in meters.values():
        assert meter.scenario.sentence.endswith(".") and len(meter.scenario.sentence) > 20
        assert not meter.trace.events("fault"), meter.name
        # whatever a specimen says of itself is what it shows
        assert summarise(meter.trace, WG).misses(meter.scenario.shows) == [], meter.name


@pytest.mark.parametrize("name", names())
def test_every_rule_says_itself_in_english(name):
    rule = Rule.load(name)
    text = " ".join(explain(rule))
    assert "It is a breach if" in text and "None" not in text and not warnings(rule)


CONTEXTS = [
    {},
    {"lasting": "60 s or more"},
    {"per": "reboot"},
    {"lasting": "60 s or more", "per": "reboot"},
    {"per": "reboot", "during": "planned"},
    {"per": "update", "during": "planned"},
    {"unless": None},
    {"ends_when": "back for 10 min"},
    {"forbid": "CH down", "lasting": "30 s or more"},
    {"during": "planned", "to": "application"},
    {"to": "application", "per": "reboot"},
    {"to": "power back", "per": "reboot"},
]
PAIRS = [(key, a, b) for key in CHOICES for a, b in itertools.combinations(CHOICES[key], 2)]


@pytest.mark.parametrize(("key", "one", "other"), PAIRS, ids=[f"{k}-{a}-{b}" for k, a, b in PAIRS])
def test_some_specimen_tells_every_two_values_of_a_key_apart(key, one, other, meters):
    for context in CONTEXTS:
        raw = {**LITERAL, **context}
        a, b = (of(**{k: v for k, v in {**raw, key: value}.items() if v is not None}) for value in (one, other))
        if any(a.check(m.trace).status != b.check(m.trace).status for m in meters.values()):
            return
    pytest.fail(f"no specimen tells {key} = {one} from {other}")


@pytest.mark.parametrize(("key", "one", "other"), PAIRS, ids=[f"{k}-{a}-{b}" for k, a, b in PAIRS])
def test_compare_tells_every_two_values_of_a_key_apart(key, one, other):
    # in the context in which the key matters: what a reboot ends with, say, only if cuts are added up over one
    contexts = [{}, {"per": "reboot"}, {"unless": None}]
    for context in contexts:
        raw = {**LITERAL, **context}
        rules = [of(**{k: v for k, v in {**raw, key: value}.items() if v is not None}) for value in (one, other)]
        found = compare(*rules, tries=1000)
        if found:
            a, b = found.verdicts
            assert a.status != b.status and len(found.behaviour) <= 8, words(found.behaviour)
            return
    pytest.fail("no difference found")


def test_the_counterexamples_are_those_that_one_would_draw():
    per_reboot = compare(WG, Rule.load("mp102-per-reboot"))
    off = [s for s in per_reboot.behaviour if not s.ch_mv]
    assert (
        len(off) == 2
        and sum(s.for_us for s in off) >= 180 * S
        and [v.status for v in per_reboot.verdicts] == ["pass", "fail"]
    )
    boundary = compare(WG, Rule.load("mp102-more-than"))
    assert [s.for_us for s in boundary.behaviour if not s.ch_mv] == [180 * S]
    assert compare(WG, WG, tries=300) is None
    again = compare(WG, Rule.load("mp102-per-reboot"))
    assert again.behaviour == per_reboot.behaviour


def test_the_hub_alone_does_what_the_hub_in_the_world_did(meters):
    for meter in meters.values():
        again = with_hub(meter.trace, meter.hub)
        assert again.texts["hub"] == meter.trace.texts["hub"], meter.name
        assert [e for e in again.log if "ad1" in e.name] == [e for e in meter.trace.log if "ad1" in e.name]


def test_harm_says_whose_doing_it_was(meters):
    assert meters["long_reboot"].harm.kinds == (FALSE_AD1,)
    assert meters["chatter"].harm.kinds == (USELESS,) and meters["boot_loop"].harm.kinds == (KEPT_DOWN,)
    # the street began it, but the meter alone would have sent it as well
    assert meters["mains_first"].harm.kinds == (FALSE_AD1,) and "then the meter" in meters["mains_first"].harm.words()
    assert "then the meter for 2 min 30 s" in meters["slow_after_outage"].harm.words()
    for innocent in ("reference", "sag", "hub_pulled", "slow_after_outage", "cut_179", "cut_in_a_burst"):
        assert meters[innocent].harm.kinds == (), innocent
    assert not meters["sag"].harm.noticed and not meters["ac_lost_floats"].harm.dark
    assert meters["ac_lost_floats"].harm.words() == "was told of a mains loss that was none"
    worn = (Step(170 * S, 0), Step(20 * S), Step(200 * S, mains=False))
    assert MISSED_AD1 in harm(trace_of(worn, HUB), HUB).kinds
    # two real outages in a row wear the store out as well: not the meter's doing
    street = (Step(170 * S, mains=False), Step(20 * S), Step(200 * S, mains=False))
    assert harm(trace_of(street, HUB), HUB).kinds == ()


def test_a_finding_says_for_which_hubs_it_holds():
    worn = (Step(170 * S, 0), Step(20 * S), Step(200 * S, mains=False))

    def missed(params):
        return MISSED_AD1 in harm(trace_of(worn, params), params).kinds

    valid = {v.range.key: v for v in holds_for(missed, HUB)}
    assert missed(HUB) and "store_us" in valid and "store_charge_us" in valid
    for key, v in valid.items():
        # within the stated range it holds, a tenth beyond it does not
        for value, beyond in ((v.least, 0.9), (v.most, 1.1)):
            if value is not None:
                assert missed(type(HUB)(**{**vars(HUB), key: value}))
                assert not missed(type(HUB)(**{**vars(HUB), key: int(value * beyond)})), key
    sentence = valid["store_charge_us"].sentence()
    assert re.fullmatch(r"for any store that charges in .* or more", sentence), sentence


def test_the_matrix_marks_holes_overreach_and_cells_that_flip(meters):
    rules = [WG, Rule.load("mp102-per-reboot"), Rule.load("design-target")]
    found = matrix(rules, list(meters.values()))
    cells = {m.name: row for m, row in zip(found.specimens, found.cells, strict=True)}
    assert [c.flag for c in cells["chatter"]] == [HOLE, "", ""]
    assert [c.flag for c in cells["sag"]] == [OVERREACH] * 3
    assert any(v.range.key == "lost_mv" for v in cells["sag"][0].valid)
    assert [c.verdict.status for c in cells["reference"]] == ["pass"] * 3
    assert not any(c.flag for c in cells["reference"]) and not any(c.flag for c in cells["hub_pulled"])


def test_the_matrix_as_csv_json_and_page(tmp_path, capsys):
    chosen = ["--rules", "mp102-wg-2020-04,design-target", "--specimens", "chatter,sag"]
    files = ["--csv", str(tmp_path / "m.csv"), "--html", str(tmp_path / "m.html")]
    assert main(["rules", "matrix", *chosen, *files, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(r["specimen"], r["rule"]) for r in rows][:2] == [
        ("chatter", "mp102-wg-2020-04"),
        ("chatter", "design-target"),
    ]
    assert [dict(row) for row in csv.DictReader(io.StringIO((tmp_path / "m.csv").read_text()))] == rows
    assert (tmp_path / "m.html").read_text().count("hole") >= 1
    assert main(["rules", "matrix", *chosen]) == 0 and "okH" in capsys.readouterr().out


def test_an_audit_of_the_literal_reading_finds_what_everybody_fears():
    finds = list(audit(WG))
    assert {f.kind for f in finds if f.flag == HOLE} == {FALSE_AD1, MISSED_AD1, USELESS, KEPT_DOWN}
    cures = [(f, dict(f.cures), {key for key, _ in f.cures}) for f in finds]

    def off(find):
        return [s for s in find.behaviour if not s.ch_mv and s.mains]

    # two cuts with a return between, which only adding up sees
    assert any(f.kind == USELESS and len(off(f)) == 2 and "per" in keys for f, _, keys in cures)
    # a return too short to be one
    blips = [f for f in finds if any(s.ch_mv and s.for_us < S for s in f.behaviour)]
    assert any(("ends_when", "back for 1 s") in f.cures for f in blips)
    # the boot loop: no cut is long, and the hub never gets up
    loops = [f for f in finds if f.kind == KEPT_DOWN]
    assert loops and all(max(s.for_us for s in off(f)) <= 60 * S and len(off(f)) >= 3 for f in loops)
    # the sag that no hub notices
    sags = [f for f in finds if f.flag == OVERREACH]
    assert sags and all(f.verdict.status == "fail" and not f.harm.noticed for f in sags)
    assert ("forbid", "CH power below 9 V") in sags[0].cures and sags[0].valid[0].range.key == "lost_mv"
    for find in finds:
        assert Rule.check(WG, find.trace).status == find.verdict.status


def test_an_audit_of_a_rule_without_holes_finds_none():
    never = of(forbid="CH down", during="always", lasting="more than 1 s", unless=["mains lost", "no CH"])
    assert not [f for f in audit(never, tries=150) if f.flag == HOLE and f.kind in (FALSE_AD1, USELESS)]
    with pytest.raises(BadInput, match=r"leaves forbid, per, ends_when.* open: an audit needs one reading"):
        list(audit(Rule.load("mp102-open")))


def test_what_is_open_falls_with_each_decision(meters, tmp_path):
    text = Rule.load("mp102-open").written
    numbers = []
    for key in ("during", "to", "forbid", "unless"):
        (tmp_path / "r.toml").write_text(text)
        numbers.append(Rule.load(tmp_path / "r.toml").count)
        text = re.sub(rf'({key}\s*= )"\?"', rf'\1"{CHOICES[key][1]}"', text)
    assert numbers == [15360, 3072, 768, 192]
    found = openness(
        Rule.load(tmp_path / "r.toml"), [meters[name] for name in ("chatter", "reference", "mains_dip_too")]
    )
    assert [s.name for s, _ in found.depending] and "reference" not in [s.name for s, _ in found.depending]
    shares = [share for _, share in found.settles()]
    assert shares == sorted(shares, reverse=True) and shares[0] > 0


def test_ranges_stand_around_the_defaults():
    for figure in RANGES:
        assert figure.least < getattr(HUB, figure.key) < figure.most


def test_rules_new_asks_and_writes(tmp_path, monkeypatch, capsys):
    answers = iter(
        ["What was said", "Somebody", "?", "9", "more than two minutes", "reboot", "", "4", "3", "4", "2", "1", ""]
    )
    monkeypatch.setattr("builtins.input", lambda prompt: next(answers))
    path = tmp_path / "mine.toml"
    assert main(["rules", "new", str(path)]) == 0
    out = capsys.readouterr().out
    rule = Rule.load(path)
    assert "1 to 3, words, or ?" in out and rule.count == 4 and rule.text == "What was said"
    assert rule.limits[0].raw["lasting"] == "more than two minutes" and rule.limits[0].raw["during"] == "unplanned"
    assert main(["rules", "new", str(path)]) == 2
    monkeypatch.setattr("builtins.input", lambda prompt: (_ for _ in ()).throw(EOFError))
    assert main(["rules", "new", str(tmp_path / "other.toml")]) == 2 and not (tmp_path / "other.toml").exists()


def test_answers_that_end_early_write_nothing(tmp_path, monkeypatch, capsys):
    answers = iter(["What was said", "Somebody", "1", "nonsense"])

    def answer(prompt):
        for text in answers:
            return text
        raise EOFError

    monkeypatch.setattr("builtins.input", answer)
    assert main(["rules", "new", str(tmp_path / "n.toml")]) == 2 and list(tmp_path.iterdir()) == []
    assert "the answers ended" in capsys.readouterr().err


def test_enter_alone_is_the_working_groups_sentence_and_always_asks_less(tmp_path):
    def asked(*answers):
        waiting = iter(answers)
        path = tmp_path / "a.toml"
        path.write_text(ask_rule("a", lambda prompt: next(waiting, ""), lambda text: None))
        return Rule.load(path)

    plain = asked("\u201cNo cut\u201d", "me")
    assert plain.text == "No cut"
    # but for the exemption, which is never taken for granted
    assert plain.readings[0].raw == {key: value for key, value in LITERAL.items() if key != "unless"}
    assert "# unless: the meter answers" in plain.written
    quoted = asked("x", "y", "\u201cCH power below 50 %\u201d", "", "", "", "5", "4")
    assert quoted.readings[0].always and quoted.readings[0].forbid.text == "CH power below 50 %"
    assert "from " not in quoted.written and quoted.readings[0].unless[0].scope == "at any time in it"
    assert not plain.decisions and not quoted.decisions


def test_who_answers_the_questions_may_say_who_decided(tmp_path):
    said = []
    answers = iter(["No cut", "me", "", "?", *[""] * 7, "x" * 300, "The Working Group", "soon", "2026-11-26"])
    path = tmp_path / "a.toml"
    path.write_text(ask_rule("a", lambda prompt: next(answers), said.append))
    rule = Rule.load(path)
    assert {d.key for d in rule.decisions} == set(CHOICES) - {"lasting", "times"}
    assert {(d.by, d.on, d.was) for d in rule.decisions} == {("The Working Group", "2026-11-26", "?")}
    assert all(d.stands(rule.limits[0].raw) for d in rule.decisions)
    assert sum("is no date" in line or "who decides" in line for line in said) == 2


def test_two_files_with_one_id_are_told_apart(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in "ab":
        (tmp_path / f"{name}.toml").write_text(WG.written)
    assert main(["rules", "matrix", "--rules", "a.toml,b.toml", "--specimens", "sag"]) == 0
    out = capsys.readouterr().out
    assert "1 a.toml" in out and "2 b.toml" in out
    assert main(["rules", "explain", "a"]) == 2 and "'a.toml'" in capsys.readouterr().err
    assert main(["rules", "matrix", "--rules", "a", "--specimens", "sag"]) == 2
    assert "the file beside you is 'a.toml'" in capsys.readouterr().err


def test_long_work_in_a_pipe_says_how_far_it_is(capsys):
    with Progress("meters", "items", lines=True) as progress:
        for i in range(40):
            progress.show("meters", i, 40)
    assert capsys.readouterr().err == "meters: 10 of 40\nmeters: 20 of 40\nmeters: 30 of 40\n"
    with Progress("bytes") as progress:
        progress.show("bytes", 9, 10)
    assert capsys.readouterr().err == ""


def test_a_draft_has_an_example_on_either_side_of_the_boundary(tmp_path):
    assert main(["rules", "draft", "mp102-wg-2020-04", "-o", str(tmp_path / "d.html")]) == 0
    text = (tmp_path / "d.html").read_text()
    assert "power off for 2 min 59 s" in text and "power off for 3 min<" in text
    assert "R1. The ESME shall not bring it about that CH power is" in text
    assert main(["rules", "draft", "mp102-open", "-o", str(tmp_path / "o.html")]) == 0
    assert "Not ready" in (tmp_path / "o.html").read_text()
    # what counts is how far apart they are
    assert main(["rules", "draft", "activations-apart", "-o", str(tmp_path / "a.html")]) == 0
    text = (tmp_path / "a.html").read_text()
    assert "for 10 min<" in text and "for 9 min 59 s" in text
    assert main(["rules", "draft", "hub-in-service", "-o", str(tmp_path / "h.html")]) == 0
    assert "Hub figures, all assumed" in (tmp_path / "h.html").read_text()
    assert main(["rules", "draft", "activations-apart", "-o", str(tmp_path / "mine.toml")]) == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["rules", "explain", "mp102"],
        ["rules", "compare", "mp102-wg-2020-04", "nothing.toml"],
        ["rules", "matrix", "--rules", "mp102-wg"],
        ["rules", "matrix", "--specimens", "chater"],
        ["rules", "audit", "mp102-open"],
        ["rules", "open", "mp102-open", "--specimens", "x"],
        ["rules", "compare", "mp102-wg-2020-04", "design-target", "--tries", "0"],
    ],
)
def test_bad_input_gets_one_line(arguments, capsys):
    assert main(arguments) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_evidence_answers_each_question_once(meters):
    evidence = Evidence(meters["chatter"].trace)
    assert WG.check(evidence) is WG.check(evidence)
