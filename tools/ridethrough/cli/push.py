"""`ridethrough push`: send an image to a board's console, real or virtual, and activate it."""

from __future__ import annotations

import argparse
import base64
import calendar
import re
import time
from collections.abc import Iterator
from pathlib import Path

from ridethrough.cli.commands import Command
from ridethrough.cli.consoles import EXAMPLES, add_keys, add_port, image_in, release_notes
from ridethrough.cli.progress import Progress
from ridethrough.cli.terminal import say
from ridethrough.devices.port import ConsoleLink, LinkLost
from ridethrough.headend import client
from ridethrough.images import inspect_image
from ridethrough.images.commands import next_command, permits, signed_time, takes_signed_time
from ridethrough.images.keys import KeyPair
from ridethrough.reports.table import OUTCOMES
from ridethrough.support.errors import BadInput

_NUMBER = re.compile("[0-9]{1,10}")


def add(parser: Command) -> None:
    """Adds its arguments."""
    parser.epilog = EXAMPLES
    parser.add_argument("image", metavar="IMAGE", type=Path)
    parser.add_argument("--activate", metavar="now|DATE", help="now, or a date in UTC like 2026-12-01T02:00:00Z")
    add_keys(parser)
    add_port(parser)
    parser.set_defaults(call=call)


def call(arguments: argparse.Namespace) -> int:
    """Sends, has it verified, activates."""
    image = image_in(arguments.image)
    date = _date(arguments.activate)
    key = arguments.keys / "supplier.pem"
    supplier = KeyPair.load(key) if arguments.activate or key.exists() else None
    with ConsoleLink(arguments.port) as link:
        try:
            link.begin()
            hello = link.hello()
            for note in _notes(image, hello):
                say(note)
            with Progress() as progress:
                sent = link.perform(
                    client.push(
                        image,
                        int(hello["block"]),
                        progress=lambda done: progress.show("push", done, len(image)),
                        permit=permits(image, bytes.fromhex(hello["board"]), supplier) if supplier else None,
                    )
                )
            say(sent)
            if not arguments.activate or supplier is None:
                return 0
            return _activate(link, image, hello, supplier, date)
        except client.Refused as e:
            say(f"the board refused: {e}{_whose(str(e), image, arguments.keys)}{_key_wanted(str(e), key, supplier)}")
            return 1
        except (KeyError, ValueError) as e:
            raise BadInput(f"--port {arguments.port}: what is there does not speak this console: {e}") from e
        except LinkLost as e:
            raise BadInput(*e.args, "; run it again, and it goes on where it stopped") from e


def _activate(link: ConsoleLink, image: bytes, hello: dict[str, str], supplier: KeyPair, date: int) -> int:
    if date:
        now = int(time.time())
        told = base64.b64encode(signed_time(bytes.fromhex(hello["board"]), now, supplier)).decode()
        link.perform(client.ask(f"clock {told if takes_signed_time(hello) else now}"))
    signed = next_command(image, hello, supplier, date)
    if date:
        say(link.perform(client.command(signed)))
        return 0
    answer = client.words(link.perform(client.await_outcome(signed)))
    outcome = int(answer["outcome"])
    say(f"outcome {OUTCOMES.get(outcome, outcome)}: version {answer['version']} runs")
    if outcome:
        say(f"why: {link.perform(client.ask('log'))}")
    return int(outcome != 0)


def _notes(image: bytes, hello: dict[str, str]) -> Iterator[str]:
    # what somebody may not have meant, before anything is sent
    yield from release_notes(hello)
    inner = {f.name: f.value for f in inspect_image(image).fields}
    running = hello.get("version", "")
    if "security counter" in inner and _NUMBER.fullmatch(running) and int(inner["version"]) < int(running):
        yield (
            f"version {inner['version']} goes back: version {running} runs; the board takes it only if its security "
            f"counter, {inner['security counter']}, is not below the board's"
        )


def _whose(refusal: str, image: bytes, keys: Path) -> str:
    # A signature that does not hold: against which key, and with which it does.
    if "supplier's signature" not in refusal:
        return ""
    path = keys / "supplier.pem"
    ours = KeyPair.load(path).public if path.exists() else None
    holds = inspect_image(image, ours).verdicts.get("supplier's signature")
    by = {True: f"it is signed with {path}", False: f"it is not signed with {path} either", None: f"no {path} here"}
    known = ", but with the emulated key, which everybody knows" if inspect_image(image).signed_by_everybody else ""
    return f"; it was checked against the key on the board, /esme/supplier.pub; {by[holds]}{known}"


def _key_wanted(refusal: str, key: Path, supplier: KeyPair | None) -> str:
    if not refusal.startswith("permit ") or supplier is not None:
        return ""
    return f"; the supplier gives it: {key} is missing here (--keys DIR)"


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
