"""`ridethrough image inspect`."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from ridethrough.cli.commands import Command
from ridethrough.cli.image import EXAMPLES
from ridethrough.cli.terminal import terminal
from ridethrough.images import inspect_image, load_public_key
from ridethrough.images.layout import IMAGE_BYTES_MAX
from ridethrough.reports.lines import styled
from ridethrough.support.errors import BadInput
from ridethrough.support.files import read_bounded
from ridethrough.support.text import shown


def add(parser: Command) -> None:
    """Adds its arguments."""
    parser.epilog = EXAMPLES
    parser.add_argument("image", metavar="FILE", type=Path)
    parser.add_argument("--key", metavar="PEM", type=Path, help="check the supplier's signature with this key")
    parser.add_argument("--maker", metavar="PEM", type=Path, help="check the maker's signature with this key")
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(call=call)


def call(arguments: argparse.Namespace) -> int:
    """Explains; its status."""
    report = inspect_image(
        read_bounded(arguments.image, IMAGE_BYTES_MAX, "image"),
        load_public_key(arguments.key) if arguments.key else None,
        load_public_key(arguments.maker) if arguments.maker else None,
    )
    if not report.image:
        raise BadInput(f"{arguments.image}: {report.problems[0]}")
    if arguments.json:
        print(json.dumps(asdict(report) | {"status": report.status}, indent=2))
        return report.status
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column("at", justify="right")
    table.add_column("bytes", justify="right")
    table.add_column("field")
    table.add_column("value", overflow="fold")
    for f in report.fields:
        table.add_row(str(f.at), str(f.size), f.name, shown(f.value))
    with terminal() as console:
        console.rich.print(table, highlight=False, markup=False)
        if report.signed_by_everybody:
            console.say(styled("signed with the emulated supplier's key, which everybody knows", "yellow"))
        for name, holds in report.verdicts.items():
            console.say(styled(f"{name}: {'holds' if holds else 'DOES NOT HOLD'}", "green" if holds else "bold red"))
        for problem in report.problems:
            console.say(styled(f"problem: {problem}", "bold red"))
    return report.status
