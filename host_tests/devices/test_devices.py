"""Flash, push, status and log, by their public commands, on a virtual board."""

import contextlib
import errno
import os
import re
import subprocess
import termios
import threading
import tty
from types import SimpleNamespace

import pytest
import serial
from mpremote.transport import TransportExecError
from mpremote.transport_serial import SerialTransport
from ridethrough import Board, Firmware
from ridethrough.devices import flashing
from ridethrough.devices import port as console_port
from ridethrough.devices.flashing import Flasher
from ridethrough.images import EMULATED
from ridethrough.images.commands import next_command
from ridethrough.support.errors import BadInput
from support import PATIENCE_S, ROOT, guests, wait_for
from virtual_boards import BIN, Terminal, link_process, mpremote, ridethrough, said, served, status, up

pytestmark = pytest.mark.skipif("micropython" not in guests(), reason="no MicroPython VM on this machine")


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A folder with keys and images, and a flashed board in it."""
    folder = tmp_path_factory.mktemp("desk")
    with served(folder, "--blank", "--speed", "20") as link:
        out = said(ridethrough("flash", "--board", "rpi_pico", "--port", link, cwd=folder))
        assert "keys: made" in out and "30 files written and verified" in out and "version 1 runs" in out
        for name, version, size in (("v2", 2, 8192), ("v3", 3, 8192), ("large", 6, 100_000)):
            build = ["--keys", "keys", "--board", "rpi_pico", "--version", version, "--size", size]
            said(ridethrough("image", "build", *build, "-o", f"{name}.img", cwd=folder))
        out = said(ridethrough("push", "v2.img", "--port", link, "--activate", "now", cwd=folder))
        assert "outcome 0 success: version 2 runs" in out
        yield folder, link


def pushing(folder, link):
    """A push that is under way."""
    command = [BIN / "ridethrough", "push", "large.img", "--port", str(link)]
    push = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    wait_for(lambda: push.poll() is not None or status(link)["phase"] == "receive")
    assert push.poll() is None
    return push


def end(process):
    process.kill()
    process.communicate()


def test_an_update_is_cut_off_goes_on_and_ends_confirmed(desk, tmp_path):
    # The whole story, by public commands alone: flash, push, mains lost in the middle, push again, activate.
    folder, _ = desk
    with served(tmp_path, "--blank", "--speed", "1") as link:
        said(ridethrough("flash", "--board", "rpi_pico", "--port", link, cwd=folder))
        push = pushing(folder, link)
        said(ridethrough("board", "mains", "off", "--link", link))
        wait_for(lambda: status(link)["mcu"] == "off")
        said(ridethrough("board", "mains", "on", "--link", link))
        end(push)
        up(link)
        out = said(ridethrough("push", "large.img", "--port", link, "--activate", "now", cwd=folder))
        assert "outcome 0 success: version 6 runs" in out
        found = said(ridethrough("status", "--port", link))
        assert "b          proven:6" in found and "version    6" in found
        log = [line.split()[1] for line in said(ridethrough("log", "--port", link)).splitlines()]
        assert log == ["E003", "8F35", "8F72", "8F43"]
        judged = ridethrough("board", "trace", "--vcd", tmp_path / "seen.vcd", "--link", link)
        assert judged.returncode == 0 and judged.stdout.startswith("PASS"), judged


def test_a_killed_server_in_the_middle_of_a_push_is_a_power_cut(desk, tmp_path):
    folder, _ = desk
    flash = tmp_path / "kept.flash"
    with served(tmp_path, "--blank", "--speed", "1", "--flash", flash, name="one") as link:
        said(ridethrough("flash", "--board", "rpi_pico", "--port", link, cwd=folder))
        push = pushing(folder, link)
        link_process[str(link)].kill()
        end(push)
    with served(tmp_path, "--speed", "20", "--flash", flash, name="two") as link:
        up(link)
        terminal = Terminal(link)
        terminal.type(b"status\n")
        assert b"b=partial" in terminal.until(b" ch_mv=")
        terminal.close()
        out = said(ridethrough("push", "large.img", "--port", link, "--activate", "now", cwd=folder))
        assert "outcome 0 success: version 6 runs" in out


def test_what_the_board_refuses_is_said(desk):
    folder, link = desk
    up(link, "2")
    said(ridethrough("image", "keygen", "strangers", cwd=folder))
    build = ["--keys", "strangers", "--board", "rpi_pico", "--version", 9, "-o", "strange.img"]
    said(ridethrough("image", "build", *build, cwd=folder))
    refused = said(ridethrough("push", "strange.img", "--port", link, cwd=folder), 1)
    assert "the board refused: 8F1C" in refused and "against the key on the board, /esme/supplier.pub" in refused
    assert "it is not signed with keys/supplier.pem either" in refused
    refused = said(ridethrough("push", "strange.img", "--port", link, "--keys", "strangers", cwd=folder), 1)
    assert "it is signed with strangers/supplier.pem" in refused
    build = ["--keys", "keys", "--board", "rpi_pico", "--version", 1, "-o", "old.img"]
    said(ridethrough("image", "build", *build, cwd=folder))
    back = ridethrough("push", "old.img", "--port", link, cwd=folder).stdout
    assert "version 1 goes back: version 2 runs" in back and "security counter, " in back
    assert (
        "other keys"
        in ridethrough("flash", "--board", "rpi_pico", "--port", link, "--keys", "strangers", cwd=folder).stderr
    )
    up(link, "2")


def test_a_dated_activation_is_stored(desk):
    folder, link = desk
    up(link, "2")
    pushed = ridethrough("push", "v3.img", "--port", link, "--activate", "2099-01-01T00:00:00Z", cwd=folder)
    assert "pending counter=" in said(pushed)
    assert "phase      scheduled" in said(ridethrough("status", "--port", link))


def test_flashing_again_changes_nothing_and_the_rail_stays(desk):
    folder, link = desk
    out = said(ridethrough("flash", "--board", "rpi_pico", "--port", link, cwd=folder))
    assert "0 files written and verified, 29 were there already" in out
    assert status(link)["longest_dark_s"] == 0


def resident(marker=b""):
    files = dict(Firmware.load().files) | Board.load("rpi_pico").files()
    return {path: data + marker for path, data in files.items() if path.endswith(".py")}


def break_the_swap(flasher, monkeypatch, e):
    """Half of the files are renamed, then `e` is raised; returns what puts the flasher right again."""
    real = flasher._board.exec

    def half(code, *rest):
        if code != "_swap()":
            return real(code, *rest)
        real("import os\nfor p in open('/stage/plan').read().split()[:5]: os.rename('/stage' + p, p)")
        raise e

    monkeypatch.setattr(flasher._board, "exec", half)
    return lambda: monkeypatch.setattr(flasher._board, "exec", real)


def test_a_flash_that_fails_puts_everything_back(desk, tmp_path, monkeypatch):
    _, link = desk
    flasher = Flasher(str(link))
    try:
        mend = break_the_swap(flasher, monkeypatch, TransportExecError(b"", "OSError: 28"))
        with pytest.raises(BadInput, match="OSError: 28; the files are as they were"):
            flasher.flash(resident(b"# new\n"), tmp_path / "backup")
        mend()
        assert flasher.flash(resident(), tmp_path / "none").written == 0 and flasher.sizes([flashing.STAGE]) == {
            flashing.STAGE: -1
        }
    finally:
        flasher.leave()
    up(link, "2")


def test_a_swap_that_lost_its_link_is_completed(desk, tmp_path, monkeypatch):
    _, link = desk
    flasher = Flasher(str(link))
    break_the_swap(flasher, monkeypatch, serial.SerialException("gone"))
    with pytest.raises(BadInput, match="run it again, and that completes it"):
        flasher.flash(resident(b"# new\n"), tmp_path / "backup")
    assert (tmp_path / "backup" / "boot.py").read_bytes() == resident()["/boot.py"]
    flasher.leave()
    again = Flasher(str(link))
    try:
        done = again.flash(resident(b"# new\n"), tmp_path / "backup2")
        # the board has finished it by itself when it started
        assert done.written == 0 and not done.finished
        assert again.flash(resident(), tmp_path / "backup3").written == len(resident())
    finally:
        again.leave()
    up(link, "2")
    assert status(link)["longest_dark_s"] == 0


def test_a_board_of_another_port_is_not_flashed(desk):
    folder, link = desk
    done = ridethrough("flash", "--board", "esp32_devkit", "--port", link, cwd=folder)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert (
        "MicroPython for rp2 runs there, and the board is of the port esp32; nothing on it has changed" in done.stderr
    )
    up(link, "2")


def test_another_board_is_not_flashed_by_mistake(desk):
    folder, link = desk
    done = ridethrough("flash", "--board", "latch_pico", "--port", link, cwd=folder)
    assert done.returncode == 2 and "hardware 0x0101" in done.stderr and done.stderr.count("\n") == 1
    up(link, "2")


def test_a_full_board_is_left_as_it_was(desk, tmp_path, monkeypatch):
    _, link = desk
    flasher = Flasher(str(link))
    try:
        real = flasher._board.fs_writefile

        def full(path, *rest):
            if "p256" in path:
                raise OSError(errno.ENOSPC, path)  # as mpremote says it
            real(path, *rest)

        monkeypatch.setattr(flasher._board, "fs_writefile", full)
        with pytest.raises(BadInput, match=r"refused: .*; nothing on it has changed"):
            flasher.flash(resident(b"# new\n"), tmp_path / "backup")
        monkeypatch.undo()
        assert flasher.flash(resident(), tmp_path / "none").written == 0 and flasher.sizes([flashing.STAGE]) == {
            flashing.STAGE: -1
        }
    finally:
        flasher.leave()
    up(link, "2")


def test_a_half_typed_line_does_not_get_in_the_way(desk):
    _, link = desk
    terminal = Terminal(link)
    terminal.type(b"blo")
    terminal.close()
    assert "version    2" in said(ridethrough("status", "--port", link))


def test_a_board_as_new(desk, tmp_path):
    folder, _ = desk
    with served(tmp_path, "--speed", "20") as link:
        up(link)
        done = ridethrough("flash", "--board", "rpi_pico", "--port", link, cwd=folder)
        assert done.returncode == 2 and "trusts other keys" in done.stderr
        out = said(ridethrough("flash", "--board", "rpi_pico", "--port", link, "--anew", cwd=folder))
        assert "version 1 runs" in out
        out = said(ridethrough("push", "v2.img", "--port", link, "--activate", "now", cwd=folder))
        assert "outcome 0 success: version 2 runs" in out
        # a product build is the last flash over this port, and its console goes on
        assert "version 2 runs" in said(
            ridethrough("flash", "--board", "rpi_pico", "--port", link, "--product", cwd=folder)
        )
        done = ridethrough("flash", "--board", "rpi_pico", "--port", link, cwd=folder)
        assert done.returncode == 2 and "no MicroPython prompt" in done.stderr, done
        assert "version    2" in said(ridethrough("status", "--port", link))
        said(ridethrough("board", "stop", "--link", link))
        link_process[str(link)].wait(timeout=PATIENCE_S)
        assert not link.exists()


def test_a_board_at_its_prompt_is_said(desk):
    _, link = desk
    mpremote(link, "exec", "print(1)")
    done = ridethrough("status", "--port", link)
    assert done.returncode == 2 and "MicroPython prompt" in done.stderr and done.stderr.count("\n") == 1
    mpremote(link, "soft-reset")
    up(link, "2")


@pytest.mark.parametrize("command", [["status"], ["log"], ["push", "v2.img"], ["flash", "--board", "rpi_pico"]])
def test_a_port_that_cannot_be_used_is_one_line(desk, tmp_path, command):
    folder, link = desk
    (tmp_path / "file").write_text("mine")
    for port, says in ((tmp_path / "none", "no such port"), (tmp_path / "file", "file")):
        done = ridethrough(*command, "--port", port, cwd=folder)
        assert done.returncode == 2 and done.stderr.count("\n") == 1 and says in done.stderr, done
    with serial.serial_for_url(str(link), exclusive=True):
        done = ridethrough(*command, "--port", link, cwd=folder)
        assert done.returncode == 2 and done.stderr.count("\n") == 1 and "busy" in done.stderr, done


def test_something_else_on_the_port_is_one_line(tmp_path):
    # A program that echoes: neither our console nor MicroPython.
    master, slave = os.openpty()
    tty.setraw(slave)
    over = threading.Event()

    def echo():
        while not over.is_set():
            os.write(master, os.read(master, 100))

    threading.Thread(target=echo, daemon=True).start()
    for command in (["status"], ["flash", "--board", "rpi_pico"]):
        done = ridethrough(*command, "--port", os.ttyname(slave), cwd=tmp_path)
        assert done.returncode == 2 and done.stderr.count("\n") == 1, done
    over.set()


RAW = b"raw REPL; CTRL-B to exit\r\n>"


@pytest.mark.parametrize(
    ("plays", "said"),
    [
        (lambda asked: b"x" * 4096, "no MicroPython prompt"),
        # it has a prompt, and then no end
        (lambda asked: RAW if asked.endswith(b"\x01") else b"OK" + b"y" * 4096, "no MicroPython prompt"),
        # it answers everything, with Python of its own
        (
            lambda asked: (
                RAW if asked.endswith(b"\x01") else b"OK__import__('os').abort()\x04\x04>" * asked.count(b"\x04")
            ),
            "the link was lost",
        ),
    ],
    ids=["floods", "floods-as-a-prompt", "plays-a-prompt"],
)
def test_a_port_that_talks_without_end_or_with_guile_is_one_line(plays, said, tmp_path):
    master, slave = os.openpty()
    tty.setraw(slave)
    over = threading.Event()

    def play():
        while not over.is_set():
            with contextlib.suppress(OSError):
                os.write(master, plays(os.read(master, 4096)))

    def flood():
        while not over.is_set():
            with contextlib.suppress(OSError):
                os.write(master, plays(b""))

    threads = [threading.Thread(target=play, daemon=True)]
    if said.startswith("no Micro"):
        threads.append(threading.Thread(target=flood, daemon=True))
    for thread in threads:
        thread.start()
    done = ridethrough("flash", "--board", "rpi_pico", "--port", os.ttyname(slave), cwd=tmp_path)
    over.set()
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and said in done.stderr, done
    assert not (tmp_path / "build").exists()


def test_the_session_of_the_page_works(tmp_path):
    readme = (ROOT / "docs" / "commands.md").read_text()
    (session,) = re.findall(r"```sh\n(.*?)```", readme, re.DOTALL)
    first, *rest = [line.partition("#")[0].strip() for line in session.splitlines()]
    assert first == ".venv/bin/ridethrough board serve --blank" and len(rest) == 9
    with served(tmp_path / "build", "--blank", "--speed", "20"):
        for line in rest[:-1]:
            command = line.replace("make flash PORT=", ".venv/bin/ridethrough flash --board rpi_pico --port ")
            ran = subprocess.run(
                command.replace(".venv/bin", str(BIN)), shell=True, cwd=tmp_path, capture_output=True, text=True,
                timeout=PATIENCE_S, check=False,
            )  # fmt: skip
            # the clock runs on between two commands: a trace may end in the outage that `mains off` began
            in_outage = "board trace" in line and ran.stdout.startswith("UNDECIDED: the trace ends in a cut")
            assert ran.returncode == (3 if in_outage else 0), (line, ran)


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        (lambda f: f.unique_id(), b"'../../etc'"),
        (lambda f: f.unique_id(), b"3"),
        (lambda f: f.unique_id(), b"\xff"),
        (lambda f: f.sizes(["/a"]), b"[1, 2]"),
        (lambda f: f.sizes(["/a"]), b"['x']"),
        (lambda f: f.sizes(["/a"]), b"7"),
        (lambda f: f.sizes(["/a"]), b"a timer's words [1]"),
        (lambda f: f.sizes(["/a"]), b"(" * 400),
        (lambda f: f.read("/a"), b"10000000000000"),
        (lambda f: f.read("/a"), b"'text'"),
    ],
)
def test_whatever_a_board_answers_is_no_defect_of_ours(method, answer, monkeypatch):
    monkeypatch.setattr(SerialTransport, "__init__", lambda *_, **__: None)
    monkeypatch.setattr(SerialTransport, "exec", lambda *_, **__: answer)
    monkeypatch.setattr(SerialTransport, "enter_raw_repl", lambda *_, **__: None)
    monkeypatch.setattr(flashing, "open_port", lambda name: serial.serial_for_url("loop://"))
    flasher = Flasher("x")
    with pytest.raises(flashing.LOST):
        method(flasher)


@pytest.mark.parametrize("counter", ["4294967295", "-1", "9" * 5000, "x"])
def test_a_counter_that_no_command_can_follow(counter):
    with pytest.raises(ValueError, match="counter="):
        next_command(bytes(100), {"board": "00", "counter": counter}, EMULATED.supplier)


DEAD = [OSError(errno.EIO, "Input/output error"), termios.error(errno.EIO, "Input/output error")]


@pytest.mark.parametrize("error", DEAD, ids=["OSError", "termios.error"])
@pytest.mark.parametrize("dies", ["exit_raw_repl", "close"])
def test_closing_a_dead_port_hides_no_message(monkeypatch, error, dies):
    """Whoever leaves a board whose cable was pulled has something to say already."""

    def dead(*_):
        raise error

    flasher = Flasher.__new__(Flasher)
    flasher._board = SimpleNamespace(
        exit_raw_repl=lambda: None, close=lambda: None, serial=SimpleNamespace(write=len, flush=lambda: None)
    )
    monkeypatch.setattr(flasher._board, dies, dead)
    with pytest.raises(BadInput, match="the link was lost"):
        try:
            raise BadInput("the link was lost")
        finally:
            flasher.leave()


@pytest.mark.parametrize("error", DEAD, ids=["OSError", "termios.error"])
def test_leaving_the_console_of_a_dead_port_hides_no_message(monkeypatch, error):
    class Dead:
        def __init__(self, *_, **__):
            pass

        def close(self):
            raise error

    monkeypatch.setattr(console_port, "open_port", Dead)
    with pytest.raises(BadInput, match="the board refused"), console_port.ConsoleLink("dead"):
        raise BadInput("the board refused")
