"""The README is true: its output is real, its commands run, its links lead somewhere."""

import re
import shlex
from pathlib import Path

import pytest
from ridethrough.cli import main
from support import ROOT

README = (ROOT / "README.md").read_text()
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "boards").rglob("*.md")]


PYTHON = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "first-run.md").read_text(), re.DOTALL)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


SHOWN = [
    (page.name, command, shown)
    for page in PAGES
    for command, shown in re.findall(
        r"<!-- output of: ridethrough (.*?) -->\n```\n(.*?)\n```", page.read_text(), re.DOTALL
    )
]


@pytest.mark.parametrize(("page", "command", "shown"), SHOWN, ids=[f"{page} {command}" for page, command, _ in SHOWN])
def test_the_output_is_real(tmp_path, capsys, page, command, shown):
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    main(shlex.split(command))
    assert capsys.readouterr().out.rstrip() == shown


def test_outputs_are_shown():
    assert {page for page, _, _ in SHOWN} >= {"README.md", "first-run.md", "debugging.md"}


def test_the_readme_is_short():
    assert len(README.splitlines()) <= 120


def commands(text):
    found = re.findall(r"^    \.venv/bin/ridethrough (.*?)(?:  +#.*)?$", text, re.MULTILINE)
    assert len(found) >= 5
    return [shlex.split(line) for line in found]


BROKEN = ({"legacy_long_reboot"}, {"chatter", "--rule"}, {"rules", "compare"})
"""Words of commands that end with status 1: the rule is broken, the rules differ."""


@pytest.mark.parametrize("page", ["README.md", "docs/commands.md"])
def test_every_command_runs_in_order(tmp_path, capsys, page):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "main.py").write_text("print('mine')\n")
    for command in commands((ROOT / page).read_text()):
        assert main(command) == int(any(words <= set(command) for words in BROKEN)), command


def test_every_command_for_spec_authors_runs(monkeypatch):
    # as a reader would: answer, leave one question open, decide it when `open` has said what it does
    answers = iter(["No cut of three minutes", "a meeting", "", "", "?"])
    monkeypatch.setattr("builtins.input", lambda prompt: next(answers, ""))
    for command in commands((ROOT / "docs" / "spec-authors.md").read_text()):
        # the audit takes half a minute, and has tests of its own
        if command[1] != "audit":
            assert main(command) == int("compare" in command), command
        if command[1] == "open":
            mine = Path("my-rule.toml")
            mine.write_text(mine.read_text().replace('"?"', '"reboot"'))


def test_the_python_example(capsys):
    sources = re.findall(r"```python\n(.*?)```", README, re.DOTALL) + PYTHON[:1]
    assert len(sources) == 2
    for source in sources:
        exec(source, {})
        assert capsys.readouterr().out.startswith("0 []\nPASS")


def test_the_hostile_world_of_the_first_run_finds_the_false_alert():
    names = {"__name__": "theirs"}
    exec(PYTHON[1], names)
    with pytest.raises((AssertionError, ExceptionGroup)) as error:
        names["TestLegacy"]("runTest").runTest()
    assert "darkness" in repr(error.value) or "false-ad1" in repr(error.value)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        assert "://" in target or (page.parent / target).exists(), target


def test_every_documentation_page_that_the_code_names_is_there():
    named = set()
    for folder in ("tools", "firmware", "boards"):
        for path in (ROOT / folder).rglob("*.py"):
            named |= set(re.findall(r"docs/[a-z-]+\.md", path.read_text()))
    assert named and all((ROOT / page).exists() for page in named), named


def test_the_pictures_are_of_this_version():
    for name, scenario in (("ride-through", "update"), ("legacy", "legacy_long_reboot")):
        main(["run", scenario, "--picture", "new.svg", "--quiet"])
        assert Path("new.svg").read_text() == (ROOT / "docs" / "pictures" / f"{name}.svg").read_text(), (
            "run make pictures"
        )
