"""`ridethrough rules explain`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ridethrough.cli.commands import Command
from ridethrough.cli.rules import examples_of
from ridethrough.cli.terminal import terminal
from ridethrough.reports.diagram import diagrams, legend, write_svg
from ridethrough.reports.lines import styled
from ridethrough.reports.timeline import Glyphs
from ridethrough.rules import Rule
from ridethrough.rules.explain import explain, first_reading, keys, warnings
from ridethrough.rules.formula import NOTE, formula
from ridethrough.workbench.criteria import either_side, why_none

_TRIES = 300


def add(parser: Command) -> None:
    """Adds its arguments."""
    parser.epilog = examples_of(parser)
    parser.add_argument("rule", metavar="RULE")
    parser.add_argument("--svg", metavar="FILE", type=Path, help="write the diagram as a drawing, too")
    parser.set_defaults(call=call)


def call(arguments: argparse.Namespace) -> int:
    """The rule in plain English, its keys, and what to beware of."""
    rule = Rule.load(arguments.rule)
    with terminal() as console:
        console.say(styled(rule.id, "bold"), styled(f'"{rule.text}" ({rule.source})', "italic"), "")
        console.say(*([rule.note, ""] if rule.note else []))
        for paragraph in explain(rule):
            console.wrap(paragraph)
        for limit in rule.limits:
            name = f"{limit.name}: " if limit.name else ""
            console.wrap(name + keys(limit), "dim")
        for warning in warnings(rule):
            console.wrap(f"Warning: {warning}.", "yellow")
        drawn = []
        for limit in rule.limits:
            reading = limit.reading or first_reading(limit)
            console.say("", styled("In signal temporal logic:", "bold"))
            console.say(*(f"  {line}" for line in formula(reading)))
            console.wrap(NOTE, "dim")
            pair = either_side(rule, reading, tries=_TRIES)
            if pair is None:
                console.say("", f"{why_none(reading, _TRIES)} So nothing is drawn.")
                continue
            glyphs = Glyphs.for_encoding(console.encoding)
            for diagram in diagrams(rule, reading, pair):
                console.say("", *diagram.text(console.width, glyphs))
                drawn.append(diagram)
            console.wrap(legend(reading), "dim")
        if arguments.svg:
            note = " ".join(legend(limit.reading or first_reading(limit)) for limit in rule.limits)
            write_svg(drawn, f"Rule {rule.id}", note, arguments.svg)
            console.say(f"{arguments.svg}: the diagram")
    return 0
