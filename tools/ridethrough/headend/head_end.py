"""The head-end of a run: the supplier's side, at the other end of the board's console.

It works through a scenario's steps with the same console client that a serial port uses.
"""

from __future__ import annotations

import base64

from ridethrough.headend import client
from ridethrough.images.commands import activation_command, permits, signed_time
from ridethrough.images.keys import EMULATED
from ridethrough.images.layout import DATE_CANCEL
from ridethrough.scenarios import Step
from ridethrough.world.clock import Order
from ridethrough.world.site import Site

_PAUSE_US = 1_000
_BLIND_START_US = 2_000_000
"""When to begin with a board that does not say that its application runs."""


class HeadEnd:
    """Does `steps` on `site`. `answers`: each step's name and what came of it.

    With `again` it has lost sight of the board and takes the steps up once more, as soon as an application
    runs: it asks first how far the board has come, and sends only what is missing. `blind`, for a firmware that
    does not say that its application runs: it begins after a while. `counter`: of the last command before.
    """

    def __init__(
        self,
        site: Site,
        steps: tuple[Step, ...],
        image: bytes,
        again: bool = False,
        blind: bool = False,
        counter: int = 0,
    ) -> None:
        self.answers: list[tuple[str, str]] = []
        self._clock = site.clock
        self._mcu = site.mcu
        self._image = image
        self._counter = self._before = counter
        self._doing = ""
        self._signed = b""
        self._steps = list(steps)
        self._operation: client.Operation | None = None
        self._waiting = 0
        self._sent, self._times = "", 0
        self._again = again
        self._begun = not again
        self._last_at_us: int | None = None
        site.mcu.console.on_line = self._line
        if self._begun:
            self._next_step()
        elif blind:
            self._clock.at(_BLIND_START_US, Order.WORLD, self._begin_again)

    def _next_step(self) -> None:
        if not self._steps:
            return
        step = self._steps[0]
        at_us = step.at_us
        if at_us is None:
            at_us = self._clock.now_us + _PAUSE_US
        elif self._again:
            # the pauses count, not the hours
            last_us, self._last_at_us = self._last_at_us, at_us
            at_us = self._clock.now_us + (at_us - last_us if last_us is not None else _PAUSE_US)
        self._clock.at(at_us, Order.WORLD, self._begin)

    def _begin_again(self) -> None:
        if not self._begun:
            self._begun = True
            self._next_step()

    def done(self) -> bool:
        """Every step is through."""
        return self._begun and not self._steps and self._operation is None

    def not_reached(self) -> list[str]:
        """The steps that were not begun, or not through, when the run ended."""
        begun = [self._doing] if self._operation is not None else []
        return begun + [step.do for step in self._steps]

    def position(self) -> tuple[object, ...]:
        """What it waits for: the step, those that come after it, the line that it has sent last and how many times, its
        last counter."""
        doing = self._doing if self._operation is not None else ""
        return (self._begun, doing, tuple(self._steps), self._sent, self._times, self._counter)

    def start(self, operation: client.Operation, at_us: int) -> None:
        """Has one operation of the console client done at `at_us`, beside the steps."""

        def begin() -> None:
            self._operation = operation
            self._send(None)

        self._clock.at(at_us, Order.WORLD, begin)

    def _begin(self) -> None:
        step = self._steps.pop(0)
        if step.do in ("type", "interrupt", "hard reset"):
            if step.do == "hard reset":
                self._mcu.reset("watchdog")
            else:
                self._mcu.type_in(step.line.encode() + b"\n" if step.do == "type" else b"\x03")
            self._next_step()
            return
        self._doing = step.do
        if step.do == "push":
            permit = permits(self._image, self._mcu.board.unique_id, EMULATED.supplier)
            push = client.push(self._image, breaks=step.breaks, mangle=step.mangle, permit=permit)
            self._operation = client.unless_commanded(push, self._before) if self._again else push
        elif step.do == "ask":
            self._operation = client.ask(step.line)
        elif step.do == "set clock":
            signed = signed_time(self._mcu.board.unique_id, step.date, EMULATED.supplier)
            self._operation = client.ask(f"clock {base64.b64encode(signed).decode()}")
        else:
            self._operation = client.await_outcome(self._command(step), tries=1 if step.date else 60)
        self._send(None)

    def _command(self, step: Step) -> bytes:
        board_id = self._mcu.board.unique_id
        if step.do == "activate again":
            return self._signed
        if step.do == "activate older":
            return activation_command(self._image, board_id, self._counter - 1, EMULATED.supplier)
        if step.do == "activate elsewhere":
            return activation_command(self._image, bytes(8), self._counter + 1, EMULATED.supplier)
        self._counter += 1
        date = DATE_CANCEL if step.do == "cancel" else step.date
        self._signed = activation_command(self._image, board_id, self._counter, EMULATED.supplier, date)
        return self._signed

    def _send(self, answer: str | None, first: bool = True) -> None:
        # Hands `answer` to the operation and sends the line that it asks for next.
        assert self._operation is not None
        try:
            request = self._operation.send(None if first else answer)
        except StopIteration as done:
            self._finish(str(done.value))
            return
        except client.Refused as e:
            self._finish(f"refused: {e}")
            return
        except client.NoAnswer as e:
            self._finish(f"no answer: {e}")
            return
        self._waiting += 1
        waiting = self._waiting
        data = request.line.encode() + b"\n"
        if request.line:
            self._times = self._times + 1 if request.line == self._sent else 1
            self._sent = request.line
            arrives_us = self._clock.now_us + len(data) * self._mcu.board.cost.console_us_per_byte
            self._clock.at(arrives_us, Order.WORLD, lambda: self._mcu.type_in(data))

        def late() -> None:
            if waiting == self._waiting:
                self._send(None, first=False)

        self._clock.at(self._clock.now_us + request.timeout_us, Order.WORLD, late)

    def _finish(self, result: str) -> None:
        self.answers.append((self._doing, result))
        self._operation = None
        self._waiting += 1
        self._next_step()

    def _line(self, line: str) -> None:
        log = self._mcu.trace.log
        if not self._begun and log and log[-1].name == "application":
            self._begin_again()
        if self._operation is None or not (line.startswith(("OK ", "ERR ")) or line == "OK"):
            return
        self._waiting += 1
        waiting = self._waiting

        def go_on() -> None:
            if waiting == self._waiting and self._operation is not None:
                self._send(line, first=False)

        self._clock.at(self._clock.now_us + _PAUSE_US, Order.WORLD, go_on)
