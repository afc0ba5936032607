"""`rules/` and `traces/` need the standard library alone, so that they can run where nothing can be installed."""

import subprocess
import sys
from pathlib import Path

import ridethrough

PACKAGE = Path(ridethrough.__file__).parent
PROGRAM = """
import importlib, pathlib, sys, types
root = pathlib.Path(sys.argv[1])
package = types.ModuleType("ridethrough")
package.__path__ = [str(root)]
sys.modules["ridethrough"] = package
class Nothing:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in sys.stdlib_module_names and top != "ridethrough":
            raise ImportError(f"{name} is not of the standard library")
sys.meta_path.insert(0, Nothing())
# writing VCD takes a library, and is asked for by name
modules = [p for f in ("rules", "traces") for p in sorted((root / f).rglob("*.py")) if p.name != "vcd_out.py"]
for path in modules:
    name = ".".join(("ridethrough", *path.relative_to(root).with_suffix("").parts)).removesuffix(".__init__")
    importlib.import_module(name)
from ridethrough.rules import Rule
from ridethrough.traces.load import ProbeMap, load_capture
capture = load_capture(pathlib.Path(sys.argv[2]), ProbeMap({"ch_mv": "ch_mv"}, assumed={"mains": 1}), [10_800])
capture.state("reset", 1_000_000, "activation")
capture.state("outcome", 2_000_000)
print(len(modules), Rule.load("mp102-wg-2020-04").check(capture).status)
"""


def test_rules_and_traces_need_the_standard_library_alone(tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("time [s],ch_mv\n" + "".join(f"{i},{12_000 - i % 2}\n" for i in range(9)))
    command = [sys.executable, "-I", "-S", "-c", PROGRAM, str(PACKAGE), str(table)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    count, status = done.stdout.split()
    assert int(count) >= 25 and status == "pass"
