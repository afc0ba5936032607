"""How a guest lives in virtual time: it runs in a greenlet of its own, spends time with every call, waits,
is interrupted, and is ended wherever it is.

Each call charges time; if nothing else is due in that time the clock just moves on, otherwise the guest
hands over and is resumed. A guest that is gone gets `Gone` from every further call and from the tick in
every loop, so that not even a bare `except:` goes on for long.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import greenlet

from ridethrough.support.interrupts import hold, release
from ridethrough.world.clock import Clock, Order

HUNG_TICKS = 1_000_000
"""Loop passes without a call to the hardware after which code counts as hung: more than a Pico makes before its longest
watchdog bites, at some 10 us each [assumed]."""


class Gone(BaseException):
    """The MCU was reset under this guest."""


class Timer:
    """A running machine.Timer: `callback` is the guest's own."""

    def __init__(self, period_us: int, periodic: bool, callback: Callable[[], None]) -> None:
        self.period_us = period_us
        self.periodic = periodic
        self.callback = callback
        self.active = True


class Runtime:
    """The guest's side of the clock. `alive` while there is a guest, `ticks` its loop passes since its
    last call, `resumed` how often the clock has given it the floor again, which by itself changes nothing
    in the world."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.alive = False
        self.ticks = self.resumed = 0
        self._greenlet: greenlet.greenlet | None = None
        self._world: greenlet.greenlet | None = None
        self._token = 0
        self._waiting = False
        self._irq_off = False
        self._in_callback = False
        self._interrupted = False
        self._pending: deque[Timer] = deque()
        self._hard: deque[Callable[[], None]] = deque()
        self._masked = False
        self._in_hard = False
        self._timers: list[Timer] = []

    def begin(self, run: Callable[[], None]) -> None:
        """Starts a guest now; it has the floor until it first hands over."""
        self.alive = True
        self.ticks = 0

        def body() -> None:
            try:
                run()
            except Gone:
                pass

        self._greenlet = greenlet.greenlet(body)
        self._switch()

    def _switch(self) -> None:
        # gives the guest the floor; it hands over to whoever gave it
        assert self._greenlet is not None
        self._world = greenlet.getcurrent()
        hold()
        try:
            self._greenlet.switch()
        finally:
            release()

    def end(self) -> None:
        """Ends the guest, wherever it is. Called by the world, never by the guest itself."""
        self.alive = self._waiting = False
        self.ticks = HUNG_TICKS
        self._token += 1
        self.forget()
        if self._greenlet is not None and not self._greenlet.dead:
            hold()
            try:
                self._greenlet.throw(Gone)
            finally:
                release()
        self._greenlet = None

    def forget(self) -> None:
        """Timers and interrupts are gone, as when the interpreter starts anew."""
        for timer in self._timers:
            timer.active = False
        self._timers.clear()
        self._pending.clear()
        self._hard.clear()
        self._masked = False
        self._irq_off = self._in_callback = self._interrupted = False

    def interrupt(self) -> None:
        """Ctrl-C: the guest gets KeyboardInterrupt at its next call."""
        self._interrupted = True

    def uninterrupt(self) -> None:
        """A Ctrl-C that has not been delivered is forgotten."""
        self._interrupted = False

    def raise_irq(self, handler: Callable[[], None]) -> None:
        """A hardware interrupt: `handler` runs at once, in the middle of whatever the guest is doing but another
        handler, or as soon as interrupts are on again; once for all that was raised until then."""
        if handler not in self._hard:
            self._hard.append(handler)
        if not self._masked and not self._irq_off:
            self.clock.at(self.clock.now_us, Order.GUEST, self._resumer())

    def spend(self, us: int) -> None:
        """Lets `us` pass, then runs what became due."""
        clock = self.clock
        target = clock.now_us + us
        if target < clock.next_us and self.alive:
            # by far the most calls: nothing else is due meanwhile
            clock.now_us = target
            if us:
                self.ticks = 0
        else:
            self._pass(us)
        if self._pending or self._interrupted:
            self._serve()

    def _pass(self, us: int) -> None:
        if not self.alive:
            raise Gone
        if us:
            self.ticks = 0
        clock = self.clock
        target = clock.now_us + us
        while clock.now_us < target:
            if target < clock.next_us:
                clock.now_us = target
            else:
                self._sleep_until(target)
            self._serve_hard()

    def pass_masked(self, us: int) -> None:
        """Lets `us` pass with interrupts off; what was raised meanwhile runs at the end."""
        self._masked = True
        self._pass(us)
        self._masked = False
        self._serve_hard()

    def undisturbed(self) -> bool:
        """Nothing waits for this guest's next call: until `clock.next_us` it may let time pass by itself."""
        return self.alive and not (self._pending or self._hard or self._interrupted)

    def _serve_hard(self) -> None:
        if self._in_hard:
            return
        self._in_hard = True
        try:
            while self._hard and not self._masked and not self._irq_off:
                self._hard.popleft()()
        finally:
            self._in_hard = False

    def wait_us(self, us: int, wake: Callable[[], bool] | None = None) -> None:
        """Lets up to `us` pass, less if `wake()` becomes true; timers run meanwhile."""
        if not self.alive:
            raise Gone
        clock = self.clock
        until = clock.now_us + us
        while not (wake and wake()):
            self.ticks = 0
            if until < clock.next_us:
                clock.now_us = until
            else:
                self._waiting = True
                self._sleep_until(until)
                self._waiting = False
            self._serve_hard()
            self._serve()
            if clock.now_us >= until:
                break

    def _sleep_until(self, t_us: int) -> None:
        self._token += 1
        self.clock.at(t_us, Order.GUEST, self._resumer())
        assert self._world is not None
        self._world.switch()
        if not self.alive:
            raise Gone

    def _resumer(self) -> Callable[[], None]:
        token = self._token

        def resume() -> None:
            if token == self._token and self._greenlet is not None:
                self._token += 1
                self.resumed += 1
                self._switch()

        return resume

    def nudge(self) -> None:
        """Wakes a guest that waits, so that it looks at what came in."""
        if self._waiting:
            self.clock.at(self.clock.now_us, Order.GUEST, self._resumer())

    def _serve(self) -> None:
        if self._interrupted:
            self._interrupted = False
            raise KeyboardInterrupt
        while self._pending and not self._irq_off and not self._in_callback:
            timer = self._pending.popleft()
            if timer.active:
                self._in_callback = True
                try:
                    timer.callback()
                finally:
                    self._in_callback = False
                timer.active = timer.periodic and timer.active

    def tick(self) -> None:
        """Called once a loop pass: notices code that hangs, and ends a guest that is gone."""
        self.ticks += 1
        if self.ticks > HUNG_TICKS:
            self.hang()

    def hang(self) -> None:
        """Nothing will ever happen in this guest again but a reset."""
        while True:
            self.wait_us(3600 * 10**6)

    def start_timer(self, timer: Timer) -> None:
        """Starts a timer; its callback runs between two of the guest's calls."""
        self._timers.append(timer)

        def fire() -> None:
            if timer.active:
                self._pending.append(timer)
                if timer.periodic:
                    self.clock.at(self.clock.now_us + timer.period_us, Order.MCU, fire)
                self.nudge()

        self.clock.at(self.clock.now_us + timer.period_us, Order.MCU, fire)

    def interrupts_off(self, off: bool) -> bool:
        """Switches interrupts; returns whether they were off."""
        was, self._irq_off = self._irq_off, off
        self._serve_hard()
        return was
