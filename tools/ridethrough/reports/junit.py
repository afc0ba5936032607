"""JUnit XML, which every CI shows: a test case for each thing that was looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as Xml

from ridethrough.reports.markup import xml_bytes
from ridethrough.support.files import write_atomically


@dataclass(frozen=True)
class Case:
    """One thing: it is well, unless there is a failure; or it was not looked at (`skipped`: why). A failure is a line,
    and what more there is to say."""

    name: str
    failures: tuple[tuple[str, str], ...] = ()
    skipped: str = ""


@dataclass(frozen=True)
class Suite:
    """Things that belong together, and the facts that they rest on."""

    name: str
    cases: tuple[Case, ...]
    facts: Mapping[str, str] = field(default_factory=dict)


def write_junit(path: Path, name: str, suites: Iterable[Suite]) -> None:
    """Writes the file; BadInput if that cannot be done. No times: the same work gives the same file."""
    root = Xml.Element("testsuites", {"name": name})
    totals = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    for suite in suites:
        counts = {
            "tests": len(suite.cases),
            "failures": sum(bool(case.failures) for case in suite.cases),
            "errors": 0,
            "skipped": sum(bool(case.skipped) for case in suite.cases),
        }
        totals = {key: totals[key] + counts[key] for key in totals}
        element = Xml.SubElement(root, "testsuite", {"name": suite.name, **_texts(counts)})
        if suite.facts:
            properties = Xml.SubElement(element, "properties")
            for key, value in suite.facts.items():
                Xml.SubElement(properties, "property", {"name": key, "value": value})
        for case in suite.cases:
            _case(element, suite.name, case)
    root.attrib.update(_texts(totals))
    write_atomically(path, xml_bytes(root))


def _case(suite: Xml.Element, name: str, case: Case) -> None:
    # the schema that most readers follow knows one failure a case
    element = Xml.SubElement(suite, "testcase", {"classname": name, "name": case.name})
    if case.failures:
        failure = Xml.SubElement(element, "failure", {"message": case.failures[0][0], "type": "broken"})
        failure.text = "\n\n".join(f"{line}\n{more}".strip() for line, more in case.failures)
    elif case.skipped:
        Xml.SubElement(element, "skipped", {"message": case.skipped})


def _texts(counts: Mapping[str, int]) -> dict[str, str]:
    return {key: str(value) for key, value in counts.items()}
