"""The protocol between world and guest: programs as guests, and nonsense from them."""

import io
import json
import re
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ridethrough import BadInput, Scenario, World, run, run_scenario
from ridethrough.cli import main
from ridethrough.guests import process, protocol
from ridethrough.guests.named import guest_named
from ridethrough.world.site import Site
from support import PICO, ROOT, S, with_main

DOCS = ROOT / "docs"
TABLE = set(re.findall(r"`\[\"(\w+)\"", (DOCS / "guest-protocol.md").read_text().split("## Requests")[1]))


@pytest.fixture(scope="module")
def meter(tmp_path_factory):
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler on this machine")
    path = tmp_path_factory.mktemp("c") / "meter"
    subprocess.run([compiler, "-Wall", "-Wextra", "-Werror", "-o", path, DOCS / "examples" / "meter.c"], check=True)
    return path


def test_a_meter_in_c_cuts_its_hub_as_the_one_in_micropython_does(meter):
    scenario = Scenario.load("legacy_long_reboot")
    ours, theirs = run_scenario(scenario), run_scenario(scenario, guest=guest_named(f"exec:{meter}"))
    assert [e.data["kind"] for e in theirs.events("reset")] == ["power-up", "activation"]
    assert abs(theirs.dark_us() - ours.dark_us()) < 100_000
    assert len(theirs.events("ad1")) == 1 and not theirs.events("fault")


def test_run_shows_where_two_guests_part(meter, capsys):
    assert main(["run", "legacy_long_reboot", "--against", f"exec:{meter}"]) == 1
    assert capsys.readouterr().out.startswith("first difference at ")
    assert main(["run", "flash_lost", "--against", "cpython"]) == 0
    assert "to the microsecond" in capsys.readouterr().out


def script(tmp_path, text):
    path = tmp_path / "guest"
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return guest_named(f"exec:{path}")


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("hello", "no request"),
        ('["nonsense"]', "unknown request"),
        ('["pin_read"]', "pin_read()"),
        ('["sync", 99999999999, -1, 0]', "not granted"),
        ('["flash_program", -1, "00"]', "outside the flash"),
        ("[" * 100_000, "no request"),
        ('["sync"]', "sync()"),
        ('["sync", "a", 1, 2]', "sync"),
        ('["sync", 319000, -1, 5]', "cannot have been done"),
        ('["sync", 319000, 400000, 0]', "cannot have been done"),
        ('["timer_start", 0, true, 1]', "1 us or more"),
        ('["wdt_start", 0]', "1 ms or more"),
        ('["spend", -1]', "negative"),
        ('["sleep_us", 1.5]', "whole numbers"),
        ('["sleep_us", 1e400]', "whole numbers"),
        ('["done"]', "unknown request"),
        ("x" * 1_000_001, "more than 1000000 bytes"),
    ],
)
def test_nonsense_is_a_fault_that_says_so_and_the_board_hangs(tmp_path, said, fault):
    (tmp_path / "said").write_text(said + "\n")
    guest = script(tmp_path, f"cat {tmp_path}/said >&4; read answer <&3")
    world = World(duration_us=2 * S)
    trace = run(with_main(""), PICO, world, guest=guest)
    assert [fault in e.data["text"] for e in trace.events("fault")] == [True]
    assert trace.texts["mcu"][-1][1] == "run"


def test_nothing_calls_back_a_guest_that_was_given_up(tmp_path):
    guest = script(tmp_path, "echo '[\"timer_start\", 1000, true, 0]' >&4; read answer <&3; echo nonsense >&4")
    trace = run(with_main(""), PICO, World(duration_us=1 * S), guest=guest)
    assert [e.data["kind"] for e in trace.events("fault")] == ["guest protocol"]


def test_a_program_may_be_named_from_here(tmp_path, monkeypatch):
    script(tmp_path, """echo '["stdout_bytes", "686572650a"]' >&4; read answer <&3""")
    monkeypatch.chdir(tmp_path)
    for name in ("exec:guest", "exec:./guest"):
        trace = run(with_main(""), PICO, World(duration_us=1 * S), guest=guest_named(name))
        assert [line for _, line in trace.notes["console"]] == ["here"]


def test_a_program_that_ends_hangs_until_the_watchdog(tmp_path):
    guest = script(tmp_path, "echo '[\"wdt_start\", 500]' >&4; read answer <&3")
    trace = run(with_main(""), PICO, World(duration_us=2 * S), guest=guest)
    assert [e.data["kind"] for e in trace.events("reset")] == ["power-up", "watchdog", "watchdog", "watchdog"]


ASK = """ask() { printf '%s\\n' "$1" >&4; read answer <&3; }
"""


@pytest.mark.parametrize(
    ("does", "how", "at_us"),
    [
        ("exit 0", "exit status 0", 317_900),
        ("ask '[\"sleep_us\", 1500000]'; exit 3", "exit status 3", 1_817_900),
        ("ask '[\"sleep_us\", 20000]'; kill -SEGV $$", "killed by signal 11 (SIGSEGV)", 337_900),
        ("printf '[\"ticks' >&4; kill -KILL $$", "killed by signal 9 (SIGKILL)", 317_900),
        (
            "ask '[\"timer_start\", 1000, false, 0]'; ask '[\"sleep_us\", 5000]'; exit 7",
            "exit status 7",
            318_903,
        ),
        ("exec 4>&-; exec sleep 60", "it closed file descriptor 4, and has no exit status", 317_900),
    ],
    ids=["at-once", "later", "killed", "in-a-line", "in-a-callback", "its-pipe-alone"],
)
def test_how_and_when_a_program_ended_is_a_fault(tmp_path, monkeypatch, does, how, at_us):
    monkeypatch.setattr(process, "_ENDING_S", 0.01 if "closed" in how else 5)
    trace = run(with_main(""), PICO, World(duration_us=3 * S), guest=script(tmp_path, ASK + does))
    assert [(e.t_us, dict(e.data)) for e in trace.events("fault")] == [(at_us, {"kind": "guest ended", "text": how})]
    assert trace.texts["mcu"][-1][1] == "run"  # it hangs


def test_a_program_that_the_reset_ends_has_not_ended_by_itself(tmp_path):
    guest = script(tmp_path, ASK + "ask '[\"wdt_start\", 500]'; ask '[\"sleep_us\", 9000000]'")
    trace = run(with_main(""), PICO, World(duration_us=2 * S), guest=guest)
    assert len(trace.events("reset")) == 4 and trace.events("fault") == []


def test_the_report_of_a_run_says_how_a_program_ended(tmp_path, capsys):
    script(tmp_path, ASK + "ask '[\"sleep_us\", 1500000]'; exit 3")
    main(["run", "flash_lost", "--guest", f"exec:{tmp_path}/guest"])
    text = capsys.readouterr().out
    assert "1.817900 s  fault guest ended exit status 3" in text
    assert "fault: guest ended: exit status 3 (at 1.8179 s)" in text


@pytest.mark.parametrize("name", ["exec:/no/such/program", "exec:.", "micropyton", "exec:"])
def test_a_guest_that_is_not_there_is_one_line(name, capsys):
    with pytest.raises(BadInput):
        guest_named(name)
    assert main(["run", "--guest", name]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def known_requests():
    here = {name.removeprefix("_do_") for name in vars(protocol.Session) if name.startswith("_do_")}
    return here | protocol._PLAIN | protocol.REQUESTS | {"soft_reset", "done", "sync", "back"}


def test_the_page_lists_every_request():
    assert known_requests() - {"done"} == TABLE  # that is among the replies


values = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8)
ENDS = {"machine_reset", "watchdog_bite", "busy"}
requests = st.lists(
    st.tuples(
        st.sampled_from(sorted(known_requests() - ENDS)),
        st.lists(values, max_size=4),
    ).map(lambda r: json.dumps([r[0], *r[1]]).encode())
    | st.binary(max_size=40).filter(lambda b: b"\n" not in b),
    max_size=6,
)


@given(requests)
def test_whatever_a_guest_says_it_is_answered_or_refused(said):
    class Guest:
        own_time = False

        def run(self, mcu):
            boots.append(mcu.boot_number)
            session = protocol.Session(mcu, io.BytesIO(b"\n".join(said) + b"\n"), replies)
            session.run()

    replies, boots = io.BytesIO(), []
    site = Site(PICO, World(duration_us=1 * S), Guest())
    site.run(1 * S)
    site.close()
    assert site.clock.now_us == 1 * S
    kinds = [json.loads(line)[0] for line in replies.getvalue().splitlines()]
    # a watchdog of a millisecond makes many boots
    assert len(kinds) <= len(boots) * (len(said) + 2) and set(kinds) <= {"ok", "interrupt", "timer"}
    refused = site.trace.events("fault")
    assert all(e.data["kind"] in ("guest protocol", "file left open", "format") for e in refused)
