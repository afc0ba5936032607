"""The witness says what was there and how well it looked; a capture made of it never contradicts the world."""

import json
import os
import random
import re
import select
import signal
import subprocess
import threading
import tty
from binascii import crc32
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ridethrough import Firmware, World
from ridethrough.devices import witness
from ridethrough.devices.recording import APART_US_MAX, CHANGES_MAX, WITHIN_MV, Recording
from ridethrough.guests.flashfs import fresh_flash
from ridethrough.guests.named import guest_named
from ridethrough.support.errors import BadInput
from ridethrough.support.paths import WITNESS
from ridethrough.traces.intervals import overlap_us
from ridethrough.traces.load import ProbeMap, load_capture
from ridethrough.virtual.control import ask
from ridethrough.world.clock import Clock, Order
from ridethrough.world.site import Site
from ridethrough.world.witness_wiring import GPIOS, wire
from ridethrough.world.world import ClockError
from support import PATIENCE_S, PICO, REFERENCE, S, guests, wait_for
from virtual_boards import BIN, ridethrough, said, served

EYES = Firmware.load(str(WITNESS))
LIMITS_MV = (2_000, 7_000, 10_800)


class Both:
    """A board and the witness that watches it, in one world."""

    def __init__(self, world=None, guest="cpython", origin_us=0):
        self.clock = Clock()
        self.board = Site(PICO, world or World(), guest_named("cpython"), fresh_flash(REFERENCE, PICO), self.clock)
        witness = World(clock=ClockError(tick_origin_us=origin_us))
        self.witness = Site(PICO, witness, guest_named(guest), fresh_flash(EYES, PICO), self.clock)
        wire(self.board, self.witness)
        self._origin_us = origin_us

    def run(self, seconds):
        self.clock.run(round(seconds * S))
        assert not self.witness.trace.events("fault")
        return [line for _, line in self.witness.mcu.console.log]

    def recorded(self, lines):
        """A recording of these lines, and where its time 0 is in the world's."""
        recording = Recording()
        for line in lines:
            recording.feed(line)
        hello = next(line for line in lines if line.startswith("h "))
        since_reset_us = (int(hello.split()[2]) - self._origin_us) % 2**30
        return recording, self.witness.mcu.ticking()["started_us"] + since_reset_us


def contradictions(recording, offset_us, trace, path):
    """What the capture says for sure and the world did otherwise, beyond what lies between two samples."""
    recording.write_vcd(path)
    capture = load_capture(path, ProbeMap(), LIMITS_MV)
    truth = [(f"below {mv}", capture.below("ch_mv", mv), trace.below("ch_mv", mv).sure) for mv in LIMITS_MV]
    for name in GPIOS:
        truth.append((name, capture.wire(name, 1), trace.when(name, 1)))
    found = []
    for name, holds, true in truth:
        there = [(a - offset_us, b - offset_us) for a, b in true]
        for a, b in holds.sure:
            if overlap_us((a, b), there) < b - a:
                found.append((name, "is not so", a, b))
        may = holds.may
        for a, b in there:
            a, b = max(a, 0), min(b, capture.end_us)
            # between two samples that agree nobody saw anything
            if b - a > recording.apart_us and overlap_us((a, b), may) < b - a:
                found.append((name, "was not allowed for", a, b))
    return found


MOMENTS = st.integers(500, 9_000).map(lambda ms: ms * 1000)


@settings(max_examples=25)
@given(
    mains=st.lists(st.tuples(st.integers(20, 3_000), st.integers(20, 3_000)), max_size=3),
    volts=st.lists(st.tuples(MOMENTS, st.sampled_from([6_000, 10_500, 11_000, 12_000])), max_size=4),
    hub=st.lists(st.tuples(MOMENTS, st.booleans()), max_size=2),
    origin_us=st.sampled_from([0, 2**30 - 3 * S, 2**30 - 1]),
    lost=st.sampled_from([0.0, 0.02, 0.3]),
    seed=st.integers(0, 99),
)
def test_a_recording_never_contradicts_the_world(tmp_path_factory, mains, volts, hub, origin_us, lost, seed):
    """Whatever happens to the mains, the converter and the line that brings it."""
    changes, at_us = [(0, True)], 500_000
    for off_ms, on_ms in mains:
        changes += [(at_us, False), (at_us + off_ms * 1000, True)]
        at_us += (off_ms + on_ms) * 1000
    world = World(mains=tuple(changes), converter=tuple(sorted(volts)), hub_fitted=tuple(sorted(hub)))
    both = Both(world, origin_us=origin_us)
    lines = both.run(10)
    chance = random.Random(seed)
    kept = [line for line in lines if line.startswith("h ") or chance.random() >= lost]
    recording, offset_us = both.recorded(kept)
    path = tmp_path_factory.getbasetemp() / "witness.vcd"
    assert not contradictions(recording, offset_us, both.board.finish(), path)
    assert recording.now_us > 9 * S
    gone = len(lines) - len(kept)
    assert recording.lines_lost <= gone and (not gone or recording.lines_lost or recording.unwatched_us == 0)


@pytest.mark.parametrize("name", guests())
def test_it_sees_an_outage_to_the_sample(name, tmp_path):
    """On both guests: 4 s without mains, stamped within a sample of when it was."""
    both = Both(World(mains=((0, True), (5 * S, False), (9 * S, True))), name)
    recording, offset_us = both.recorded(both.run(12))
    # a pulse shorter than the interrupt that stamps it is said not to be known
    assert recording.lines_lost == recording.edges_lost == 0 and recording.unwatched_us <= 10
    recording.write_vcd(tmp_path / "o.vcd")
    capture = load_capture(tmp_path / "o.vcd", ProbeMap(), [10_800])
    (true,) = [d for d in both.board.finish().below("ch_mv", 10_800).sure if d[0] > S]
    (seen,) = [d for d in capture.below("ch_mv", 10_800).sure if d[0] > S]
    apart_us = recording.apart_us
    assert 0 < apart_us < 2_000
    # it reads within WITHIN_MV, so it must have fallen a little further
    assert 0 <= seen[0] + offset_us - true[0] <= apart_us + 2_000
    assert 0 <= true[1] - seen[1] - offset_us <= apart_us + 2_000


def test_edges_that_nobody_could_keep_are_counted_and_not_known():
    """A thousand edges in two milliseconds: the ring holds 64."""
    both = Both()
    for i in range(1_000):
        both.clock.at(4 * S + 2 * i, Order.WORLD, lambda i=i: both.witness.mcu.wiring.drive(GPIOS["ac_lost"], i % 2))
    recording, _ = both.recorded(both.run(6))
    assert recording.edges_lost > 100 and 0 < recording.unwatched_us < 400_000
    assert None in [level for _, level in recording.changes["ac_lost"]]


def test_a_pause_of_the_witness_is_not_watched():
    """What reading it out held up: samples too far apart make the rail unknown, and nothing else."""
    lines = ["h 7 0 1 ab", ". 8 100000 12000 0 0 700 0", "v 9 200000 12000 60000", ". 10 300000 12000 0 0 800 0"]
    recording = Recording()
    for line in lines:
        recording.feed(checked(line))
    assert recording.changes["ch_mv"] == [(100_000, 12_000), (140_001, None), (200_000, 12_000)]
    assert recording.apart_us == 800 < APART_US_MAX and recording.unwatched_us == 59_999


HOLES = {
    "a beat says otherwise": [". 3 200000 0 0 0 700 0"],
    "a line is missing": [". 4 200000 12000 0 0 700 0"],
    "edges were lost": ["n 3 150000 1", "n 4 150100 0", ". 5 200000 12000 0 0 700 2"],
    "no beat for long": [". 3 900000 12000 0 0 700 0"],
    "a sample that was not said": [". 3 200000 12000 0 0 60000 0"],
    "an edge from before the last beat": ["n 3 99000 1", "n 4 99100 0", ". 5 200000 12000 0 0 700 0"],
}


@pytest.mark.parametrize("name", HOLES)
def test_a_stretch_that_does_not_add_up_is_not_known(name):
    """Nothing between two beats is believed unless the second one confirms it."""
    recording = Recording()
    for line in ["h 1 0 1 ab", ". 2 100000 12000 0 0 700 0", *HOLES[name]]:
        recording.feed(checked(line))
    until_us = int(HOLES[name][-1].split()[2])
    assert recording.unwatched_us == until_us - 100_000
    for known in recording.changes.values():
        assert [(t, v is None) for t, v in known] == [(100_000, False), (100_001, True), (until_us, False)]


def test_a_wire_that_never_rests_hides_nothing(tmp_path):
    """4,000 edges a second of AC lost, and an outage: the rail is still looked at, and what is not known is not."""
    both = Both(World(mains=((0, True), (4 * S, False), (8 * S, True))))
    for i in range(24_000):
        both.clock.at(3 * S + 250 * i, Order.WORLD, lambda i=i: both.witness.mcu.wiring.drive(GPIOS["ac_lost"], i % 2))
    recording, offset_us = both.recorded(both.run(10))
    assert not recording.ended and recording.now_us > 9 * S
    recording.write_vcd(tmp_path / "s.vcd")
    below = load_capture(tmp_path / "s.vcd", ProbeMap(), [10_800]).below("ch_mv", 10_800)
    trace = both.board.finish()
    for a, b in trace.below("ch_mv", 10_800).sure:
        a, b = a - offset_us, b - offset_us
        assert b < 0 or overlap_us((max(a, 0), b), below.may) == b - max(a, 0)


def checked(line):
    return f"{line} {crc32(line.encode()) & 0xFFFF:04x}"


@pytest.mark.parametrize("anew", ["h 0 40 1 ab", ". 30 40 0 0 0 700 0", ". 7 5100000 0 0 0 700 0"])
def test_a_witness_that_resets_ends_its_recording(anew):
    """Also if its hello was not heard: its time goes back, or it says more than it can have said."""
    recording = Recording()
    for line in ("h 7 5000000 1 ab", ". 8 5001000 12000 0 0 700 0", anew, ". 31 9000 0 0 0 700 0"):
        recording.feed(checked(line))
    assert recording.ended == "the witness was reset" and recording.now_us == 1_000


def test_a_beat_from_before_the_recording_is_passed_over(tmp_path):
    """Two lines were enough for times that no capture can have; and a beat never goes back behind another."""
    recording = Recording()
    for line in ("h 0 5000 1 ab", ". 1 0 12000 0 0 700 0"):
        recording.feed(checked(line))
    assert recording.now_us == 0 and not any(recording.changes.values())
    with pytest.raises(BadInput, match="said nothing"):
        recording.write_vcd(tmp_path / "n.vcd")
    for line in (". 2 105000 12000 0 0 700 0", ". 3 55000 12000 0 0 700 0", ". 4 205000 12000 0 0 700 0"):
        recording.feed(checked(line))
    assert recording.now_us == 200_000 and recording.unwatched_us == 100_000
    recording.write_vcd(tmp_path / "b.vcd")
    assert load_capture(tmp_path / "b.vcd", ProbeMap(), [10_800]).end_us >= 200_000


@pytest.mark.parametrize("asked", ["before it answers", "while it records"])
def test_a_listener_that_dies_is_heard_at_once(asked, monkeypatch):
    """What was not foreseen in the thread is raised where somebody waits for it."""
    lines = iter([checked("h 0 0 1 ab"), checked(". 1 1000 12000 0 0 700 0")] if "records" in asked else [])

    class Link:
        went_away = 0

        def __init__(self, *_, **__):
            pass

        def say(self, line):
            pass

        def close(self):
            pass

        def lines(self, within_s):
            yield next(lines, None)

    monkeypatch.setattr(witness, "ConsoleLink", Link)
    with pytest.raises(TypeError), witness.WitnessLink("x") as link:
        assert not link.listen(60 * S)


def test_it_refuses_what_it_does_not_speak_and_what_is_too_much():
    with pytest.raises(BadInput, match="speaks version 9"):
        Recording().feed(checked("h 0 0 9 ab"))
    recording = Recording()
    recording.feed(checked("h 0 0 1 ab"))
    recording.changes["ch_mv"] = [(0, 0)] * CHANGES_MAX
    with pytest.raises(BadInput, match="divider"):
        recording.feed(checked("v 1 500 12000 500"))
    with pytest.raises(BadInput, match="said nothing"):
        Recording().write_vcd("never.vcd")


def test_voltages_are_only_as_good_as_the_witness(tmp_path):
    """11 V is not surely above 10.8 V if readings may be off by 0.4 V."""
    recording = Recording()
    for line in ("h 0 0 1 ab", ". 1 1000 11000 0 0 500 0", ". 2 101000 11000 0 0 500 0", ". 3 301000 11000 0 0 500 0"):
        recording.feed(checked(line))
    recording.write_vcd(tmp_path / "a.vcd")
    below = load_capture(tmp_path / "a.vcd", ProbeMap(), [10_800]).below("ch_mv", 10_800)
    assert not below.sure and below.may and f"off by {WITHIN_MV} mV" in below.why
    recording.write_vcd(tmp_path / "b.vcd", within_mv=100)
    known = load_capture(tmp_path / "b.vcd", ProbeMap(), [10_800]).below("ch_mv", 10_800)
    assert known.may == [(0, 1_000)], "only before its first sample"


# --- the whole of it, by public commands ---


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    """Two virtual boards wired together, keys and an image."""
    if "micropython" not in guests():
        pytest.skip("no MicroPython VM on this machine")
    folder = tmp_path_factory.mktemp("bench")
    with served(folder, "--blank", "--speed", "max", "--witness", folder / "witness") as link:
        said(ridethrough("flash", "--board", "rpi_pico", "--port", link, cwd=folder))
        build = ["--keys", "keys", "--board", "rpi_pico", "--version", 2, "--size", 8192]
        said(ridethrough("image", "build", *build, "-o", "v2.img", cwd=folder))
        yield folder, link


def hil(folder, link, *more):
    ports = ["--board-port", link, "--witness-port", folder / "witness", "--image", "v2.img"]
    return ridethrough("hil", *ports, *more, cwd=folder)


def test_runs_of_a_board_that_holds_its_rail_are_filed(bench):
    folder, link = bench
    out = said(hil(folder, link, "--repeat", 2, "--note", "two <virtual> boards", "--output", "t"))
    assert "run 2 of 2: outcome 0 success, version 2 runs" in out and out.count("PASS: no cut at all") == 2
    record = json.loads((folder / "t" / "hil.json").read_text())
    assert record["note"] == "two <virtual> boards" and len(record["trials"]) == 2
    for one in record["trials"]:
        assert [e["event"] for e in one["stated"]] == ["command", "reset", "outcome"]
        assert one["stated"][1]["kind"] == "activation" and one["capture"]["lines_lost"] == 0
    page = (folder / "t" / "hil.html").read_text()
    assert "two &lt;virtual&gt; boards" in page and record["image"]["sha256"] in page
    # the captures are what check reads, and say the same there
    for line in re.findall(r"again: ridethrough (.*)", out):
        words = line.replace("'mains on'", "mains on").replace("'CH fitted'", "CH fitted")
        assert "PASS: no cut at all" in said(ridethrough(*re.split(r" (?!on|fitted)", words), cwd=folder))


def test_a_run_in_which_the_rail_drops_fails(bench):
    folder, link = bench
    over = threading.Event()

    def cut():
        # mains is away for a moment whenever the board reboots: to a bench that assumes mains it is the board's fault
        resets = ask(link, do="status")["resets"]
        while not over.wait(0.01):
            if ask(link, do="status")["resets"] > resets:
                ask(link, do="mains", value="off")
                over.wait(0.3)
                ask(link, do="mains", value="on")
                return

    hand = threading.Thread(target=cut)
    hand.start()
    done = hil(folder, link, "--rule", "design-target", "--output", "f")
    over.set()
    hand.join()
    assert done.returncode == 1, done
    assert "FAIL: CH power outside" in done.stdout and "AC lost said for" in done.stdout, done.stdout


def test_a_witness_that_is_gone_leaves_what_it_said(tmp_path):
    """The port vanishes in the middle: what was seen is written, and it says so."""
    master, slave = os.openpty()
    tty.setraw(slave)
    (tmp_path / "w").symlink_to(os.ttyname(slave))
    record = [BIN / "ridethrough", "record", "--port", tmp_path / "w", "--vcd", tmp_path / "g.vcd", "--for", "1h"]
    process = subprocess.Popen(record, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert select.select([master], [], [], PATIENCE_S)[0] and os.read(master, 64) == b"\n"
    lines = ["h 7 0 1 ab", *(f". {8 + i} {100_000 * i} 12000 0 0 700 0" for i in range(30))]
    os.write(master, b"".join(checked(line).encode() + b"\n" for line in lines))
    # then it says no more
    out, _ = process.communicate(timeout=PATIENCE_S)
    os.close(master)
    os.close(slave)
    assert process.returncode == 2 and "watched          2.9 s" in out and "it ended early" in out, out
    assert (tmp_path / "g.vcd").read_text().startswith("$comment a witness, ab")


def test_record_writes_what_check_reads(bench):
    folder, _ = bench
    out = said(ridethrough("record", "--port", folder / "witness", "--vcd", "r.vcd", "--for", "3s", cwd=folder))
    assert (
        re.search(r"watched {10}3\.\d+ s, a sample every [\d.]+ (us|ms) or sooner", out) and "0 lines, 0 edges" in out
    )
    out = said(ridethrough("check", "r.vcd", "--assume", "mains on", "--at", "reset=1s", cwd=folder))
    assert "PASS: no cut at all" in out


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="no /proc to see the open port in")
def test_record_ends_with_a_signal_and_keeps_what_it_has(bench):
    folder, _ = bench
    command = [BIN / "ridethrough", "record", "--port", "witness", "--vcd", "c.vcd", "--for", "1 h"]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    # it asks who is there, and the witness answers: from then on it records
    wait_for(lambda: process.poll() is not None or has_open(process, folder / "witness"))
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0 and "watched" in out, out
    assert (folder / "c.vcd").read_text().startswith("$comment a witness")


def has_open(process, link):
    """Does it have the port open? Asked of the system: to try the port would be in its way."""
    try:
        return any(fd.readlink() == link.readlink() for fd in Path(f"/proc/{process.pid}/fd").iterdir())
    except OSError:
        return False


def test_what_is_no_witness_is_said_in_one_line(bench, tmp_path):
    folder, link = bench
    missing = hil(folder, link, "--output", "x", "--image", "absent.img")
    assert missing.returncode == 2 and "absent.img" in missing.stderr
    nowhere = ridethrough("record", "--port", tmp_path / "none", "--vcd", tmp_path / "n.vcd")
    assert nowhere.returncode == 2 and "no such port" in nowhere.stderr and not (tmp_path / "n.vcd").exists()
    wrong = ridethrough("record", "--port", link, "--vcd", tmp_path / "n.vcd")
    assert wrong.returncode == 2 and "no witness answers" in wrong.stderr, wrong
    swapped = ridethrough("hil", "--board-port", folder / "witness", "--witness-port", link, "--image", "v2.img",
                          cwd=folder)  # fmt: skip
    assert swapped.returncode == 2 and "--witness-port" in swapped.stderr
    exact = ridethrough("record", "--port", "witness", "--vcd", tmp_path / "n.vcd", "--within", "0V", cwd=folder)
    assert exact.returncode == 2 and "moved by 100 mV" in exact.stderr
    folder_named = ridethrough("record", "--port", "witness", "--vcd", tmp_path, cwd=folder)
    assert folder_named.returncode == 2 and "is a folder" in folder_named.stderr
    old_name = ridethrough("trial", "--board-port", link, "--witness-port", link, "--image", "absent.img", cwd=folder)
    assert old_name.returncode == 2 and old_name.stderr.startswith("ridethrough trial is now ridethrough hil")
    for done in (missing, nowhere, wrong, swapped, exact, folder_named):
        assert len(done.stderr.splitlines()) == 1 and "Traceback" not in done.stderr
