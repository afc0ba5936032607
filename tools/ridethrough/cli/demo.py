"""`ridethrough demo`: the problem and the answer, one after the other."""

from __future__ import annotations

import argparse
from pathlib import Path

from ridethrough.cli.commands import Command
from ridethrough.cli.perform import perform
from ridethrough.cli.terminal import terminal
from ridethrough.reports.picture import write_picture
from ridethrough.reports.show import show
from ridethrough.reports.timeline import Glyphs
from ridethrough.scenarios import Scenario
from ridethrough.traces.vcd_out import write_vcd

SCENARIOS = ("legacy_long_reboot", "update")


def add(parser: Command) -> None:
    """Adds its arguments."""
    parser.epilog = (
        "examples:\n  ridethrough demo\n  ridethrough demo --output /tmp/traces\n\n"
        "exit status: 0 both runs ended as their scenarios state, 1 not"
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
            write_vcd(trace, vcd)
            write_picture(trace, summary.verdict, scenario.title, picture)
            console.say(*show(scenario, trace, summary, console.width, Glyphs.for_encoding(console.encoding)))
            console.say(f"  files              {vcd}, {picture}\n")
            if summary.misses(scenario.shows):
                status = 1
    return status
