"""A guest in a process of its own: file descriptor 3 reads replies, 4 writes requests."""

from __future__ import annotations

import io
import os
import resource
import select
import signal
import subprocess
from collections.abc import Callable
from types import TracebackType

READ_FD, WRITE_FD = 3, 4
CPU_S_MAX = 30
"""A boot may compute for this long in all. Code that hangs is noticed much earlier (protocol.HUNG_CPU_MS)."""
_ENDING_S = 5
"""A program that has closed its pipe and is still there after that goes on without it."""


class Child:
    """A running guest and its pipes. Leaving the `with` block ends it; `interrupt()` is Ctrl-C to code that
    computes without asking for anything: `ctrl_c`, a signal's number. `status()`: what subprocess calls its return
    code, None if it has none."""

    def __init__(
        self,
        pid: int,
        end: Callable[[], None],
        from_fd: int,
        to_fd: int,
        status: Callable[[], int | None] = lambda: None,
        ctrl_c: int = signal.SIGINT,
    ) -> None:
        self._pid = pid
        self._end = end
        self._status = status
        self._ctrl_c = ctrl_c
        self.requests = io.BufferedReader(io.FileIO(from_fd, "rb"))
        self.replies = os.fdopen(to_fd, "wb", buffering=0)

    def __enter__(self) -> Child:
        return self

    def __exit__(self, kind: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None) -> None:
        self._end()
        self.requests.close()
        self.replies.close()

    def has_line(self) -> bool:
        """Has the guest sent something that was not read yet?"""
        fd = self.requests.fileno()
        os.set_blocking(fd, False)
        try:
            return bool(self.requests.peek(1)) or bool(select.select([fd], [], [], 0)[0])
        finally:
            os.set_blocking(fd, True)

    def interrupt(self) -> None:
        os.kill(self._pid, self._ctrl_c)

    def ending(self) -> str:
        """How a guest ended that has closed its pipe: its exit status, or the signal that killed it."""
        status = self._status()
        if status is None:
            return "it closed file descriptor 4, and has no exit status"
        if status >= 0:
            return f"exit status {status}"
        try:
            return f"killed by signal {-status} ({signal.Signals(-status).name})"
        except ValueError:
            return f"killed by signal {-status}"


def pipes() -> tuple[int, int, int, int]:
    """(guest reads, guest writes, we read, we write)."""
    guest_reads, we_write = os.pipe()
    we_read, guest_writes = os.pipe()
    return guest_reads, guest_writes, we_read, we_write


def take_pipes(read_fd: int, write_fd: int, cpu_s: int | None) -> None:
    """In the new process: the pipes become 3 and 4, and CPU time is bounded."""
    # either number may already be taken by the other: move both out of the way first
    high = max(read_fd, write_fd) + 64
    os.dup2(read_fd, high)
    os.dup2(write_fd, high + 1)
    os.dup2(high, READ_FD)
    os.dup2(high + 1, WRITE_FD)
    os.close(high)
    os.close(high + 1)
    if cpu_s is not None:
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))


def spawn(command: list[str], cpu_s: int | None) -> Child:
    """Starts `command`; OSError if it cannot be run."""
    guest_reads, guest_writes, we_read, we_write = pipes()
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            close_fds=False,
            preexec_fn=lambda: take_pipes(guest_reads, guest_writes, cpu_s),  # noqa: PLW1509  pass_fds cannot renumber
        )
    except OSError:
        os.close(we_read)
        os.close(we_write)
        raise
    finally:
        os.close(guest_reads)
        os.close(guest_writes)

    def end() -> None:
        process.kill()
        process.wait()

    def status() -> int | None:
        # the pipe of a process closes just before it can be waited for
        try:
            return process.wait(_ENDING_S)
        except subprocess.TimeoutExpired:
            return None

    return Child(process.pid, end, we_read, we_write, status)
