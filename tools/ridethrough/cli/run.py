"""`ridethrough run`: one scenario, its timeline and the verdict."""

from __future__ import annotations

import argparse
import json
import textwrap
from pathlib import Path

from ridethrough.boards import Board
from ridethrough.boards.firmware import Firmware
from ridethrough.cli.calls import CallFile, stopping
from ridethrough.cli.chosen import DEFAULT_BOARD, add_chosen, chosen, chosen_firmware
from ridethrough.cli.commands import Command
from ridethrough.cli.perform import perform
from ridethrough.cli.rule_names import RULE
from ridethrough.cli.terminal import Terminal, terminal
from ridethrough.cli.watching import add_watching, is_watched, watching
from ridethrough.guests.named import guest_named
from ridethrough.reports import verdict_file
from ridethrough.reports.difference import draw
from ridethrough.reports.lines import styled
from ridethrough.reports.page import Page
from ridethrough.reports.picture import write_picture
from ridethrough.reports.run_page import add_run
from ridethrough.reports.show import show
from ridethrough.reports.timeline import Glyphs
from ridethrough.reports.watch import watched, watched_json
from ridethrough.rules import Rule
from ridethrough.runner import run_scenario
from ridethrough.scenarios import Scenario, names
from ridethrough.scenarios.loader import specimens
from ridethrough.support.errors import BadInput
from ridethrough.support.quantities import show_rounded, show_time
from ridethrough.traces.difference import Difference, InOrder, first_difference, in_order
from ridethrough.traces.vcd_out import write_vcd

_EXAMPLES = f"""examples:
  ridethrough run                                   the plain update on rpi_pico
  ridethrough run legacy_long_reboot --vcd old.vcd  a meter that cuts its hub, for GTKWave
  ridethrough run --board bare_pico                 the update on a board that cannot hold the rail
  ridethrough run --firmware ./mine                 your own firmware: power on, and watch for a minute
  ridethrough run --firmware ./mine --for 2min --mains off@60s..90s --type status@10s
  ridethrough run --firmware ./mine --break main.py:12 --calls calls.txt
  ridethrough run --guest micropython               the same under the real MicroPython VM
  ridethrough run --against micropython             both guests: do they do the same?
  ridethrough run ./my_scenario.toml                a scenario of your own
  ridethrough run chatter --html chatter.html       a specimen, as a page to look into

specimens, meters for rules to be tried on:
{textwrap.fill(", ".join(specimens()), 100, initial_indent="  ", subsequent_indent="  ")}

scenarios (file:case):
{textwrap.fill(", ".join(names()), 100, initial_indent="  ", subsequent_indent="  ")}

exit status: 0 rule kept, or nothing it speaks about; 1 broken; 2 bad input; 3 undecided;
with --against 0 the same, 1 not"""


def add(parser: Command) -> None:
    """Adds its arguments."""
    parser.epilog = _EXAMPLES
    add_chosen(parser)
    add_watching(parser)
    parser.add_argument("--vcd", metavar="FILE", type=Path, help="where to write the trace (default: build/NAME.vcd)")
    parser.add_argument("--picture", metavar="FILE", type=Path, help="draw the timeline as SVG")
    parser.add_argument("--html", metavar="FILE", type=Path, help="write a page with the timeline, to look into")
    parser.add_argument("--verdict", metavar="FILE", type=Path, help="write the verdict with hashes, for `verify`")
    parser.add_argument("--rule", metavar="RULE", default=RULE, help=f"default: {RULE}")
    parser.add_argument("--calls", metavar="FILE", type=Path, help="write each call to the hardware into a file")
    parser.add_argument(
        "--break", metavar="FILE:LINE", dest="breaks", action="append", default=[], help="stop there in pdb (cpython)"
    )
    parser.add_argument("--against", metavar="GUEST", help="run it on this guest too, and show where the two part")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON, nothing else")
    parser.add_argument("--quiet", action="store_true", help="print only the verdict")
    parser.set_defaults(call=call)


def call(arguments: argparse.Namespace) -> int:
    """Runs, writes, prints; the verdict's exit status."""
    watched_only = is_watched(arguments, lambda: chosen_firmware(arguments))
    if watched_only:
        board, firmware = Board.load(arguments.board or DEFAULT_BOARD), chosen_firmware(arguments)
        scenario = watching(arguments, board, firmware)
    else:
        scenario, board, firmware = chosen(arguments)
    if arguments.against:
        for option in ("vcd", "verdict", "picture", "html", "json", "quiet", "calls", "breaks"):
            if getattr(arguments, option):
                shown = "break" if option == "breaks" else option
                raise BadInput(f"--against compares two runs and has no --{shown}: run one of them for that")
        return _compare(arguments, scenario, board, firmware)
    rule = Rule.load(arguments.rule)
    if arguments.breaks and arguments.guest != "cpython":
        raise BadInput(f"--break goes with the cpython guest, not with {arguments.guest}")
    guest = stopping(arguments.breaks) if arguments.breaks else guest_named(arguments.guest)
    with CallFile(arguments.calls) as calls:
        heard = calls.hear if arguments.calls else None
        trace, summary = perform(scenario, board, firmware, guest, rule, heard)
    vcd = arguments.vcd or Path("build") / f"{scenario.name}.vcd"
    write_vcd(trace, vcd)
    if arguments.verdict:
        rows = [(vcd, arguments.rule, rule, summary.verdict)]
        verdict_file.write(arguments.verdict, rows, {}, [summary.verdict.sentence()])
    if arguments.picture:
        write_picture(trace, summary.verdict, scenario.title, arguments.picture)
    if arguments.html:
        page = Page(scenario.title)
        add_run(page, scenario, trace, summary, rule)
        page.write(arguments.html)
    with terminal() as console:
        glyphs = Glyphs.for_encoding(console.encoding)
        if arguments.json:
            seen = watched_json(board, trace) if watched_only else {}
            print(json.dumps({"scenario": scenario.name, **summary.as_json(), **seen}, indent=2))
        elif arguments.quiet:
            console.say(summary.verdict.sentence())
        elif watched_only:
            console.say(*watched(scenario, board, trace, summary, console.width, glyphs))
        else:
            console.say(*([styled(guest.about, "dim")] if guest.about else []))
            console.say(*show(scenario, trace, summary, console.width, glyphs))
    return summary.verdict.exit_status


def _in_order(console: Terminal, scenario: Scenario, names: tuple[str, str], found: Difference | InOrder) -> int:
    # one of them has its own time: the order is what can be equal
    if isinstance(found, InOrder):
        far = found.furthest
        where = f" ({far.signal} at {show_time(far.t_us)})" if far.us else ""
        console.say(
            f"{scenario.name}: {names[0]} and {names[1]} do the same in the same order; times from a reset on are "
            f"{show_rounded(far.us)} apart at most{where}"
        )
        return 0
    console.say(f"{scenario.name}: {found.signal} parts at {show_time(found.t_us)}")
    console.say(
        *(f"  {name:<12} {text or 'nothing'}" for name, text in zip(names, (found.one, found.other), strict=True))
    )
    return 1


def _compare(arguments: argparse.Namespace, scenario: Scenario, board: Board, firmware: Firmware) -> int:
    names = (arguments.guest, arguments.against)
    guests = [guest_named(name) for name in names]
    one, other = (run_scenario(scenario, board, firmware, guest) for guest in guests)
    with terminal() as console:
        if any(guest.own_time for guest in guests):
            return _in_order(console, scenario, names, in_order(one, other))
        difference = first_difference(one, other)
        if difference is None:
            console.say(f"{scenario.name}: {names[0]} and {names[1]} do the same, to the microsecond")
            return 0
        console.say(*draw(difference, names, (one, other), Glyphs.for_encoding(console.encoding)))
    return 1
