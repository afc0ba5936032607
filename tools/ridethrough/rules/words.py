"""What people write, in the few words that the rule language has: text from a word processor, numbers in
words, signs for words, and boundaries (`3 min or more`, `more than 3 min`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from ridethrough.support.errors import BadInput
from ridethrough.support.quantities import parse_time_us, show_time

WORD_PROCESSOR = str.maketrans(
    {
        "\u00a0": " ", "\u2009": " ", "\u202f": " ", "\u2007": " ", "\u200b": "", "\ufeff": "",
        "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2212": "-",
        "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2026": "...",
    }
)  # fmt: skip
_SMALL = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen".split()
_NUMBERS = {word: i for i, word in enumerate(_SMALL)}
_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
_NUMBERS |= _TENS | {f"{ten}-{_SMALL[i]}": n + i for ten, n in _TENS.items() for i in range(1, 10)}
_NUMBERS |= {"a hundred": 100, "half an": 0.5}  # type: ignore[dict-item]
_ONE = re.compile(r"(?i)(?<!half )\b(?:an?|one)(?= (?:microsecond|millisecond|second|minute|hour|day|week)\b)")
_TIMES = {"once": 1, "twice": 2, "thrice": 3}
_ANY_NUMBER = re.compile(rf"(?i)\b(?:{'|'.join(_NUMBERS)})\b")
_UNITS = (
    (r"microseconds?|µs", "us"), (r"milliseconds?|msecs?", "ms"), (r"seconds?|secs?", "s"), (r"minutes?|mins?", "min"),
    (r"hours?|hrs?", "h"), (r"days?", "d"), (r"weeks?", "weeks"),
    (r"volts?", "V"), (r"millivolts?", "mV"), (r"per cent|percent", "%"),
)  # fmt: skip
_TEXT_MAX = 100
DAY_US = 24 * 3600 * 10**6
_OR_MORE = re.compile(
    r"(?:(?P<a>.+?) (?:or|and) (?:more|longer|over|above)"
    r"|(?:at least|no less than|not less than|no fewer than|>=|≥) ?(?P<b>.+))"
)
_MORE_THAN = re.compile(r"(?:more than|longer than|greater than|over|exceeding|in excess of|>) ?(?P<a>.+)")
_NOT_MORE = re.compile(
    r"(?:at most|no more than|not more than|no longer than|not longer than|not over|not exceeding|up to"
    r"|(?:a )?maximum(?: of)?|max\.?|(?:less|shorter|fewer) than or equal to|< ?=|≤) ?(?P<a>.+)"
    r"|(?P<b>.+?) (?:or|and) (?:less|shorter|under|below|fewer)"
)
_LESS = re.compile(r"(?:less than|shorter than|fewer than|under|below|<) ?(?P<a>.+)")
_COMMA = re.compile(r"\d,\d")


@lru_cache(maxsize=1024)
def plain(text: str) -> str:
    """`text` as it would be typed: no word processor's characters, numbers and units in short."""
    text = _ONE.sub("1", " ".join(text.translate(WORD_PROCESSOR).split()).rstrip("."))
    words = _NUMBERS if _ANY_NUMBER.search(text) else {}
    for word, number in sorted(words.items(), key=lambda item: -len(item[0])):
        text = re.sub(rf"(?i)\b{word}\b(?: \(\d+\))?(?=[ -]?[a-z%])", f"{number}", text)
    for pattern, unit in _UNITS:
        text = re.sub(rf"(?i)(?<=\d)[ -]?(?:{pattern})\b", f" {unit}", text)
    return text


@lru_cache(maxsize=256)
def time_us(text: str) -> int:
    """Microseconds of `3 min`, `three minutes`, `1 min 30 s`, `30 d`. BadInput if it is no time."""
    if len(text) > _TEXT_MAX:
        raise BadInput(f"'{text[:40]}...' is no time; write it like '3 min'")
    text = plain(text)
    if _COMMA.search(text):
        raise BadInput(f"'{text[:40]}': write a decimal point, such as 2.5 min; a comma reads two ways")
    parts = re.findall(r"\d+(?:\.\d+)? ?[a-zA-Zµ]+", text)
    if len(parts) < 2 or " ".join(parts) != text:
        parts = [text]
    return sum(_one_time_us(part) for part in parts)


def _one_time_us(text: str) -> int:
    days = re.fullmatch(r"(\d+) ?(d|weeks)", text)
    if days is None:
        return parse_time_us(text)
    n = int(days[1]) * (7 if days[2] == "weeks" else 1)
    if n > 400:
        raise BadInput(f"'{text}' is longer than 400 days")
    return n * DAY_US


def show_span(us: int) -> str:
    """A time for people, in the unit in which it is a whole number."""
    for unit_us, unit in ((DAY_US, "d"), (3600 * 10**6, "h"), (60 * 10**6, "min")):
        if us and us % unit_us == 0:
            return f"{us // unit_us} {unit}"
    return show_time(us)


@dataclass(frozen=True)
class Boundary:
    """`N or more` (inclusive) or `more than N`."""

    limit: int
    inclusive: bool

    def broken_by(self, amount: float) -> bool:
        return amount >= self.limit if self.inclusive else amount > self.limit

    def show(self, number: str) -> str:
        """In the language's words."""
        return f"{number} or more" if self.inclusive else f"more than {number}"

    def show_times(self) -> str:
        """The same of a count: `more than once`, `2 or more times`."""
        if self.inclusive:
            return f"{self.limit} or more times" if self.limit != 1 else "once or more"
        return {1: "more than once", 2: "more than twice"}.get(self.limit, f"more than {self.limit} times")


@lru_cache(maxsize=256)
def lasting(text: str) -> Boundary:
    """A time with its boundary. BadInput if it has none: that is the whole question."""
    words, number, inclusive = _boundary(text)
    if number is None:
        _refuse_allowed(words, "lasting")
        if not re.fullmatch(r"\d[\d.]* ?[a-zµ]+", words):
            raise BadInput(
                f"'{words[:40]}' is no limit: write '3 min or more' or 'more than 3 min', or leave the key out"
            )
        raise BadInput(f"'{words[:40]}' has no boundary: write '{words} or more' or 'more than {words}'")
    return Boundary(time_us(number), inclusive)


@lru_cache(maxsize=256)
def times(text: str) -> Boundary:
    """A count with its boundary: `2 or more`, `more than 4`."""
    counted = re.sub(r"(?i)\b(once|twice|thrice)\b", lambda m: str(_TIMES[m[1].lower()]), plain(text))
    words, number, inclusive = _boundary(re.sub(r" times?\b", "", counted))
    if number is None:
        _refuse_allowed(words, "times")
        if words == "0":
            raise BadInput("'0' has no boundary: write 'more than 0', or '1 or more'")
        if words.isdecimal():
            raise BadInput(f"'{words[:40]}' has no boundary: write '{words[:40]} or more' or 'more than {words[:40]}'")
    number = str(_NUMBERS.get(number or "", number))
    if number == "0" and inclusive:
        raise BadInput("'0 or more' is broken by no cut at all: write '1 or more'")
    if not number.isdecimal() or len(number) > 7 or int(number) > 10**6:
        raise BadInput(f"'{words[:40]}' is no count: write '2 or more' or 'more than 4'")
    return Boundary(int(number), inclusive)


def _refuse_allowed(words: str, key: str) -> None:
    # What is allowed, where a key says what is forbidden: taken as it stands, it would be the reverse.
    words = re.sub(r"^(is|are|lasting) ", "", words)
    for pattern, complement in ((_NOT_MORE, "more than {}"), (_LESS, "{} or more")):
        if match := pattern.fullmatch(words):
            number = next(g for g in match.groups() if g)[:40]
            raise BadInput(
                f"'{words[:40]}' says how much is allowed, and `{key}` says how much is forbidden: write "
                f"'{complement.format(number)}'"
            )


def at_most(text: str) -> Boundary | None:
    """Of `at most D` or `less than D`: the boundary from which on it is more. None if it is neither."""
    words = plain(text)
    if match := _NOT_MORE.fullmatch(words):
        return Boundary(time_us(match["a"] or match["b"]), False)
    if match := _LESS.fullmatch(words):
        return Boundary(time_us(match["a"]), True)
    return None


def _boundary(text: str) -> tuple[str, str | None, bool]:
    words = re.sub(r"^(?:is|are|lasting|lasts) ", "", plain(text))
    if match := _OR_MORE.fullmatch(words):
        return words, match["a"] or match["b"], True
    if match := _MORE_THAN.fullmatch(words):
        return words, match["a"], False
    return words, None, False
