"""The test cases of a rule as what a test house works with: a table of switchings, JSON, a page, and a pytest file."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence

from ridethrough.reports.page import Page
from ridethrough.rules import Rule
from ridethrough.rules.rule import sha256_of
from ridethrough.version import VERSION
from ridethrough.workbench.cases import Case, at_s, show_switchings

HEAD = ("case", "expected", "at_s", "switching", "key", "why")
_TEST = '''\
"""Test cases of the rule {rule_id} (SHA-256 of its file: {sha256}), made by `ridethrough rules cases` {version}.

    pytest {name}                                                      the cases themselves
    RIDETHROUGH_FIRMWARE=my/firmware RIDETHROUGH_BOARD=my/board pytest {name}     and your firmware, in their worlds
"""

import json
import os
from pathlib import Path

import pytest
from ridethrough import Rule
from ridethrough.testing import Bench
from ridethrough.traces.load import ProbeMap, load_capture

HERE = Path(__file__).parent
RULE = Rule.load(HERE / "rule.toml")
CASES = json.loads((HERE / "cases.json").read_text(encoding="utf-8"))["cases"]
BOARD, FIRMWARE = (os.environ.get("RIDETHROUGH_" + name, default) for name, default in
                   (("BOARD", "rpi_pico"), ("FIRMWARE", "")))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_case_gets_its_verdict(case):
    """As an instrument would have seen it."""
    verdict = RULE.check(load_capture(HERE / case["vcd"], ProbeMap(), RULE.levels_mv))
    assert verdict.status == {{"kept": "pass", "broken": "fail"}}[case["expected"]], verdict.sentence()


@pytest.mark.parametrize("case", [case for case in CASES if case["world"]], ids=lambda case: case["name"])
def test_the_firmware_keeps_the_rule_in_the_world_of_the_case(case):
    """Mains and hub are switched as in the case; CH power is the firmware's own doing."""
    bench = Bench(BOARD, FIRMWARE)
    try:
        bench.wait(60)
        if case["activates"] and bench.firmware.application:
            bench.push()
        for step in case["world"]:
            bench.wait(step["wait_s"])
            {{"mains": bench.mains, "hub": bench.hub}}[step["what"]](step["on"])
        bench.converges()
        verdict = RULE.check(bench.trace)
        assert verdict.status != "fail", verdict.sentence()
    finally:
        bench.close()
'''


def lines(cases: Sequence[Case]) -> Iterator[str]:
    """Two lines each, for a terminal."""
    for case in cases:
        yield f"{case.name}: {case.why}"
        yield f"  {show_switchings(case)}"


def as_csv(cases: Sequence[Case]) -> str:
    """A row for each switching."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(HEAD)
    for case in cases:
        for us, what in case.switchings:
            table.writerow((case.name, case.example.said, at_s(us), what, case.key, case.why))
    return out.getvalue()


def as_json(rule: Rule, cases: Sequence[Case]) -> dict[str, object]:
    """All of it, with the rule's own hash."""
    return {
        "rule": rule.id,
        "rule_sha256": sha256_of(rule),
        "version": VERSION,
        "cases": [
            {
                "name": case.name,
                "key": case.key,
                "why": case.why,
                "expected": case.example.said,
                "verdict": case.example.verdict.sentence(),
                "vcd": f"{case.name}.vcd",
                "switchings": [{"at_s": us / 1e6, "what": what} for us, what in case.switchings],
                "world": list(_world(case)),
                "activates": any(step.event == "activation" for step in case.example.behaviour),
            }
            for case in cases
        ],
    }


def _world(case: Case) -> Iterator[dict[str, object]]:
    # What street and installer do in it: what can be done to a meter that does the rest itself.
    before, waited_us = (True, True), 0
    for step in case.example.behaviour:
        for what, on, was in (("mains", step.mains, before[0]), ("hub", step.fitted, before[1])):
            if on != was:
                yield {"wait_s": waited_us / 1e6, "what": what, "on": on}
                waited_us = 0
        before, waited_us = (step.mains, step.fitted), waited_us + step.for_us
    for what, on in (("mains", before[0]), ("hub", before[1])):
        if not on:
            yield {"wait_s": waited_us / 1e6, "what": what, "on": True}
            waited_us = 0


def as_test(rule: Rule, name: str) -> str:
    """A pytest file that lies beside `cases.json` and the VCDs."""
    return _TEST.format(rule_id=rule.id, sha256=sha256_of(rule), version=VERSION, name=name)


def files_of(rule: Rule, cases: Sequence[Case]) -> dict[str, str]:
    """What is handed to a test house beside a VCD of each case: the text of each file by its name."""
    page = Page(f"Test cases of {rule.id}")
    add_cases(page, rule, cases)
    name = f"test_{re.sub('[^a-z0-9]+', '_', rule.id.lower())}.py"
    return {
        "cases.html": page.html(),
        "cases.csv": as_csv(cases),
        "cases.json": json.dumps(as_json(rule, cases), indent=2) + "\n",
        "rule.toml": rule.written,
        name: as_test(rule, name),
    }


def add_cases(page: Page, rule: Rule, cases: Sequence[Case]) -> None:
    """A table for each case."""
    page.add("p", f"“{rule.text}” ({rule.source})")
    page.add("p", f"Rule {rule.id}, SHA-256 {sha256_of(rule)}. Times are from the beginning of a test.", "soft")
    for case in cases:
        page.heading(case.name)
        page.add("p", f"{case.why[0].upper()}{case.why[1:]}. Expected: {case.example.said}.",
                 f"verdict {case.example.verdict.status}")  # fmt: skip
        page.table(f"Switchings of {case.name}", ("at, in s", "switch, or wait for"),
                   [(at_s(us), what) for us, what in case.switchings])  # fmt: skip
