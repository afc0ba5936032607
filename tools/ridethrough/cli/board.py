"""`ridethrough board`: a virtual board, and the hands around it."""

from __future__ import annotations

import argparse
import json
import signal
from pathlib import Path
from typing import Any

from rich.text import Text

from ridethrough.boards import Board
from ridethrough.cli.run import RULE, perform
from ridethrough.cli.terminal import say, terminal
from ridethrough.devices.virtual.control import ask
from ridethrough.errors import BadInput
from ridethrough.firmware import Firmware
from ridethrough.paths import BOARDS
from ridethrough.quantities import show_time
from ridethrough.reports.timeline import Glyphs, happenings, strip
from ridethrough.reports.wiring import write_wiring
from ridethrough.runner import fresh_flash
from ridethrough.scenarios import Scenario
from ridethrough.soundness import problems

LINK = Path("build") / "board"
_SPEED_MAX = 1000.0
_EXAMPLES = """examples:
  ridethrough board list                               the boards that come with it
  ridethrough board show rpi_pico --svg wiring.svg     its facts, and its wiring as a drawing
  ridethrough board check ./my_board                   is a description of my own sound? does the firmware run on it?
  ridethrough board serve                              a Pico with the reference firmware, at build/board
  mpremote connect build/board ls                      from another terminal, like any board
  ridethrough board serve --blank --flash my.flash     a new Pico: MicroPython, and an empty file system
  ridethrough board serve --board latch_pico --link /tmp/latch --speed max
  ridethrough board serve --witness build/witness      and a second board that watches its rail: record, trial
  ridethrough board mains off                          and: mains on, hub out, hub in, reset, status, stop
  ridethrough board trace --vcd seen.vcd               what the world saw, and whether the rule was kept"""


def add(commands: Any) -> None:
    """Adds the command and its sub-commands to the parser."""
    how: dict[str, Any] = {"epilog": _EXAMPLES, "formatter_class": argparse.RawDescriptionHelpFormatter}
    parser = commands.add_parser(
        "board", help="boards: list, show, check; serve a virtual one, switch its mains, pull its hub", **how
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    serve = actions.add_parser("serve", help="run a board behind a pseudo-terminal until Ctrl-C", **how)
    serve.add_argument("--board", metavar="NAME|DIR", default="rpi_pico", help="default: rpi_pico")
    serve.add_argument("--flash", metavar="FILE", type=Path, help="its flash, kept (default: LINK.flash)")
    fresh = serve.add_mutually_exclusive_group()
    fresh.add_argument("--blank", action="store_true", help="a new flash file is empty: as the port formats it")
    fresh.add_argument("--firmware", metavar="DIR", default="", help="what a new flash file holds, not the reference")
    serve.add_argument("--witness", metavar="PATH", type=Path, help="a witness watches it, and is served there")
    serve.add_argument("--speed", metavar="N|max", default="1", help="its seconds in one of ours (default: 1)")
    serve.set_defaults(call=_serve)
    for name, values, text in (
        ("mains", ("on", "off"), "switch the consumer's mains"),
        ("hub", ("in", "out"), "plug the hub in or pull it out"),
        ("reset", (), "press the board's reset button"),
        ("status", (), "how things stand"),
        ("stop", (), "end the server"),
    ):
        action = actions.add_parser(name, help=text, **how)
        if values:
            action.add_argument("value", choices=values)
        action.add_argument("--json", action="store_true", help="print it as JSON, nothing else")
        action.set_defaults(call=_do)
    trace = actions.add_parser("trace", help="what has been seen since the board was served, judged", **how)
    trace.add_argument("--vcd", metavar="FILE", type=Path, help="write it as VCD")
    trace.add_argument("--rule", metavar="RULE", default=RULE, help=f"default: {RULE}")
    trace.set_defaults(call=_trace)
    served = list(actions.choices.values())
    actions.add_parser("list", help="the boards that come with it", **how).set_defaults(call=_list)
    show = actions.add_parser("show", help="a board's facts, and its wiring", **how)
    show.add_argument("board", metavar="NAME|DIR")
    show.add_argument("--svg", metavar="FILE", type=Path, help="draw the wiring")
    show.set_defaults(call=_show)
    check = actions.add_parser("check", help="is a board's description sound, and does the firmware run on it?", **how)
    check.add_argument("board", metavar="NAME|DIR")
    check.set_defaults(call=_check)
    for action in served:
        action.add_argument("--link", metavar="PATH", type=Path, default=LINK, help=f"where it is (default: {LINK})")


def _list(arguments: argparse.Namespace) -> int:
    with terminal() as console:
        for path in sorted(BOARDS.glob("*/board.toml")):
            board = Board.load(path.parent.name)
            say(console, f"{board.name:<14} hold: {board.hold:<6} {board.port:<6} {board.title}")
    return 0


def _show(arguments: argparse.Namespace) -> int:
    board = Board.load(arguments.board)
    with terminal() as console:
        say(console, Text(f"{board.name}: {board.title}", "bold"), f"  hold {board.hold}, port {board.port}", "")
        for role, pin in board.pins.items():
            pull = f", {pin.pull_up_ohm} Ohm up" if pin.pull_up_ohm else ""
            divided = f", divided by {pin.divider}" if pin.divider > 1 else ""
            say(console, f"  {role:<14} gpio {pin.gpio:<3} {pin.label}{pull}{divided}")
        flash_kib = board.block_bytes * board.blocks // 1024
        say(
            console,
            "",
            f"  start          {show_time(board.start_us)} from reset to boot.py",
            f"  watchdog       at most {show_time(board.wdt_ms_max * 1000)}",
            f"  flash          {flash_kib} KiB, two slots of {board.slot_bytes // 1024} KiB",
            f"  facts          {board.directory / 'board.toml'}, each with its source",
        )
    if arguments.svg:
        write_wiring(board, arguments.svg)
        print(f"wiring           {arguments.svg}")
    return 0


def _check(arguments: argparse.Namespace) -> int:
    board = Board.load(arguments.board)
    found = list(problems(board))
    for problem in found:
        print(f"{board.directory}: {problem}")
    if found:
        return 1
    # what the figures say is one thing, whether the firmware runs with them another
    scenario = Scenario.load("update", str(board.name))
    trace, summary = perform(scenario, board)
    misses = summary.misses(scenario.shows) if board.hold != "none" else []
    for miss in misses:
        print(
            f"{board.directory}: an update does not end as it should: {miss} "
            f"(ridethrough run --board {arguments.board})"
        )
    if board.hold == "none":
        print(f"{board.name}: nothing holds the rail through a reset: the firmware will refuse to activate on it")
    if misses or not trace.events("application"):
        return 1
    print(f"{board.name}: sound; an update in the emulator: {summary.verdict.sentence()}")
    return 0


def _serve(arguments: argparse.Namespace) -> int:
    try:
        from ridethrough.devices.virtual.board import VirtualBoard
        from ridethrough.devices.virtual.drawer import Drawer
        from ridethrough.devices.virtual.line import check_link
    except ImportError as e:
        raise BadInput(f"a virtual board needs pseudo-terminals: Linux or macOS ({e.name} is missing)") from e
    speed = _speed(arguments.speed)
    board = Board.load(arguments.board)
    firmware = Firmware("", {}, {}) if arguments.blank else Firmware.load(arguments.firmware)
    fresh = fresh_flash(firmware, board, blank=arguments.blank)
    link, witness_link = arguments.link, arguments.witness
    if witness_link and witness_link.absolute() == link.absolute():
        raise BadInput(
            f"--witness {witness_link}: the board itself is served there: give the witness a link of its own"
        )
    for path in (link, witness_link) if witness_link else (link,):
        check_link(path)
    drawer = Drawer(arguments.flash or link.with_name(link.name + ".flash"), board, fresh)
    try:
        served = VirtualBoard(board, drawer, link, speed, witness_link)
    except BadInput:
        drawer.close()
        raise

    # not by an exception: it would be raised in the middle of the firmware, as the board's own Ctrl-C
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: served.stop())
    watched = f", its witness at {witness_link}" if witness_link else ""
    print(f"{board.name} at {link} ({served.port}){watched}; Ctrl-C ends it", flush=True)
    try:
        served.serve()
    finally:
        trace = served.trace()
        served.close()
    with terminal() as console:
        say(console, *strip(trace, console.width, Glyphs.for_encoding(console.encoding)), "", *happenings(trace))
    return 0


def _speed(text: str) -> float | None:
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0.01 <= speed <= _SPEED_MAX:
        raise BadInput(f"--speed {text}: 0.01 to {_SPEED_MAX:g} expected, or max")
    return speed


def _do(arguments: argparse.Namespace) -> int:
    status = ask(arguments.link, do=arguments.action, value=getattr(arguments, "value", None))
    if arguments.json:
        print(json.dumps(status, indent=2))
    elif arguments.action == "status":
        for name, value in status.items():
            print(f"{name:<15} {value}")
    return 0


def _trace(arguments: argparse.Namespace) -> int:
    vcd = str(arguments.vcd.resolve()) if arguments.vcd else ""
    # the server has a folder of its own
    rule = str(Path(arguments.rule).resolve()) if "/" in arguments.rule else arguments.rule
    found = ask(arguments.link, do="trace", vcd=vcd, rule=rule)
    print(found["sentence"])
    return int(found["exit_status"])
