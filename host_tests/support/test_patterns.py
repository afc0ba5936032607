"""Patterns that somebody else wrote end in time, on whatever line."""

import re
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ridethrough.boards import Board
from ridethrough.support.patterns import line_max, safe_pattern

SLOW = [
    "(a+)+b",
    "(a*)*b",
    "(a|a)*b",
    "(a|aa)+$",
    "([a-z]+)*x",
    "(x+x+)+y",
    "((a?)b?)*c",
    "(.*?,){20}x",
    "(a)\\1+",
    "(?:a+){9}b",
]


@pytest.mark.parametrize("pattern", SLOW)
def test_what_can_take_for_ever_is_refused(pattern):
    with pytest.raises(ValueError, match="can take for ever"):
        safe_pattern(pattern)


@pytest.mark.parametrize("name", ["rpi_pico", "esp32_devkit", "pybd_sf2"])
def test_our_own_patterns_are_taken_and_see_long_lines(name):
    board = Board.load(name)
    assert board.signals and all(line_max(p) >= 200 for p in board.signals.values())


ATOMS = st.sampled_from(
    ["a", "b", ".", "[ab]", "\\d", "(a)", "(ab)?", "a?", "b{2,3}", "a*", ".*", ".+?", "(?:a|b)", "(?P<x>a*)?"]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(ATOMS, min_size=1, max_size=7).map("".join))
@example(".*" * 7)
@example(".*.*.*.*=.*")
def test_whatever_is_taken_ends_in_time(text):
    """The bound on a line's length is what keeps it: each pattern meets the longest line that it is held against."""
    try:
        pattern = safe_pattern(text)
    except ValueError:
        return
    began = time.process_time()
    pattern.fullmatch("a" * (line_max(pattern) - 1) + "!")
    assert time.process_time() - began < 20
    assert isinstance(pattern, re.Pattern)
