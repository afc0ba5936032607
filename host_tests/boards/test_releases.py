"""Which MicroPython a board must run, and what is said of another."""

import pytest
from ridethrough.boards.releases import NEWEST, OLDEST, refusal, release_of, shown, warning
from ridethrough.cli.consoles import release_notes
from support import ROOT


@pytest.mark.parametrize(
    ("port", "platform", "release", "said"),
    [
        ("rp2", "rp2", (1, 23, 0), ""),
        ("stm32", "pyboard", (1, 29, 0), ""),
        ("rp2", "rp2", (1, 22, 2), "MicroPython 1.22.2 runs there: the firmware needs 1.23 or newer"),
        ("rp2", "rp2", (0, 99), "MicroPython 0.99 runs there: the firmware needs 1.23 or newer"),
        ("esp32", "rp2", (1, 28, 0), "MicroPython for rp2 runs there, and the board is of the port esp32"),
        ("rp2", "linux", (1, 28, 0), "MicroPython for linux runs there, and the board is of the port rp2"),
    ],
)
def test_what_is_refused(port, platform, release, said):
    assert refusal(port, platform, release) == said


@pytest.mark.parametrize(
    ("release", "said"), [((1, 29, 3), False), ((1, 30, 0), True), ((2, 0), True), ((1, 23), False)]
)
def test_what_is_warned_of(release, said):
    assert bool(warning(release)) == said


@pytest.mark.parametrize(
    ("text", "release"),
    [
        ("1.28.0", (1, 28, 0)),
        ("1.30", (1, 30)),
        ("", None),
        ("1", None),
        ("1.x.0", None),
        ("1.2.3.4", None),
        ("1.9999", None),
    ],
)
def test_what_a_board_says_of_its_release(text, release):
    assert release_of(text) == release


@pytest.mark.parametrize(
    ("hello", "said"),
    [
        ({}, []),
        ({"micropython": "1.28.0", "port": "rp2"}, []),
        ({"micropython": "1.20.0", "port": "rp2"}, ["MicroPython 1.20.0 runs there: the firmware needs 1.23 or newer"]),
        (
            {"micropython": "9.9.9"},
            ["MicroPython 9.9.9 runs there: newer than 1.29, against which the firmware was checked"],
        ),
        ({"micropython": "\x1b[31m"}, []),
    ],
)
def test_notes_of_what_runs_on_a_board(hello, said):
    assert list(release_notes(hello)) == said


@pytest.mark.parametrize(
    "page", ["README.md", "docs/boards.md", *(f"boards/{p.name}/README.md" for p in (ROOT / "boards").iterdir())]
)
def test_every_page_names_the_oldest_and_the_newest(page):
    assert f"MicroPython {shown(OLDEST)} to {shown(NEWEST)}" in (ROOT / page).read_text()
