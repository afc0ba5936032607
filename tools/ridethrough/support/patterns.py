"""Regular expressions that somebody else wrote, kept from taking for ever.

Python's engine backtracks: a repeat within a repeat takes exponential time on a line that does not match, and each
further open repeat one more power of the line's length. So the first is refused, and the second gets shorter lines.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

_parse: Any = importlib.import_module("re._parser").parse
"""Python's own reading of a pattern. It has no public name since `sre_parse` is deprecated."""
_STEPS_MAX = 20_000_000
_OPEN = 16
"""A repeat that may go on for longer counts as open."""
_LINE_MAX = 4096


def safe_pattern(text: str) -> re.Pattern[str]:
    """Compiles `text`. ValueError says why not."""
    try:
        pattern = re.compile(text)
        for _ in _open_repeats(_parse(text), inside=False):
            pass
    except (re.error, OverflowError, RecursionError) as e:
        raise ValueError(f"no regular expression: {e}") from e
    return pattern


@lru_cache(maxsize=1024)  # each board that is started asks anew, which was a seventh of a boot
def line_max(pattern: re.Pattern[str]) -> int:
    """Longer lines are not held against it: that could take for minutes."""
    count = sum(1 for _ in _open_repeats(_parse(pattern.pattern), inside=False))
    return min(_LINE_MAX, int(_STEPS_MAX ** (1 / count))) if count else _LINE_MAX


def _open_repeats(parsed: Any, inside: bool) -> Iterator[None]:
    # One for each repeat that is open. ValueError at one within another, and at what looks back.
    for op, argument in parsed:
        name = str(op)
        if name in ("GROUPREF", "GROUPREF_EXISTS"):
            raise ValueError("a pattern that looks back at a group can take for ever: write it without")
        if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            least, most, body = argument
            varies = least != most
            if inside and (varies or most > _OPEN):
                raise ValueError("a repeat within a repeat can take for ever, as in (a+)+: write it without")
            if most > _OPEN:
                yield None
            yield from _open_repeats(body, inside or most > 1)
        elif name == "BRANCH":
            if inside:
                raise ValueError("alternatives within a repeat can take for ever, as in (a|b)+: write [ab]+")
            for one in argument[1]:
                yield from _open_repeats(one, inside)
        elif name == "SUBPATTERN":
            yield from _open_repeats(argument[3], inside)
        elif name in ("ASSERT", "ASSERT_NOT"):
            yield from _open_repeats(argument[1], inside)
        elif name == "ATOMIC_GROUP":
            yield from _open_repeats(argument, inside)
