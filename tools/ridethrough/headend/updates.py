"""The updates that a supplier sends to one board by its console, one after the other, however often the board is
lost from sight.
"""

from __future__ import annotations

from dataclasses import dataclass

from ridethrough.headend import client
from ridethrough.headend.head_end import HeadEnd
from ridethrough.images.commands import activation_command, permits
from ridethrough.images.keys import EMULATED
from ridethrough.world.site import Site

_LOOK_US = 500_000
"""How often to look whether an application runs."""
_PAUSE_US = 1_000_000
"""Before what was refused is tried again: somebody else's line at the console may have got between."""

_DIGITS_MAX = 9
"""Of a counter, with room for those that follow: a command has 32 bits for it."""


@dataclass
class Update:
    """One image on its way. `over`: nothing more comes of it; then `refused` says why it had no effect ("": it had).
    `waits_for`: what is missing while it is not over."""

    version: int
    image: bytes
    activate: bool
    waits_for: str = ""
    refused: str = ""
    over: bool = False
    signed: bytes = b""
    """The activation command, once there is one: only the same bytes get the same answer."""


class Updates:
    """Sends what is added, in that order. An update begins as soon as an application runs, and is taken up again
    after whatever the board went through since."""

    def __init__(self, site: Site) -> None:
        board = site.mcu.board
        self._clock = site.clock
        self._mcu = site.mcu
        self._head_end = HeadEnd(site, (), b"")
        self._queue: list[Update] = []
        self._counter = 0
        self._told = "application" in board.signals or any(s.name == "application" for s in board.pin_signals)

    def add(self, update: Update) -> None:
        """Puts it last."""
        self._queue.append(update)
        if len(self._queue) == 1:
            update.waits_for = "not begun"
            self._head_end.start(self._work(), self._clock.now_us)
        else:
            update.waits_for = f"comes after version {self._queue[-2].version}"

    def _work(self) -> client.Operation:
        while self._queue:
            yield from self._see_through(self._queue[0])
            del self._queue[0]
        return ""

    def _see_through(self, update: Update) -> client.Operation:
        refusals = 0
        while not update.over:
            while not self._runs():
                update.waits_for = "no application runs"
                yield client.Request("", _LOOK_US)
            try:
                yield from self._deliver(update)
                update.over = True
            except client.NoAnswer as e:
                update.waits_for = f"no answer to '{e}'"
            except client.Refused as e:
                refusals += 1
                if refusals == client.TRIES:
                    update.refused, update.over = f"refused: {e}", True
                else:
                    yield client.Request("", _PAUSE_US)
        return ""

    def _runs(self) -> bool:
        # Of a board that does not tell, it is enough that its MCU runs.
        if not self._mcu.alive or not self._told:
            return self._mcu.alive
        told = (e.name for e in reversed(self._mcu.trace.log) if e.name in ("application", "reset"))
        return next(told, "") == "application"

    def _deliver(self, update: Update) -> client.Operation:
        last = _counter((yield from client.ask("answer", timeout_us=client.HELLO_TIMEOUT_US)))
        # a command that was sent once is only repeated
        if not update.signed:
            yield from self._send(update)
            if not update.activate:
                return ""
            self._counter = max(self._counter, last) + 1
            board_id = self._mcu.board.unique_id
            update.signed = activation_command(update.image, board_id, self._counter, EMULATED.supplier)
        update.waits_for = "the activation is not answered"
        answer = yield from client.await_outcome(update.signed)
        outcome = client.words(answer).get("outcome", "")
        if not outcome:
            raise client.Refused(f"the answer to the activation is '{answer}'")
        if outcome != "0":
            # the board stays at this answer, however often it is asked
            update.refused = f"not activated: {answer}"
        return answer

    def _send(self, update: Update) -> client.Operation:
        size = len(update.image)

        def progress(done: int) -> None:
            update.waits_for = f"{done} of {size} bytes are sent"

        permit = permits(update.image, self._mcu.board.unique_id, EMULATED.supplier)
        verified = yield from client.push(update.image, progress=progress, permit=permit)
        if not verified.startswith("verified "):
            raise client.Refused(f"the answer to verify is '{verified}'")
        return verified


def _counter(answer: str) -> int:
    # Of the last command that the board has taken; 0 if it has taken none.
    text = client.words(answer).get("counter", "0")
    if not text.isdecimal() or len(text) > _DIGITS_MAX:
        raise client.Refused(f"a counter of {text[:20]}")
    return int(text)
