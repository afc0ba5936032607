"""Text that came from outside, as it can be shown: a device, a file's name or a TOML file may hold what a terminal
obeys (escape sequences), what turns a line round, or what no encoding has.
"""

from __future__ import annotations

import re

# C0, DEL, C1; the embeddings, overrides and isolates of bidirectional text; halves of surrogate pairs, no characters
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")

_PLACE = re.compile(r"\n {4}[^\n]*\n {4} *\^\Z")


def shown(text: str, keep: str = "\n") -> str:
    r"""`text` with everything that is not to be seen written out (`\x1b`, `\u202e`), but for what is in `keep`."""
    return _UNSEEN.sub(lambda found: found[0] if found[0] in keep else _written_out(ord(found[0])), text)


def _written_out(code: int) -> str:
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def message(text: str) -> str:
    """An error's one line; the two below it that show a place in a file stay lines."""
    place = _PLACE.search(text)
    at = place.start() if place else len(text)
    return shown(text[:at], keep="") + shown(text[at:])


def utf8(text: str) -> bytes:
    r"""The bytes of a file of ours; what no encoding has (a file's name that is no UTF-8) is written out, `\udcff`."""
    return text.encode("utf-8", "backslashreplace")
