"""The client of the board's line console, without input or output of its own.

Each operation is a generator: it yields a `Request`, gets the answer's text (None if none came in time)
sent back, and returns its result. The emulator's world and a serial port drive the same code.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Generator
from dataclasses import dataclass

ANSWER_TIMEOUT_US = 20_000_000
"""An ECDSA verification takes a Pico about a second, two of them and a 256 KiB hash less than five."""
ACTIVATE_TIMEOUT_US = 5_000_000
"""A board that activates resets instead of answering; then the command is sent again."""
TRIES = 3


@dataclass(frozen=True)
class Request:
    """A line to send; the answer is awaited for `timeout_us`."""

    line: str
    timeout_us: int = ANSWER_TIMEOUT_US


class Refused(Exception):
    """The board answered ERR."""


class NoAnswer(Exception):
    """The board did not answer, `TRIES` times."""


Operation = Generator[Request, str | None, str]


def ask(line: str, tries: int = TRIES, timeout_us: int = ANSWER_TIMEOUT_US) -> Operation:
    """One command; returns what follows OK."""
    for _ in range(tries):
        answer = yield Request(line, timeout_us)
        if answer is not None:
            status, _, rest = answer.partition(" ")
            if status == "OK":
                return rest
            raise Refused(rest)
    raise NoAnswer(line[:40])


def words(answer: str) -> dict[str, str]:
    """The `key=value` words of an answer."""
    return dict(word.split("=", 1) for word in answer.split() if "=" in word)


def push(image: bytes, block_bytes: int = 1024) -> Operation:
    """Sends an image and has it verified; goes on where the board says, after whatever went wrong."""
    ident = hashlib.sha256(image).hexdigest()[:32]
    offset = int(words((yield from ask(f"receive {len(image)} {ident}")))["next"])
    stalled = 0
    while offset < len(image):
        data = image[offset : offset + block_bytes]
        line = f"block {offset} {binascii.crc32(data):08x} {base64.b64encode(data).decode()}"
        try:
            answer = yield from ask(line)
        except Refused as e:
            answer = str(e)
            if "next" not in words(answer):
                raise
        after = int(words(answer)["next"])
        stalled = 0 if after > offset else stalled + 1
        if stalled > TRIES:
            raise Refused(answer)
        offset = after
    return (yield from ask("verify"))


def command(signed: bytes) -> Operation:
    """Sends a signed command once; a board that activates it says nothing before it is up again."""
    return (yield from ask(f"command {base64.b64encode(signed).decode()}", 1, ACTIVATE_TIMEOUT_US))


def await_outcome(signed: bytes, tries: int = 60) -> Operation:
    """Sends the same command until the answer is no longer `pending`: repeating it is harmless."""
    for _ in range(tries):
        try:
            answer = yield from command(signed)
        except NoAnswer:
            continue
        if not answer.startswith("pending"):
            return answer
        yield Request("", ACTIVATE_TIMEOUT_US)
    raise NoAnswer("command")
