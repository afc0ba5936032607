"""Runs of the reference firmware: applications, a head-end that talks, flash that was changed between two runs."""

import base64

from ridethrough import World
from ridethrough.guests.flashfs import FlashFs, fresh_flash
from ridethrough.headend import client
from ridethrough.headend.head_end import HeadEnd
from ridethrough.images import EMULATED, activation_command
from ridethrough.images.commands import permits, signed_time
from ridethrough.world.chip import ChipParams, FlashChip
from support import PICO, REFERENCE, S

GOOD = "def run(meter):\n    meter.confirm()\n    while True:\n        meter.counted()\n        meter.poll(50)\n"
BAD_APPLICATIONS = {
    "raises at import": "1 / 0\ndef run(meter):\n    pass\n",
    "raises": "def run(meter):\n    raise ValueError('no')\n",
    "returns": "def run(meter):\n    pass\n",
    "exits": "import sys\ndef run(meter):\n    sys.exit()\n",
    "has no run": "x = 1\n",
    "hangs": "def run(meter):\n    while True:\n        pass\n",
    "sleeps for ever": "import time\ndef run(meter):\n    while True:\n        time.sleep(100)\n",
    "swallows everything": "def run(meter):\n    while True:\n        try:\n            1 / 0\n        except:\n"
    "            pass\n",
    "never confirms": "def run(meter):\n    while True:\n        meter.poll(50)\n",
    "feeds for ever": "import time\ndef run(meter):\n    while True:\n        meter.feed()\n        time.sleep(1)\n",
    "feeds by itself": "import time\nfrom machine import WDT\nw = WDT(timeout=8000)\n"
    "def run(meter):\n    while True:\n        w.feed()\n        time.sleep(1)\n",
    "soft-resets": "import machine\ndef run(meter):\n    machine.soft_reset()\n",
    "eats the heap": "def run(meter):\n    raise MemoryError\n",
    "syntax": "def run(meter:\n",
}


def faults(trace):
    return [dict(e.data) for e in trace.events("fault")]


def flash_after(trace):
    chip = FlashChip(ChipParams.of(PICO))
    chip.data[:] = trace.notes["flash"]
    fs = FlashFs(chip)
    fs.mount()
    return chip, fs


def run_on_flash(flash, seconds=20, operation=None):
    from ridethrough.guests.cpython import CPythonGuest
    from ridethrough.world.site import Site

    site = Site(PICO, World(), CPythonGuest(), flash)
    if operation:
        HeadEnd(site, (), b"").start(operation, 5 * S)
    site.run(seconds * S)
    trace = site.finish()
    site.close()
    trace.notes.update(console=site.mcu.console.log, flash=bytes(site.mcu.chip.data))
    return trace


class Talk:
    """A head-end that says given lines and keeps the answers."""

    def __init__(self, *said, push=b"", board=PICO, seconds=40, **world):
        self.answers = []

        def operation():
            for line in said:
                if callable(line):
                    self.answers.append((yield from line(self)))
                else:
                    self.answers.append((yield client.Request(line, 6 * S)))
            return ""

        self.trace = self._run(operation, board, seconds, world)

    def _run(self, operation, board, seconds, world):
        from ridethrough.guests.cpython import CPythonGuest
        from ridethrough.world.site import Site

        site = Site(board, World(**world), CPythonGuest(), fresh_flash(REFERENCE, board))
        end = HeadEnd(site, (), b"")
        end.start(operation(), 3 * S)
        site.run(seconds * S)
        trace = site.finish()
        site.close()
        trace.notes.update(console=site.mcu.console.log, flash=bytes(site.mcu.chip.data))
        return trace


def pushed(data):
    def operation(talk):
        return (yield from client.push(data, permit=permits(data, PICO.unique_id, EMULATED.supplier)))

    return operation


def refusal(operation):
    """The answer of `operation`, or the reason for its refusal."""
    try:
        return (yield from operation)
    except client.Refused as e:
        return str(e)


def command_line(signed):
    return "command " + base64.b64encode(signed).decode()


def clock_line(unix_s, board_id=PICO.unique_id, key=EMULATED.supplier):
    return "clock " + base64.b64encode(signed_time(board_id, unix_s, key)).decode()


def signed_command(push, counter=1, board_id=PICO.unique_id, date=0, key=EMULATED.supplier):
    return activation_command(push, board_id, counter, key, date)
