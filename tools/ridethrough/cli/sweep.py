"""`ridethrough sweep`: power cuts and other faults to a fixpoint, and one failure again."""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
from pathlib import Path

from ridethrough.cli.chosen import DEFAULT, add_chosen, chosen
from ridethrough.cli.commands import Command
from ridethrough.cli.progress import Progress
from ridethrough.cli.terminal import terminal
from ridethrough.reports.lines import styled
from ridethrough.reports.sweep import as_json, lines, replay_lines
from ridethrough.reports.timeline import Glyphs, happenings, strip
from ridethrough.support.errors import BadInput, suggestion
from ridethrough.sweep.explore import Result, sweep
from ridethrough.sweep.faults import FAULTS
from ridethrough.sweep.lived import LIVES
from ridethrough.sweep.replay import replay
from ridethrough.sweep.setting import Setting
from ridethrough.traces.vcd_out import write_vcd

_JOBS_MAX = 256
_EXAMPLES = """examples:
  ridethrough sweep                               every fault in the plain update on rpi_pico, to the fixpoint
  ridethrough sweep --cuts 1 --size 8192          one cut, a small image: some seconds
  ridethrough sweep bad_application:hangs --faults power,reset
  ridethrough sweep --board latch_pico --jobs 4
  ridethrough sweep --from third --cuts 1 --size 8192     a board that has taken two updates before
  ridethrough sweep my.toml --firmware ./mine     your own firmware (docs/sweep.md)
  ridethrough sweep --replay u.11.511-w           one failure again, as a timeline and a VCD

exit status: 0 every invariant that was checked held, 1 some broke, 2 bad input"""


def add(parser: Command) -> None:
    """Adds its arguments."""
    parser.epilog = _EXAMPLES
    add_chosen(parser)
    parser.add_argument("--size", metavar="BYTES", type=int, help="instead of the scenario's image size")
    parser.add_argument("--cuts", metavar="N|all", default="all", help="how many power cuts and resets in a row")
    parser.add_argument("--faults", metavar="LIST", default=",".join(FAULTS), help=f"of {', '.join(FAULTS)}")
    parser.add_argument(
        "--jobs", metavar="N", type=int, default=os.cpu_count() or 1, help="processes (default: all cores)"
    )
    parser.add_argument("--from", dest="state", metavar="STATE", help=f"a board that has lived: {', '.join(LIVES)}")
    parser.add_argument("--replay", metavar="ID", help="show one failure again")
    parser.add_argument("--vcd", metavar="FILE", type=Path, help="where a replay goes (default: build/sweep.vcd)")
    parser.add_argument("--json", action="store_true", help="print the result as JSON, nothing else")
    parser.set_defaults(call=call)


def call(arguments: argparse.Namespace) -> int:
    """Sweeps, or replays, and prints."""
    if not 1 <= arguments.jobs <= _JOBS_MAX:
        raise BadInput(f"--jobs {arguments.jobs}: 1 to {_JOBS_MAX} expected")
    cuts = _cuts(arguments.cuts)
    faults = _faults(arguments.faults)
    setting = _setting(arguments)
    if arguments.replay is not None:
        return _replay(arguments, setting)
    command = _command(arguments)

    def again(ident: str) -> str:
        return f"{command} --replay {ident}"

    with terminal() as console:
        if not arguments.json:
            names = f"{setting.scenario.name}: board {setting.board.name}, firmware {setting.firmware.name}"
            console.say(styled(setting.scenario.title, "bold"))
            console.say(styled(f"{names}; faults: {', '.join(faults)}", "dim"))
        with Progress("the first boots", "items") as progress:

            def show(found: Result, waiting: int) -> None:
                states = f"{sum(found.per_cut)} states, {len(found.failures)} invariants broken"
                progress.show(states, found.boots, found.boots + waiting)

            result = sweep(setting, cuts, faults, arguments.jobs, show)
        if arguments.json:
            print(json.dumps({"scenario": setting.scenario.name} | as_json(result, again), indent=2))
        else:
            console.say(*lines(result, again))
    return 1 if result.failures else 0


def _setting(arguments: argparse.Namespace) -> Setting:
    scenario, board, firmware = chosen(arguments)
    if arguments.size is not None:
        scenario = scenario.with_image_bytes(arguments.size)
    return Setting.load(scenario, board, firmware, arguments.guest, arguments.state or "")


def _cuts(text: str) -> int | None:
    if text == "all":
        return None
    if not re.fullmatch("[0-9]{1,4}", text) or not 1 <= int(text) <= 1000:
        raise BadInput(f"--cuts {text[:20]}: a number from 1 to 1000 expected, or all")
    return int(text)


def _faults(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in FAULTS:
            raise BadInput(f"--faults: no '{name}'{suggestion(name, FAULTS)}")
    return names


def _command(arguments: argparse.Namespace) -> str:
    words = ["ridethrough", "sweep", arguments.scenario or DEFAULT]
    for name in ("board", "firmware", "size"):
        value = getattr(arguments, name)
        if value is not None:
            words += [f"--{name}", str(value)]
    if arguments.state:
        words += ["--from", arguments.state]
    if arguments.guest != "cpython":
        words += ["--guest", arguments.guest]
    return shlex.join(words)


def _replay(arguments: argparse.Namespace, setting: Setting) -> int:
    found = replay(setting, arguments.replay)
    vcd = arguments.vcd or Path("build") / "sweep.vcd"
    write_vcd(found.trace, vcd)
    with terminal() as console:
        if arguments.json:
            shown = {"steps": found.steps, "consoles": found.consoles, "broken": [vars(b) for b in found.broken]}
            print(json.dumps(shown | {"vcd": str(vcd)}, indent=2))
            return 1 if found.broken else 0
        console.say(*strip(found.trace, console.width, Glyphs.for_encoding(console.encoding)), "")
        console.say(*happenings(found.trace), "", *replay_lines(found), f"  trace              {vcd}")
    return 1 if found.broken else 0
