"""The serial line of a virtual board: a pseudo-terminal, and a link to it that stays where it is."""

from __future__ import annotations

import os
import termios
import time
import tty
from pathlib import Path

from ridethrough.support.errors import BadInput, Param

_CHUNK = 4096
_UNREAD_MAX = 4096
_STALE_S = 0.25


def check_link(link: Path) -> None:
    """BadInput if `link` is something that is not ours to replace."""
    if (link.exists() or link.is_symlink()) and not _is_ours(link):
        raise BadInput(f"{link} exists and is no link of ours: choose another ", Param("link"))


def _is_ours(link: Path) -> bool:
    return link.is_symlink() and (str(link.readlink()).startswith("/dev/") or not link.exists())


class Pty:
    """Bytes in and out. The far end may come and go: what nobody reads is dropped after a while, as a board's
    USB does it; while somebody does, `full` says that the board has to wait. BadInput if `link` is
    something else already."""

    def __init__(self, link: Path) -> None:
        self.master, self._slave = os.openpty()
        # raw: a \\n that becomes \\r\\n on the way breaks every command of mpremote
        tty.setraw(self._slave)
        os.set_blocking(self.master, False)
        self._out = bytearray()
        self._moved_s = time.monotonic()
        self._link = link
        self.name = os.ttyname(self._slave)
        try:
            check_link(link)
            link.unlink(missing_ok=True)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(self.name)
        except OSError as e:
            raise BadInput(f"{link}: {e.strerror}") from e

    def read(self) -> bytes:
        """What has come in; nothing if there is nothing."""
        try:
            return os.read(self.master, _CHUNK)
        except BlockingIOError:
            return b""

    def write(self, data: bytes) -> None:
        """Queues output."""
        if not self._out:
            self._moved_s = time.monotonic()
        self._out += data

    def flush(self) -> None:
        """Hands over what the far end has room for."""
        if not self._out:
            return
        try:
            sent = os.write(self.master, self._out[:_CHUNK])
        except BlockingIOError:
            sent = 0
        now_s = time.monotonic()
        if sent:
            del self._out[:sent]
            self._moved_s = now_s
        elif now_s - self._moved_s > _STALE_S:
            # nobody reads: only the newest is worth keeping for who may come
            del self._out[:-_CHUNK]
            termios.tcflush(self._slave, termios.TCIFLUSH)

    @property
    def waiting(self) -> bool:
        return bool(self._out)

    @property
    def full(self) -> bool:
        """Is there more than a port buffers?"""
        return len(self._out) > _UNREAD_MAX

    def close(self) -> None:
        if self._link.is_symlink() and str(self._link.readlink()) == self.name:
            self._link.unlink()
        os.close(self._slave)
        os.close(self.master)
