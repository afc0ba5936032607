"""`ridethrough sweep`: power cuts and other faults to a fixpoint, and one failure again."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ridethrough.cli.chosen import DEFAULT, add_chosen, chosen
from ridethrough.cli.commands import Command
from ridethrough.cli.progress import Progress
from ridethrough.cli.terminal import terminal
from ridethrough.cli.workers import (
    add_evidence,
    add_swept,
    add_workers,
    check_evidence,
    chosen_crews,
    chosen_cuts,
    chosen_faults,
    sweep_command,
)
from ridethrough.reports.evidence import sweep_page, sweep_suite
from ridethrough.reports.junit import write_junit
from ridethrough.reports.lines import styled
from ridethrough.reports.page import Page
from ridethrough.reports.sweep import as_json, lines, replay_lines
from ridethrough.reports.timeline import Glyphs, happenings, strip
from ridethrough.support.errors import BadInput
from ridethrough.support.files import check_writable
from ridethrough.sweep.explore import Reached, sweep
from ridethrough.sweep.facts import facts
from ridethrough.sweep.lived import LIVES
from ridethrough.sweep.replay import replay
from ridethrough.sweep.result import Result
from ridethrough.sweep.saved import identity, keeper, load
from ridethrough.sweep.setting import Setting
from ridethrough.traces.vcd_out import write_vcd

_EXAMPLES = """examples:
  ridethrough sweep                               every fault in the plain update on rpi_pico, to the fixpoint
  ridethrough sweep --cuts 1 --size 8192          one cut, a small image: some seconds
  ridethrough sweep bad_application:hangs --faults power,reset
  ridethrough sweep --board latch_pico --jobs 4
  ridethrough sweep --on local:8 --resume sweep.zip       a Dask cluster; goes on from there if it is ended
  ridethrough sweep --cuts 1 --junit sweep.xml --html sweep.html
  ridethrough sweep --from third --cuts 1 --size 8192     a board that has taken two updates before
  ridethrough sweep my.toml --firmware ./mine     your own firmware (docs/sweep.md)
  ridethrough sweep --guest chip:RPI_PICO.uf2 --cuts 1 --size 8192 --faults power --sample 16   on the chip (minutes)
  ridethrough sweep --replay u.11.511-w           one failure again, as a timeline and a VCD

exit status: 0 every invariant that was checked held, 1 some broke, 2 bad input"""


def add(parser: Command) -> None:
    """Adds its arguments."""
    parser.epilog = _EXAMPLES
    add_chosen(parser)
    add_swept(parser, "all")
    add_workers(parser)
    add_evidence(parser)
    parser.add_argument(
        "--resume", metavar="FILE", type=Path, help="keep the end of each level there, and go on from what is there"
    )
    parser.add_argument(
        "--sample", metavar="N", type=int, help="try only N of each level's states and further faults, evenly spread"
    )
    parser.add_argument(
        "--by-page",
        action="store_true",
        help="tell more states apart: ten times the boots (docs/sweep.md)",
    )
    parser.add_argument("--from", dest="state", metavar="STATE", help=f"a board that has lived: {', '.join(LIVES)}")
    parser.add_argument("--replay", metavar="ID", help="show one failure again")
    parser.add_argument("--vcd", metavar="FILE", type=Path, help="where a replay goes (default: build/sweep.vcd)")
    parser.add_argument("--json", action="store_true", help="print the result as JSON, nothing else")
    parser.set_defaults(call=call)


def call(arguments: argparse.Namespace) -> int:
    """Sweeps, or replays, and prints."""
    cuts = chosen_cuts(arguments.cuts)
    faults = chosen_faults(arguments.faults)
    if arguments.sample is not None and arguments.sample < 1:
        raise BadInput(f"--sample {arguments.sample}: a number of 1 or more expected")
    setting = _setting(arguments)
    if arguments.replay is not None:
        return _replay(arguments, setting)
    check_evidence(arguments)
    command = _command(arguments)
    which = identity(setting, cuts, frozenset(faults), arguments.sample)
    begun, keep = _resumed(arguments.resume, which)

    def again(ident: str) -> str:
        return f"{command} --replay {ident}"

    with terminal() as console, chosen_crews(arguments) as crew:
        if not arguments.json:
            names = f"{setting.scenario.name}: board {setting.board.name}, firmware {setting.firmware.name}"
            console.say(styled(setting.scenario.title, "bold"))
            console.say(styled(f"{names}; faults: {', '.join(faults)}", "dim"))
            if begun:
                console.say(styled(f"goes on after {begun.level} levels and {begun.result.boots} boots", "dim"))
            sys.stdout.flush()  # before the long work, also into a pipe
        with Progress("the first boots", "items") as progress:

            def show(found: Result, waiting: int) -> None:
                states = f"{sum(found.per_cut)} states, {len(found.failures)} invariants broken"
                progress.show(states, found.boots, found.boots + waiting)

            result = sweep(
                setting, cuts, faults, progress=show, crew=crew, sample=arguments.sample, begun=begun, keep=keep
            )
        about = facts(setting, cuts, faults, result.sample)
        if arguments.html:
            page = Page(f"Power cuts and other faults: {setting.scenario.title}")
            sweep_page(page, result, about, again)
            page.write(arguments.html)
        if arguments.junit:
            name = f"{setting.scenario.name} on {setting.board.name}"
            write_junit(arguments.junit, "ridethrough sweep", [sweep_suite(name, result, about, again)])
        if arguments.json:
            print(json.dumps({"scenario": setting.scenario.name} | as_json(result, again), indent=2))
        else:
            console.say(*lines(result, again))
    return 1 if result.failures else 0


def _setting(arguments: argparse.Namespace) -> Setting:
    scenario, board, firmware = chosen(arguments)
    if arguments.size is not None:
        scenario = scenario.with_image_bytes(arguments.size)
    return Setting.load(scenario, board, firmware, arguments.guest, arguments.state or "", arguments.by_page)


def _resumed(path: Path | None, which: dict[str, Any]) -> tuple[Reached | None, Callable[[Reached], None]]:
    # From where to go on, and what keeps the end of each level.
    if path is None:
        return None, lambda reached: None
    check_writable(path)
    return load(path, which) if path.exists() else None, keeper(path, which)


def _command(arguments: argparse.Namespace) -> str:
    return sweep_command(
        arguments.scenario or DEFAULT,
        board=arguments.board,
        firmware=arguments.firmware,
        size=arguments.size,
        **{"from": arguments.state},
        guest=None if arguments.guest == "cpython" else arguments.guest,
    )


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
