"""`ridethrough push | status | log`: talk to a board's console, real or virtual."""

from __future__ import annotations

import argparse
import calendar
import json
import time
from pathlib import Path
from typing import Any

from ridethrough.cli.progress import Progress
from ridethrough.devices import console
from ridethrough.devices.port import ConsoleLink, LinkLost
from ridethrough.errors import BadInput
from ridethrough.images import inspect_image
from ridethrough.images.commands import next_command
from ridethrough.images.keys import KeyPair
from ridethrough.images.layout import IMAGE_BYTES_MAX
from ridethrough.reports.table import OUTCOMES
from ridethrough.whole import read_whole

_LOG_ENTRIES_MAX = 512
_EXAMPLES = """examples:
  ridethrough push build/v2.img --port /dev/ttyACM0                  send and verify; nothing is activated
  ridethrough push build/v2.img --port /dev/ttyACM0 --activate now   and wait for what comes of it
  ridethrough push build/v2.img --port build/board --activate 2026-12-01T02:00:00Z
  ridethrough status --port build/board
  ridethrough log --port build/board

exit status: 0 done, 1 the board refused or the activation failed, 2 bad input or no board"""


def add(commands: Any) -> None:
    """Adds the commands to the parser."""
    how: dict[str, Any] = {"epilog": _EXAMPLES, "formatter_class": argparse.RawDescriptionHelpFormatter}
    push = commands.add_parser("push", help="send an image to a board, and activate it", **how)
    push.add_argument("image", metavar="IMAGE", type=Path)
    push.add_argument("--activate", metavar="now|DATE", help="now, or a date in UTC like 2026-12-01T02:00:00Z")
    add_keys(push)
    push.set_defaults(call=_push)
    status = commands.add_parser("status", help="how a board stands", **how)
    status.add_argument("--json", action="store_true", help="print it as JSON, nothing else")
    status.set_defaults(call=_status)
    log = commands.add_parser("log", help="a board's event log, oldest first", **how)
    log.set_defaults(call=_log)
    for parser in (push, status, log):
        parser.add_argument("--port", metavar="PORT", required=True, help="a serial port, or a virtual board's link")


def add_keys(parser: argparse.ArgumentParser) -> None:
    """Whose commands a board takes."""
    parser.add_argument(
        "--keys", metavar="DIR", type=Path, default=Path("keys"), help="with supplier.pem (default: keys)"
    )


def image_in(path: Path) -> bytes:
    """An image that can be pushed; BadInput if the file holds none."""
    image = read_whole(path, IMAGE_BYTES_MAX, "image")
    report = inspect_image(image, None, None)
    if not report.image:
        raise BadInput(f"{path}: {report.problems[0]}")
    return image


def _push(arguments: argparse.Namespace) -> int:
    image = image_in(arguments.image)
    date = _date(arguments.activate)
    supplier = KeyPair.load(arguments.keys / "supplier.pem") if arguments.activate else None
    with ConsoleLink(arguments.port) as link:
        try:
            link.begin()
            hello = link.hello()
            with Progress() as progress:
                sent = link.perform(
                    console.push(image, int(hello["block"]), told=lambda done: progress.show("push", done, len(image)))
                )
            print(sent)
            if supplier is None:
                return 0
            return _activate(link, image, hello, supplier, date)
        except console.Refused as e:
            print(f"the board refused: {e}")
            return 1
        except (KeyError, ValueError) as e:
            raise BadInput(f"--port {arguments.port}: what is there does not speak this console: {e}") from e
        except LinkLost as e:
            raise BadInput(f"{e}; run it again, and it goes on where it stopped") from e


def _activate(link: ConsoleLink, image: bytes, hello: dict[str, str], supplier: KeyPair, date: int) -> int:
    if date:
        link.perform(console.ask(f"clock {int(time.time())}"))
    signed = next_command(image, hello, supplier, date)
    if date:
        print(link.perform(console.command(signed)))
        return 0
    answer = console.words(link.perform(console.await_outcome(signed)))
    outcome = int(answer["outcome"])
    print(f"outcome {OUTCOMES.get(outcome, outcome)}: version {answer['version']} runs")
    if outcome:
        print(f"why: {link.perform(console.ask('log'))}")
    return int(outcome != 0)


def _date(text: str | None) -> int:
    if text in (None, "now"):
        return 0
    try:
        date = calendar.timegm(time.strptime(str(text), "%Y-%m-%dT%H:%M:%SZ"))
    except ValueError as e:
        raise BadInput(f"--activate {text}: now, or a date in UTC like 2026-12-01T02:00:00Z") from e
    if date <= time.time():
        raise BadInput(f"--activate {text}: that is past; now activates at once")
    return date


def _status(arguments: argparse.Namespace) -> int:
    with ConsoleLink(arguments.port) as link:
        link.begin()
        found = _ask(link, "hello") | _ask(link, "status")
    if arguments.json:
        print(json.dumps(found, indent=2))
    else:
        for name, value in found.items():
            print(f"{name:<10} {value}")
    return 0


def _ask(link: ConsoleLink, line: str) -> dict[str, str]:
    return console.words(_said(link, line))


def _said(link: ConsoleLink, line: str) -> str:
    try:
        return link.perform(console.ask(line, timeout_us=console.HELLO_TIMEOUT_US))
    except console.Refused as e:
        raise BadInput(f"'{line}': the board refused: {e}; does it run this firmware?") from e


def _log(arguments: argparse.Namespace) -> int:
    entries: list[str] = []
    with ConsoleLink(arguments.port) as link:
        link.begin()
        while len(entries) < _LOG_ENTRIES_MAX:
            entry = _said(link, f"log {len(entries)}")
            if not entry:
                break
            entries.append(entry)
    print("\n".join(reversed(entries)))
    return 0
