"""`ridethrough rules explain`."""

from __future__ import annotations

import argparse

from ridethrough.cli.commands import Command
from ridethrough.cli.rules import examples_of
from ridethrough.cli.terminal import terminal
from ridethrough.reports.lines import styled
from ridethrough.rules import Rule
from ridethrough.rules.explain import explain, keys, warnings


def add(parser: Command) -> None:
    """Adds its arguments."""
    parser.epilog = examples_of(parser)
    parser.add_argument("rule", metavar="RULE")
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
    return 0
