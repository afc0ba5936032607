"""`asyncio` for firmware, in the board's virtual time: the names that MicroPython's has, on one queue of
tasks ordered by when they are due. Nothing of CPython's event loop is used: it would wait for real.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Coroutine, Generator
from typing import Any

from ridethrough.guests.cpython.parts import whole
from ridethrough.world.mcu import Mcu
from ridethrough.world.runtime import Gone

_Coro = Coroutine[Any, Any, Any]


class CancelledError(BaseException):
    """As in MicroPython, no Exception: a bare `except Exception:` does not stop a cancellation."""


class Timeout(Exception):
    """asyncio.TimeoutError."""


class Task:
    """A coroutine on its way; awaiting it gives its result."""

    def __init__(self, coro: _Coro, loop: Loop) -> None:
        self._coro = coro
        self._loop = loop
        self._waiters: list[Task] = []
        self._result: Any = None
        self._failure: BaseException | None = None
        self._cancelled = False
        self._done = False

    def done(self) -> bool:
        return self._done

    def cancel(self) -> bool:
        """Raises CancelledError in the task the next time it runs."""
        if self._done:
            return False
        self._cancelled = True
        self._loop.push(self, 0)
        return True

    def close(self) -> None:
        """Ends the coroutine of a guest that is gone."""
        try:
            self._coro.close()
        except (Gone, RuntimeError):
            pass

    def step(self) -> None:
        """Runs the coroutine to its next pause."""
        if self._done:
            return
        try:
            if self._cancelled:
                self._cancelled = False
                self._coro.throw(CancelledError())
            else:
                self._coro.send(None)
        except StopIteration as e:
            self._finish(e.value, None)
        except (CancelledError, Exception) as e:
            self._finish(None, e)

    def _finish(self, result: Any, failure: BaseException | None) -> None:
        self._done, self._result, self._failure = True, result, failure
        for waiter in self._waiters:
            self._loop.push(waiter, 0)
        if failure is not None and not self._waiters and not isinstance(failure, CancelledError):
            self._loop.report(failure)

    def __await__(self) -> Generator[None, None, Any]:
        current = self._loop.current
        assert current is not None
        while not self._done:
            self._waiters.append(current)
            yield
        if self._failure is not None:
            raise self._failure
        return self._result


class Loop:
    """The queue: (due in us, order, task)."""

    def __init__(self, mcu: Mcu) -> None:
        self._mcu = mcu
        self._heap: list[tuple[int, int, Task]] = []
        self._count = 0
        self._tasks: list[Task] = []
        self.current: Task | None = None

    def push(self, task: Task, delay_us: int) -> None:
        self._count += 1
        heapq.heappush(self._heap, (self._mcu.clock.now_us + max(0, delay_us), self._count, task))

    def report(self, failure: BaseException) -> None:
        """As MicroPython's default handler: a failed task that nobody awaits is said, not raised."""
        self._mcu.stdout_write(f"Task exception wasn't retrieved\n{type(failure).__name__}: {failure}\n")

    def create_task(self, coro: _Coro) -> Task:
        if not hasattr(coro, "send"):
            # also what sleep() gives: MicroPython's can be awaited and no more
            raise TypeError("coroutine expected")
        task = Task(coro, self)
        self._tasks.append(task)
        self.push(task, 0)
        return task

    def run_until_complete(self, main: _Coro) -> Any:
        """Runs everything until `main` is through; its result, or what it raised."""
        try:
            return self._run(main)
        except Gone:
            # nobody may find them suspended later, and run them on from a garbage collection
            for task in self._tasks:
                task.close()
            raise

    def _run(self, main: _Coro) -> Any:
        task = self.create_task(main)
        task._waiters.append(task)  # its failure is ours to raise, not to report
        while not task.done():
            if not self._heap:
                raise RuntimeError("asyncio: every task waits for another")
            due_us, _, ready = heapq.heappop(self._heap)
            self._mcu.wait_us(max(1, due_us - self._mcu.clock.now_us))
            self.current = ready
            ready.step()
        if task._failure is not None:
            raise task._failure
        return task._result


def module(mcu: Mcu) -> dict[str, Any]:
    """The module's names, for one boot of one board."""
    loop = Loop(mcu)

    class Pause:
        def __init__(self, us: int) -> None:
            self._us = us

        def __await__(self) -> Generator[None, None, None]:
            assert loop.current is not None
            loop.push(loop.current, self._us)
            yield

    class Event:
        def __init__(self) -> None:
            self._set = False
            self._waiters: list[Task] = []

        def is_set(self) -> bool:
            return self._set

        def set(self) -> None:
            self._set = True
            for task in self._waiters:
                loop.push(task, 0)
            self._waiters.clear()

        def clear(self) -> None:
            self._set = False

        async def wait(self) -> bool:
            while not self._set:
                assert loop.current is not None
                self._waiters.append(loop.current)
                await Turn()
            return True

    class Turn:
        # waits to be pushed by somebody else
        def __await__(self) -> Generator[None, None, None]:
            yield

    class Lock:
        def __init__(self) -> None:
            self._free = Event()
            self._free.set()

        def locked(self) -> bool:
            return not self._free.is_set()

        async def acquire(self) -> bool:
            await self._free.wait()
            self._free.clear()
            return True

        def release(self) -> None:
            if self._free.is_set():
                raise RuntimeError("Lock not acquired")
            self._free.set()

        async def __aenter__(self) -> bool:
            return await self.acquire()

        async def __aexit__(self, *exc: object) -> None:
            self.release()

    async def wait_us(aw: Any, us: int) -> Any:
        task = aw if isinstance(aw, Task) else loop.create_task(aw)
        late = loop.create_task(_cancel_later(task, us))
        try:
            return await task
        except CancelledError:
            if late.done():
                raise Timeout from None
            raise
        finally:
            late.cancel()

    async def _cancel_later(task: Task, us: int) -> None:
        await Pause(us)
        task.cancel()

    async def gather(*aws: Any, return_exceptions: bool = False) -> list[Any]:
        tasks = [aw if isinstance(aw, Task) else loop.create_task(aw) for aw in aws]
        results: list[Any] = []
        for task in tasks:
            try:
                results.append(await task)
            except Exception as e:
                if not return_exceptions:
                    raise
                results.append(e)
        return results

    def current_task() -> Task:
        if loop.current is None:
            raise RuntimeError("no running event loop")
        return loop.current

    get_loop: Callable[..., Loop] = lambda runq_len=0, waitq_len=0: loop  # noqa: E731
    return {
        "CancelledError": CancelledError,
        "TimeoutError": Timeout,
        "Event": Event,
        "Lock": Lock,
        "Task": Task,
        "run": loop.run_until_complete,
        "create_task": loop.create_task,
        "current_task": current_task,
        "get_event_loop": get_loop,
        "new_event_loop": lambda: loop,
        "gather": gather,
        "sleep": lambda t: Pause(int(t * 1_000_000)),
        "sleep_ms": lambda t: Pause(whole(t) * 1000),
        "wait_for": lambda aw, timeout: wait_us(aw, int(timeout * 1_000_000)),
        "wait_for_ms": lambda aw, timeout: wait_us(aw, timeout * 1000),
    }
