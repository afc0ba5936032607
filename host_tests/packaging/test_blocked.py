"""Where nothing can be installed, as in a browser, rules judge, draft and draw all the same: packages are blocked."""

import subprocess
import sys

import pytest
from ridethrough.support.paths import RULES
from support import ROOT

PACKAGE = RULES.parents[1]
PROGRAM = """
import importlib, pathlib, sys
sys.path[:0] = sys.argv[1].split(",")
allowed = set(sys.argv[2].split(","))
class Nothing:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in sys.stdlib_module_names and top not in allowed and not top.startswith("_sysconfig"):
            raise ImportError(f"{name} is blocked")
sys.meta_path.insert(0, Nothing())
for name in sys.argv[3].split(","):
    importlib.import_module(name)
"""
JUDGE = """
from ridethrough.rules import Rule
from ridethrough.traces.load import ProbeMap, load_capture
capture = load_capture(pathlib.Path(sys.argv[4]), ProbeMap({"ch_mv": "ch_mv"}, assumed={"mains": 1}), [10_800])
capture.state("reset", 1_000_000, "activation")
capture.state("outcome", 2_000_000)
print(Rule.load("mp102-wg-2020-04").check(capture).status)
"""
DRAW = """
from ridethrough.reports.picture import write_picture
from ridethrough.reports.timeline import Glyphs, strip
from ridethrough.rules import Rule
from ridethrough.traces import Segment, Trace
from ridethrough.workbench.hub_replay import with_hub
from ridethrough.world.hub_params import HubParams
trace = Trace(end_us=600_000_000)
trace.voltages["hub_mv"].add(Segment(0, "flat", 12_000.0))
trace = with_hub(trace, HubParams())
write_picture(trace, Rule.load("mp102-wg-2020-04").check(trace), "t", pathlib.Path(sys.argv[4]))
print(trace.texts["hub"][-1][1], len(list(strip(trace, 80, Glyphs.for_encoding("utf8")))))
"""


def run(names, more="", allowed=("ridethrough", "hypothesis_ridethrough"), argument=""):
    places = [str(ROOT / "tools"), *(p for p in sys.path if "site-packages" in p)]
    command = [sys.executable, "-I", "-S", "-c", PROGRAM + more, ",".join(places), ",".join(allowed), ",".join(names)]
    done = subprocess.run([*command, str(argument)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def modules(folder):
    for path in sorted((PACKAGE / folder).rglob("*.py")):
        yield ".".join(("ridethrough", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")


def test_rules_and_traces_need_the_standard_library_alone(tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("time [s],ch_mv\n" + "".join(f"{i},{12_000 - i % 2}\n" for i in range(9)))
    names = [*modules("rules"), *modules("traces")]
    assert len(names) >= 30
    assert run(names, JUDGE, argument=table) == ["pass"]


def test_the_hubs_replay_and_the_drawing_of_timelines_do_too(tmp_path):
    names = ["ridethrough.rules.explain", "ridethrough.reports.draft", "ridethrough.reports.timeline",
             "ridethrough.reports.page", "ridethrough.reports.picture", "ridethrough.workbench.hub_replay"]  # fmt: skip
    state, lines = run(names, DRAW, argument=tmp_path / "t.svg")
    assert state == "up" and int(lines) >= 9 and (tmp_path / "t.svg").read_text().startswith("<svg")


SEARCH = """
from ridethrough.rules import Rule
from ridethrough.workbench.audit import audit
from ridethrough.workbench.compare import compare
found = compare(Rule.load("mp102-wg-2020-04"), Rule.load("mp102-per-reboot"), tries=300)
print(found is not None, next(iter(audit(Rule.load("mp102-wg-2020-04"), tries=200))).flag)
"""


def test_compare_audit_and_openness_need_nothing_beside_it():
    names = ["ridethrough.workbench.compare", "ridethrough.workbench.audit", "ridethrough.workbench.openness"]
    assert run(names) == []
    assert run(names, SEARCH) == ["True", "hole"]


def test_what_is_blocked_is_blocked():
    with pytest.raises(AssertionError, match="is blocked"):
        run(["ridethrough.runner"])
