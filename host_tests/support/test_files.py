"""Only regular files are read whole: what has no end, no beginning or no bytes is refused before it is opened."""

import os
import signal
import socket
from pathlib import Path

import pytest
from ridethrough import BadInput, Firmware, Rule, Scenario
from ridethrough.cli import main
from ridethrough.images.build import application_files
from ridethrough.support import files
from ridethrough.support.files import check_regular, read_bounded, read_folder, write_atomically
from ridethrough.traces.readers import open_source
from ridethrough.traces.readers.csv_in import CsvSource
from ridethrough.traces.readers.sigrok import SigrokSource
from ridethrough.traces.readers.vcd import VcdSource

READERS = {
    "read_bounded": lambda path: read_bounded(path, 1000, "thing"),
    "check_regular": check_regular,
    "open_source": open_source,
    "csv": CsvSource,
    "vcd": VcdSource,
    "sigrok": SigrokSource,
}


@pytest.fixture(autouse=True)
def deadline():
    """What blocks or reads without end is killed, and does not hold the suite up."""

    def over(*_):
        raise TimeoutError("it waits for something that never comes")

    before = signal.signal(signal.SIGALRM, over)
    signal.alarm(20)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(params=["folder", "pipe", "socket", "/dev/zero", "/dev/full", "/dev/urandom", "link to a device"])
def no_file(request, tmp_path):
    kind = request.param
    path = Path(kind) if kind.startswith("/dev") else tmp_path / "it"
    if kind.startswith("/dev") and not path.exists():
        pytest.skip(f"no {kind}")
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
    elif kind == "link to a device":
        path.symlink_to("/dev/zero")
    word = {"folder": "Is a directory", "pipe": "is a pipe", "socket": "is a socket"}.get(kind, "is a device")
    return path, word


@pytest.mark.parametrize("reader", READERS)
def test_what_is_no_file_is_refused_with_its_kind(reader, no_file):
    path, word = no_file
    with pytest.raises(BadInput, match=word) as refused:
        READERS[reader](path)
    assert str(path) in str(refused.value) and (word == "Is a directory" or "copy it into a file" in str(refused.value))


@pytest.mark.parametrize(
    "words",
    [["check", "{}"], ["image", "inspect", "{}"], ["image", "sign", "{}", "--key", "k", "-o", "o"],
     ["image", "inspect", "plain", "--key", "{}"]],
    ids=" ".join,
)  # fmt: skip
def test_commands_say_it_in_one_line(words, no_file, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("plain").write_bytes(b"\x1e\xf1\xee\x0b" + bytes(80))
    path, word = no_file
    assert main([word.format(path) for word in words]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and word in err


def test_rules_and_scenarios_that_are_no_files(tmp_path):
    os.mkfifo(tmp_path / "r.toml")
    for load in (Rule.load, Scenario.load):
        with pytest.raises(BadInput):
            load(str(tmp_path / "r.toml"))


def test_a_size_that_is_a_lie_is_found_out(tmp_path):
    if not Path("/proc/self/status").exists():
        pytest.skip("no /proc")
    assert Path("/proc/self/status").stat().st_size == 0
    with pytest.raises(BadInput, match="larger than 10 bytes: no thing"):
        read_bounded(Path("/proc/self/status"), 10, "thing")
    assert read_bounded(Path("/proc/self/status"), 10**6, "thing").startswith(b"Name:")


def test_firmware_takes_files_and_leaves_the_rest(tmp_path):
    (tmp_path / "main.py").write_bytes(b"pass\n")
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "m.py").write_bytes(b"1\n")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x").write_bytes(b"x")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "around").symlink_to(tmp_path)
    assert Firmware.load(str(tmp_path)).files == {"/lib/m.py": b"1\n", "/main.py": b"pass\n"}


def test_folders_that_no_board_holds_are_refused_early(tmp_path, monkeypatch):
    (tmp_path / "main.py").write_bytes(b"pass\n")
    (tmp_path / "application.py").write_bytes(b"pass\n")
    with (tmp_path / "disk").open("wb") as sparse:
        sparse.truncate(2**40)
    for load in (lambda: Firmware.load(str(tmp_path)), lambda: application_files(tmp_path)):
        with pytest.raises(BadInput, match="no board holds that"):
            load()
    (tmp_path / "disk").unlink()
    assert list(read_folder(tmp_path, 10)) == ["application.py", "main.py"]
    with pytest.raises(BadInput, match="more than 9 bytes"):
        read_folder(tmp_path, 9)
    monkeypatch.setattr(files, "_ENTRIES_MAX", 1)
    with pytest.raises(BadInput, match="more than 1 files and folders"):
        read_folder(tmp_path, 10)


def test_names_that_no_file_can_have(tmp_path):
    for act in (lambda path: read_bounded(path, 1, "thing"), lambda path: write_atomically(path, b"")):
        with pytest.raises(BadInput, match="no name of a file"):
            act(tmp_path / "a\0b")


def test_a_link_that_leads_to_itself_is_written_over(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    write_atomically(tmp_path / "loop", b"x")
    assert (tmp_path / "loop").read_bytes() == b"x"


def test_a_pipe_is_written_to(tmp_path):
    os.mkfifo(tmp_path / "p")
    reader = os.open(tmp_path / "p", os.O_RDONLY | os.O_NONBLOCK)
    write_atomically(tmp_path / "p", b"through")
    assert os.read(reader, 99) == b"through"
    os.close(reader)
