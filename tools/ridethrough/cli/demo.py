"""`ridethrough demo`: the problem and the answer, one after the other."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ridethrough.cli.run import perform
from ridethrough.cli.terminal import terminal
from ridethrough.reports.picture import write_picture
from ridethrough.reports.show import show
from ridethrough.scenarios import Scenario

SCENARIOS = ("legacy_long_reboot", "update")


def add(commands: Any) -> None:
    """Adds the command to the parser."""
    parser = commands.add_parser(
        "demo",
        help="a legacy meter's false alert, then the reference riding through",
        epilog="examples:\n  ridethrough demo\n  ridethrough demo --output /tmp/traces\n\n"
        "exit status: 0 both runs ended as their scenarios state, 1 not",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--output", metavar="DIR", type=Path, default=Path("build"), help="for VCDs and pictures")
    parser.set_defaults(call=call)


def call(arguments: argparse.Namespace) -> int:
    """Shows both runs; 0 if each is as its scenario states."""
    status = 0
    with terminal() as console:
        for name in SCENARIOS:
            scenario = Scenario.load(name)
            trace, summary = perform(scenario)
            vcd, picture = (arguments.output / f"{name}.{suffix}" for suffix in ("vcd", "svg"))
            trace.write_vcd(vcd)
            write_picture(trace, summary.verdict, scenario.title, picture)
            show(console, scenario, trace, summary)
            console.print(f"  files              {vcd}, {picture}\n", highlight=False, soft_wrap=True)
            if summary.misses(scenario.shows):
                status = 1
    return status
