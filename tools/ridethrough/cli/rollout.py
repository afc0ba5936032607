"""`ridethrough rollout`: what the reboots of many meters, and real outages, do to everybody's alerts."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from ridethrough.cli.commands import Command
from ridethrough.cli.progress import Progress
from ridethrough.cli.terminal import say, terminal
from ridethrough.cli.workers import add_workers, chosen_crews
from ridethrough.reports.lines import joined, styled
from ridethrough.rollout.plan_file import DEFAULT, load_plan, plans
from ridethrough.support.errors import BadInput
from ridethrough.support.files import check_writable, write_atomically
from ridethrough.support.text import utf8

_SEED_MAX = 2**40
_DRAWS_MAX = 1000
_EXAMPLES = """examples:
  ridethrough rollout                             the Working Group's 1.4 million meters in 30 days (minutes)
  ridethrough rollout working-group-500k --draws 1
  ridethrough rollout --list                      the plans that come with the project
  ridethrough rollout my.toml --html nation.html --csv hours.csv
  ridethrough rollout my.toml --on local:8        on a Dask cluster (docs/cluster.md)

exit status: 0 it was counted, 2 bad input"""


def add(parser: Command) -> None:
    """Adds its arguments."""
    parser.epilog = _EXAMPLES
    parser.add_argument(
        "plan", metavar="PLAN", nargs="?", default=DEFAULT, help=f"by name, or a file (default: {DEFAULT})"
    )
    parser.add_argument("--list", action="store_true", help="list the plans, and end")
    parser.add_argument("--seed", metavar="N", type=int, default=1, help="another one draws other luck (default: 1)")
    parser.add_argument(
        "--draws", metavar="N", type=int, default=3, help="count the nation so often, with other luck (default: 3)"
    )
    add_workers(parser)
    parser.add_argument("--html", metavar="FILE", type=Path, help="write it as one page, with pictures")
    parser.add_argument("--csv", metavar="FILE", type=Path, help="write each area's hours, for a spreadsheet")
    parser.add_argument("--json", action="store_true", help="print the counts as JSON, nothing else")
    parser.set_defaults(call=call)


def call(arguments: argparse.Namespace) -> int:
    """Observes the meters, counts the nation, prints."""
    if arguments.list:
        say(*(joined((f"{name:<22} ", "bold"), load_plan(name).title) for name in plans()))
        return 0
    if not 0 <= arguments.seed <= _SEED_MAX:
        raise BadInput(f"--seed {arguments.seed}: 0 to {_SEED_MAX} expected")
    if not 1 <= arguments.draws <= _DRAWS_MAX:
        raise BadInput(f"--draws {arguments.draws}: 1 to {_DRAWS_MAX} expected")
    plan = load_plan(arguments.plan)
    _check_files(arguments)
    try:
        from ridethrough.reports.rollout import as_csv, as_json, lines
        from ridethrough.rollout.nation import roll_out
        from ridethrough.rollout.tables import observed
    except ImportError:
        raise _missing("NumPy") from None
    if arguments.html:
        try:
            from ridethrough.reports.rollout_page import rollout_page
        except ImportError:
            raise _missing("Matplotlib") from None
    with terminal() as console, chosen_crews(arguments) as crew_for:
        if not arguments.json:
            console.say(styled(plan.title, "bold"))
            if plan.text:
                console.say(styled(plan.text, "dim"))
        with Progress("meters", "items", lines=True) as progress:
            behaviours = observed(plan, lambda at, of, words: progress.show(f"the emulator runs {words}", at, of))
        with Progress("the nation", "items", lines=True) as progress:
            result = roll_out(
                plan,
                behaviours,
                arguments.seed,
                arguments.draws,
                crew_for,
                lambda done, total: progress.show("the nation, block by block", done, total),
                curves=bool(arguments.html or arguments.json),  # nobody else shows them
            )
        if arguments.csv:
            write_atomically(arguments.csv, utf8(as_csv(result)))
        if arguments.html:
            rollout_page(result).write(arguments.html)
        if arguments.json:
            print(json.dumps(as_json(result), indent=2))
        else:
            console.say("", *lines(result))
    return 0


def _check_files(arguments: argparse.Namespace) -> None:
    # BadInput if one of them would replace the plan or another one, or cannot be written
    taken = {Path(arguments.plan).resolve(): "the plan"}
    for option in ("html", "csv"):
        path = getattr(arguments, option)
        if path is not None:
            before = taken.setdefault(path.resolve(), f"--{option}")
            if before != f"--{option}":
                raise BadInput(f"--{option} {path}: that is {before}: another name, please")
            check_writable(path)


def _missing(package: str) -> BadInput:
    return BadInput(f"a roll-out needs {package}: pip install 'ridethrough[rollout]'")
