"""What the words of a VCD's changes say: levels, numbers and texts."""

from __future__ import annotations

import re
from collections.abc import Callable

from ridethrough.traces.readers.source import WORD_BYTES_MAX, Value

Said = Callable[[bytes], Value]
"""What a word such as `1`, `b1010`, `r12.5` or `sidle` says; ValueError, with the word and why, if it is no value."""
SCALARS = b"01xXzZuUwWlLhH-"
LONGER = b"bBrRsS"
"""How a value begins after which the signal stands as a word of its own."""
_BITS_MAX = 64
_NUMBER_MAX = 1e12
_SHORT = 40
_STRENGTHS = bytes.maketrans(b"LlHh", b"0011")
_UNKNOWN_BITS = b"01xXzZuUwW-"
_UNKNOWN_REALS = ("nan", "inf", "#ind", "x", "z")
_ESCAPED = re.compile(r"\\(?:([0-7]{3})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def level(word: bytes) -> float | None:
    """0 or 1; None for anything else."""
    if word[:1] in b"rRsS":
        value = _real(word)
        return value if value in (0.0, 1.0) else None
    bits = _bits(word)
    if bits is None:
        return None
    bits = bits.lstrip(b"0")
    return 0.0 if not bits else 1.0 if bits == b"1" else None


def number(bits: int, signed: bool) -> Said:
    """The reader of a number of so many bits."""

    def said(word: bytes) -> float | None:
        if word[:1] in b"rR" and len(word) <= _SHORT:
            # the usual case, millions of times
            try:
                value = float(word[1:])
            except ValueError:
                return _real(word)
            return value if -_NUMBER_MAX < value < _NUMBER_MAX else None
        if word[:1] in b"rRsS":
            return _real(word)
        digits = _bits(word)
        if digits is None:
            return None
        if len(digits.lstrip(b"0")) > _BITS_MAX:
            raise wrong(word, f"is wider than {_BITS_MAX} bits")
        whole = int(digits, 2)
        if signed and len(digits) == bits and digits[:1] == b"1":
            whole -= 1 << bits
        return float(whole)

    return said


def text(word: bytes) -> str | None:
    """The text of a string's change, its escapes undone: a blank is \\040 or \\x20 where it is written at all."""
    if word[:1] not in b"sS":
        return None
    _bound(word)
    said = word[1:].decode("latin-1")
    return _ESCAPED.sub(_unescaped, said) if "\\" in said else said


def event(word: bytes) -> float:
    """Whatever is written of an event: it happened."""
    return 1.0


def wrong(word: bytes, why: str) -> ValueError:
    """Of a word."""
    return ValueError(f"'{shown(word)}' {why}")


def shown(word: bytes) -> str:
    """A word in a message."""
    return "".join(c if c.isprintable() else "?" for c in word[:30].decode("latin-1"))


def _bits(word: bytes) -> bytes | None:
    # the digits of a scalar or a vector, None if one is not known
    _bound(word)
    digits = (word[1:] if word[:1] in b"bB" else word).translate(_STRENGTHS)
    if digits[:2] == b"0b":
        digits = digits[2:]  # as Python spells it
    if not digits or digits.translate(None, _UNKNOWN_BITS):
        raise wrong(word, "is no value")
    return None if digits.strip(b"01") else digits


def _real(word: bytes) -> float | None:
    if word[:1] in b"sS":
        return None
    _bound(word)
    said = word[1:]
    try:
        value = float(said)
    except ValueError:
        # 1.#INF, -nan(ind), x: each C library has its own
        if any(name in said.lower().decode("latin-1") for name in _UNKNOWN_REALS):
            return None
        raise wrong(word, "is no value") from None
    return value if abs(value) < _NUMBER_MAX else None


def _bound(word: bytes) -> None:
    if len(word) > WORD_BYTES_MAX:
        raise wrong(word, f"is longer than {WORD_BYTES_MAX} bytes")


def _unescaped(match: re.Match[str]) -> str:
    if match[3] is not None:
        return _ESCAPES.get(match[3], match[3])
    return chr(int(match[1], 8) & 0xFF if match[1] else int(match[2], 16))
