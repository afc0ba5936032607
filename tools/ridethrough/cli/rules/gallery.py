"""`ridethrough rules gallery`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ridethrough.cli.commands import Command
from ridethrough.cli.progress import Progress
from ridethrough.cli.rules import examples_of
from ridethrough.cli.terminal import say
from ridethrough.reports.gallery import add_gallery, add_nation
from ridethrough.reports.page import Page

ROLLOUT_PAGE = "rollout.html"


def add(parser: Command) -> None:
    """Adds its arguments."""
    parser.epilog = examples_of(parser)
    parser.add_argument("-o", "--output", metavar="FILE", type=Path, required=True)
    parser.set_defaults(call=call)


def call(arguments: argparse.Namespace) -> int:
    """Makes the page."""
    page = Page("Reboot rules, and the meters that they meet")
    with Progress("gallery", "items", lines=True) as progress:
        add_gallery(page, progress.show)
    add_nation(page, ROLLOUT_PAGE if (arguments.output.parent / ROLLOUT_PAGE).is_file() else "")
    page.contents()
    page.write(arguments.output)
    say(f"{arguments.output}: one page, no network; send it to whoever has to agree")
    return 0
