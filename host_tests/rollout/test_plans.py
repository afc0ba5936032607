"""Plans as people write them: each mistake gets its line; what is not sourced is assumed; a firmware makes the
difference."""

import json
import re
import shutil
import sys
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ridethrough import BadInput, Scenario, run_scenario, write_vcd
from ridethrough.cli import main
from ridethrough.crews.crew import crew_of
from ridethrough.reports.rollout import frontier, rows
from ridethrough.rollout.nation import roll_out
from ridethrough.rollout.plan import PPM, population_meters
from ridethrough.rollout.plan_file import load_plan, plans
from ridethrough.rollout.shares import rounded
from ridethrough.rollout.tables import observed
from ridethrough.support.paths import SPECIMENS
from rollout.small_nations import behaviours, small

TINY = small("cut_181", meters="900", legacy="300", storms=False)


def written(folder, text):
    path = folder / "mine.toml"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize(
    "old, new, says",
    [
        ('London    = "70 %"', 'Londn = "70 %"', ".Londn: no licence area has that name; did you mean 'London'?"),
        ('London    = "70 %"', 'London    = "71 %"', "nation.areas: the shares add up to 101 %, not to 100 %"),
        ('["60 %", "40 %"]', '["60 %", "41 %"]', "[0].suppliers: the shares add up to 101 %, not to 100 %"),
        ('["60 %", "40 %"]', "[60, 40]", 'suppliers: a list of shares, such as ["60 %", "40 %"], expected'),
        ("meters    = 300", "meters    = -300", "population[0].meters: -300 is not within 1 to 900"),
        ("meters    = 300", "meters    = 901", "population[0].meters: 901 is not within 1 to 900"),
        ("meters            = 900", "meters            = -5", "nation.meters: -5 is not within 1 to 100000000"),
        ('behaviour = "cut_181"', 'behaviour = "cut_182"', "no scenario 'cut_182'; did you mean 'cut_18"),
        ('behaviour = "cut_181"', 'firmware = "nowhere"\nline = "a"', "no firmware"),
        ('behaviour = "cut_181"', 'capture = "none.vcd"\noutages = "update"', "none.vcd' is no file"),
        ('behaviour = "cut_181"', 'line = "activate"', "one of behaviour, firmware and capture expected"),
        ('meters    = "rest"', "meters    = 600", 'exactly one population has meters = "rest"'),
        ("per_day         = 500", "per_day         = 0", "population[0].activation.per_day: 0 is not within 1 to"),
        ('rolls_back      = "30 %"', 'rolls_back      = "130 %"', "'130 %' is no share: write it like '12.5 %'"),
        ("rolled_back     =", "rolled_bak      =", "rolled_back is missing"),
        ('kind       = "cluster"', 'kind       = "clusters"', "'clusters' is not known; did you mean 'cluster'?"),
        ('population = "legacy"', 'population = "legcy"', "no population 'legcy'; did you mean 'legacy'?"),
        ('limit = "4 min"', 'limit = "2 min"', "limit: longer than 3 min, and at most 1 h, expected"),
        ('"suppress", "match"', '"supress", "match"', "no remedy 'supress'; did you mean 'suppress'?"),
        ('at_least          = "1 s"', 'at_least          = "1 ms"', "at_least: 1 s or more, please"),
        ('share    = "100 %"', 'share    = "99 %"', "the shares of interruptions add up to 99 %, not to 100 %"),
        ('lost         = [["7 V", "50 %"], ["9 V", "50 %"]]', 'lost = "12 V"', "1 V to 11 V expected"),
        ('store_charge = [["2 min", "50 %"], ["30 min", "50 %"]]', 'store_charge = "2 h"', "1 s to 1 h expected"),
        ('title    = "A small', 'tittle   = "A small', "title is missing"),
        ("[nation]\n", '[nation]\nhours = 3\n', "nation.hours: unknown key"),
        ("[nation]\n", '[sources]\n"nation.meter" = "x"\n[nation]\n', "such figure; did you mean 'nation.meters'?"),
        ('Yorkshire = "30 %"', 'Yorkshire = "30 %"\n[population.legacy]', "no TOML"),
        ('name      = "others"', 'name      = "legacy"', "two populations are called 'legacy'"),
    ],
)  # fmt: skip
def test_a_bad_plan_is_one_line(old, new, says, tmp_path, capsys):
    assert old in TINY, old
    changed = TINY.replace(old, new)
    path = written(tmp_path, changed)
    assert main(["rollout", path]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and says in err and path in err, err
    # where a line is named, it is the one that was changed
    if named := re.search(r"mine\.toml:(\d+): ", err):
        line = changed.split("\n")[int(named[1]) - 1]
        assert any(part in line for part in new.split("\n")), line


@pytest.mark.parametrize(
    "words, says",
    [
        (["nosuch"], "no plan 'nosuch'"),
        (["working-group-140k"], "did you mean 'working-group-1400k'?"),
        (["--draws", "0"], "--draws 0: 1 to 1000 expected"),
        (["--seed", "-1"], "--seed -1: 0 to"),
        (["--jobs", "0"], "--jobs 0: 1 to 256 expected"),
        (["--on", "nowhere"], "local:N or tcp://HOST:PORT"),
        (["--html", "."], ": is a folder"),
    ],
)
def test_a_bad_word_is_one_line(words, says, capsys):
    assert main(["rollout", *words]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and says in err, err


def test_behaviours_that_cannot_be_rolled_out_are_one_line(tmp_path, capsys):
    for behaviour, says in (
        ("mains_dip_too", "its scenario has outages or hands of its own"),
        ("hub_pulled", "its scenario has outages or hands of its own"),
        ("quiet.toml", "nothing activates it"),
    ):
        (tmp_path / "quiet.toml").write_text('title = "nothing happens"\n')
        assert main(["rollout", written(tmp_path, TINY.replace('"cut_181"', f'"{behaviour}"'))]) == 2
        err = capsys.readouterr().err
        assert err.splitlines()[-1].startswith("ridethrough: ") and says in err, err


def test_without_numpy_or_matplotlib_it_says_what_to_install(monkeypatch, capsys):
    missing = {"ridethrough.reports.rollout_page": "Matplotlib", "ridethrough.rollout.nation": "NumPy"}
    for module, package in missing.items():
        monkeypatch.setitem(sys.modules, module, None)
        assert main(["rollout", "--html", "build/no.html"]) == 2
        assert f"needs {package}: pip install 'ridethrough[rollout]'" in capsys.readouterr().err


def test_the_plans_of_the_paper_are_sound_and_say_what_is_assumed(capsys):
    assert plans() == ["working-group-1400k", "working-group-500k"]
    for name, legacy in (("working-group-1400k", 1_400_000), ("working-group-500k", 500_000)):
        plan = load_plan(name)
        assert plan.meters == 25_000_000 and plan.populations[0].meters == legacy
        # 28 requests of 50,000 for 1.4 million meters
        assert plan.populations[0].activation.batch == 50_000
        assert plan.populations[0].activation.per_day * plan.days >= legacy
        sourced = {f.key for f in plan.figures if f.source}
        assert {"nation.meters", "population.legacy.meters", "hub.limit"} <= sourced
        assert {f.key for f in plan.figures if not f.source} >= {"hub.store", "hub.lost", "remedy.list.covers"}
    assert main(["rollout", "--list"]) == 0
    assert "half a million meters" in capsys.readouterr().out


def false_alerts(text, folder, seed=3, seen=behaviours):
    plan = load_plan(written(folder, text))
    result = roll_out(plan, seen(plan), seed, 1, partial(crew_of, jobs=1), curves=False)
    return result.draws[0]


def test_a_capture_of_a_meter_does_what_the_meter_does(tmp_path):
    """The rail of a run, brought as a capture: the same nation, alert by alert."""
    write_vcd(run_scenario(Scenario.load("cut_181")), tmp_path / "rail.vcd")
    text = TINY.replace('behaviour = "cut_181"', 'capture = "rail.vcd"\noutages = "cut_181"')
    mine, theirs = false_alerts(text, tmp_path), false_alerts(TINY, tmp_path)
    assert mine.false > 50
    # where an outage meets an activation nobody has seen what the captured meter does
    assert abs(mine.false - theirs.false) <= 3 and abs(mine.true - theirs.true) <= 3


def test_a_capture_that_cannot_tell_is_one_line(tmp_path, capsys):
    rows = ["Time [s],CH power"] + [f"{t},{0 if 100 <= t < 290 else 12}" for t in range(0, 600, 20)]
    (tmp_path / "coarse.csv").write_text("\n".join(rows) + "\n")
    text = 'capture = "coarse.csv"\nat = "90 s"\noutages = "cut_181"\nmap = { ch_mv = "CH power" }'
    assert main(["rollout", written(tmp_path, TINY.replace('behaviour = "cut_181"', text))]) == 2
    err = capsys.readouterr().err
    assert "coarse.csv: when a hub loses its supply at" in err and "is not certain to a second" in err, err


def afresh(plan):
    """The same files may hold another firmware now."""
    return observed(plan, lambda *told: None)


def test_changing_a_firmware_changes_the_nation(tmp_path):
    shutil.copytree(SPECIMENS / "legacy_in_service", tmp_path / "mine")
    text = TINY.replace('behaviour = "cut_181"', 'firmware = "mine"\nboard = "bare_pico"\nline = "activate"')
    assert false_alerts(text, tmp_path, seen=afresh).false > 100
    boot = tmp_path / "mine" / "boot.py"
    boot.write_text(boot.read_text().replace("UNPACK_S = 205", "UNPACK_S = 100"))
    mended = false_alerts(text.replace('rolls_back      = "30 %"', 'rolls_back      = "0 %"'), tmp_path, seen=afresh)
    assert mended.false <= 5  # where an outage has made it longer


def test_the_command_prints_and_writes_what_it_has_counted(tmp_path, capsys):
    path, page, table = written(tmp_path, TINY), tmp_path / "page.html", tmp_path / "hours.csv"
    words = ["rollout", path, "--draws", "2", "--jobs", "1", "--html", str(page), "--csv", str(table)]
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert "of all AD1 alerts are legitimate, where all should be." in out and "who should mend it" in out
    assert "the nation, block by block: " in err
    html = page.read_text()
    for words in ("Who should mend it", "Which unknown matters", "assumed", "North Scotland", "data:image/svg+xml"):
        assert words in html, words
    assert main(["rollout", path, "--draws", "2", "--jobs", "1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    rows = [line.split(",") for line in table.read_text().splitlines()[1:]]
    assert len(rows) == 2 * 2 * 6 * 24
    for i, counts in enumerate(found["alerts"].values()):
        assert [sum(int(row[4 + i]) for row in rows if row[0] == str(draw)) for draw in (1, 2)] == counts
    assert sum(a["meters"] for a in found["areas"].values()) == 900
    # each alert is somebody's, in some area, alone or with others
    for draw in (0, 1):
        total = sum(counts[draw] for counts in found["alerts"].values())
        assert total == sum(p["alerts"][draw] for p in found["populations"].values())
        assert total == sum(n[draw] for near in found["others_near"].values() for n in near.values())
    none = found["remedies"][0]
    assert none["remedies"] == [] and none["true_lost"] == [0, 0]
    assert all(r["false"][0] <= none["false"][0] + 2 for r in found["remedies"])


@given(st.integers(0, 10**9), st.lists(st.integers(0, PPM), min_size=1, max_size=14).filter(any))
def test_nothing_is_lost_in_rounding(total, weights):
    parts = rounded(total, dict(enumerate(weights)))
    assert sum(parts.values()) == total
    for i, weight in enumerate(weights):
        assert abs(parts[i] - total * weight / sum(weights)) < 1


def test_more_meters_than_there_are(tmp_path):
    more = 'name = "more"\nbehaviour = "cut_179"\nmeters = 700\n\n[[population]]\nname = "others"'
    with pytest.raises(BadInput, match="the populations have 1000 meters, the nation 900"):
        load_plan(written(tmp_path, TINY.replace('name      = "others"', more)))


# --- what somebody else has found ---


def test_a_nation_without_outages_has_false_alerts_alone(tmp_path):
    text = re.sub(r"\[\[outage\]\].*?\n\n", "", TINY, flags=re.DOTALL)
    draw = false_alerts(text, tmp_path)
    assert draw.false > 200 and draw.true == 0 and draw.outages.sum() == 0


def outcomes(text, folder):
    """Each choice's row by its words."""
    plan = load_plan(written(folder, text))
    result = roll_out(plan, behaviours(plan), 3, 1, partial(crew_of, jobs=1), curves=False)
    return {row.words: row for row in rows(result)}, result


def test_two_populations_are_mended_together(tmp_path):
    second = TINY[TINY.index("[[population]]") : TINY.index('[[population]]\nname      = "others"')]
    second = second.replace('"legacy"', '"older"').replace("300", "200")
    text = TINY.replace('[[population]]\nname      = "others"', second + '[[population]]\nname      = "others"')
    mend = (
        '[[remedy]]\nname = "NAME"\nkind = "mended"\npopulation = "POP"\nas = "blips"\nshares = ["10 %", "100 %"]\n\n'
    )
    text = re.sub(r"\[\[remedy\]\].*", "", text, flags=re.DOTALL).replace(
        '[["list", "suppress", "match"]]', '[["A", "B"]]'
    )
    text += mend.replace("NAME", "A").replace("POP", "legacy") + mend.replace("NAME", "B").replace("POP", "older")
    found, _ = outcomes(text.replace('rolls_back      = "30 %"', 'rolls_back      = "0 %"'), tmp_path)
    none, a, b, both = (
        found[w].false.mean for w in ("nothing is done", "A, year 2", "B, year 2", "A, year 2 + B, year 2")
    )
    assert a < 0.6 * none and b < 0.9 * none and both < 0.1 * none


def test_what_comes_after_the_plan_is_nobodys(tmp_path):
    """A roll-out of 300 days in a plan of 6: only what is in it counts, and no window reaches another premises."""
    slow = TINY.replace("per_day         = 500", "per_day         = 1").replace('window = "30 min"', 'window = "100 h"')
    found, result = outcomes(slow, tmp_path)
    assert result.draws[0].activated[0, 0] <= 12
    # six meters or so, each with some outages in a hundred hours
    assert 0 <= found["suppress"].lost.mean < 60
    assert 0 <= found["list"].lost.mean < 60


def test_hubs_are_out_of_service_for_no_longer_than_there_is(tmp_path):
    text = TINY.replace('limit = "4 min"\n', 'limit = "4 min"\n').replace("[hub]\n", '[hub]\njoin = "24 h"\n')
    draw = false_alerts(text, tmp_path)
    hours = draw.down[..., 1].sum() / 3600
    assert 0.2 * 900 * 6 * 24 < hours <= 900 * 6 * 24


def test_an_incident_that_is_larger_than_its_area_leaves_the_rate_as_it_is(tmp_path):
    text = TINY.replace("premises = 20", "premises = 5000").replace("premises          = 6", "premises          = 5000")
    draw = false_alerts(text.replace("[[storm]]", "[[storm]]"), tmp_path)
    # 50 per 100 customers and year in London, 52.3 in Yorkshire, and those of 9,000 that last for three minutes
    per_day = 0.507 / 365 + 90 / 365 * 2.718 ** -((180 - 1) / 99)
    mean = 900 * 6 * per_day
    assert abs(draw.outages[..., 0].sum() - mean) < 4 * (mean * 630) ** 0.5


def test_a_batch_lasts_until_its_last_meter_has_acted(tmp_path):
    late = TINY.replace('hour            = "2 h"', 'hour            = "23 h"').replace(
        'spread          = "20 h"', 'spread          = "24 h"'
    )
    late = late.replace('covers = "80 %"\nlate   = "12 h"', 'covers = "100 %"').replace(
        "per_day         = 500", "per_day         = 100"
    )
    found, _ = outcomes(late, tmp_path)
    none = found["nothing is done"].false.mean
    assert none > 100 and found["list"].false.mean < 0.05 * none


def test_a_meter_is_not_its_own_neighbour(tmp_path):
    alone = TINY.replace("premises_a_feeder = 8", "premises_a_feeder = 1").replace(
        'within     = "5 min"', 'within     = "24 h"'
    )
    found, _ = outcomes(alone.replace("neighbours = 2", "neighbours = 1"), tmp_path)
    assert found["nothing is done"].false.mean > 100 and found["cluster"].false.mean == 0


def test_a_line_that_does_nothing_and_a_capture_without_its_activation_are_refused(tmp_path, capsys):
    firmware = 'firmware = "legacy_in_service"\nboard = "bare_pico"\nline = "activat"'
    write_vcd(run_scenario(Scenario.load("cut_181")), tmp_path / "rail.vcd")
    capture = 'capture = "rail.vcd"\nat = "1000 s"\noutages = "cut_181"'
    for behaviour, says in (
        (firmware, "'activat' does nothing: no command, no reset after it"),
        (capture, "CH power is away before 16 min 40 s only, where the activation begins"),
        ('behaviour = "five_in_a_month"', "its activation lasts"),
        ('firmware = ""\nline = "x"', "a folder beside the plan, or a specimen's, expected"),
    ):
        assert main(["rollout", written(tmp_path, TINY.replace('behaviour = "cut_181"', behaviour))]) == 2
        assert says in capsys.readouterr().err.splitlines()[-1]


def test_populations_that_fill_the_nation_fit_into_its_areas(tmp_path):
    text = re.sub(r"\[nation\.areas\].*?\n\n", "", TINY, flags=re.DOTALL).replace("meters    = 300", "meters    = 449")
    more = 'name = "more"\nbehaviour = "cut_179"\nmeters = 450\n\n[[population]]\nname = "others"'
    plan = load_plan(written(tmp_path, text.replace('name      = "others"', more)))
    assert [sum(of.values()) for of in population_meters(plan)] == [449, 450, 1]
    assert min(n for of in population_meters(plan) for n in of.values()) >= 0


def test_no_file_is_written_over_another(tmp_path, capsys):
    path = written(tmp_path, TINY)
    for words, says in ((["--csv", path], "that is the plan"), (["--html", "x", "--csv", "x"], "that is --html")):
        assert main(["rollout", path, *words]) == 2
        assert says in capsys.readouterr().err
    assert (tmp_path / "mine.toml").read_text() == TINY


def test_what_is_worth_having_is_beaten_by_nothing(tmp_path):
    found, _ = outcomes(TINY, tmp_path)
    best = frontier(list(found.values()))
    assert best
    for row in best:
        assert row.lost.mean <= 0.1 * row.true
        for other in found.values():
            assert other.cost == row.cost or any(a > b for a, b in zip(other.cost, row.cost, strict=True))
