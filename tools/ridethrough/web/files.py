"""Test cases as one archive, to be taken along."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Callable

from ridethrough.reports.cases import files_of
from ridethrough.rules import Rule
from ridethrough.traces.vcd_out import vcd_of
from ridethrough.workbench.cases import cases


def cases_zip(rule: Rule, progress: Callable[[str, int, int], None]) -> dict[str, str]:
    """What `rules cases -o` writes, as an archive: `name` and `base64`."""
    found = cases(rule, progress)
    texts = files_of(rule, found) | {f"{case.name}.vcd": vcd_of(case.trace) for case in found}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in texts.items():
            archive.writestr(f"{rule.id}/{path}", text)
    return {"name": f"{rule.id}-cases.zip", "base64": base64.b64encode(out.getvalue()).decode()}
