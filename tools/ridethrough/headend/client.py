"""The client of the board's line console, without input or output of its own.

Each operation is a generator: it yields a `Request`, gets the answer's text (None if none came in time)
sent back, and returns its result. The emulator's world and a serial port drive the same code.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Generator
from dataclasses import dataclass

ANSWER_TIMEOUT_US = 20_000_000
"""An ECDSA verification takes a Pico about a second, two of them and a 256 KiB hash less than five."""
ACTIVATE_TIMEOUT_US = 5_000_000
"""A board that activates resets instead of answering; then the command is sent again."""
HELLO_TIMEOUT_US = 3_000_000
"""For what a board answers at once."""
TRIES = 3
_DIGITS_MAX = 10
_COUNTER_MAX = 2**32 - 1


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


def _next(answer: str) -> int:
    text = words(answer).get("next", "")
    if not text.isdecimal() or len(text) > _DIGITS_MAX:
        raise Refused(f"an answer without next=: {answer[:60]}")
    return int(text)


def push(
    image: bytes,
    block_bytes: int = 1024,
    breaks: int = 0,
    mangle: str = "none",
    progress: Callable[[int], None] = lambda done: None,
    permit: Callable[[int], bytes] | None = None,
) -> Operation:
    """Sends an image and has it verified; goes on where the board says, after whatever went wrong.
    `progress(done)` hears how many bytes are there. `permit(counter)`: what the supplier has signed, for a board that
    asks for it; without it such a board refuses.

    For the emulator's bad links: `breaks` times the transfer stops and begins again with `receive`, and
    `mangle` has blocks arrive twice (`repeat`), in the wrong order (`reorder`) or changed (`corrupt`).
    """
    begin = f"receive {len(image)} {hashlib.sha256(image).hexdigest()[:32]}"
    try:
        offset = _next((yield from ask(begin)))
    except Refused as e:
        offset = yield from _begin_permitted(begin, e, permit)
    for _ in range(TRIES):
        yield from _send(image, begin, offset, block_bytes, breaks, mangle, progress)
        breaks = 0
        try:
            return (yield from ask("verify"))
        except Refused as e:
            missing = e
            if str(e).startswith("incomplete "):
                # it has lost some of it since, in a reset for example: back to sending
                offset = _next(str(e))
            else:
                offset = yield from _begin_permitted(begin, e, permit)
    raise missing


def _begin_permitted(
    begin: str, refused: Refused, permit: Callable[[int], bytes] | None
) -> Generator[Request, str | None, int]:
    # Begins once more with a permit, if that is what was missing.
    counter = words(str(refused)).get("counter", "")
    wanted = str(refused).startswith("permit ") and counter.isdecimal() and len(counter) <= _DIGITS_MAX
    if permit is None or not wanted or int(counter) >= _COUNTER_MAX:
        raise refused
    signed = base64.b64encode(permit(int(counter) + 1)).decode()
    return _next((yield from ask(f"{begin} {signed}")))


def _send(
    image: bytes,
    begin: str,
    offset: int,
    block_bytes: int,
    breaks: int,
    mangle: str,
    progress: Callable[[int], None],
) -> Generator[Request, str | None, None]:
    stops = [len(image) * (i + 1) // (breaks + 1) for i in range(breaks)]
    stalled = 0
    while offset < len(image):
        if stops and offset >= stops[0]:
            del stops[0]
            offset = _next((yield from ask(begin)))
        for line in _arriving(image, offset, block_bytes, mangle):
            try:
                answer = yield from ask(line)
            except Refused as e:
                answer = str(e)
                if answer.startswith("no transfer"):
                    # it was reset since: ask where to go on
                    answer = yield from ask(begin)
                    break
                if "next" not in words(answer):
                    raise
        after = _next(answer)
        stalled = 0 if after > offset else stalled + 1
        if stalled > TRIES:
            raise Refused(answer)
        offset = after
        progress(offset)


def unless_commanded(operation: Operation, before: int = 0) -> Operation:
    """A `push` to a board that may have come further since: if it has taken a command after the one with the counter
    `before`, there is nothing to send."""
    answer = yield from ask("answer")
    counter = words(answer).get("counter", "0")
    if counter.isdecimal() and len(counter) <= _DIGITS_MAX and int(counter) > before:
        return f"already commanded: {answer}"
    return (yield from operation)


def _arriving(image: bytes, offset: int, block_bytes: int, mangle: str) -> list[str]:
    # The lines that reach the board where the block at `offset` was to be sent.
    def block(at: int, change: int = 0) -> str:
        data = image[at : at + block_bytes]
        crc = binascii.crc32(data)
        if change and data:
            data = data[:-1] + bytes([data[-1] ^ change])
        return f"block {at} {crc:08x} {base64.b64encode(data).decode()}"

    last = offset + block_bytes >= len(image)
    if mangle == "repeat":
        return [block(offset), block(offset)]
    if mangle == "reorder" and not last:
        return [block(offset + block_bytes), block(offset)]
    if mangle == "corrupt":
        return [block(offset, change=1), block(offset)]
    return [block(offset)]


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
