"""Nothing that comes from outside reaches the terminal as it is: it is shown, on each of the ways out."""

import json
import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from ridethrough.cli import main
from ridethrough.reports.lines import joined, styled
from support import ROOT

EVIL = "\x1b]0;owned\x07\x9b31m\u202egnp\x7f"
SEEN = "\\x1b]0;owned\\x07\\x9b31m\\u202egnp\\x7f"
ROWS = "".join(f"{i},{12_000 - i % 2}\n" for i in range(9))


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def said(capsys, *words, status=None):
    got = main(list(words))
    assert status is None or got == status, got
    out, err = capsys.readouterr()
    for text in (out, err):
        assert not set(text) & {chr(c) for c in (*range(9), *range(11, 32), *range(127, 160), 0x202E)}, repr(text)
    return out, err


class Link:
    """A board that answers with what a terminal obeys."""

    def __init__(self, *_):
        self.asked = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def begin(self):
        pass

    def hello(self):
        return {"block": "1024", "board": "00", "counter": "0"}

    def perform(self, operation):
        self.asked += 1
        return f"name={EVIL} entry" if self.asked < 3 else ""

    def lines(self, seconds):
        yield f"* application {EVIL}"


@pytest.mark.parametrize("name", ["status", "log"])
def test_what_a_board_answers(name, monkeypatch, capsys):
    from ridethrough.cli import log, status

    monkeypatch.setattr({"status": status, "log": log}[name], "ConsoleLink", Link)
    assert SEEN in said(capsys, name, "--port", "x", status=0)[0]
    if name == "status":
        assert json.loads(said(capsys, name, "--port", "x", "--json", status=0)[0])["name"].startswith("\x1b]0;owned")


def test_what_a_board_says_to_a_push(monkeypatch, capsys):
    from ridethrough.cli import push
    from support import image

    Path("v.img").write_bytes(image())
    monkeypatch.setattr(push, "ConsoleLink", Link)
    assert SEEN in said(capsys, "push", "v.img", "--port", "x", status=0)[0]


def test_what_a_virtual_board_says(monkeypatch, capsys):
    from ridethrough.cli.board import hands, trace

    monkeypatch.setattr(hands, "ask_served", lambda *_, **__: {"board": EVIL})
    assert SEEN in said(capsys, "board", "status", status=0)[0]
    monkeypatch.setattr(trace, "ask_served", lambda *_, **__: {"sentence": EVIL, "exit_status": 3})
    assert SEEN in said(capsys, "board", "trace", status=3)[0]


def test_what_a_firmware_prints(capsys):
    Path("mine").mkdir()
    Path("mine/main.py").write_text(f"print({EVIL!r})\n")
    assert SEEN in said(capsys, "run", "--firmware", "mine", status=0)[0]


def test_names_of_files_and_channels(capsys):
    name = f"{EVIL}\n.csv"
    Path(name).write_text(f"time [s],{EVIL} (mV)\n{ROWS}")
    out, _ = said(capsys, "check", name, "--map", f"ch_mv={EVIL}", "--html", "p.html", status=3)
    assert f"{SEEN}\n.csv" in out and f"ch_mv from '{SEEN} (mV)'" in out
    assert SEEN in Path("p.html").read_text() and EVIL not in Path("p.html").read_text()
    _, err = said(capsys, "check", name, status=2)
    assert err.count("\n") == 1 and f"{SEEN}\\x0a.csv" in err
    _, err = said(capsys, "check", f"no{name}", status=2)
    assert err.count("\n") == 1 and SEEN in err
    with pytest.raises(SystemExit):
        main(["run", f"--nosuch={EVIL}"])
    assert SEEN in capsys.readouterr().err


def test_texts_of_toml_files(capsys):
    text = json.dumps(EVIL)
    Path("s.toml").write_text(f'title = {text}\n[world]\nduration = "20 s"\n')
    assert SEEN in said(capsys, "run", "s.toml", "--html", "s.html", "--picture", "s.svg", status=0)[0]
    title = next(e for e in ElementTree.parse("s.svg").getroot().iter() if e.tag.endswith("title"))
    assert title.text.startswith(SEEN) and SEEN in Path("s.html").read_text()
    Path("s.toml").write_text(f"title = 3\n{text} = 1\n")
    said(capsys, "run", "s.toml", status=2)
    Path("board").mkdir()
    Path("board/board.toml").write_text(f'extends = "rpi_pico"\n[board]\ntitle = {text}\n')
    Path("board/board.py").write_text((ROOT / "boards" / "rpi_pico" / "board.py").read_text())
    assert SEEN in said(capsys, "board", "show", "./board", "--svg", "w.svg", status=0)[0]
    assert any(e.text == SEEN for e in ElementTree.parse("w.svg").getroot().iter())
    rule = (ROOT / "tools/ridethrough/rules/library/mp102-wg-2020-04.toml").read_text()
    Path("r.toml").write_text(re.sub("note   = .*", lambda _: f"note = {text}", rule) + "# a\ttab\n")
    assert SEEN in said(capsys, "rules", "explain", "r.toml", status=0)[0]
    said(capsys, "rules", "draft", "r.toml", "-o", "d.html", status=0)
    assert main(["rules", "show", "r.toml"]) == 0 and "# a\ttab\n" in capsys.readouterr().out


def test_an_error_points_at_its_place_all_the_same(capsys):
    rule = (ROOT / "tools/ridethrough/rules/library/mp102-wg-2020-04.toml").read_text()
    Path("r.toml").write_text(rule.replace("forbid", "forbidden"))
    _, err = said(capsys, "rules", "explain", "r.toml", status=2)
    assert err.count("\n") == 3 and err.splitlines()[2].strip() == "^"


def test_a_terminal_with_colours_shows_the_same(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    from ridethrough.cli.terminal import terminal

    with terminal() as console:
        console.say(styled(EVIL, "bold"), joined("a", (EVIL, "red")))
        console.wrap(EVIL)
    out = capsys.readouterr().out
    assert out.count(SEEN) == 3 and "\x1b]0" not in out and "\x9b" not in out and "\x1b[1m" in out


def test_a_bar_takes_no_name_for_markup(monkeypatch, capsys):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    name = "[bold]\x1b]0;x.csv"
    Path(name).write_text(f"time [s],ch_mv\n{ROWS}")
    assert main(["check", name]) == 3
    err = capsys.readouterr().err
    assert "[bold]\\x1b]0;x.csv" in err and "\x1b]0;" not in err


def test_a_key_that_a_page_could_not_hold(tmp_path):
    from ridethrough.reports.page import Page, Td

    page = Page("t\x00\ufffe")
    page.table(EVIL, (EVIL,), [(Td(EVIL, title=EVIL, under=EVIL, link=EVIL),)])
    page.bullets([f"`{EVIL}` {EVIL}", "\udcff"])
    page.write(tmp_path / "p.html")
    html = (tmp_path / "p.html").read_text()
    assert html.count(SEEN) == 9 and "t\\x00\\ufffe" in html and "\\udcff" in html
    assert not set(html) & {chr(c) for c in (*range(9), *range(11, 32), *range(127, 160), 0x202E, 0xFFFE)}
