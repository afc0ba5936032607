"""`ridethrough campaign`: every scenario on every board with some cuts, and what is new since the last one."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from ridethrough.boards import Board
from ridethrough.boards.board import board_names
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
from ridethrough.reports.evidence import campaign_page, campaign_suites
from ridethrough.reports.junit import write_junit
from ridethrough.reports.lines import joined, styled
from ridethrough.reports.page import Page
from ridethrough.scenarios import Scenario, names
from ridethrough.support.errors import BadInput
from ridethrough.support.files import check_writable, read_bounded, write_atomically
from ridethrough.sweep.campaign import Row, campaign, changes
from ridethrough.sweep.facts import versions
from ridethrough.sweep.result import Result

_LAST = Path("build") / "campaign.json"
_LAST_BYTES_MAX = 16 * 1024 * 1024
_EXAMPLES = """examples:
  ridethrough campaign                                  one cut, images of 8 KiB, every scenario on every board
  ridethrough campaign update dated:overdue --board latch_pico --cuts 2
  ridethrough campaign --on tcp://scheduler:8786 --html campaign.html --junit campaign.xml

exit status: 0 every row held or was left out, 1 some broke, 2 bad input"""


def add(parser: Command) -> None:
    """Adds its arguments."""
    parser.epilog = _EXAMPLES
    parser.add_argument("scenario", nargs="*", help="names or files (default: all that come with the project)")
    parser.add_argument("--board", metavar="NAME|DIR", action="append", help="only on this board; may be repeated")
    add_swept(parser, "1")
    parser.set_defaults(size=8192)
    add_workers(parser)
    add_evidence(parser)
    parser.add_argument(
        "--last", metavar="FILE", type=Path, default=_LAST,
        help=f"the last campaign: it is compared with, and this one comes in its place (default: {_LAST})",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print the rows as JSON, nothing else")
    parser.set_defaults(call=call)


def call(arguments: argparse.Namespace) -> int:
    """Sweeps them all, and prints each as it is done."""
    cuts, faults = chosen_cuts(arguments.cuts), chosen_faults(arguments.faults)
    boards = [Board.load(n) for n in arguments.board or board_names()]
    wanted = arguments.scenario or names()
    for name in wanted:
        # what nobody can read is said before the first hour, not after it
        Scenario.load(name)
    check_evidence(arguments)
    check_writable(arguments.last)
    before = _before(arguments.last)
    rows: list[Row] = []
    total = len(wanted) * len(boards)
    with terminal() as console, chosen_crews(arguments) as crew_for, Progress("campaign", "items") as progress:

        def told(name: str, result: Result, waiting: int) -> None:
            progress.show(f"{name}: {result.boots} boots, {waiting} wait", len(rows), total)

        for row in campaign(wanted, boards, crew_for, cuts, faults, arguments.size, told):
            rows.append(row)
            if not arguments.json:
                console.say(*_line(row, arguments))
    new = None if before is None else _changes(arguments.last, before, rows)
    about = {"cuts": arguments.cuts, "faults": ", ".join(faults), "images": f"{arguments.size} bytes"} | versions()
    found = {"about": about, "rows": [row.to_json() for row in rows], "new": new}
    write_atomically(arguments.last, (json.dumps(found, indent=1) + "\n").encode())
    if arguments.html:
        page = Page("Every scenario on every board, with power cuts and other faults")
        campaign_page(page, rows, new, about)
        page.write(arguments.html)
    if arguments.junit:
        write_junit(
            arguments.junit, "ridethrough campaign", campaign_suites(rows, lambda r, i: _again(arguments, r, i))
        )
    with terminal() as console:
        if arguments.json:
            print(json.dumps(found, indent=1))
        else:
            console.say("", *(f"  new: {line}" for line in new or ()), _summary(rows, new))
    return 1 if any(row.status == "broke" for row in rows) else 0


def _before(path: Path) -> dict[str, Any] | None:
    if not path.exists():
        return None
    try:
        found = json.loads(read_bounded(path, _LAST_BYTES_MAX, "campaign"))
        changes(found, ())
    except (ValueError, TypeError, RecursionError) as e:
        raise BadInput(f"{path}: not a campaign: {e}: name another file with --last"[:300]) from e
    return found  # type: ignore[no-any-return]


def _changes(path: Path, before: dict[str, Any], rows: list[Row]) -> list[str]:
    try:
        return changes(before, rows)
    except ValueError as e:
        raise BadInput(f"{path}: {e}") from e


def _line(row: Row, arguments: argparse.Namespace) -> list[Any]:
    if row.result is None:
        return [joined((f"{row.name:<48} ", ""), (f"left out: {row.left_out}", "dim"))]
    r = row.result
    figures = f"{r.boots} boots, {r.merged_states} states"
    if row.status == "held":
        but = f", but for {', '.join(sorted(row.not_owed))}, which no firmware can keep" if row.not_owed else ""
        return [joined((f"{row.name:<48} ", ""), (f"held{but}", "green"), (f" ({figures})", "dim"))]
    lines = [joined((f"{row.name:<48} ", ""), ("BROKE", "bold red"), (f" ({figures})", "dim"))]
    for name in row.broke:
        first = r.broken[name][0]
        lines += [styled(f"    {name}: {first.text}"), styled(f"      {_again(arguments, row, first.ident)}", "dim")]
    lines += [styled(f"    {name}: held, though the scenario says that no firmware can keep it") for name in row.kept]
    return lines


def _again(arguments: argparse.Namespace, row: Row, ident: str) -> str:
    # a board of somebody's own is found by its folder, not by its name
    given = {Board.load(name).name: name for name in arguments.board or ()}
    board = given.get(row.board, row.board)
    return sweep_command(row.scenario, board=board, size=row.image_bytes, replay=ident)


def _summary(rows: list[Row], new: list[str] | None) -> Any:
    count = {status: sum(row.status == status for row in rows) for status in ("held", "broke", "left out")}
    text = ", ".join(f"{n} {status}" for status, n in count.items())
    since = "nothing to compare with" if new is None else f"{len(new)} new since the last one" if new else "nothing new"
    return styled(f"{len(rows)} sweeps: {text}; {since}", "bold red" if count["broke"] else "bold green")
