"""A virtual board takes what a real one takes: unmodified mpremote, a person at the REPL, hands on mains and hub."""

import json
import os
import signal
import subprocess
import time

import pytest
from support import guests, wait_for
from virtual_boards import BIN, Terminal, link_process, mpremote, ridethrough, said, served, status, up

pytestmark = pytest.mark.skipif("micropython" not in guests(), reason="no MicroPython VM on this machine")


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    with served(tmp_path_factory.mktemp("board"), "--speed", "10") as link:
        up(link)
        yield link


@pytest.fixture
def terminal(board):
    it = Terminal(board)
    it.type(b"\r\x03\x02")
    it.until(b"information.\r\n>>> ")
    it.type(b"'rea' 'dy'\r")
    it.until(b"'ready'\r\n>>> ")
    yield it
    it.type(b"\r\x03\x02\x04")
    it.until(b"* application 1")
    it.close()


def test_files_go_both_ways_and_come_back_whole(board, tmp_path):
    there = tmp_path / "there"
    (there / "sub" / "empty").mkdir(parents=True)
    (there / "x.py").write_text("print('x')\n")
    (there / "sub" / "blob").write_bytes(os.urandom(9_000))
    mpremote(board, "cp", "-r", there, ":")
    assert "9000 blob" in mpremote(board, "ls", ":there/sub")
    mpremote(board, "cp", "-r", ":there", tmp_path / "back")
    for path in there.rglob("*"):
        if path.is_file():
            assert (tmp_path / "back" / path.relative_to(there)).read_bytes() == path.read_bytes()
    digest = subprocess.run(["sha256sum", there / "sub" / "blob"], capture_output=True, text=True, check=True).stdout
    assert mpremote(board, "sha256sum", ":there/sub/blob").split()[-1] == digest.split()[0]
    assert mpremote(board, "cat", ":there/x.py").endswith("print('x')\r\n")
    mpremote(board, "touch", ":there/new")
    assert "new" in mpremote(board, "tree", ":there")
    mpremote(board, "rm", ":there/new")
    mpremote(board, "rm", "-r", ":there")
    mpremote(board, "mkdir", ":folder")
    mpremote(board, "rmdir", ":folder")
    assert "there" not in mpremote(board, "ls") and "folder" not in mpremote(board, "ls")
    assert "1441792" in mpremote(board, "df")


def test_code_runs(board, tmp_path):
    assert mpremote(board, "exec", "import machine; print(machine.Pin(16).value())") == "1\r\n"
    assert mpremote(board, "eval", "6 * 7").strip() == "42"
    (tmp_path / "script.py").write_text("import sys\nprint(sys.platform)\n")
    assert mpremote(board, "run", tmp_path / "script.py") == "rp2\r\n"
    failed = mpremote(board, "exec", "def f():\n    1/0\nf()", code=1)
    assert [line.strip() for line in failed.splitlines()] == [
        "Traceback (most recent call last):",
        'File "<stdin>", line 3, in <module>',
        'File "<stdin>", line 2, in f',
        "ZeroDivisionError: divide by zero",
    ]
    (tmp_path / "module.py").write_text("print('from here')\n")
    assert "from here" in mpremote(board, "mount", tmp_path, "exec", "import module")


def test_local_packages_install(board, tmp_path):
    (tmp_path / "lib1.py").write_text("V = 3\n")
    (tmp_path / "package.json").write_text('{"urls": [["lib1.py", "lib1.py"]], "version": "1"}')
    mpremote(board, "mip", "install", "--no-mpy", "--target", "/lib", "./package.json", cwd=tmp_path)
    assert mpremote(board, "exec", "import lib1; print(lib1.V)") == "3\r\n"
    mpremote(board, "rm", "-r", ":lib")


def test_there_is_no_romfs_and_the_clock_can_be_set(board):
    assert "ROMFS is not enabled" in mpremote(board, "romfs", "query")
    assert mpremote(board, "rtc").startswith("(2021, 1, 1, 4, ")
    mpremote(board, "rtc", "--set")
    year = int(mpremote(board, "rtc").split(",")[0][1:])
    assert year == time.localtime().tm_year


def test_resets(board):
    resets = status(board)["resets"]
    mpremote(board, "soft-reset")
    mpremote(board, "resume", "exec", "print(1)")
    assert status(board)["resets"] == resets
    mpremote(board, "reset")
    assert up(board)["resets"] == resets + 1
    ridethrough("board", "reset", "--link", board)
    assert up(board)["resets"] == resets + 2
    assert status(board)["longest_dark_s"] == 0


def test_a_person_at_the_repl(terminal):
    terminal.type(b"2 + 3\r")
    assert terminal.until(b">>> ").split() == [b"2", b"+", b"3", b"5"]
    terminal.type(b"for i in range(2):\r  print(i)\r\r")
    assert b"...   print(i)" in terminal.until(b"0\r\n1\r\n")
    terminal.until(b">>> ")
    terminal.type(b"x = 1\x7f2\r")
    terminal.until(b">>> ")
    terminal.type(b"x\r")
    assert terminal.until(b">>> ") == b"x\r\n2\r\n"
    terminal.type(b"\x1b[A\r")  # the line before, again
    assert terminal.until(b">>> ") == b"x\r\n2\r\n"
    terminal.type(b"\x05a = 5\rprint(a * 9)\r\x04")
    assert b"paste mode" in terminal.until(b"45\r\n>>> ")


def test_a_busy_program_is_interrupted_and_its_timers_run(terminal):
    terminal.type(b"import machine\rn = set()\r")
    # the board's time does not wait for who types: it may be 20 long before the loop is entered, and never more
    terminal.type(b"t = machine.Timer(mode=1, period=100, callback=lambda t: n.add(len(n) % 20))\r")
    terminal.type(b"while len(n) < 20: pass\r\r")
    terminal.type(b"print('done', len(n))\r")
    terminal.until(b"done 20")
    terminal.type(b"t.deinit()\rprint('b' 'usy')\rwhile True: pass\r\r")
    terminal.until(b"busy")
    terminal.type(b"\x03")
    terminal.until(b"KeyboardInterrupt: \r\n>>> ")


def test_a_busy_program_is_interrupted_in_its_timers_callbacks(terminal):
    """Ctrl-C ends what computes, also where it comes while a callback asks the board for something."""
    terminal.type(b"import machine\rp = machine.Pin(22, machine.Pin.IN)\r")
    terminal.type(b"f = lambda t: any(p.init(machine.Pin.IN) for _ in range(500))\r")
    for _ in range(3):
        terminal.type(b"t = machine.Timer(mode=1, period=5, callback=f)\rprint('b' 'usy')\rwhile True: pass\r\r")
        terminal.until(b"busy")
        terminal.until(b"... \r\n")
        terminal.type(b"\x03")
        terminal.until(b"KeyboardInterrupt: \r\n>>> ")
        terminal.type(b"t.deinit()\r")
        terminal.until(b">>> ")


def test_the_watchdog_is_as_relentless_as_the_chips(board, terminal):
    resets = status(board)["resets"]
    terminal.type(b"from esme import bench\rbench.leave()\r")
    terminal.until(b"* application 1")  # nobody feeds it any more
    assert status(board)["resets"] == resets + 1
    terminal.type(b"\x03")
    terminal.until(b">>> ")


def test_a_soft_reset_keeps_the_pins_and_a_hard_one_drops_them(terminal):
    terminal.type(b"from machine import Pin; p = Pin(2, Pin.OUT, value=1)\r")
    terminal.until(b">>> ")
    terminal.type(b"\x04")
    terminal.until(b"* application 1")
    terminal.type(b"\x03")
    terminal.until(b">>> ")
    terminal.type(b"import machine; machine.mem32[0xd0000020] >> 2 & 1\r")
    assert terminal.until(b">>> ").endswith(b"\r\n1\r\n")
    terminal.type(b"import machine; machine.reset()\r")
    terminal.until(b"* application 1")
    terminal.type(b"\x03")
    terminal.until(b">>> ")
    terminal.type(b"import machine; machine.mem32[0xd0000020] >> 2 & 1\r")
    assert terminal.until(b">>> ").endswith(b"\r\n0\r\n")


def test_mains_and_hub_from_another_terminal(tmp_path):
    with served(tmp_path, "--speed", "max") as link:
        up(link)
        ridethrough("board", "mains", "off", "--link", link)
        wait_for(lambda: status(link)["ad1"])
        now = json.loads(said(ridethrough("board", "status", "--json", "--link", link)))
        assert (now["mains"], now["mcu"], now["ch_mv"]) == ("off", "off", 0) and now["longest_dark_s"] > 179
        ridethrough("board", "mains", "on", "--link", link)
        up(link)
        ridethrough("board", "hub", "out", "--link", link)
        assert status(link)["hub"] == "out"
        ridethrough("board", "hub", "in", "--link", link)
        assert status(link)["hub"] != "out"
        judged = ridethrough("board", "trace", "--vcd", tmp_path / "seen.vcd", "--link", link)
        assert judged.stdout.startswith("PASS") or judged.stdout.startswith("VACUOUS"), judged
        assert (tmp_path / "seen.vcd").stat().st_size > 1000


def test_two_boards_do_not_disturb_each_other(tmp_path):
    with served(tmp_path, "--speed", "10", name="a") as a, served(tmp_path, "--speed", "10", name="b") as b:
        up(a), up(b)
        mpremote(a, "exec", "with open('/who', 'w') as f: f.write('a')")
        ridethrough("board", "mains", "off", "--link", b)
        assert mpremote(a, "cat", ":who").endswith("a")
        assert status(a)["mains"] == "on" and status(b)["mains"] == "off"
        ridethrough("board", "mains", "on", "--link", b)
        up(b)
        assert "who" not in mpremote(b, "ls")


def test_a_flash_file_keeps_and_a_killed_server_is_a_power_cut(tmp_path):
    flash = tmp_path / "drawer" / "my.flash"
    writing = (
        "i = 0\nwhile True:\n    with open('/f%d' % (i % 3), 'w') as f:\n        f.write(str(i) * 3000)\n    i += 1\n"
    )
    with served(tmp_path, "--speed", "max", "--flash", flash, name="first") as link:
        up(link)
        mpremote(link, "exec", "--no-follow", writing)
        before = flash.stat().st_mtime_ns
        wait_for(lambda: flash.stat().st_mtime_ns != before)
        link_process[str(link)].send_signal(signal.SIGKILL)
        link_process[str(link)].wait()
    with served(tmp_path, "--speed", "10", "--flash", flash, name="second") as link:
        now = up(link)
        assert now["longest_dark_s"] == 0
        # littlefs keeps each file whole: all of one number, or none of it yet
        source = "import os\nfor n in os.listdir('/'):\n    if n[0] == 'f':\n        s = open(n).read()\n"
        source += "        k = s[:len(s) // 3000]\n        print(n, s == k * 3000)\n"
        found = mpremote(link, "exec", source).split("\r\n")
        assert found and all(line.endswith("True") for line in found if line), found


def test_a_talkative_program_is_interrupted_and_the_board_listens(board):
    command = [BIN / "mpremote", "connect", str(board), "exec", "while True: print('y' * 1000)"]
    talking = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert talking.stdout.read(50_000)
    talking.kill()
    talking.communicate()
    assert mpremote(board, "exec", "print('here')") == "here\r\n"
    mpremote(board, "soft-reset")
    up(board)


def test_one_link_is_one_board(tmp_path):
    with served(tmp_path, name="a") as link:
        again = ridethrough("board", "serve", "--link", link, "--flash", tmp_path / "b.flash")
        assert again.returncode == 2 and "served there already" in again.stderr
        assert status(link)["pid"] == link_process[str(link)].pid


def test_one_flash_file_is_one_board(tmp_path, board):
    with served(tmp_path, name="a"):
        again = ridethrough("board", "serve", "--link", tmp_path / "b", "--flash", tmp_path / "a.flash")
        assert again.returncode == 2 and "another board" in again.stderr and not (tmp_path / "b").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["serve", "--board", "rpi_pica"], "rpi_pico"),
        (["serve", "--speed", "fast"], "--speed"),
        (["serve", "--link", "{here}/file"], "no link of ours"),
        (["serve", "--flash", "{here}/file"], "no flash of rpi_pico"),
        (["serve", "--flash", "{here}"], "directory"),
        (["serve", "--link", "{here}/" + "x" * 120], "path"),
        (["mains", "off", "--link", "{here}/nobody"], "board serve"),
        (["status", "--link", "{here}/nobody"], "board serve"),
    ],
)
def test_what_cannot_be_is_one_line(tmp_path, arguments, says):
    (tmp_path / "file").write_text("mine")
    arguments = [word.replace("{here}", str(tmp_path)) for word in arguments]
    if arguments[0] == "serve" and "--link" not in arguments:
        arguments += ["--link", str(tmp_path / "link")]
    done = ridethrough("board", *arguments)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and says in done.stderr, done
    assert (tmp_path / "file").read_text() == "mine"
    assert not (tmp_path / "link").exists()


@pytest.mark.parametrize("options", [["--blank"], []], ids=["blank", "reference"])
def test_a_client_that_comes_at_once_is_served(tmp_path, options):
    """What it sends before the board's first start waits for it, and an early Ctrl-C counts as soon as it may."""
    for i in range(3):
        with served(tmp_path, *options, "--speed", "4", name=f"board{i}") as link:
            assert mpremote(link, "exec", "print(6 * 7)") == "42\r\n"


def test_asyncio_on_a_virtual_board(board):
    program = "import asyncio\nasync def f():\n    await asyncio.sleep_ms(30)\n    print('slept')\nasyncio.run(f())"
    assert mpremote(board, "exec", program) == "slept\r\n"


def test_text_of_any_plane_goes_both_ways(board, tmp_path):
    (tmp_path / "u.py").write_text("print('caf\u00e9', '\U0001f389', len('\U0001f389'))\n", encoding="utf-8")
    assert mpremote(board, "run", tmp_path / "u.py") == "caf\u00e9 \U0001f389 1\r\n"


def test_a_remote_file_is_read_into_an_array(board, tmp_path):
    (tmp_path / "x.bin").write_bytes(bytes(range(8)))
    program = "from array import array\na = array('H', [0] * 4)\nprint(open('x.bin', 'rb').readinto(a), list(a))"
    assert "8 [256, 770, 1284, 1798]" in mpremote(board, "mount", tmp_path, "exec", program)
