"""Firmware with one fault each of timing, memory or port: which guests see it?

    python host_tests/guests/mutants.py --guest cpython --guest micropython --guest chip:RPI_PICO.uf2

A mutant is seen if its scenario does not end as stated, if something was raised that nobody caught, if the rail is
driven later than BOOT_US after a reset, or if the register is not what was supplied.
"""

import argparse
import re
import sys
from dataclasses import dataclass, replace

from ridethrough import Board, Firmware, Rule, Scenario
from ridethrough.boards.check import constants
from ridethrough.cli.board.used_pins import UsedPins
from ridethrough.guests.named import guest_named
from ridethrough.reports.summary import summarise
from ridethrough.runner import run_scenario
from ridethrough.scenarios import Step

BOARD = "rpi_pico"
RULE = Rule.load("mp102-wg-2020-04")
_RAISED = re.compile(r"Traceback|Uncaught exception|MemoryError")
_FOLLOW = "ac_ok.value(pin.value())"
_IRQ = "mains_lost_in_idle:1s"
_MWH_AT_ONCE = 2_000
"""A register may be behind by so much: what is supplied between two readings of it."""


@dataclass(frozen=True)
class Mutant:
    """In the file at `path`, `old` becomes `new`; `scenario` is where it shows."""

    name: str
    path: str
    old: str
    new: str
    scenario: str = "update"

    def firmware(self, board):
        """The reference with that one change."""
        reference = Firmware.load()
        files, app = board.files() | reference.files, dict(reference.application)
        store, path = (app, self.path.removeprefix("app/")) if self.path.startswith("app/") else (files, self.path)
        text = store[path].decode()
        if self.old not in text:
            raise ValueError(f"{self.name}: '{self.old}' is not in {self.path}")
        store[path] = text.replace(self.old, self.new, 1).encode()
        return replace(reference, files=files, application=app)


MUTANTS = [
    Mutant(
        "a reset at once", "/esme/holdup.py", "for _ in range(TELL_MS)", "for _ in ()", "bad_application:never_confirms"
    ),
    Mutant("a watchdog of 1 s", "/board.py", "WDT_MS = 8000", "WDT_MS = 1000"),
    Mutant("BOOT_US of 25 ms", "/board.py", "BOOT_US = 60_000", "BOOT_US = 25_000"),
    Mutant("a list in a hard interrupt", "/board.py", _FOLLOW, "ac_ok.value([pin.value()][0])", _IRQ),
    Mutant("a float in a hard interrupt", "/board.py", _FOLLOW, "ac_ok.value(int(pin.value() * 1.5))", _IRQ),
    Mutant("a method in a hard interrupt", "/board.py", _FOLLOW, "level = pin.value\n    ac_ok.value(level())", _IRQ),
    Mutant("31 bits in a hard interrupt", "/board.py", _FOLLOW, "ac_ok.value(pin.value() << 40 >> 40)", _IRQ),
    Mutant("a text in a hard interrupt", "/board.py", _FOLLOW, 'ac_ok.value(int("%d" % pin.value()))', _IRQ),
    Mutant("a hold test of 30 us", "/esme/holdup.py", "TEST_US_MAX = 100", "TEST_US_MAX = 30"),
    Mutant(
        "a collection in the hold test",
        "/esme/holdup.py",
        "    held = sense.value()",
        "    import gc\n    gc.collect()\n    held = sense.value()",
    ),
    Mutant(
        "300 calls deep",
        "app/application.py",
        "def run(meter):\n",
        "def deep(n):\n    return n and 1 + deep(n - 1)\n\n\ndef run(meter):\n    deep(300)\n",
    ),
    Mutant(
        "100 calls deep",
        "app/application.py",
        "def run(meter):\n",
        "def deep(n):\n    return n and 1 + deep(n - 1)\n\n\ndef run(meter):\n    deep(100)\n",
    ),
    Mutant(
        "a timer in hard interrupts",
        "/esme/supervisor.py",
        "period=_NET_MS, callback",
        "period=_NET_MS, hard=True, callback",
    ),
    Mutant(
        "a delay by counting",
        "/esme/start.py",
        "    if slot.state < bootrec.VERIFIED:",
        "    for _ in range(9000000):\n        pass\n    if slot.state < bootrec.VERIFIED:",
    ),
    Mutant("a timer of 1 ms", "/esme/supervisor.py", "_NET_MS = 1_000", "_NET_MS = 1"),
    Mutant(
        "a slow settling of the hold",
        "/esme/holdup.py",
        "    held = sense.value()",
        "    for _ in range(150):\n        pass\n    held = sense.value()",
    ),
    Mutant(
        "a sum over the image",
        "/esme/start.py",
        "    if image.digest_of(",
        "    total = 0\n    for byte in slot.digest * 12800:\n        total ^= byte\n    if image.digest_of(",
    ),
    Mutant(
        "the application announced in boot.py",
        "/esme/supervisor.py",
        'events.notice("application %d" % meter.version())',
        "pass",
    ),
    Mutant(
        "the hold never set", "/esme/holdup.py", "    if board.hold_is_set():\n", "    if not board.hold_is_set():\n"
    ),
    Mutant("AC lost not followed", "/esme/rail.py", "board.ac_ok.value(mains)", "board.ac_ok.value(1)", _IRQ),
    Mutant(
        "ticks compared",
        "/esme/supervisor.py",
        "ticks_diff(ticks_ms(), self._began_ms) >= TRIAL_MS",
        "ticks_ms() > self._began_ms + TRIAL_MS",
        "clocks:wrap_ms",
    ),
    Mutant("a trial of 3 s", "/esme/supervisor.py", "TRIAL_MS = 120_000", "TRIAL_MS = 3_010"),
    Mutant("the register asked without its part", "app/register.py", "_COUNTER = 0x10", "_COUNTER = 0x20"),
]


def sees(mutant: Mutant | None, guest: str, scenario: str = "") -> list[str]:
    """What `guest` shows of it; of the reference itself for None."""
    board = Board.load(BOARD)
    firmware = mutant.firmware(board) if mutant else Firmware.load()
    stated = constants(board)
    if mutant and mutant.path == "/board.py":
        found = re.search(r"^BOOT_US = ([\d_]+)", firmware.files["/board.py"].decode(), re.MULTILINE)
        stated["BOOT_US"] = int(found[1])
    plan = Scenario.load(mutant.scenario if mutant else scenario, BOARD)
    if plan.name == "update":
        plan = replace(plan, steps=(*plan.steps, Step("ask", plan.world.duration_us - 2_000_000, line="register")))
    used = UsedPins(board)
    trace = run_scenario(plan, board, firmware, guest_named(guest), calls=used.hear)
    seen = summarise(trace, RULE).misses(plan.shows)
    seen += [line for _, line in trace.notes["console"] if _RAISED.search(line)][:1]
    late_us = used.undriven_us([e.t_us for e in trace.events("reset")])
    if late_us > stated["BOOT_US"]:
        seen.append(f"the rail is driven {late_us} us after a reset, BOOT_US is {stated['BOOT_US']}")
    told = [int(found[1]) for _, line in trace.notes["console"] if (found := re.match(r"OK mwh=(\d+)", line))]
    supplied = trace.notes["supplied_mwh"]
    if told and abs(supplied - told[-1]) > _MWH_AT_ONCE:
        seen.append(f"the register says {told[-1]} mWh, {supplied} were supplied")
    return seen


def main() -> None:
    """Prints a row a mutant: what each guest sees of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--guest", action="append", required=True)
    parser.add_argument("mutant", nargs="*")
    arguments = parser.parse_args()
    known = {mutant.name for mutant in MUTANTS}
    if strange := sorted(set(arguments.mutant) - known):
        parser.error(f"no mutant {strange}: {sorted(known)}")
    for scenario in sorted({mutant.scenario for mutant in MUTANTS}):
        for guest in arguments.guest:
            if seen := sees(None, guest, scenario):
                sys.exit(f"{scenario} on {guest}: the firmware as it is shows {seen}")
    for mutant in MUTANTS:
        if arguments.mutant and mutant.name not in arguments.mutant:
            continue
        found = [sees(mutant, guest) for guest in arguments.guest]
        print(
            f"| {mutant.name} | "
            + " | ".join((seen[0] if seen else "not seen").replace("|", "/") for seen in found)
            + " |",
            flush=True,
        )


if __name__ == "__main__":
    main()
