"""`ridethrough run` without a scenario: firmware is given power, and watched."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from pathlib import Path

from ridethrough.boards import Board
from ridethrough.boards.firmware import Firmware
from ridethrough.scenarios import ImagePlan, Scenario
from ridethrough.support.errors import BadInput
from ridethrough.support.quantities import parse_time_us, show_time
from ridethrough.world.world import World

_OPTIONS = ("for", "mains", "hub", "type")
_DEFAULT_US = 60_000_000
_LONGEST_US = 90 * 24 * 3600 * 10**6
_TYPED_MAX = 4096
_SPAN = re.compile(r"(\w+)@([^.]+(?:\.\d[^.]*)?)(?:\.\.(.+))?")
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|([nrt\\]))")
_LETTERS = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\"}


def add_watching(parser: argparse.ArgumentParser) -> None:
    """Adds the options that take the place of a scenario."""
    group = parser.add_argument_group("without a scenario, power comes on and the firmware is watched")
    group.add_argument("--for", metavar="TIME", dest="for_", help="for how long (default: 1 min)")
    group.add_argument(
        "--mains", metavar="off@FROM[..TO]", action="append", default=[], help="mains is lost, such as off@60s..90s"
    )
    group.add_argument("--hub", metavar="out@FROM[..TO]", action="append", default=[], help="the hub is pulled off")
    group.add_argument(
        "--type",
        metavar="TEXT@TIME",
        action="append",
        default=[],
        help=r"a line for the console, such as status@10s; \x03@10s is Ctrl-C",
    )


def is_watched(arguments: argparse.Namespace, firmware: Callable[[], Firmware]) -> bool:
    """Is there no scenario? Firmware that takes the reference's images has one, the plain update, unless something is
    asked that a scenario would say. BadInput for both."""
    asked = [name for name in _OPTIONS if getattr(arguments, "for_" if name == "for" else name)]
    if arguments.scenario is not None:
        if asked:
            raise BadInput(f"--{asked[0]} goes without a scenario: '{arguments.scenario}' says what happens")
        return False
    return bool(asked) or (arguments.firmware is not None and not firmware().application)


def watching(arguments: argparse.Namespace, board: Board, firmware: Firmware) -> Scenario:
    """What is asked, as a scenario without steps. BadInput for what cannot be."""
    for_us = parse_time_us(arguments.for_) if arguments.for_ else _DEFAULT_US
    if not 0 < for_us <= _LONGEST_US:
        raise BadInput(f"--for {arguments.for_}: longer than 0 and at most 90 days, please")
    name = Path(arguments.firmware).name if arguments.firmware else firmware.name
    mains = _spans("mains", "off", arguments.mains, for_us)
    world = World(
        duration_us=for_us,
        mains=((0, True), *mains),
        hub_fitted=_spans("hub", "out", arguments.hub, for_us),
        typed=tuple(sorted(_typed(one, for_us) for one in arguments.type)),
    )
    return Scenario(
        name="watch",
        title=f"{name} on {board.name}, watched for {show_time(for_us)}",
        text="",
        board=board.name,
        firmware=firmware.name,
        world=world,
        image=ImagePlan(),
        steps=(),
    )


def _spans(option: str, word: str, given: list[str], for_us: int) -> tuple[tuple[int, bool], ...]:
    found: list[tuple[int, bool]] = []
    for text in given:
        match = _SPAN.fullmatch(text)
        if match is None or match[1] != word:
            raise BadInput(f"--{option} '{text}': '{word}@60s' or '{word}@60s..90s' expected")
        begin_us = parse_time_us(match[2])
        end_us = parse_time_us(match[3]) if match[3] else None
        if end_us is not None and end_us <= begin_us:
            raise BadInput(f"--{option} '{text}': it ends before it begins")
        if found and begin_us < found[-1][0]:
            raise BadInput(f"--{option} '{text}': give them in order of time, without overlap")
        if begin_us >= for_us:
            raise BadInput(f"--{option} '{text}': the run ends at {show_time(for_us)}: see --for")
        found.append((begin_us, False))
        if end_us is not None:
            found.append((end_us, True))
        elif text is not given[-1]:
            raise BadInput(f"--{option} '{text}': only the last may be without an end")
    return tuple(found)


def _typed(text: str, for_us: int) -> tuple[int, bytes]:
    line, at, when = text.rpartition("@")
    if not at or not line:
        raise BadInput(f"--type '{text}': a text and a time expected, such as status@10s")
    t_us = parse_time_us(when)
    if t_us >= for_us:
        raise BadInput(f"--type '{text}': the run ends at {show_time(for_us)}: see --for")
    keys = _ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else _LETTERS[m[2]], line)
    # a control character alone is a key, everything else a line
    data = keys.encode() if len(keys) == 1 and ord(keys) < ord(" ") else keys.encode() + b"\n"
    if len(data) > _TYPED_MAX:
        raise BadInput(f"--type: more than {_TYPED_MAX} bytes: a scenario can have several lines")
    return t_us, data
