"""A sweep in a file, and states as bytes: they come back as they were; what is something else gets one line."""

import io
import json
import random
import zipfile
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ridethrough import BadInput, Scenario
from ridethrough.cli import main
from ridethrough.sweep.crash_states import Memory, State
from ridethrough.sweep.explore import fresh_state, sweep
from ridethrough.sweep.faults import Fault
from ridethrough.sweep.flash import Flash
from ridethrough.sweep.joined import Rest, pack_rests, unpack_rests
from ridethrough.sweep.packing import BadPack, pack, unpack
from ridethrough.sweep.recovery import recover
from ridethrough.sweep.saved import identity, keeper, load
from ridethrough.sweep.setting import Setting
from support import PICO, REFERENCE

STATES = st.lists(
    st.builds(
        State,
        st.builds(
            Flash,
            st.dictionaries(st.integers(0, 400), st.binary(max_size=50), max_size=4),
            st.frozensets(st.integers(0, 400), max_size=3),
        ),
        st.builds(
            Memory,
            answers=st.lists(st.tuples(st.integers(0, 2**32), st.text(max_size=9)), max_size=3).map(tuple),
            register_high_mwh=st.integers(0, 2**40),
            least_high=st.integers(0, 99),
            command_high=st.integers(0, 99),
            logged=st.frozensets(st.sampled_from(["8F72", "8F43", "E001"])),
            trials=st.integers(0, 4),
        ),
        st.integers(0, 2**40),
        st.booleans(),
        st.sampled_from(["", "armed", "trial"]),
        st.lists(st.sampled_from(["u.11.511", "w.3.t1"]), max_size=3).map(tuple),
        st.integers(0, 10**9),
    ),
    max_size=5,
)


@given(STATES)
def test_states_come_back_as_they_were(states):
    assert unpack(pack(states)) == states


@settings(max_examples=300)
@given(st.binary(max_size=200), st.integers(0, 10**6), STATES)
def test_what_is_no_pack_is_said(noise, at, states):
    packed = bytearray(pack(states))
    place = at % len(packed)
    packed[place : place + len(noise)] = noise
    for data in (noise, bytes(packed), pack(states)[:-1]):
        try:
            unpack(data)
        except BadPack:
            continue
        assert data == pack(states) or data not in (noise, pack(states)[:-1])


def test_what_states_share_is_packed_once():
    here = Setting.load(Scenario.load("update").with_image_bytes(8192), PICO, REFERENCE)
    states = list(recover(here, fresh_state(here.scenario), Fault("power-up")).states.values())
    one, many = len(pack(states[-1:])), len(pack(states))
    assert len(states) > 50 and many < one * 6, (one, many)


@given(st.dictionaries(st.binary(min_size=16, max_size=16), st.builds(
    Rest, st.integers(0, 2**60), st.integers(0, 99), st.frozensets(st.sampled_from(["boot", "gbcs", "phase"]))
), max_size=6))  # fmt: skip
def test_rests_come_back_as_they_were(rests):
    assert unpack_rests(pack_rests(rests)) == rests


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A file after the first level, and which sweep it is of."""

    class Enough(Exception):
        pass

    here = Setting.load(Scenario.load("update").with_image_bytes(8192), PICO, REFERENCE)
    path = tmp_path_factory.mktemp("kept") / "kept.zip"
    which = identity(here, 1, frozenset(["reset"]))
    keep = keeper(path, which)

    def once(progress):
        keep(progress)
        raise Enough

    with pytest.raises(Enough):
        sweep(here, 1, ["reset"], keep=once)
    return path, which


def test_the_same_level_makes_the_same_file(kept, tmp_path):
    path, which = kept
    again = tmp_path / "again.zip"
    keeper(again, which)(load(path, which))
    assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    "key", ["scenario", "board", "cuts", "faults", "flash", "image", "ridethrough", "from", "guest"]
)
def test_a_file_of_another_sweep_is_refused(kept, key):
    path, which = kept
    with pytest.raises(BadInput, match=f"is of another sweep: its {key} is") as e:
        load(path, which | {key: "another"})
    assert "\n" not in str(e.value)


def damaged(data):
    """The same file, with something wrong in it, one after the other."""
    r = random.Random(7)
    yield "cut off", data[: len(data) // 2]
    yield "noise", r.randbytes(3000)
    yield "empty", b""
    for _ in range(150):
        broken = bytearray(data)
        broken[r.randrange(len(data))] ^= 1 << r.randrange(8)
        yield "a bit", bytes(broken)
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    head = json.loads(parts["sweep.json"])
    for change in ({"level": "x"}, {"result": 3}, {"new": [[10**9]]}, {"new": [["a"]]}, {"result": {}}):
        yield str(change), rezipped(parts | {"sweep.json": json.dumps(head | change).encode()})
    for name in parts:
        yield name, rezipped({n: content for n, content in parts.items() if n != name})
        yield name, rezipped(parts | {name: b"[" * 5000})
        yield name, rezipped(parts | {name: parts[name][:-3]})


def rezipped(parts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    return out.getvalue()


def test_a_damaged_file_is_one_line_and_stays(kept, tmp_path):
    path, which = kept
    refused = 0
    for what, data in damaged(path.read_bytes()):
        broken = tmp_path / "broken.zip"
        broken.write_bytes(data)
        try:
            load(broken, which)
        except BadInput as e:
            refused += 1
            assert "\n" not in str(e) and str(broken) in str(e), what
        assert broken.read_bytes() == data
    # a bit of a name's time, say, means nothing
    assert refused > 120


def test_the_command_refuses_a_file_before_it_works(tmp_path, capsys):
    noise = tmp_path / "noise.zip"
    noise.write_bytes(b"noise")
    assert main(["sweep", "--size", "8192", "--cuts", "1", "--resume", str(noise)]) == 2
    error = capsys.readouterr().err
    assert "not a sweep that --resume has written" in error and error.count("\n") == 1
    assert noise.read_bytes() == b"noise"


def test_a_progress_that_is_none_is_no_key(kept):
    path, which = kept
    progress = load(path, which)
    assert progress.level == 1 and progress.found and progress.known
    with pytest.raises(BadInput):
        load(path.parent / "nowhere.zip", which)
    assert replace(progress, level=2).level == 2
