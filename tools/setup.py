"""Make the virtual environment that the Makefile uses; plain Python, runs on whatever `python3` is.

Says in one line what is missing on this machine, if anything is.
"""

import os
import subprocess
import sys

VENV, PACKAGE = sys.argv[1:3]
CONSTRAINTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "constraints.txt")
STUBS = sys.argv[4] if len(sys.argv) > 4 else None
# The stubs bring their own machine.pyi and builtins, so they live apart from everything else.
STUB_PACKAGES = {
    "": "micropython-rp2-stubs==1.28.0.post4",
    "esp32": "micropython-esp32-stubs==1.28.0.post4",
    "stm32": "micropython-stm32-stubs==1.28.0.post4",
}


def stop(line):
    sys.exit("ridethrough: " + line)


def pip(*arguments):
    command = [os.path.join(VENV, "bin", "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if subprocess.call(command + list(arguments)) != 0:
        stop("pip could not install %s; its message is above" % arguments[-1])


if sys.version_info < (3, 11):
    stop("Python 3.11 or newer is needed, this is %d.%d: make PYTHON=python3.11 ..." % sys.version_info[:2])
try:
    import ensurepip  # noqa: F401
    import venv  # noqa: F401
except ImportError:
    stop("Python's venv module is missing; on Debian or Ubuntu: apt install python3-venv")

if not os.path.exists(os.path.join(VENV, "bin", "python")):
    print("ridethrough: setting up %s ..." % VENV, flush=True)
    if subprocess.call([sys.executable, "-m", "venv", VENV]) != 0:
        stop("python3 -m venv %s failed; its message is above" % VENV)
pip("--constraint", CONSTRAINTS, "--editable", PACKAGE)
for port, package in STUB_PACKAGES.items():
    # the firmware is checked against the first, a board against those of its port
    place = os.path.join(STUBS, "ports", port) if STUBS and port else STUBS
    if place and not os.path.isdir(place):
        pip("--target", place, package)
