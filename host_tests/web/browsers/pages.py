"""Where the built page is, and links into it."""

import base64
import json
import os
import shutil
import zlib
from pathlib import Path

PAGE = Path(os.environ["RIDETHROUGH_PAGE"]).resolve()
ROOT = PAGE.parents[2]
RULE = "mp102-wg-2020-04"
LITERAL = (ROOT / "tools/ridethrough/rules/library" / f"{RULE}.toml").read_text()
STEP = 1_000_000


def timeline(cut_s, begin_s=700):
    """An update whose reboot has a cut of so many seconds in it."""
    at = begin_s * STEP
    end = at + cut_s * STEP
    events = [
        [at - STEP, "reset", "activation"],
        [end + 60 * STEP, "application", ""],
        [end + 90 * STEP, "outcome", ""],
    ]
    ch_mv = [[0, 12000], [at, 0], [end, 12000]]
    return {"end_us": 2000 * STEP, "mains": [[0, 1]], "fitted": [[0, 1]], "ch_mv": ch_mv, "events": events}


def fragment(**more):
    """What a link ends with; `more`: other parts of the state than the literal rule and a cut of 179 s."""
    state = {"written": LITERAL, "chosen": [], "timeline": timeline(179), "hub": {}} | more
    packed = zlib.compress(json.dumps(state).encode(), wbits=-15)
    return "#w1=" + base64.urlsafe_b64encode(packed).decode().rstrip("=")


def browser_of(*names):
    found = next((path for name in names if (path := shutil.which(name))), None)
    assert found, f"none of {', '.join(names)} is on this machine: apt-get install {names[0]}"
    return found
