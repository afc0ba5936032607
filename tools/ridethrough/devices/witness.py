"""A witness on a port: somebody has to listen all the time, so a thread does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from ridethrough.devices.port import ConsoleLink
from ridethrough.devices.recording import Recording
from ridethrough.support.errors import BadInput, Param

_ANSWER_S = 3.0
_SILENT_S = 5.0
_LISTEN_S = 0.5


class WitnessLink:
    """Records from `with` on, until `stop`; BadInput if no witness answers at `port`."""

    def __init__(self, port: str, param: str = "port") -> None:
        self._called = Param(param, port)
        self._port = port
        self._link = ConsoleLink(port, param=param)
        self._recording = Recording()
        self._failed: BaseException | None = None
        self._heard = threading.Condition()
        self._stopped = False
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> WitnessLink:
        self._link.say("")
        self._thread.start()
        if not self._until(lambda: bool(self._recording.who), _ANSWER_S):
            self.stop()
            raise BadInput(
                self._called,
                ": no witness answers: put firmware/witness/main.py on that board "
                f"(mpremote connect {self._port} cp firmware/witness/main.py :main.py + reset)",
            )
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    @property
    def now_us(self) -> int:
        """The witness's own time, to within a tenth of a second."""
        with self._heard:
            return self._recording.now_us

    def listen(self, us: int) -> bool:
        """Until so much more of its time has passed; False if it says no more."""
        before_us = self.now_us
        until_us = before_us + us
        while not self._until(lambda: self._recording.now_us >= until_us, _SILENT_S):
            if self.now_us == before_us:
                return False
            before_us = self.now_us
        return True

    def stop(self) -> Recording:
        """Listens no more; what was recorded, which says why it ended if it did. BadInput if there was nothing; what
        the thread met that was not foreseen goes on up here."""
        self._stopped = True
        if self._thread.is_alive():
            self._thread.join()
        self._link.close()
        if self._failed is not None:
            if not self._recording.who or not isinstance(self._failed, BadInput):
                raise self._failed
            self._recording.ended = self._recording.ended or str(self._failed)
        return self._recording

    def _until(self, true: Callable[[], bool], within_s: float) -> bool:
        ends = time.monotonic() + within_s
        with self._heard:
            while not self._recording.ended and self._failed is None and not true():
                if not self._heard.wait(max(0.0, ends - time.monotonic())):
                    break
            return true()

    def _listen(self) -> None:
        heard_s = time.monotonic()
        try:
            while not self._stopped:
                for line in self._link.lines(_LISTEN_S):
                    with self._heard:
                        now_s = time.monotonic()
                        if self._link.went_away or now_s - heard_s > _SILENT_S:
                            # its time may have wrapped, and it may be another one
                            self._recording.ended = self._recording.ended or "the witness was away"
                        heard_s = now_s
                        self._recording.feed(line)
                        self._heard.notify_all()
                    if self._stopped:
                        break
        except BaseException as e:  # in the thread that has asked it is told, or handled
            with self._heard:
                self._failed = e
                self._heard.notify_all()
