"""Where there are no ptys, no Unix sockets and no VM: the rest works, and what does not is said in one line."""

import json
import subprocess
import sys

import pytest

# what a Windows Python does not have; pyserial and mpremote have their own ways there, so they come in first
HIDDEN = """
import json, sys
import serial, mpremote.transport_serial, select, socket, subprocess, multiprocessing.pool
for name in ("termios", "pty", "tty", "fcntl", "resource", "micropython_run"):
    sys.modules[name] = None
import os
del socket.AF_UNIX, os.fork, os.openpty
from ridethrough.cli import main
sys.exit(main(json.loads(sys.argv[1])))
"""


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["run"], 0),
        (["rules", "explain", "mp102-wg-2020-04"], 0),
        (["rules", "matrix", "--rules", "mp102-wg-2020-04", "--specimens", "sag"], 0),
        (["board", "check", "rpi_pico"], 0),
        (["sweep", "--size", "8192", "--cuts", "1", "--faults", "hold", "--jobs", "1"], 0),
        (["run", "--guest", "micropython"], 2),
        (["run", "--guest", "exec:/bin/true"], 2),
        (["board", "serve"], 2),
        (["board", "mains", "off"], 2),
        (["status", "--port", "COM9"], 2),
        (["flash", "--board", "rpi_pico", "--port", "COM9"], 2),
    ],
    ids=lambda x: " ".join(x) if isinstance(x, list) else "",
)
def test_nothing_ends_in_a_traceback(arguments, status, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", HIDDEN, json.dumps(arguments)],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == status, done
    assert status == 0 or done.stderr.count("\n") == 1
