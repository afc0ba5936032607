"""TOML files read strictly: every key is asked for by name and type, and none may be left over.

Not a schema language: a reader asks a `Table` for what it needs and calls `done()`. Errors name the
file, the line, the key and the nearest known one.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from ridethrough.support.errors import BadInput, suggestion
from ridethrough.support.files import read_bounded
from ridethrough.support.quantities import parse_time_us
from ridethrough.support.text import shown

T = TypeVar("T")
_MISSING: Any = object()
FILE_BYTES_MAX = 256 * 1024
_DEPTH_MAX = 16
_ITEM = re.compile(r"(.*?)\[(\d+)\](?:\.(.+))?")
_DEEP_KEY = re.compile(r"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){200}""")
_WORDS: dict[Any, str] = {
    str: "a text", int: "a whole number", (int, float): "a number", bool: "true or false", dict: "a table",
    list: "a list",
}  # fmt: skip


class Table:
    """One table of a TOML file, `where` it stands, and which of its keys were read so far."""

    def __init__(
        self, source: Path, data: dict[str, Any], prefix: str = "", text: str = "", carets: bool = False
    ) -> None:
        self.source = source
        self._data = data
        self._prefix = prefix
        self.source_text = text
        self._carets = carets
        self._known: set[str] = set()

    @classmethod
    def load(cls, path: Path, typed: Mapping[int, str] | None = None, carets: bool = False) -> Table:
        """Reads `path`; BadInput if it is missing, too large, or no TOML. What is no TOML as it stands may be
        after a translation `typed` (a word processor's quotes). `carets`: errors show the line they are in."""
        try:
            text = read_bounded(path, FILE_BYTES_MAX, "file of ours").decode("utf-8-sig")
        except UnicodeDecodeError as e:
            raise BadInput(f"{path}: not UTF-8 text (byte {e.start})") from e
        return cls.of_text(path, text.replace("\r\n", "\n"), typed, carets)

    @classmethod
    def of_text(cls, path: Path, text: str, typed: Mapping[int, str] | None = None, carets: bool = False) -> Table:
        """What `path` holds, or would hold, with this text in it."""
        try:
            try:
                return cls(path, _read(path, text), text=text, carets=carets)
            except tomllib.TOMLDecodeError:
                translated = text.translate(typed or {})
                if translated == text:
                    raise
                return cls(path, _read(path, translated), text=text, carets=carets)
        except (ValueError, RecursionError) as e:
            where = re.search(r"line (\d+), column (\d+)", str(e)) if carets else None
            if where is None:
                raise BadInput(f"{path}: no TOML: {e}") from e
            line, column = int(where[1]), int(where[2])
            problem = f"{str(e).partition(' (at')[0].lower()}: {_mend(text, line, str(e))}"
            raise BadInput(f"{path}:{line}: {problem}{_pointing(text, line, column - 1)}") from e

    def fail(self, key: str, problem: str) -> BadInput:
        """The error to raise about `key`."""
        begin, end = self._section()
        name = shown(key, keep="")[:60]
        found = list(
            re.finditer(rf"^[ \t]*(?:[\w.]+\.)?{re.escape(key)}[ \t]*=[ \t]*", self.source_text[begin:end], re.M)
        )
        # the line is named only if there is no doubt which one it is
        if len(found) != 1:
            return BadInput(f"{self.source}: {self._prefix}{name}: {problem}")
        at = begin + found[0].end()
        line = self.source_text.count("\n", 0, at) + 1
        caret = _pointing(self.source_text, line, at - self.source_text.rfind("\n", 0, at) - 1) if self._carets else ""
        return BadInput(f"{self.source}:{line}: {self._prefix}{name}: {problem}{caret}")

    def _section(self) -> tuple[int, int]:
        # Where this table stands in the text; the whole text if that is not plain to see.
        begin, end = 0, len(self.source_text)
        name = self._prefix.rstrip(".")
        if item := _ITEM.fullmatch(name):
            # the nth of an array, up to the next; a table of its own in it has the array's name before its own
            headers = list(re.finditer(rf"^[ \t]*\[\[{re.escape(item[1])}\]\]", self.source_text, re.M))
            n = int(item[2])
            if n >= len(headers):
                return begin, end
            begin = headers[n].end()
            end = headers[n + 1].start() if n + 1 < len(headers) else end
            name = f"{item[1]}.{item[3]}" if item[3] else ""
        if name:
            header = re.compile(rf"^[ \t]*\[{re.escape(name)}\]", re.M).search(self.source_text, begin, end)
            if header is None:
                return begin, end
            begin = header.end()
        after = re.compile(r"^[ \t]*\[", re.M).search(self.source_text, begin, end)
        return begin, after.start() if after else end

    def has(self, key: str) -> bool:
        self._known.add(key)
        return key in self._data

    def _get(self, key: str, kind: type | tuple[type, ...], default: Any) -> Any:
        self._known.add(key)
        if key not in self._data:
            if default is _MISSING:
                import difflib

                near = difflib.get_close_matches(key, self._data.keys() - self._known, n=1, cutoff=0.6)
                meant = f"; is '{near[0]}' meant?" if near else ""
                raise BadInput(f"{self.source}: {self._prefix}{key} is missing{meant}")
            return default
        value = self._data[key]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self.fail(key, f"{_WORDS[kind]} expected, not {brief(value)!r}")
        return value

    def text(self, key: str, default: str = _MISSING) -> str:
        return self._get(key, str, default)  # type: ignore[no-any-return]

    def flag(self, key: str, default: bool = _MISSING) -> bool:
        return self._get(key, bool, default)  # type: ignore[no-any-return]

    def number(self, key: str, default: int = _MISSING, *, least: int = 0, most: int = 2**53) -> int:
        value = self._get(key, int, default)
        if value is not default and not least <= value <= most:
            raise self.fail(key, f"{brief(value)} is not within {least} to {most}")
        return value  # type: ignore[no-any-return]

    def thousandths(self, key: str, *, most: int) -> int:
        """A number such as 18.7, in thousandths: 18700. At most `most`, with at most three places."""
        value = self._get(key, (int, float), _MISSING)
        whole = round(value * 1000) if -1 <= value <= most else -1
        if whole < 0 or abs(whole - value * 1000) > 1e-6:
            raise self.fail(key, f"{brief(value)}: 0 to {most} expected, with at most three decimal places")
        return whole

    def time_us(self, key: str, default: int = _MISSING) -> int:
        """A key such as `at = "3 s"`."""
        value = self._get(key, str, None if default is not _MISSING else _MISSING)
        return default if value is None else self.parsed(key, parse_time_us, value)

    def choice(self, key: str, choices: tuple[str, ...], default: str = _MISSING) -> str:
        value = self.text(key, default)
        if value not in choices:
            raise self.fail(key, f"'{value}' is not known{suggestion(value, choices)}")
        return value

    def parsed(self, key: str, parse: Callable[[str], T], value: str) -> T:
        """`parse(value)`, its BadInput moved to where `key` stands."""
        try:
            return parse(value)
        except BadInput as e:
            raise self.fail(key, str(e)) from e

    def table(self, key: str) -> Table:
        """A sub-table; empty if it is not there."""
        value = self._get(key, dict, {})
        return Table(self.source, value, f"{self._prefix}{shown(key, keep='')[:60]}.", self.source_text, self._carets)

    def tables(self, key: str) -> list[Table]:
        """An array of tables (`[[key]]`); empty if it is not there."""
        value = self._get(key, list, [])
        if not all(isinstance(v, dict) for v in value):
            raise self.fail(key, "an array of tables expected")
        return [Table(self.source, v, f"{key}[{i}].", self.source_text, self._carets) for i, v in enumerate(value)]

    def raw(self, key: str) -> Any:
        """Whatever stands at `key`, None if nothing does; the caller checks it."""
        self._known.add(key)
        return self._data.get(key)

    def everything(self) -> dict[str, Any]:
        """The table as it was read."""
        return self._data

    def done(self) -> None:
        """No key may be left over."""
        for key in self._data:
            if key not in self._known:
                raise self.fail(key, f"unknown key{suggestion(key, self._known)}")


def brief(value: Any) -> str:
    """The beginning of whatever was written, for an error."""
    try:
        return str(value)[:40]
    except ValueError:
        return "a number of too many digits"


def _flat_enough(path: Path, data: dict[str, Any]) -> dict[str, Any]:
    # dotted keys nest as deep as a file is long
    level: list[Any] = [data]
    for _ in range(_DEPTH_MAX):
        level = [x for v in level for x in (v.values() if isinstance(v, dict) else v) if isinstance(x, dict | list)]
        if not level:
            return data
    raise _too_deep(path)


def _read(path: Path, text: str) -> dict[str, Any]:
    # tomllib takes memory by the square of a dotted key's parts: gigabytes for a line of a hundred kilobytes
    if _DEEP_KEY.search(text):
        raise _too_deep(path)
    return _flat_enough(path, tomllib.loads(text))


def _too_deep(path: Path) -> BadInput:
    return BadInput(f"{path}: tables in tables, more than {_DEPTH_MAX} deep: nothing of ours is")


def _mend(text: str, line: int, problem: str) -> str:
    if "overwrite" in problem or "twice" in problem:
        return "this key stands there twice; one of them has to go"
    written = (text.split("\n") + [""] * line)[line - 1].partition("=")[2].strip()
    if written == "?":
        return 'not decided is written "?", in quotes'
    if re.match(r"[\w<>≤≥+-]", written) and re.match(r"[\d.+-]*[ \w]*[A-Za-z ]", written):
        return f'a text wants straight quotes: "{written[:40]}"'
    if re.match(r"""("[^"\n]*"|'[^'\n]*')[ \t]*[^#\s]""", written):
        return "after the value only a remark may follow, and a remark begins with #"
    if "newline" in problem.lower() or "illegal character '\\n'" in problem.lower():
        return "a text begins and ends on one line"
    return 'each line is KEY = "TEXT", with straight quotes'


def _pointing(text: str, line: int, column: int) -> str:
    lines = text.split("\n")
    words = lines[line - 1][:160] if line <= len(lines) else ""
    words = "".join(c if c.isprintable() else " " for c in words)
    return f"\n    {words}\n    {' ' * min(column, len(words))}^"


def merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """`below` with everything that `above` says anew, table by table; lists are replaced whole."""
    result = dict(below)
    for key, value in above.items():
        old = result.get(key)
        result[key] = merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return result
