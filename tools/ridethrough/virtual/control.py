"""The hands around a virtual board, from another process: mains, hub, reset, status, trace. One JSON object a
line over a Unix socket beside the board's link; one comes back, with `error` if it could not be done."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ridethrough.support.errors import BadInput, Param

_LINE_BYTES_MAX = 65_536
_REPLY_BYTES_MAX = 1 << 20
_TIMEOUT_S = 20.0


def control_path(link: Path) -> Path:
    """Where the socket of the board at `link` is; BadInput if that is no place for one."""
    if not link.name:
        raise BadInput(f"{link}: a link's name expected, such as build/board: choose another ", Param("link"))
    return link.with_name(link.name + ".control")


class Control:
    """The server's end: `answer(request)` does what is asked and returns what comes back."""

    def __init__(self, link: Path, answer: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        self._path = control_path(link)
        self._answer = answer
        if is_served(link):
            raise BadInput(f"{link}: a board is served there already: choose another ", Param("link"))
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._path.unlink(missing_ok=True)
            self.listener.bind(str(self._path))
        except (OSError, ValueError) as e:
            self.listener.close()
            raise BadInput(f"{self._path}: {e}: a socket's path has at most about 100 characters") from e
        self._path.chmod(0o600)
        self.listener.listen(8)

    def serve_one(self) -> None:
        """Takes one request, which is waiting."""
        try:
            client, _ = self.listener.accept()
            with client:
                client.settimeout(1.0)
                line = client.makefile("rb").readline(_LINE_BYTES_MAX)
                client.sendall(json.dumps(self._reply(line)).encode() + b"\n")
        except OSError:
            pass  # who asked is gone

    def _reply(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
        except (ValueError, RecursionError):
            request = None
        if not isinstance(request, dict):
            return {"error": "no request"}
        try:
            return self._answer(request)
        except (BadInput, OSError, ValueError) as e:
            return {"error": str(e)}

    def close(self) -> None:
        self.listener.close()
        self._path.unlink(missing_ok=True)


def is_served(link: Path) -> bool:
    """Does a server answer for `link`?"""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.settimeout(_TIMEOUT_S)
        try:
            server.connect(str(control_path(link)))
        except (OSError, ValueError):
            return False
    return True


class NotServed(BadInput):
    """No board is served at that link."""


def ask(link: Path, **request: Any) -> dict[str, Any]:
    """Asks the board that is served at `link`; BadInput if there is none or it refuses."""
    path = control_path(link)
    if not hasattr(socket, "AF_UNIX"):
        raise BadInput("virtual boards need Linux or macOS: this Python has no Unix sockets")
    nobody = f"{link}: no board is served there"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.settimeout(_TIMEOUT_S)
        try:
            server.connect(str(path))
            server.sendall(json.dumps(request).encode() + b"\n")
            line = server.makefile("rb").readline(_REPLY_BYTES_MAX)
        except (OSError, ValueError) as e:
            raise NotServed(nobody) from e
    if not line:
        raise NotServed(nobody)
    return _understood(line, link)


def _understood(line: bytes, link: Path) -> dict[str, Any]:
    # whoever has made the socket may say anything
    try:
        reply = json.loads(line)
    except (ValueError, RecursionError):
        reply = None
    if not isinstance(reply, dict):
        raise BadInput(f"{link}: what is served there is no board of this version")
    if "error" in reply:
        raise BadInput(str(reply["error"]))
    return reply
