"""What is taken along: a trace as VCD and as a picture, test cases as one archive."""

from __future__ import annotations

import base64
import io
import json
import re
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from ridethrough.reports.cases import add_cases, as_csv, as_json, as_test
from ridethrough.reports.page import Page
from ridethrough.reports.picture import write_picture
from ridethrough.rules import Rule
from ridethrough.traces import Trace
from ridethrough.traces.vcd_out import write_vcd
from ridethrough.workbench.cases import cases


def vcd(trace: Trace) -> str:
    """The text of a VCD."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "timeline.vcd"
        write_vcd(trace, path)
        return path.read_text(encoding="utf-8")


def picture(trace: Trace, rule: Rule) -> str:
    """The text of an SVG: the trace, and what the rule counts."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "timeline.svg"
        write_picture(trace, rule.check(trace), rule.id, path)
        return path.read_text(encoding="utf-8")


def cases_zip(rule: Rule, progress: Callable[[str, int, int], None]) -> dict[str, str]:
    """What `rules cases -o` writes, as an archive: `name` and `base64`."""
    found = cases(rule, progress)
    page = Page(f"Test cases of {rule.id}")
    add_cases(page, rule, found)
    name = f"test_{re.sub('[^a-z0-9]+', '_', rule.id.lower())}.py"
    texts = {
        "cases.html": page.html(),
        "cases.csv": as_csv(found),
        "cases.json": json.dumps(as_json(rule, found), indent=2) + "\n",
        "rule.toml": rule.written,
        name: as_test(rule, name),
        **{f"{case.name}.vcd": vcd(case.trace) for case in found},
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in texts.items():
            archive.writestr(f"{rule.id}/{path}", text)
    return {"name": f"{rule.id}-cases.zip", "base64": base64.b64encode(out.getvalue()).decode()}
