"""board.toml: what is wrong with one is said in one line, and one's own may extend one of ours."""

from pathlib import Path

import pytest
from ridethrough import BadInput, Board
from ridethrough.boards.check import problems
from support import PICO


def board_with(tmp_path, change):
    directory = tmp_path / "mine"
    directory.mkdir()
    (directory / "board.toml").write_text(change(PICO.directory.joinpath("board.toml").read_text()))
    return str(directory)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('kind = "pull"', 'kind = "pul"', r"did you mean 'pull'\?"),
        ("gpio = 17", "gpio = 16", "gpio 16 is already ch_enable's"),
        ("ac_ok  ", "ac_okay  ", r"unknown pin; did you mean 'ac_ok'\?"),
        ("wdt_ms_max", "wdt_max_ms", "wdt_ms_max is missing"),
        ("erase_us        = 45000", "erase_us = -1", "-1 is not within"),
        ("[hold]", "[holds]", "hold.kind is missing|kind is missing"),
        ("phase       = '", "phase = '(", "no regular expression"),
        ('"e660000000000101"', '"e66"', "12 to 24 hexadecimal digits"),
        ('mains         = { gpio = 18, label = "GP18, pin 24" } ', "", "pins.mains is missing"),
        ("page_bytes      = 256", "page_bytes = 300", "power of two"),
        ("blocks          = 352", "blocks = 65536", "at most"),
        ("hal_us                 = 3", "hal_us = 0", "0 is not within 1"),
        ("poll_us                = 18", "poll_us = 0", "0 is not within 1"),
        ("import_py_us_per_byte  = 21.7", "import_py_us_per_byte = 18.7777", "with at most three decimal places"),
        ("import_py_us_per_byte  = 21.7", "import_py_us_per_byte = nan", "with at most three decimal places"),
        ("import_py_us_per_byte  = 21.7", 'import_py_us_per_byte = "1"', "a number expected"),
        ('console            = "usb"', 'console = "radio"', "'radio' is not known"),
        ("confirm     = '", "confirm = '(x+x+)+y", "a repeat within a repeat can take for ever"),
        ("(?P<kind>", "(?P<sort>", r"\(\?P<kind>\.\.\.\) is missing"),
        ("phase       = '", "phase = 'a{99999999999999999999}", "no regular expression"),
        ("confirm     =", "reset =", "no event of a board"),
        ("confirm     =", '"a b" =', "no event of a board"),
        ("(?P<text>", "(?P<words>", r"\(\?P<text>\.\.\.\) is missing"),
        ("[chip.glitching]", "[chip.glitching]\n" + "9" * 5000 + " = 'x'", "the number of a GPIO"),
        ("erase_us        = 45000", "erase_us = 0x" + "f" * 3600, "a number of too many digits is not within"),
    ],
)
def test_a_board_that_is_not_sound(tmp_path, old, new, said):
    with pytest.raises(BadInput, match=said) as error:
        Board.load(board_with(tmp_path, lambda text: text.replace(old, new, 1)))
    assert "\n" not in str(error.value)


def test_a_board_of_ones_own_directory(tmp_path):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "board.toml").write_text('extends = "rpi_pico"\n[board]\ntitle = "mine"\n')
    (tmp_path / "x" / "board.py").write_text("")
    mine = Board.load(str(tmp_path / "x"))
    assert mine.title == "mine" and mine.pins == PICO.pins
    (tmp_path / "x" / "board.toml").write_text('extends = "rpi_pico_w"\n[signals]\nstarted = "up"\n')
    third = Board.load(str(tmp_path / "x"))
    assert third.wifi and third.pins == PICO.pins and third.signals.keys() > PICO.signals.keys()
    (tmp_path / "x" / "board.toml").write_text('extends = "../../etc"\n')
    with pytest.raises(BadInput, match="no board's name"):
        Board.load(str(tmp_path / "x"))


@pytest.mark.parametrize(
    "text",
    ["(" * 300, "[" * 5000, "x = 1\0", "HARDWARE = 0x" + "f" * 5000, "HARDWARE = {[]: 1}", "\ufeff"],
    ids=range(6),
)
def test_a_board_py_that_python_cannot_read(tmp_path, text):
    directory = Path(board_with(tmp_path, lambda toml: toml))
    (directory / "board.py").write_text(text)
    found = list(problems(Board.load(str(directory))))
    assert found and not any("\n" in problem for problem in found)
