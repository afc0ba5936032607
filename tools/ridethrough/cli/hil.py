"""`ridethrough hil`: whole updates of a board on the desk, watched from outside and judged."""

from __future__ import annotations

import argparse
import json
import shlex
from pathlib import Path

from ridethrough.cli.commands import Command
from ridethrough.cli.consoles import add_keys, image_in, release_notes
from ridethrough.cli.progress import Progress
from ridethrough.cli.record import add_within, seen, within
from ridethrough.cli.rule_names import RULE, named_apart
from ridethrough.cli.terminal import terminal
from ridethrough.devices.hil import HilRun, run_hil
from ridethrough.images.keys import KeyPair
from ridethrough.reports.hil import Judged, as_json, judge, outcome, write_page
from ridethrough.reports.lines import Line, styled
from ridethrough.reports.timeline import Glyphs, strip
from ridethrough.rules.verdict import worst_exit_status
from ridethrough.support.errors import BadInput
from ridethrough.support.files import check_writable, write_atomically
from ridethrough.support.quantities import show_time

_REPEAT_MAX = 1000
_EXAMPLES = """examples:
  ridethrough hil --board-port /dev/ttyACM0 --witness-port /dev/ttyACM1 --image build/v2.img
  ridethrough hil --board-port /dev/ttyACM0 --witness-port /dev/ttyACM1 --image build/v2.img --repeat 20 \\
    --rule mp102-wg-2020-04 --rule design-target --note "bench 3, 470 uF, 144 Ohm"
  ridethrough board serve --witness build/witness     the same without hardware: build/board and build/witness

safety: a bench supply and a resistor for a hub; docs/power-path.md before you touch a real meter.

exit status, the worst of all: 0 every update was done and every rule kept, 1 not, 2 bad input, 3 undecided"""


def add(parser: Command, stem: str = "hil") -> None:
    """Adds its arguments. `stem`: what its files are called."""
    parser.epilog = _EXAMPLES
    parser.add_argument("--board-port", metavar="PORT", required=True)
    parser.add_argument("--witness-port", metavar="PORT", required=True)
    parser.add_argument("--image", metavar="IMAGE", type=Path, required=True, help="made with: ridethrough image build")
    add_keys(parser)
    parser.add_argument("--repeat", metavar="N", type=int, default=1, help="so many updates, one after the other")
    parser.add_argument("--rule", metavar="RULE", action="append", help=f"repeatable (default: {RULE})")
    parser.add_argument("--note", metavar="TEXT", default="", help="what the report should say of the set-up")
    parser.add_argument(
        "--output", metavar="DIR", type=Path, default=Path("build") / stem, help=f"default: build/{stem}"
    )
    add_within(parser)
    parser.set_defaults(call=call, stem=stem)


def call(arguments: argparse.Namespace) -> int:
    """Tries, keeps, judges, reports."""
    if not 1 <= arguments.repeat <= _REPEAT_MAX:
        raise BadInput(f"--repeat {arguments.repeat}: 1 to {_REPEAT_MAX} expected")
    rules = named_apart(arguments.rule or [RULE])
    within_mv = within(arguments)
    image = image_in(arguments.image)
    supplier = KeyPair.load(arguments.keys / "supplier.pem")
    check_writable(arguments.output / f"{arguments.stem}.json")
    done: list[HilRun] = []
    stopped = ""
    with Progress() as progress:
        for number in range(1, arguments.repeat + 1):
            name = f"run {number} of {arguments.repeat}"

            def show(what: str, at: int, total: int, name: str = name) -> None:
                progress.show(f"{name}: {what}", at, total)

            try:
                run = run_hil(arguments.board_port, arguments.witness_port, image, supplier, show)
                run.keep(arguments.output / f"{arguments.stem}-{number}.vcd", within_mv)
            except (BadInput, KeyboardInterrupt) as e:
                if not done:
                    raise
                # what was done before is worth its report
                stopped = f"{name} did not come about: {e or 'stopped by hand'}"
                break
            done.append(run)
            if run.problem:
                break
    judged = judge(done, rules)
    record = as_json(judged, rules, arguments.image, image, arguments.note, within_mv)
    write_atomically(arguments.output / f"{arguments.stem}.json", json.dumps(record, indent=2).encode() + b"\n")
    page = arguments.output / f"{arguments.stem}.html"
    write_page(judged, rules, record, page, _again)
    with terminal() as console:
        glyphs = Glyphs.for_encoding(console.encoding)
        console.say(*strip(judged[0].capture, console.width, glyphs), "")
        for j in judged:
            console.say(*_lines(j, arguments.repeat))
        console.say("", *seen(judged[0].run.recording), f"report           {page}")
        console.say(*release_notes(judged[0].run.hello))
        if stopped:
            console.say(styled(stopped, "bold red"))
    return 1 if stopped else worst_exit_status(j.exit_status for j in judged)


def _lines(j: Judged, repeat: int) -> list[Line | str]:
    styles = {0: "bold green", 1: "bold red", 3: "bold yellow"}
    lines: list[Line | str] = [
        styled(f"run {j.number} of {repeat}: {outcome(j)}", styles[j.exit_status]),
        *(f"  {verdict.rule_id:<24} {verdict.sentence()}" for verdict in j.verdicts),
    ]
    if j.ac_lost_us:
        lines.append(f"  AC lost said for {show_time(j.ac_lost_us)} that mains is lost")
    return [*lines, f"  again: {_again(j.run)}"]


def _again(run: HilRun) -> str:
    # the line that judges the capture again
    words = ["ridethrough check", shlex.quote(str(run.vcd)), "--assume 'mains on' --assume 'CH fitted'"]
    return " ".join([*words, *(f"--at {kind or name}={t_us}us" for name, kind, t_us in run.stated)])
