"""MicroPython source without its comments: what a board is given. It compiles each byte at every start, and comments
take a quarter of ours. Lines keep their numbers, for tracebacks."""

from __future__ import annotations

import io
import tokenize
from functools import lru_cache


@lru_cache(maxsize=256)
def bare(source: bytes) -> bytes:
    """`source` without comments; as it is if it is no Python."""
    try:
        text = source.decode()
        lines = text.splitlines(keepends=True)
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                row, column = token.start
                lines[row - 1] = lines[row - 1][:column].rstrip() + "\n"
    except (tokenize.TokenError, SyntaxError, UnicodeDecodeError, IndexError):
        return source
    return "".join(lines).encode()
