"""`ridethrough check`: captures of real meters against rules."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ridethrough.cli.commands import Command
from ridethrough.cli.progress import Progress
from ridethrough.cli.rule_names import RULE, named_apart
from ridethrough.cli.spelling import sentence
from ridethrough.cli.terminal import terminal
from ridethrough.reports import verdict_file
from ridethrough.reports.check import Judged, as_json, lines, worst_first, write_page
from ridethrough.reports.timeline import Glyphs, strip
from ridethrough.rules import Evidence, Rule, Verdict
from ridethrough.rules.forms import KINDS
from ridethrough.rules.verdict import worst_exit_status
from ridethrough.rules.words import time_us
from ridethrough.support.errors import BadInput, Param, suggestion
from ridethrough.support.quantities import parse_voltage_mv
from ridethrough.traces.capture import ASSUMED, Capture
from ridethrough.traces.load import ProbeMap, load_capture
from ridethrough.traces.readers.stamps import DAY_US, absolute_us, of_day_us
from ridethrough.traces.trace import WIRES

BLIP = "1s"
_EVENTS = ("command", "shutdown", "reset", "boot", "application", "confirm", "outcome")
_ASSUMED = {words: (wire, int(wire != "ac_lost")) for wire, words in ASSUMED.items()} | {"mains lost": ("mains", 0)}
_EXAMPLES = """examples:
  ridethrough check build/update.vcd                                  a run's own trace
  ridethrough check rail.csv --map ch_mv='Channel 0' --scale 6 --at reset=130s --assume 'mains on'
  ridethrough check logic.sr --map ch_mv=D0 --threshold 2V --map reset=D1
  ridethrough check meters/*.csv --map ch_mv=CH1 --rule mp102-wg-2020-04 --rule design-target --html report.html

safety: assume that the hub's interface is at mains potential until the meter's maker says otherwise: isolated
supply, isolated probes, no earthed instrument, a competent person.

exit status, the worst of all: 0 kept, or nothing it speaks about; 1 broken; 2 bad input; 3 undecided"""


def add(parser: Command) -> None:
    """Adds its arguments."""
    parser.epilog = _EXAMPLES
    parser.add_argument("captures", metavar="CAPTURE", type=Path, nargs="+")
    parser.add_argument("--rule", metavar="RULE", action="append", help=f"repeatable (default: {RULE})")
    parser.add_argument("--map", metavar="SIGNAL=CHANNEL", action="append", default=[], help="which channel is which")
    parser.add_argument(
        "--scale", metavar="N", type=float, help="the factor by which the probe on a voltage divides it"
    )
    parser.add_argument(
        "--threshold",
        metavar="[SIGNAL=]V",
        action="append",
        default=[],
        help="above which voltage of CH power a digital channel reads high; of SIGNAL, a voltage",
    )
    parser.add_argument(
        "--blip",
        metavar="TIME",
        default=BLIP,
        help="in sums and counts, nothing so short is minded between samples (1s)",
    )
    parser.add_argument(
        "--at", metavar="EVENT=TIME", action="append", default=[], help="an event that was not captured: reset=130s"
    )
    parser.add_argument(
        "--assume", metavar="WORDS", action="append", default=[], help=f"true throughout: {', '.join(_ASSUMED)}"
    )
    parser.add_argument("--zone", metavar="ZONE", default="", help="of calendar days and months: Europe/London, or UTC")
    parser.add_argument("--html", metavar="FILE", type=Path, help="write a page with timelines")
    parser.add_argument("--verdict", metavar="FILE", type=Path, help="write the verdicts with hashes, for `verify`")
    parser.add_argument("--json", action="store_true", help="print it as JSON, nothing else")
    parser.set_defaults(call=call)


def call(arguments: argparse.Namespace) -> int:
    """Reads, judges, prints; the worst verdict's exit status."""
    asked = arguments.rule or [RULE]
    rules = named_apart(asked)
    found: list[Judged] = []
    for path in arguments.captures:
        found += [
            Judged(path, capture, rule, verdict) for capture, rule, verdict in judge_capture(rules, path, arguments)
        ]
    judged = worst_first(found)
    if arguments.verdict:
        asked_of = {rule.id: name for rule, name in zip(rules, asked, strict=True)}
        rows = [(j.path, asked_of[j.rule.id], j.rule, j.verdict) for j in judged]
        options = {name: getattr(arguments, name) for name in verdict_file.OPTIONS}
        verdict_file.write(arguments.verdict, rows, options, [sentence(j.verdict) for j in judged])
    if arguments.html:
        write_page(judged, arguments.html, sentence)
    with terminal() as console:
        if arguments.json:
            print(json.dumps([as_json(j, sentence) for j in judged], indent=2))
        elif len(judged) == 1:
            glyphs = Glyphs.for_encoding(console.encoding)
            console.say(*strip(judged[0].capture, console.width, glyphs), "", *lines(judged[0], sentence))
        else:
            for j in judged:
                console.say(*lines(j, sentence))
    return worst_exit_status(j.verdict.exit_status for j in judged)


def judge_capture(
    rules: Sequence[Rule], path: Path, arguments: argparse.Namespace
) -> Iterator[tuple[Capture, Rule, Verdict]]:
    """Each rule's verdict over one capture that is read with these options."""
    levels = frozenset(level for rule in rules for level in rule.levels_mv)
    probes, stated = _probes(arguments), [_stated(text) for text in arguments.at]
    blip_us = _option("--blip", arguments.blip, time_us)
    capture = _load(path, probes, levels)
    for name, kind, when, text in stated:
        at_us = moment_us(capture, when, text)
        if not 0 <= at_us - capture.first_us <= capture.end_us:
            raise BadInput(f"--at {text}: {path} does not reach there")
        capture.state(name, at_us, kind)
        capture.rests_on.append(f"{text}, as stated")
    capture.log.sort(key=lambda e: e.t_us)
    evidence = Evidence(capture, blip_us)
    for rule in rules:
        yield capture, rule, rule.check(evidence)


def judged_by(rule: Rule, path: Path, options: Mapping[str, Any]) -> Verdict:
    """The verdict of one rule over one capture that is read with these of this command's options."""
    defaults: dict[str, Any] = {
        "map": [],
        "scale": None,
        "threshold": [],
        "blip": BLIP,
        "at": [],
        "assume": [],
        "zone": "",
    }
    ((_, _, verdict),) = judge_capture([rule], path, argparse.Namespace(**{**defaults, **options}))
    return verdict


def _load(path: Path, probes: ProbeMap, levels: frozenset[float]) -> Capture:
    size = path.stat().st_size if path.is_file() else 0
    with Progress(path.name, "bytes") as progress:
        return load_capture(path, probes, levels, lambda done: progress.show(path.name, done, size))


def _probes(arguments: argparse.Namespace) -> ProbeMap:
    channels: dict[str, str] = {}
    for text in arguments.map:
        signal, equals, channel = text.partition("=")
        if not equals or not channel:
            raise BadInput(f"--map {text}: SIGNAL=CHANNEL expected, such as ch_mv='Channel 0'")
        channels[signal.strip()] = channel.strip()
    assumed = {}
    for text in arguments.assume:
        if text not in _ASSUMED:
            raise BadInput(f"--assume {text}: not known{suggestion(text, _ASSUMED)}")
        signal, level = _ASSUMED[text]
        assumed[signal] = level
    if arguments.scale is not None and not 1e-6 <= abs(arguments.scale) <= 1e6:
        raise BadInput(
            f"--scale {arguments.scale:g}: what the probe divides by, such as 6 or 10; -1 turns a probe round"
        )
    threshold_mv, thresholds = None, {}
    for text in arguments.threshold:
        signal, equals, volts = text.rpartition("=")
        mv = _option("--threshold", volts, parse_voltage_mv if not equals else _volts_mv)
        if not equals:
            threshold_mv = mv
        elif signal in WIRES:
            thresholds[signal] = mv
        else:
            raise BadInput(f"--threshold {text}: '{signal}' is no wire{suggestion(signal, WIRES)}")
    if arguments.zone:
        from ridethrough.traces.calendar import zone_of

        try:
            zone_of(arguments.zone)
        except BadInput as e:
            raise BadInput(Param("zone"), f": {e}") from e
    return ProbeMap(channels, arguments.scale, threshold_mv, assumed, thresholds, arguments.zone)


def _volts_mv(text: str) -> int:
    # of the consumer's mains, for one
    match = re.fullmatch(r"(\d{1,5}(?:\.\d{1,3})?) ?(V|mV|kV)?", text.strip())
    if match is None:
        raise BadInput(f"'{text[:40]}' is no voltage: write it like 115V")
    return round(float(match[1]) * {"V": 1000, "mV": 1, "kV": 10**6}[match[2] or "V"])


def _option(name: str, text: str, parse: Callable[[str], int]) -> int:
    try:
        return parse(text)
    except BadInput as e:
        raise BadInput(f"{name} {text}: {e}") from e


def _stated(text: str) -> tuple[str, str, str, str]:
    name, equals, when = (part.strip() for part in text.partition("="))
    known = (*_EVENTS, *KINDS)
    if not equals or name not in known:
        raise BadInput(
            f"--at {text}: EVENT=TIME expected, such as reset=130s; '{name}' is no event{suggestion(name, known)}"
        )
    if of_day_us(when) is None and absolute_us(when) is None:
        try:
            time_us(re.sub(r"^-", "", when))
        except BadInput as e:
            raise BadInput(f"--at {text}: {e}") from e
    return ("reset", name, when, text) if name in KINDS else (name, "", when, text)


def moment_us(capture: Capture, when: str, text: str) -> int:
    """A moment on a capture's own clock: given so, or as a date or a time of day where it knows them; its clock then
    begins with its first row."""
    day = of_day_us(when)
    absolute = None if day is not None else absolute_us(when)
    if absolute is not None:
        if capture.epoch_us is None:
            raise BadInput(
                f"--at {text}: the capture knows no date: give the time on its own clock, such as reset=130s"
            )
        return round(absolute) - capture.epoch_us
    if day is not None:
        first_us = capture.of_day_us if capture.of_day_us is not None else capture.epoch_us
        if first_us is None:
            raise BadInput(f"--at {text}: the capture knows no time of day: give the time on its own clock")
        return round(day - first_us) % DAY_US
    return (-1 if when.startswith("-") else 1) * time_us(re.sub(r"^-", "", when))
