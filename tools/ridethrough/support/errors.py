"""What a user did that cannot be done, said in one line.

Everything that reads what people write or bring raises `BadInput`; the CLI prints it and ends with
status 2. It is never used for a defect of ours.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class BadInput(Exception):
    """One line: what is wrong, where, and how to mend it."""


def suggestion(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` for the nearest of `known`, else a list of them all, else nothing."""
    names = sorted(known)
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if near:
        return f"; did you mean '{near[0]}'?"
    return f"; known: {', '.join(names)}" if names else ""
