"""What came from outside is shown, and never obeyed by a terminal."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ridethrough.support.text import message, shown, utf8

BIDI = [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]


def test_everything_that_is_obeyed_or_unseen_is_written_out():
    for code in (*range(0x20), *range(0x7F, 0xA0), *BIDI, 0xD800, 0xDCFF, 0xDFFF, 0xFFFE, 0xFFFF):
        text = shown(f"a{chr(code)}b", keep="")
        assert text == (f"a\\x{code:02x}b" if code < 0x100 else f"a\\u{code:04x}b")


@pytest.mark.parametrize("text", ["", "plain", "Zähler, 12 Ω, ≥ 3 min, 電力計, 🔌", "a\nb", "\\x1b"])
def test_what_is_text_stays(text):
    assert shown(text) == text


@given(st.text())
def test_nothing_else_changes(text):
    left = "".join(c for c in shown(text) if not c.isprintable())
    assert not set(left) & {chr(code) for code in (*range(0x0A), *range(0x0B, 0x20), *range(0x7F, 0xA0), *BIDI)}
    shown(text).encode()
    utf8(text)


def test_tabs_are_kept_where_they_are_wanted():
    assert shown("a\tb") == "a\\x09b" and shown("a\tb", keep="\t") == "a\tb" and shown("a\nb", keep="") == "a\\x0ab"


def test_an_error_is_one_line_and_its_place_two_more():
    place = "\n    forbid = 'x'\n           ^"
    assert message(f"a\nb.toml:1: bad{place}") == f"a\\x0ab.toml:1: bad{place}"
    assert message("x\n^") == "x\\x0a^" and message("\x1b[2J") == "\\x1b[2J"


def test_what_no_encoding_has_can_be_written():
    assert utf8("\udcff.csv") == b"\\udcff.csv" and utf8("Ω") == "Ω".encode()
    assert sys.getdefaultencoding() == "utf-8"
