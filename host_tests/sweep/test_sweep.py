"""The sweep: what is on a flash, what a cut leaves, the fixpoint, replays, other people's firmware."""

import importlib.util
import json
import random
import re
import shutil
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest
from littlefs import lfs
from ridethrough import BadInput, Board, Firmware, Scenario, run
from ridethrough.cli import main
from ridethrough.guests.flashfs import FlashFs, fresh_flash
from ridethrough.invariants.table import NEEDS
from ridethrough.runner import run_scenario
from ridethrough.sweep.crash_states import Recorder, tears, without_pages
from ridethrough.sweep.explore import fresh_state, sweep
from ridethrough.sweep.faults import CLOCKS, FAULTS, Fault
from ridethrough.sweep.flash import COUNTED, LOG_BYTES_MIN, RECORD, Contents, Record
from ridethrough.sweep.littlefs_layout import LayoutReader
from ridethrough.sweep.lived import LIVES
from ridethrough.sweep.outages import hub_alone
from ridethrough.sweep.recovery import recover
from ridethrough.sweep.replay import replay
from ridethrough.sweep.setting import Setting
from ridethrough.traces import Trace
from ridethrough.world.chip import ChipParams, FlashChip, Operation
from support import BARE, LATCH, PICO, REFERENCE, lines, run_steps, with_main

SENKO = Path(__file__).parent / "senko"
SMALL = 8192


def setting(name="update", board=PICO, firmware=REFERENCE, size=SMALL):
    return Setting.load(Scenario.load(name, board.name).with_image_bytes(size), board, firmware)


# --- what is on the flash ------------------------------------------------------------------------


def chip_of(data):
    return FlashChip(ChipParams.of(PICO), bytearray(data))


def test_the_layout_uses_the_blocks_that_littlefs_uses():
    flash = run_scenario(Scenario.load("update")).notes["flash"]
    for data in (fresh_flash(REFERENCE, PICO), flash):
        fs = FlashFs(chip_of(data))
        fs.mount()
        found = LayoutReader(PICO.block_bytes).read(data)
        assert len(found.used) == lfs.fs_size(fs.fs)
        assert found.pairs[0].blocks == (0, 1) and len(found.pairs) == 2


def test_a_layout_that_is_read_on_is_the_same_as_one_that_is_read_anew():
    """After each of 300 random operations, and within torn ones."""
    r = random.Random(7)
    chip = FlashChip(ChipParams(PICO.block_bytes, 64, PICO.page_bytes, 1, 1))
    fs = FlashFs(chip)
    fs.format()
    fs.mount()
    grown, told = LayoutReader(PICO.block_bytes), LayoutReader(PICO.block_bytes)
    told.read(chip.data)
    compared, changed = 0, set()

    def look(operation):
        # `told` hears which block may have changed; `grown` looks by itself
        nonlocal compared
        size = PICO.block_bytes
        now = LayoutReader(size).read(chip.data)
        assert grown.read(chip.data) == now == told.read(chip.data, changed)
        compared += 1
        block = operation.at // size
        changed.clear()
        changed.add(block)
        for _, done, _ in tears(operation, size, PICO.page_bytes):
            whole = bytes(chip.data)
            chip.data[operation.at : operation.at + done] = (operation.data or b"\xff" * done)[:done]
            now = LayoutReader(size).read(chip.data)
            assert grown.read(chip.data) == now == told.read(chip.data, {block})
            chip.data[:] = whole

    chip.on_operation = look
    for i in range(300):
        # few names and sizes: the same block and size come again as another file's
        fs.write_files({f"/f{r.randrange(6)}": bytes([i % 256]) * r.choice((0, 40, 5000, 9000, r.randrange(9000)))})
        if i % 3 == 0:
            fs.write_files({"/g": b"g"})
            lfs.rename(fs.fs, "/g", f"/f{r.randrange(6)}")
    assert compared > 900


def test_there_is_no_layout_in_noise():
    r = random.Random(3)
    for _ in range(50):
        assert LayoutReader(4096).read(r.randbytes(8192)).pairs == ()
    assert LayoutReader(4096).read(b"").pairs == ()


def test_what_is_not_blank_is_never_appended_to():
    """So how many pages a cut left unprogrammed behind the last commit does not tell states apart."""
    grown = 0
    for commits in range(12):
        chip = FlashChip(ChipParams.of(PICO), bytearray(fresh_flash(REFERENCE, PICO)))
        flash = FlashFs(chip)
        flash.mount()
        for i in range(commits):
            flash.write_files({"/a": bytes([i])})
        size = PICO.block_bytes
        before = LayoutReader(size).read(chip.data).pairs[0]
        where = [b for b in before.blocks if before.end <= size - 256 and not any(_tail(chip.data, b, before.end))]
        for block in where:
            chip.data[block * size + before.end] = 0
        again = FlashFs(FlashChip(ChipParams.of(PICO), chip.data))
        again.mount()
        again.write_files({"/a": b"after"})
        after = LayoutReader(size).read(chip.data).pairs[0]
        grown += bool(where)
        assert not where or (after.blank and after.end != before.end + 256), commits
    assert grown >= 6


def _tail(data, block, end):
    # what differs from blank behind the end of a log
    return [byte ^ 0xFF for byte in data[block * 4096 + end : (block + 1) * 4096]]


def test_the_record_is_read_as_the_firmware_writes_it():
    trace = run_scenario(Scenario.load("update"))
    reader = setting().reader
    record = reader.contents(bytearray(trace.notes["flash"])).record
    assert (record.phase, record.active, record.outcome, record.answer_version) == (Record.CONFIRMED, 1, 0, 2)
    assert record.reported and record.least_counter == 2 and record.command_counter == 1
    assert record.states == (3, 3) and record.versions == (1, 2) and record.counters == (1, 2)
    data = reader.contents(bytearray(trace.notes["flash"])).files[RECORD]
    for at in range(len(data)):
        assert Record.read(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]) is None
    assert Record.read(data[:-1]) is None and Record.read(b"") is None


def test_tears_are_inside_the_operation():
    names = [n for n, _, _ in tears(Operation(0, bytes(1024)), 4096, 256)]
    assert names == ["1", "256", "512", "768", "1023"]
    assert [n for n, _, _ in tears(Operation(0, b"ab"), 4096, 256)] == ["1"]
    assert list(tears(Operation(0, b"a"), 4096, 256)) == []
    assert [n for n, _, _ in tears(Operation(4096), 4096, 256)] == ["half", "unstable"]


def test_an_erase_that_was_cut_off_reads_unstably_until_the_next():
    chip = chip_of(bytes(PICO.block_bytes * PICO.blocks))
    chip.unstable = {1}
    readings = {chip.read(4096, 64) for _ in range(8)}
    assert len(readings) > 4 and chip.read(0, 64) == bytes(64)
    chip.erase(1, lambda us: us)
    assert chip.read(4096, 64) == b"\xff" * 64 and chip.unstable == set()


def test_what_was_seen_once_is_remembered_rightly(monkeypatch):
    """The states of a recovery are those that are found when littlefs is asked every time."""
    with_memory = recover(setting(), fresh_state(setting().scenario), Fault("power-up"))
    read = Recorder._read

    def forgetful(self, unstable):
        self._known.clear()
        return read(self, unstable)

    monkeypatch.setattr(Recorder, "_read", forgetful)
    without = recover(setting(), fresh_state(setting().scenario), Fault("power-up"))
    assert with_memory.counts == without.counts and len(with_memory.counts) > 50


# --- what a cut leaves, and the fixpoint ---------------------------------------------------------


@pytest.mark.parametrize("board", [PICO, LATCH, BARE], ids=lambda b: b.name)
def test_one_cut_anywhere(board):
    # a board that refuses every activation refuses the one that would replace a rotten slot, too; all three have one
    # port's clock, which would double the boots (`make sweep` has it on the others, too)
    faults = [f for f in FAULTS if (f, board) != ("flash", BARE) and (f != "clock" or board is PICO)]
    result = sweep(setting(board=board), cuts=1, faults=faults)
    assert result.broken == {}
    assert set(result.held) == set(NEEDS) and not result.not_checked
    assert result.per_cut[0] > 50 and result.boots > 200
    struck = {"off", "dip", "power-up", "watchdog", "brown-out"}
    struck |= ({"bad", "full", "rot"} if "flash" in faults else set()) | (set(CLOCKS) if "clock" in faults else set())
    assert struck <= set(result.by_fault)
    assert ("hold" in result.by_fault) == (board is not BARE)
    assert result.longest_dark_us == 0


def test_a_sample_of_the_states_is_no_fixpoint_and_says_what_it_left_out():
    whole, some = sweep(setting(), 1, ["power"]), sweep(setting(), 1, ["power"], sample=6)
    # six of the faults that depend on the first run, and six of the states that these runs left
    further = whole.by_fault["off"] + whole.by_fault["dip"]
    assert some.boots == 1 + 6 + 6 and 12 < some.per_cut[0] < whole.per_cut[0]
    assert (whole.left_out, some.left_out) == (0, further - 6 + some.per_cut[0] - 6)
    assert not some.failures and sum(some.struck.values()) == some.boots and len({p for _, p in some.struck}) > 3
    every = sweep(setting(), 1, ["power"], sample=10**6)
    assert (every.boots, every.left_out, every.cut_states) == (whole.boots, 0, whole.cut_states)


def test_a_sample_is_never_a_fixpoint_and_is_filed_as_a_sample(tmp_path, capsys, monkeypatch):
    # of the states that resets leave, none is new after some cuts: with a sample that is no fixpoint
    monkeypatch.setattr("ridethrough.sweep.explore._Sweep._next", lambda self, level, last: iter(()))
    here = setting()
    assert sweep(here, None, ["reset"]).fixpoint and not sweep(here, None, ["reset"], sample=1).fixpoint
    files = [tmp_path / "s.xml", tmp_path / "s.html"]
    line = ["sweep", "--sample", "1", "--size", "8192", "--faults", "reset", "--jobs", "1"]
    assert main([*line, "--junit", str(files[0]), "--html", str(files[1])]) == 0
    texts = [capsys.readouterr().out, *(file.read_text() for file in files)]
    assert all(re.search(r"\d+ states and faults were left out, of which nothing is known", text) for text in texts)
    assert not any("to the fixpoint" in text or "cuts that were asked for" in text for text in texts)


def test_a_sample_of_all_pairs_of_cuts_unmerged():
    """Each pair leads to where its merged state leads; `make sweep` does all of them."""
    from pairs import pairs

    checked = pairs(setting(), random.Random(1), firsts=6, seconds=8)
    assert checked.boots == 48 and checked.differences == []


def test_the_pages_that_are_left_lead_to_no_other_state():
    """Boots from states that differ by the room in littlefs's metadata alone leave the same states."""
    here = setting()
    alike = defaultdict(list)
    for key, state in recover(here, fresh_state(here.scenario), Fault("power-up")).states.items():
        alike[without_pages(key)].append(state)
    twins = random.Random(1).sample([states for states in alike.values() if len(states) > 1], 8)
    told_apart = 0
    for one, *others in twins:
        for fault in (Fault("power-up"), Fault("watchdog")):
            left = recover(here, one, fault).states.keys()
            for other in others:
                assert recover(here, other, fault).states.keys() == left, (one.path, other.path, fault)
        one_by_page, other_by_page = (
            recover(replace(here, by_page=True), state, fault).states.keys() for state in (one, others[0])
        )
        assert {without_pages(key) for key in one_by_page} == {without_pages(key) for key in other_by_page}
        told_apart += one_by_page != other_by_page
    assert told_apart > 4  # that it may leave others is seen where pages count


def test_a_bad_block_is_reported_where_the_port_reports():
    for reports in (False, True):
        board = replace(PICO, flash_reports_errors=reports)
        first = recover(setting(board=board), fresh_state(setting().scenario), Fault("power-up"))
        for block in sorted(first.touched)[:3]:
            recovery = recover(setting(board=board), fresh_state(setting().scenario), Fault("power-up", "bad", block))
            assert recovery.broken == [], (reports, block)


def test_a_flash_that_does_not_mount_is_a_brick():
    state = fresh_state(setting().scenario)
    noise = {b: random.Random(b).randbytes(PICO.block_bytes) for b in (0, 1)}
    recovery = recover(setting(), replace(state, flash=type(state.flash)(noise)), Fault("power-up"))
    assert "mounts" in [b.invariant for b in recovery.broken]


# --- boards that have lived ---


@pytest.mark.parametrize("life", LIVES)
def test_one_cut_anywhere_on_a_board_that_has_lived(life):
    here = Setting.load(Scenario.load("update").with_image_bytes(SMALL), PICO, REFERENCE, life=life)
    assert here.lived is not None and here.reader.fresh == here.lived.flash
    result = sweep(here, 1, ["power"])
    assert result.broken == {} and result.boots > 60
    # it is another board than a fresh one, and takes the next version
    assert here.scenario.image.version == 2 + {"proven": 1, "third": 2, "full-log": 1}.get(life, 0)


def test_a_life_is_told_in_the_replay_and_refused_where_there_is_none(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["sweep", "--size", "8192", "--from", "proven", "--replay", "u"]) == 0
    for arguments, said in (
        (["--from", "prooven"], "no state 'prooven' to begin with; did you mean 'proven'?"),
        (["legacy_long_reboot", "--from", "proven"], "'proven' is a state of the reference"),
        (["dated:overdue", "--from", "proven"], "only push and activate can be swept"),
    ):
        capsys.readouterr()
        assert main(["sweep", *arguments]) == 2
        error = capsys.readouterr().err
        assert said in error and error.count("\n") == 1, error


# --- replays -------------------------------------------------------------------------------------


def torn():
    """A moment inside a program of 512 bytes, of a plain run: where it is moves with the firmware."""
    plain = recover(setting(), fresh_state(setting().scenario), Fault.parse("u"), unmerged=True)
    return next(
        state.path[-1] for state, _ in plain.unmerged if state.path[-1].endswith(".511") and len(state.path[-1]) > 7
    )


def test_a_replay_of_a_sound_path_shows_it_and_breaks_nothing():
    moment = torn()
    again = replay(setting(), f"{moment}-w.2-u+fast")
    assert again.broken == () and len(again.steps) == 3
    assert f"inside flash operation {moment.split('.')[1]} (511 bytes done)" in again.steps[0]
    assert "watchdog" in again.steps[1]
    kinds = [e.data["kind"] for e in again.trace.events("reset")]
    assert kinds[0] == "power-up" and "watchdog" in kinds
    assert again.trace.wires["mains"][0] == (0, 1) and (0 in [v for _, v in again.trace.wires["mains"]])


@pytest.mark.parametrize("ident", ["", "x", "u.9999-u", "u.1.7-u", "u-u", "u+bad", "-".join(["u.1"] * 70)])
def test_a_replay_id_that_is_none_gets_one_line(ident):
    with pytest.raises(BadInput) as e:
        replay(setting(), ident)
    assert "\n" not in str(e.value) and "replay id" in str(e.value)


# --- the command ---------------------------------------------------------------------------------


def test_the_command(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = ["sweep", "--size", "8192", "--cuts", "1", "--faults", "reset", "--jobs", "1"]
    assert main(arguments) == 0
    text = capsys.readouterr().out
    assert "invariants held, 0 broke" in text and "verified-image     held" in text
    assert main([*arguments, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["held"] == list(NEEDS)
    assert main(["sweep", "--size", "8192", "--replay", f"{torn()}-u"]) == 0
    assert Path("build/sweep.vcd").is_file() and "nothing broke" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--cuts", "0"], "--cuts 0"),
        (["--cuts", "many"], "a number from 1 to 1000 expected, or all"),
        (["--faults", "powr"], "did you mean 'power'"),
        (["mains_lost_in_armed:1s"], "faults of its own"),
        (["--size", "-1"], "an image of -1 bytes"),
        (["--size", "1000000"], "1000000"),
        (["--firmware", "nowhere"], "nowhere"),
        (["--replay", "nonsense"], "no part of a replay id"),
        (["hub_out:in_trial"], "hub_out"),
    ],
)
def test_bad_input_is_one_line(arguments, says, capsys):
    assert main(["sweep", "--jobs", "1", *arguments]) == 2
    err = capsys.readouterr().err
    assert says in err and err.count("\n") == 1


# --- firmware that is not ours -------------------------------------------------------------------


@pytest.fixture
def foreign(tmp_path):
    """A firmware with a third-party updater, as one would lay it on a board."""
    firmware = tmp_path / "firmware"
    shutil.copytree(SENKO / "firmware", firmware)
    found = importlib.util.find_spec("senko")
    shutil.copytree(Path(found.origin).parent, firmware / "senko", ignore=shutil.ignore_patterns("__pycache__"))
    return firmware


def test_somebody_elses_updater_mends_itself_while_there_is_a_network(foreign):
    scenario = Scenario.load(str(SENKO / "fetched.toml"))
    result = sweep(Setting.load(scenario, PICO, Firmware.load(str(foreign))), cuts=1, faults=["power"])
    assert "version" in result.held and result.boots > 10


def test_somebody_elses_updater_mixes_versions_when_the_network_fails_after_a_cut(foreign):
    scenario = Scenario.load(str(SENKO / "fetched.toml"))
    result = sweep(Setting.load(scenario, PICO, Firmware.load(str(foreign))), cuts=1, faults=["power", "network"])
    mixed = [b for b in result.broken["version"] if "runs: /application.py new, /tariff.py old" in b.text]
    assert len(mixed) == 1 and "+fetch" in mixed[0].ident
    assert {"verified-image", "register", "answer", "log"} <= set(result.not_checked)
    assert not set(result.not_checked) & set(result.held)
    again = replay(Setting.load(scenario, PICO, Firmware.load(str(foreign))), mixed[0].ident)
    assert mixed[0].text in [b.text for b in again.broken]


def test_a_failed_fetch_leaves_it_with_an_empty_file(foreign):
    scenario = Scenario.load(str(SENKO / "fetched.toml"))
    result = sweep(Setting.load(scenario, PICO, Firmware.load(str(foreign))), cuts=1, faults=["network"])
    assert any("empty" in b.text for b in result.broken["version"])
    sound = sweep(Setting.load(scenario, PICO, Firmware.load(str(foreign))), cuts=1, faults=["clock"])
    assert not sound.broken and sound.boots > len(CLOCKS)


def test_the_updater_itself_works_without_faults(foreign):
    scenario = Scenario.load(str(SENKO / "fetched.toml"))
    trace = run(Firmware.load(str(foreign)), "rpi_pico", scenario.world)
    assert [e.data["version"] for e in trace.events("application")] == ["2"]


def test_a_pin_can_say_what_a_line_says(tmp_path):
    directory = tmp_path / "mine"
    shutil.copytree(PICO.directory, directory)
    toml = (directory / "board.toml").read_text()
    toml += 'started = { pin = "running_n", level = 0, by = "pin" }\n'
    (directory / "board.toml").write_text(toml)
    trace = run_scenario(Scenario.load("update"), Board.load(str(directory)))
    assert [e.data["by"] for e in trace.events("started")] == ["pin"] * 2
    runs = trace.application_runs()
    assert [e.t_us for e in trace.events("started")] == [a for a, _ in runs]
    (directory / "board.toml").write_text(toml.replace('pin = "running_n"', 'pin = "runing_n"'))
    with pytest.raises(BadInput, match="did you mean 'running_n'"):
        Board.load(str(directory))


def test_an_outcome_that_is_told_late_names_the_versions_of_then():
    # Confirmed, then cut before 8F43 is logged, then four watchdog resets in a row: the old version comes back
    # before the new one has been reported.
    here = setting()
    recovery = recover(here, fresh_state(here.scenario), Fault("power-up"))
    told = next(e.t_us for e in recovery.trace.events("gbcs") if e.data["code"] == "8F43")
    confirmed = recovery.trace.events("confirm")[0].t_us
    state = next(s for s in recovery.states.values() if confirmed < s.t_us < told)
    reader = here.reader
    for failures in range(1, 5):
        recovery = recover(here, state, Fault("watchdog"))
        records = [(reader.contents(reader.restore(s.flash)).files.get(RECORD), s) for s in recovery.states.values()]
        state = next(s for record, s in records if record and record[10] == failures)  # 10: failed boots
    recovery = recover(here, state, Fault("watchdog"))
    assert not recovery.broken
    logged = [(e.data["code"], e.data["text"]) for e in recovery.trace.events("gbcs")]
    assert logged.index(("8F43", "version 2 after 1")) < logged.index(("E006", "version 1"))


# --- outages, on the hub alone ---


def test_a_hub_that_was_dark_before_is_among_the_outages():
    # The rail comes back 5 s late: alone 170 s without mains stay below the limit, and so do 10 s. In a row, with a
    # second of mains between them, the hub was dark for more than three minutes, and mains was not.
    late = Trace()
    late.set_wire("ch_enable", 0, 0)
    late.set_wire("ch_enable", 5_000_000, 1)
    found = hub_alone(setting(), late)
    assert found[0] == ("false-ad1", "a false AD1 after 10 s without mains, 1 s after 2 min 50 s without")
    assert all("1 s after 2 min 50 s without" in text for _, text in found), found
    prompt = Trace()
    prompt.set_wire("ch_enable", 0, 1)
    assert hub_alone(setting(), prompt) == ()


def test_the_entries_that_are_counted_are_those_of_the_firmware():
    source = 'import esme.events as e\nprint(" ".join(["%04X" % c for c in e.COUNTED]))\nprint(e.LIMIT)\n'
    codes, limit = lines(run_steps(firmware=with_main(source), seconds=5))[-2:]
    assert frozenset(codes.split()) == COUNTED
    assert int(limit) - 160 == LOG_BYTES_MIN  # the length of a line is bounded where it is written


def test_the_event_log_is_read_with_its_counts():
    log = b"000007 8F72 ab (3)\n000009 8F1C payload hash differs (17)   \n"
    contents = Contents(True, files={"/events.old": b"torn\n000006 8F35 length unknown\n", "/events.log": log})
    assert [(e.number, e.code, e.count) for e in contents.entries] == [(6, "8F35", 1), (7, "8F72", 1), (9, "8F1C", 17)]
