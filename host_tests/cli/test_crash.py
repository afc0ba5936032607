"""A crash is not a verdict: 70, one line and a file, whatever breaks and wherever; Ctrl-C is 130 wherever it is."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from ridethrough.cli import COMMANDS, main, threads
from ridethrough.cli.commands import EVERY_COMMAND
from ridethrough.crews import crew
from ridethrough.rules import Rule
from ridethrough.support import interrupts
from ridethrough.support.errors import BadInput
from ridethrough.traces import Trace
from ridethrough.world.runtime import Runtime
from support import PATIENCE_S, ROOT, wait_for

MAIN = "import sys; from ridethrough.cli import main; sys.exit(main())"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def shell(*arguments, program=MAIN, **how):
    environment = os.environ | how.pop("env", {})
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE_S, env=environment, check=False, **how
    )


def the_line(err):
    """The one line that a crash says, and the file that it names."""
    assert err.count("\n") == 1 and err.startswith("ridethrough: a defect of Ridethrough's, no verdict"), err
    return err, Path(err.partition("report it with ")[2].partition(",")[0])


class Hopeless(Exception):
    def __str__(self):
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    ("e", "said"),
    [
        (ValueError("bad \x1b[31m\nthing"), "ValueError: bad \\x1b[31m thing;"),
        (RecursionError("deep"), "RecursionError: deep;"),
        (MemoryError(), "MemoryError;"),
        (SystemExit(1), "RuntimeError: a command was ended by SystemExit(1);"),
        (GeneratorExit(), "GeneratorExit;"),
        (Hopeless(), "Hopeless: (RuntimeError);"),
        (KeyError("x" * 10_000), "..."),
    ],
    ids=lambda x: type(x).__name__,
)
def test_whatever_is_raised_ends_with_70_and_one_line(e, said, monkeypatch, capsys):
    def broken(*arguments, **options):
        raise e

    monkeypatch.setattr(Rule, "check", broken)
    assert main(["run", "--quiet"]) == 70
    out, err = capsys.readouterr()
    line, path = the_line(err)
    assert out == "" and said in line
    details = path.read_text()
    assert path.parent == Path("build") and path.name.startswith("crash-")
    assert (
        "command      ridethrough run --quiet" in details
        and "Traceback" in details
        and sys.version.split()[0] in details
    )


def test_each_crash_has_a_file_of_its_own(monkeypatch, capsys):
    monkeypatch.setattr(Rule, "load", lambda name: 1 / 0)
    assert main(["rules", "explain", "x"]) == main(["rules", "show", "x"]) == 70
    assert len(list(Path("build").glob("crash-*.txt"))) == 2


def test_where_build_cannot_be_written_it_goes_to_the_temp_folder_or_nowhere(monkeypatch, capsys, tmp_path):
    import tempfile

    monkeypatch.setattr(Rule, "load", lambda name: 1 / 0)
    Path("build").write_text("in the way")
    (tmp_path / "temp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temp"))
    assert main(["rules", "show", "x"]) == 70
    _, path = the_line(capsys.readouterr().err)
    assert path.parent == tmp_path / "temp" and "ZeroDivisionError" in path.read_text()
    monkeypatch.setattr(tempfile, "tempdir", "/proc/nowhere")
    assert main(["rules", "show", "x"]) == 70
    assert "RIDETHROUGH_TRACEBACK=1 shows the details" in capsys.readouterr().err


def test_a_developer_has_the_traceback_at_once(monkeypatch, capsys):
    monkeypatch.setenv("RIDETHROUGH_TRACEBACK", "1")
    monkeypatch.setattr(Rule, "load", lambda name: 1 / 0)
    assert main(["rules", "show", "x"]) == 70
    err = capsys.readouterr().err
    assert "Traceback (most recent call last)" in err and err.splitlines()[-1].startswith("ridethrough: a defect")


def test_a_crash_that_cannot_be_told_is_70_all_the_same(monkeypatch, capsys):
    from ridethrough.cli import crash

    monkeypatch.setattr(Rule, "load", lambda name: 1 / 0)
    monkeypatch.setattr(crash, "tell", lambda e, argv: 1 / 0)
    assert main(["rules", "show", "x"]) == 70
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("start", ["", "-m"], ids=["script", "module"])
@pytest.mark.parametrize("hidden", ["ridethrough.rules", "ridethrough.support.errors", "argparse"])
def test_a_module_that_does_not_load_is_70(start, hidden):
    ending = "import runpy; runpy.run_module('ridethrough', run_name='__main__')" if start else MAIN
    done = shell("rules", "list", program=f"import sys; sys.modules[{hidden!r}] = None\n{ending}")
    assert done.returncode == 70 and "Error" in the_line(done.stderr)[0], done


def killed(task):
    """In a worker."""
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_worker_that_fails_and_one_that_is_killed(monkeypatch, capfd):
    sweep = ["sweep", "--size", "8192", "--cuts", "1", "--faults", "power", "--jobs", "2"]
    monkeypatch.setattr(crew, "_work", int)  # of a task: TypeError, in the worker
    assert main(sweep) == 70
    line, path = the_line(capfd.readouterr().err)
    assert "TypeError" in line and "_process_worker" in path.read_text()
    monkeypatch.setattr(crew, "_work", killed)
    assert main(sweep) == 70
    assert "BrokenProcessPool" in the_line(capfd.readouterr().err)[0]


def test_a_thread_that_dies_ends_a_command_that_waits_for_it(monkeypatch, capsys):
    """Of whatever the thread was: nothing hangs, and nothing that the command says afterwards counts."""
    waited = threading.Event()

    def load(name):
        threading.Thread(target=lambda: 1 / 0).start()
        assert not waited.wait(PATIENCE_S), "it was not woken"

    monkeypatch.setattr(Rule, "load", load)
    began_s = time.monotonic()
    before = threading.excepthook, signal.getsignal(signal.SIGINT)
    assert main(["rules", "show", "x"]) == 70
    assert "ZeroDivisionError" in the_line(capsys.readouterr().err)[0] and time.monotonic() - began_s < PATIENCE_S
    assert (threading.excepthook, signal.getsignal(signal.SIGINT)) == before


def test_a_command_that_hears_ctrl_c_itself_ends_with_70_too(monkeypatch, capsys):
    load, stop = Rule.load, threading.Event()

    def recording(name):
        signal.signal(signal.SIGINT, lambda *_: stop.set())
        threading.Thread(target=lambda: 1 / 0).start()
        assert stop.wait(PATIENCE_S)
        return load(name)

    monkeypatch.setattr(Rule, "load", recording)
    assert main(["rules", "show", "mp102-wg-2020-04"]) == 70
    out, err = capsys.readouterr()
    assert "forbid" in out and "ZeroDivisionError" in the_line(err)[0]


def test_a_command_that_was_not_heard_to_be_interrupted_is_interrupted_again(monkeypatch, capsys):
    """A signal that comes just before a wait begins does not end it."""
    asked, stop = [], threading.Event()

    def hear(*_):
        asked.append(1)
        if len(asked) == 2:
            stop.set()

    def load(name):
        signal.signal(signal.SIGINT, hear)
        threading.Thread(target=lambda: 1 / 0).start()
        assert stop.wait(PATIENCE_S), "it was not woken"
        raise BadInput("woken")

    monkeypatch.setattr(Rule, "load", load)
    monkeypatch.setattr(threads, "AGAIN_S", 0.01)
    assert main(["rules", "show", "x"]) == 70
    assert "ZeroDivisionError" in the_line(capsys.readouterr().err)[0] and len(asked) >= 2
    assert not stop.wait(0.05) or len(asked) < 20, "it goes on after the command"


def test_one_crash_counts_for_more_than_verdicts(monkeypatch, capsys):
    rows = "".join(f"{i},{12_000 - i % 2}\n" for i in range(9))
    for name in "ab":
        Path(f"{name}.csv").write_text("time [s],ch_mv\n" + rows)
    check, seen = Rule.check, []

    def second_breaks(rule, trace):
        seen.append(trace)
        return check(rule, trace) if len(seen) == 1 else 1 / 0

    monkeypatch.setattr(Rule, "check", second_breaks)
    assert main(["check", "a.csv", "b.csv"]) == 70
    out, err = capsys.readouterr()
    assert out == "" and "ZeroDivisionError" in err and len(seen) == 2


# --- Ctrl-C ---

SLOW = """
while True:
    try:
        for i in range(1000):
            pass
    except BaseException:
        print('mine')
"""


def struck(process):
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE_S)
    return process.returncode, out, err


def started(*arguments):
    return subprocess.Popen([sys.executable, "-c", MAIN, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, start_new_session=True)  # fmt: skip


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_is_for_us_and_not_for_the_firmware(times, monkeypatch, capsys):
    """Firmware that would take it for its board's own, and go on to a verdict; a second one need not wait for it."""
    Path("mine").mkdir()
    Path("mine/main.py").write_text(SLOW)
    tick, passes = Runtime.tick, []

    def strike(runtime):
        passes.append(runtime)
        if len(passes) in (500, 700)[:times]:
            os.kill(os.getpid(), signal.SIGINT)
        tick(runtime)

    monkeypatch.setattr(Runtime, "tick", strike)
    assert main(["run", "--firmware", "mine"]) == 130
    assert capsys.readouterr() == ("", "") and not Path("build").exists() and len(passes) > 700
    assert (interrupts._held, interrupts._asked) == (0, False)


@pytest.mark.parametrize("module", ["ridethrough.support.errors", "ridethrough.runner", "ridethrough.cli.spelling"])
def test_ctrl_c_while_modules_are_loaded(module):
    program = (
        "import sys\n"
        "class Strike:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {module!r}:\n            import os, signal; os.kill(os.getpid(), signal.SIGINT)\n"
        f"sys.modules.pop({module!r}, None)\n"
        "sys.meta_path.insert(0, Strike())\n"
    )
    done = shell("run", "nosuch", program=program + MAIN)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", ""), done


def test_ctrl_c_while_a_report_is_written(monkeypatch, capsys):
    def strike(self, target):
        os.kill(os.getpid(), signal.SIGINT)
        return target

    monkeypatch.setattr(Path, "replace", strike)
    assert main(["run", "--quiet"]) == 130
    assert capsys.readouterr().err == "" and os.listdir("build") == []


@pytest.fixture
def port_of_dask_taken():
    """The port where Dask shows its pages when it is told nothing; whoever has it, it is taken."""
    with socket.socket() as held:
        with suppress(OSError):
            held.bind(("127.0.0.1", 8787))
            held.listen()
        yield


@pytest.mark.parametrize("workers", [("--jobs", "2"), ("--on", "local:2")])
def test_ctrl_c_in_a_sweep_with_workers_leaves_nobody_and_says_nothing(workers, port_of_dask_taken):
    process = started("sweep", "--size", "8192", "--cuts", "1", *workers)
    assert "power" in process.stdout.readline() + process.stdout.readline()
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if children.exists() and "--jobs" in workers:  # Dask's are there before the first line
        wait_for(lambda: len(children.read_text().split()) >= 3)  # two, and multiprocessing's own tracker
    status, _, err = struck(process)
    assert (status, err) == (130, "")
    assert not children.exists()


def test_every_help_says_both_statuses(capsys):
    for words in ([], *([name] for name in COMMANDS), ["rules", "audit"], ["board", "serve"], ["image", "sign"]):
        with pytest.raises(SystemExit) as ended:
            main([*words, "--help"])
        assert ended.value.code == 0 and EVERY_COMMAND in capsys.readouterr().out, words
    page = (ROOT / "docs" / "commands.md").read_text()
    assert "| 70 |" in page and "| 130 |" in page


# --- streams that are closed, full, or know little ---


def through_shell(words):
    ours = f"{sys.executable} -c '{MAIN}' {words}"
    done = subprocess.run(["bash", "-c", ours], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("run --quiet >&-", 0),
        ("run legacy_long_reboot --json >&- 2>&- <&-", 1),
        ("rules new q.toml <&-", 2),
        ("run nosuch 2>/dev/full", 2),
        ("run nosuch 2>&-", 2),
        ("nosuch 2>/dev/full", 2),
        ("run --quiet >/dev/full", 2),
        ("--help >/dev/full", 2),
        ("--version >/dev/full", 2),
        ("image keygen k >/dev/full", 2),
        ("rules show mp102-wg-2020-04 | true; exit ${PIPESTATUS[0]}", 0),
    ],
)
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_stream_that_is_closed_or_full(words, status):
    done = through_shell(words)
    assert done[0] == status and "Traceback" not in done[2] and done[2].count("\n") <= 1, done


def test_no_file_of_ours_gets_the_number_of_a_closed_stream():
    assert through_shell("run --vcd t.vcd >&- 2>&-")[0] == 0
    assert Path("t.vcd").read_text().startswith("$") and "PASS" not in Path("t.vcd").read_text()


def test_an_output_that_knows_only_ascii_gets_the_rest_written_out():
    Path("board").mkdir()
    Path("board/board.toml").write_text('extends = "rpi_pico"\n[board]\ntitle = "Zähler Ω"\n')
    Path("board/board.py").write_text((ROOT / "boards" / "rpi_pico" / "board.py").read_text())
    done = shell("board", "show", "./board", env={"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0 and "Z\\xe4hler \\u03a9" in done.stdout


def test_answers_that_are_no_text():
    done = shell("rules", "new", "q.toml", input="", env={"PYTHONIOENCODING": "utf-8:strict"})
    assert done.returncode == 2
    program = "import io, sys; sys.stdin = io.TextIOWrapper(io.BytesIO(b'\\xff\\x1b' + b'\\n' * 40), 'utf-8')\n"
    done = shell("rules", "new", "q.toml", program=program + MAIN)
    assert done.returncode == 0 and "\\\\xff\\\\x1b" in Path("q.toml").read_text(), done


@pytest.mark.parametrize(
    "words",
    [
        ["sweep", "--cuts", "9" * 5000], ["sweep", "--jobs", "100000000000"], ["sweep", "--jobs", "0"],
        ["sweep", "--size", "8192", "--replay", ""], ["check", "x", "--scale", "nan"],
        ["image", "build", "--keys", "k", "--board", "rpi_pico", "--version", "1", "--follows", "1.." + "9" * 5000,
         "-o", "x"],
        ["image", "keygen", "a\0b"], ["image", "inspect", "a\0b"], ["run", "--quiet", "--vcd", "a\0b"],
        ["check", "a\0b"], ["check", "\ud800"], ["board", "status", "--link", ""],
        ["board", "mains", "on", "--link", "."], ["board", "trace", "--link", "\udcff"],
        ["status", "--port", "hwgrep://("], ["status", "--port", "alt://?class=os"],
        ["status", "--port", "loop://?x=y"], ["rules", "new", "a b.toml"], ["rules", "new", "a\x1bb.toml"],
    ],
    ids=lambda words: "-".join(words)[:30].encode("unicode_escape").decode(),
)  # fmt: skip
def test_what_used_to_crash_is_one_line(words, capsys):
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and err.startswith("ridethrough: "), err


def test_a_link_that_somebody_else_answers():
    import socket

    with socket.socket(socket.AF_UNIX) as server:
        server.bind("l.control")
        server.listen()

        def serve():
            for reply in (b"nonsense\n", b"[]\n", b'{"error": {}}\n', b'{"sentence": 3, "exit_status": 1}\n'):
                client, _ = server.accept()
                with client:
                    client.recv(4096)
                    client.sendall(reply)

        thread = threading.Thread(target=serve)
        thread.start()
        for _ in range(4):
            assert main(["board", "trace", "--link", "l"]) == 2
        thread.join()


def test_an_event_of_a_file_may_lack_what_events_have():
    trace = Trace()
    trace.add_event(1, "ad1", since_us="x", name="n", self="s", t_us="t")
    assert trace.log[0].number("since_us") is None and json.dumps(dict(trace.log[0].data))
    assert [trace.log[0].number(key) for key in ("gone", "name")] == [None, None]
