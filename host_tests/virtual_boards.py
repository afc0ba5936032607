"""Virtual boards as their users meet them: served by the command, talked to by mpremote, by hand, by other commands."""

import os
import select
import signal
import subprocess
import sys
import time
import tty
from contextlib import contextmanager
from pathlib import Path

from ridethrough.virtual.control import ask
from support import PATIENCE_S, wait_for

BIN = Path(sys.executable).parent
link_process = {}


def ridethrough(*arguments, **how):
    command = [BIN / "ridethrough", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False, **how)


def said(done, code=0):
    assert done.returncode == code, done
    return done.stdout


@contextmanager
def served(folder, *options, name="board"):
    """A running `ridethrough board serve`; gives its link."""
    link = Path(folder) / name
    command = [BIN / "ridethrough", "board", "serve", "--link", link, *options]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        line = server.stdout.readline()
        assert "Ctrl-C ends it" in line, line + server.stdout.read()
        link_process[str(link)] = server
        yield link
    finally:
        server.terminate()
        try:
            said, _ = server.communicate(timeout=PATIENCE_S)
        finally:
            server.kill()  # one that hangs must not run beside all tests that follow
    assert server.returncode in (0, -signal.SIGKILL), said


def status(link):
    """What `ridethrough board status --json` prints, without a process for each question."""
    return ask(link, do="status")


def up(link, version="1"):
    """Until the application runs."""

    def there():
        now = status(link)
        return now if now["version"] == version and now["mcu"] == "run" else None

    return wait_for(there)


def mpremote(link, *words, code=0, cwd=None):
    command = [BIN / "mpremote", "connect", str(link), *map(str, words)]
    done = subprocess.run(command, capture_output=True, timeout=PATIENCE_S, cwd=cwd, check=False)
    assert done.returncode == code, (words, done.stdout, done.stderr)
    return (done.stdout or done.stderr if code else done.stdout).decode()


class Terminal:
    """A person's terminal program on the board's port."""

    def __init__(self, link):
        self._fd = os.open(link, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self._fd)
        self.seen = b""

    def type(self, data):
        os.write(self._fd, data)

    def until(self, text):
        """Everything up to `text`."""
        ends = time.monotonic() + PATIENCE_S
        while text not in self.seen:
            assert time.monotonic() < ends, (text, self.seen)
            if select.select([self._fd], [], [], 1)[0]:
                self.seen += os.read(self._fd, 4096)
        before, _, self.seen = self.seen.partition(text)
        return before

    def close(self):
        os.close(self._fd)
