"""A thread that dies of a defect ends the command that may wait for it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import Self

from ridethrough.support.interrupts import struck

AGAIN_S = 1.0
"""How long after it was interrupted a command that goes on is interrupted again."""


class ThreadsWatched:
    """While it is entered, Ctrl-C is kept from firmware, and `tell` is called with what a thread died of. `died` says
    whether any did."""

    def __init__(self, tell: Callable[[BaseException], object]) -> None:
        self._tell = tell
        self._in_main = threading.current_thread() is threading.main_thread()
        self._done = threading.Event()
        self._insisting: threading.Thread | None = None
        self.died = False

    def __enter__(self) -> Self:
        self._hook, threading.excepthook = threading.excepthook, self._thread_died
        self._handler = signal.getsignal(signal.SIGINT)
        if self._in_main and self._handler is signal.default_int_handler:
            signal.signal(signal.SIGINT, struck)
        return self

    def __exit__(self, *_: object) -> None:
        if self._insisting and self._in_main:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            self._done.set()
            self._insisting.join()
        threading.excepthook = self._hook
        if self._in_main and self._handler is not None:
            signal.signal(signal.SIGINT, self._handler)

    def _thread_died(self, what: threading.ExceptHookArgs) -> None:
        if what.exc_type is SystemExit:
            return
        first, self.died = not self.died, True
        self._tell(what.exc_value or RuntimeError(what.exc_type.__name__))
        if first and self._in_main and hasattr(signal, "pthread_kill"):
            self._insisting = threading.Thread(target=self._insist, daemon=True)
            self._insisting.start()

    def _insist(self) -> None:
        # a signal that comes in the moment before a wait begins is heard only when the wait is over
        main = threading.main_thread().ident or 0
        while not self._done.is_set():
            signal.pthread_kill(main, signal.SIGINT)
            self._done.wait(AGAIN_S)
