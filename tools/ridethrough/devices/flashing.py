"""Put the resident firmware on a board: into a staging folder, verified by hash, then swapped in by rename.

Everything goes over MicroPython's raw REPL with mpremote's own transport. Nothing is reset on the way and no
pin is touched, so the rail stays as it is; the end is a soft reset, which keeps the pins.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from errno import EBADF, EIO, ENXIO
from pathlib import Path
from typing import Any

from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport
from serial import SerialException

from ridethrough.devices.port import GONE, open_port, silent, why_not
from ridethrough.support.errors import BadInput, Param
from ridethrough.support.files import write_atomically

STAGE = "/stage"
PLAN = "/stage/plan"
"""Lists what is to be renamed; it is there from the moment at which everything is staged and verified."""
_CHUNK_BYTES = 256
_READ_S = 5
_PROMPT_S = 2
_TRIES = 3
_FILE_BYTES_MAX = 1024 * 1024
_TALK_S, _TALK_BYTES_MAX = 60, 64 * 1024
"""An answer of a board is shorter."""
LOST = (TransportError, *GONE)
"""What a board that goes away, or that refuses, raises in any of a Flasher's methods."""
Progress = Callable[[str, int, int], None]
"""Told the file, the bytes done, the bytes in all."""
_ASKS_BYTES = ("r(", "h.digest(")
"""How mpremote reads a file, and its hash."""
_FIRST = ("/esme/swap.py", "/esme/resume.py", "/boot.py")

# With a watchdog that our own firmware has started, somebody must feed it while we work: for ten minutes.
_KEEP_AWAKE = """
import os, machine
if 'wdt' in globals() and '_fed' not in globals():
    _feeds = [1200]
    def _feed(t):
        _feeds[0] -= 1
        wdt.feed() if _feeds[0] > 0 else t.deinit()
    _fed = machine.Timer(-1, mode=machine.Timer.PERIODIC, period=500, callback=_feed)
def _size(p):
    try:
        return os.stat(p)[6] if os.stat(p)[0] & 0x8000 else -2
    except OSError:
        return -1
def _gone(p):
    if _size(p) == -2:
        for n in os.listdir(p):
            _gone(p + '/' + n)
        os.rmdir(p)
    elif _size(p) >= 0:
        os.remove(p)
def _swap():
    with open('/stage/plan') as f:
        plan = f.read().split('\\n')
    for p in plan:
        if p[:1] == '-':
            _gone(p[1:])
        elif p and _size('/stage' + p) >= 0:
            os.rename('/stage' + p, p)
    _gone('/stage')
"""


@dataclass(frozen=True)
class Flashed:
    """What was done: `written` files changed, `same` were there already; `finished`: an earlier flash had to be
    completed first."""

    written: int
    same: int
    finished: bool
    backup: Path | None


class _Board(SerialTransport):  # type: ignore[misc]
    """Mpremote's transport, to which a board may answer anything."""

    def read_until(
        self,
        min_num_bytes: int,
        ending: bytes,
        timeout: float | None = 10,
        data_consumer: Callable[[bytes], None] | None = None,
        timeout_overall: float | None = None,
    ) -> bytes:
        """As mpremote's, and it ends whatever the port says: that one waits for a pause of a port that makes none."""
        data = bytearray()
        now = time.monotonic()
        over_s, quiet_s = now + (timeout_overall or _TALK_S), now + (timeout or _TALK_S)
        while not data.endswith(ending) and now < over_s and now < quiet_s:
            new = self.serial.read(1) if self.is_pty or self.serial.inWaiting() > 0 else b""
            now = time.monotonic()
            if not new:
                time.sleep(0.01)
                continue
            quiet_s = now + (timeout or _TALK_S)
            data = data + new if data_consumer is None else bytearray(new)
            if data_consumer is not None:
                data_consumer(new)
            if len(data) > _TALK_BYTES_MAX:
                raise TransportError("what is there talks without end")
        return bytes(data)

    def eval(self, expression: str, parse: bool = True) -> Any:
        try:
            found = super().eval(expression, parse)
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError) as e:
            raise TransportError(f"no answer to {expression[:40]}: {e}") from e
        if expression.startswith(_ASKS_BYTES) and not isinstance(found, bytes):
            raise TransportError(f"no answer to {expression[:40]}: bytes expected")
        return found


class Flasher:
    """A board's raw REPL on `port`. BadInput if there is none."""

    def __init__(self, port: str) -> None:
        open_port(port).close()
        try:
            with silent():
                self._board = _Board(port, baudrate=115_200, wait=0, timeout=_READ_S)
        except TransportError as e:
            raise BadInput(Param("port", port), why_not(port, "it could not be opened")) from e
        try:
            self._enter()
            self._board.exec(_KEEP_AWAKE)
        except LOST as e:
            self._board.close()
            raise BadInput(
                Param("port", port),
                ": no MicroPython prompt: not a MicroPython board, or it is trying a new version and "
                "refuses to be interrupted (two minutes at most)",
            ) from e

    def _enter(self) -> None:
        # A board that is just starting does not listen to Ctrl-C yet.
        for i in range(_TRIES):
            try:
                with silent():
                    self._board.enter_raw_repl(soft_reset=False, timeout_overall=_PROMPT_S)
                return
            except TransportError:
                if i == _TRIES - 1:
                    raise

    def runs(self) -> tuple[str, tuple[int, ...]]:
        """sys.platform and the release of MicroPython."""
        self._board.exec("import sys")
        found = self._board.eval("(sys.platform, tuple(sys.implementation.version)[:3])")
        if not (
            isinstance(found, tuple)
            and len(found) == 2
            and isinstance(found[0], str)
            and isinstance(found[1], tuple)
            and all(isinstance(part, int) for part in found[1])
        ):
            raise TransportError("no answer to its release")
        return found

    def unique_id(self) -> str:
        """The chip's id, in hexadecimal."""
        ident = str(self._board.eval("machine.unique_id().hex()"))
        if not re.fullmatch("[0-9a-f]{2,64}", ident):
            # a folder is called after it
            raise TransportError("no answer to its id")
        return ident

    def sizes(self, paths: list[str]) -> dict[str, int]:
        """Size of each; -1 if it is not there."""
        found = self._board.eval(f"[_size(p) for p in {paths!r}]")
        if not isinstance(found, list) or len(found) != len(paths) or not all(isinstance(n, int) for n in found):
            raise TransportError("no answer to the sizes of files")
        return dict(zip(paths, found, strict=True))

    def read(self, path: str) -> bytes:
        """A file's bytes."""
        board, data = self._board, bytearray()
        board.exec(f"f=open({path!r},'rb')\nr=f.read")
        while chunk := board.eval(f"r({_CHUNK_BYTES})"):
            data += chunk
            if len(data) > _FILE_BYTES_MAX:
                raise TransportError(f"{path} has no end")
        board.exec("f.close()")
        return bytes(data)

    def flash(
        self,
        files: Mapping[str, bytes],
        backup: Path,
        remove: Sequence[str] = (),
        progress: Progress = lambda what, done, total: None,
    ) -> Flashed:
        """Makes the board hold `files`, by absolute path, and not hold `remove`. BadInput says what the board
        holds if that cannot be done: all of the old or all of the new, or what the next flash will put right."""
        try:
            finished = self.sizes([PLAN])[PLAN] >= 0
            if finished:
                self._board.exec("_swap()")
        except LOST as e:
            raise BadInput("an earlier flash stopped half-way, and completing it failed: run it again") from e
        try:
            self._board.exec(f"_gone({STAGE!r})")
            sizes = self.sizes(list(files))
            changed = {path: data for path, data in files.items() if not self._holds(path, data, sizes[path])}
            saved = self._save({path: sizes[path] for path in changed}, backup)
            self._stage(changed, remove, progress)
        except LOST as e:
            if _is_lost(e):
                raise BadInput("the link was lost; nothing on the board has changed: run it again") from e
            with suppress(*LOST):  # what cannot be cleared now, the next flash clears
                self._board.exec(f"_gone({STAGE!r})")
            raise BadInput(f"the board refused: {_last_line(e)}; nothing on it has changed") from e
        try:
            if changed or remove:
                self._board.exec("_swap()")
        except TransportExecError as e:
            raise BadInput(f"the board refused: {_last_line(e)}; {self._restore(saved, changed)}") from e
        except LOST as e:
            raise BadInput(
                "the link was lost while the files were swapped: run it again, and that completes it; what was there "
                f"is in {backup}"
            ) from e
        return Flashed(len(changed), len(files) - len(changed), finished, backup if saved else None)

    def _holds(self, path: str, data: bytes, size: int) -> bool:
        return size == len(data) and bytes(self._board.fs_hashfile(path, "sha256")) == hashlib.sha256(data).digest()

    def _save(self, sizes: Mapping[str, int], backup: Path) -> dict[str, bytes]:
        saved = {path: self.read(path) for path, size in sizes.items() if 0 <= size <= _FILE_BYTES_MAX}
        for path, data in saved.items():
            write_atomically(backup / path.lstrip("/"), data)
        return saved

    def _stage(self, changed: Mapping[str, bytes], remove: Sequence[str], progress: Progress) -> None:
        board = self._board
        if not changed and not remove:
            return
        folders = {path.rpartition("/")[0] for path in changed} - {""}
        for folder in sorted(folders | {STAGE} | {STAGE + folder for folder in folders}):
            board.exec(f"if _size({folder!r}) == -1: os.mkdir({folder!r})")
        total, done = sum(map(len, changed.values())), 0
        for path, data in changed.items():
            self._put(path, data, progress, done, total)
            done += len(data)
        order = [f"-{path}" for path in remove] + swap_order(changed)
        board.fs_writefile(PLAN + ".new", "\n".join(order).encode(), _CHUNK_BYTES)
        board.exec(f"os.rename({PLAN + '.new'!r}, {PLAN!r})")

    def _put(self, path: str, data: bytes, progress: Progress, before: int, total: int) -> None:
        self._board.fs_writefile(STAGE + path, data, _CHUNK_BYTES, lambda n, _: progress(path, before + n, total))
        if not self._holds(STAGE + path, data, len(data)):
            raise TransportExecError(b"", f"{path} does not read back as it was written")

    def _restore(self, saved: Mapping[str, bytes], changed: Mapping[str, bytes]) -> str:
        try:
            self._board.exec(f"_gone({STAGE!r})")
            for path, data in saved.items():
                self._board.fs_writefile(path, data, _CHUNK_BYTES)
            for path in changed.keys() - saved.keys():
                self._board.exec(f"_gone({path!r})")
        except TransportExecError as e:
            return f"and refused to have them put back, too ({_last_line(e)}): run it again"
        except LOST:
            return "and the link was lost while the files were put back: run it again"
        return "the files are as they were"

    def leave(self) -> None:
        """Closes the port and starts what the board holds, by a soft reset: the pins stay as they are."""
        with suppress(TransportError, *GONE):  # a board that is gone needs no telling
            self._board.exit_raw_repl()
            self._board.serial.write(b"\x04")
            self._board.serial.flush()
        with suppress(TransportError, *GONE):
            self._board.close()


def swap_order(paths: Collection[str]) -> list[str]:
    """In which order files change. A board whose flash is cut off finishes it by itself when it starts: from the moment
    on at which boot.py, also one of before it was the board's own, leads there. Until then nothing else has changed."""
    return [p for p in _FIRST if p in paths] + sorted(p for p in paths if p not in _FIRST)


def _is_lost(e: Exception) -> bool:
    # mpremote makes an OSError of what the board's own file system raises, too
    if isinstance(e, TransportExecError):
        return False
    return not isinstance(e, OSError) or isinstance(e, SerialException) or e.errno in (EIO, ENXIO, EBADF)


def _last_line(e: Exception) -> str:
    if not isinstance(e, TransportExecError):
        return str(e)
    lines = str(e.error_output).strip().splitlines()
    return lines[-1] if lines else "no reason given"
