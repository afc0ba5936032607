"""A process that has the VM loaded and forks one for each boot: starting Python for each would cost most of
a short run. VMs that still run when the socket ends are killed.

Over a socket: -> {"argv", "cpu_s"} with the two pipes, <- pid; -> {"end": pid}, <- 0 once it is gone.
"""

from __future__ import annotations

import atexit
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
from typing import Any

from ridethrough.guests.process import Child, pipes, take_pipes

_MESSAGE_BYTES = 4096
_CTRL_C = signal.SIGUSR2
"""The unix port takes SIGINT wherever a thread is, in the middle of a collection too, and its heap stays locked. This
one's handler only notes the interruption, and the code sees it between two bytecodes, as on a chip."""


class ForkServer:
    """Starts VMs; shared by all guests of this process."""

    _socket: socket.socket | None = None

    def start(self, argv: list[str], cpu_s: int | None) -> Child:
        """A new VM with these arguments."""
        guest_reads, guest_writes, we_read, we_write = pipes()
        try:
            pid = self._ask({"argv": argv, "cpu_s": cpu_s}, [guest_reads, guest_writes])
        finally:
            os.close(guest_reads)
            os.close(guest_writes)
        return Child(pid, lambda: self._end(pid), we_read, we_write, ctrl_c=_CTRL_C)

    def _end(self, pid: int) -> None:
        self._ask({"end": pid}, [])

    @classmethod
    def _ask(cls, message: dict[str, Any], fds: list[int]) -> int:
        if cls._socket is None:
            cls._socket = cls._open()
        socket.send_fds(cls._socket, [json.dumps(message).encode()], fds)
        return int(cls._socket.recv(_MESSAGE_BYTES))

    @staticmethod
    def _open() -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        process = subprocess.Popen(
            [sys.executable, "-c", f"from {__name__} import main; main({theirs.fileno()})"],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            # Ctrl-C at the terminal is for us; we end it
            start_new_session=True,
        )
        theirs.close()

        def close() -> None:
            # it sees the end of the socket
            ours.close()
            process.wait()

        atexit.register(close)
        return ours


def main(fd: int) -> None:
    """The fork server's own loop; ends with the socket."""
    import micropython_run

    # for all that are forked
    ctypes.CDLL(None).signal(_CTRL_C, ctypes.CDLL(micropython_run.__file__).mp_sched_keyboard_interrupt)
    alive: set[int] = set()
    with socket.socket(fileno=fd) as asked:
        while True:
            data, fds, _, _ = socket.recv_fds(asked, _MESSAGE_BYTES, 2)
            if not data:
                for pid in alive:
                    os.kill(pid, signal.SIGKILL)
                return
            message = json.loads(data)
            if "end" in message:
                os.kill(message["end"], signal.SIGKILL)
                os.waitpid(message["end"], 0)
                alive.discard(message["end"])
                asked.send(b"0")
                continue
            pid = os.fork()
            if pid == 0:
                asked.close()
                take_pipes(fds[0], fds[1], message["cpu_s"])
                status = micropython_run.run_main(message["argv"])
                os._exit(status or 0)
            for one in fds:
                os.close(one)
            alive.add(pid)
            asked.send(str(pid).encode())
