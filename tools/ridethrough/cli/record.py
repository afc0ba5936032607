"""`ridethrough record`: what a witness sees, as a capture."""

from __future__ import annotations

import argparse
import signal
import threading
from pathlib import Path

from ridethrough.cli.commands import Command
from ridethrough.cli.progress import Progress
from ridethrough.cli.terminal import say, terminal
from ridethrough.devices.recording import STEP_MV, WITHIN_MV, Recording
from ridethrough.devices.witness import WitnessLink
from ridethrough.reports.timeline import Glyphs, strip
from ridethrough.support.errors import BadInput
from ridethrough.support.files import check_writable
from ridethrough.support.quantities import parse_time_us, parse_voltage_mv, show_time
from ridethrough.traces.load import ProbeMap, load_capture

_LOOK_US = 500_000
_EXAMPLES = """examples:
  ridethrough record --port /dev/ttyACM1 --vcd rail.vcd               until Ctrl-C
  ridethrough record --port /dev/ttyACM1 --vcd rail.vcd --for 10min
  ridethrough check rail.vcd --at activation=130s --assume 'mains on'  and judge it

safety: assume that the hub's interface is at mains potential until the meter's maker says otherwise: isolated
supply, isolated probes, no earthed instrument, a competent person.

exit status: 0 written, 2 bad input, or the witness said no more (what it said before is written)"""


def add(parser: Command) -> None:
    """Adds its arguments."""
    parser.epilog = _EXAMPLES
    parser.add_argument("--port", metavar="PORT", required=True, help="the witness's: a serial port, or a virtual one")
    parser.add_argument("--vcd", metavar="FILE", type=Path, required=True)
    parser.add_argument("--for", dest="span", metavar="TIME", type=str, help="such as 10min (default: until Ctrl-C)")
    add_within(parser)
    parser.set_defaults(call=call)


def add_within(parser: argparse.ArgumentParser) -> None:
    """How good the witness's divider is."""
    parser.add_argument(
        "--within", metavar="V", default=f"{WITHIN_MV}mV", help=f"how far its voltages may be off ({WITHIN_MV}mV)"
    )


def within(arguments: argparse.Namespace) -> int:
    """Of a command with `add_within`, in mV."""
    mv = parse_voltage_mv(arguments.within)
    if mv < STEP_MV:
        raise BadInput(f"--within {arguments.within}: a witness says a voltage when it has moved by {STEP_MV} mV")
    return mv


def call(arguments: argparse.Namespace) -> int:
    """Listens, writes, shows."""
    span_us = parse_time_us(arguments.span) if arguments.span else None
    within_mv = within(arguments)
    check_writable(arguments.vcd)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with WitnessLink(arguments.port) as witness, Progress("recording", "") as progress:
        began_us = witness.now_us
        over = False
        while not over and witness.listen(_LOOK_US):
            done_us = witness.now_us - began_us
            progress.show(f"recording, {show_time(done_us // 10**6 * 10**6)}", done_us, span_us or 0)
            over = stop.is_set() or (span_us is not None and done_us >= span_us)
    recording = witness.stop()
    recording.write_vcd(arguments.vcd, within_mv)
    capture = load_capture(arguments.vcd, ProbeMap())
    with terminal() as console:
        console.say(*strip(capture, console.width, Glyphs.for_encoding(console.encoding)), "")
        console.say(*seen(recording), f"capture          {arguments.vcd}")
    if over:
        return 0
    say(f"it ended early: {recording.ended or 'the witness said no more'}")
    return 2


def seen(recording: Recording) -> list[str]:
    """How well it was watched, for people."""
    missed = [f"{recording.lines_lost} lines", f"{recording.edges_lost} edges"]
    return [
        f"witness          {recording.who}",
        f"watched          {show_time(recording.now_us)}, a sample every {show_time(recording.apart_us)} or sooner",
        f"lost             {', '.join(missed)}; not known for {show_time(recording.unwatched_us)} in all",
    ]
