"""Installed from a wheel, outside the clone: the command works, and the example project's own tests do."""

import os
import shutil
import site
import subprocess
import sys
import venv
import zipfile

import pytest
from support import ROOT

pytestmark = pytest.mark.xdist_group("wheel")


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    # built from a copy: a build leaves its traces beside pyproject.toml
    names = ("tools", "firmware", "boards", "pyproject.toml", "setup.py", "MANIFEST.in", "README.md")
    for name in names:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / "src" / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy(source, folder / "src" / name)
    # as `make workbench` leaves it; what is in it is no matter of the wheel's
    page = folder / "src" / "build" / "workbench" / "ridethrough-workbench.html"
    page.parent.mkdir(parents=True)
    page.write_text("<!DOCTYPE html>")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(folder), str(folder / "src")]
    subprocess.run(command, check=True, timeout=300)
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "venv", with_pip=False)
    (packages,) = (folder / "venv").glob("lib/python*/site-packages")
    with zipfile.ZipFile(wheel) as zf:
        zf.extractall(packages)
    # its dependencies are those of this environment, without what makes the clone importable
    (packages / "dependencies.pth").write_text("\n".join(site.getsitepackages()) + "\n")
    return folder / "venv" / "bin" / "python"


def ran(python, *arguments, cwd):
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "PYTEST"))}
    return subprocess.run(
        [python, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def test_the_command_works_without_the_clone(installed, tmp_path):
    where = ran(installed, "-c", "import ridethrough; print(ridethrough.__file__)", cwd=tmp_path)
    assert str(installed.parent.parent) in where.stdout, where
    done = ran(installed, "-m", "ridethrough", "run", cwd=tmp_path)
    assert done.returncode == 0 and "PASS: no cut at all" in done.stdout, done


def test_the_workbench_is_in_a_wheel_that_was_made_after_it(installed, tmp_path):
    done = ran(installed, "-m", "ridethrough", "workbench", "-o", "mine.html", cwd=tmp_path)
    assert done.returncode == 0 and (tmp_path / "mine.html").read_text() == "<!DOCTYPE html>", done


def test_the_example_projects_tests_pass_and_fail_as_they_should(installed, tmp_path):
    shutil.copytree(ROOT / "docs" / "examples" / "own_meter", tmp_path / "mine", ignore=shutil.ignore_patterns("build"))
    arguments = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--hypothesis-profile=ridethrough")
    done = ran(installed, *arguments, cwd=tmp_path / "mine")
    assert done.returncode == 0, done.stdout[-3000:]
    main = tmp_path / "mine" / "firmware" / "main.py"
    main.write_text(main.read_text().replace("Pin.IRQ_RISING | Pin.IRQ_FALLING", "Pin.IRQ_FALLING"))
    done = ran(installed, *arguments, cwd=tmp_path / "mine")
    assert done.returncode == 1 and "ac-lost: high with mains on" in done.stdout
    # what happened, where the trace is, and how to see it again
    assert "AC lost" in done.stdout and "again: pytest 'test_meter.py::TestMeter::runTest'" in done.stdout
    assert list((tmp_path / "mine" / "build").glob("*.vcd"))


TYPES = """
{imports}
import sys
assert "ridethrough.testing" not in sys.modules
found = st.from_type(ridethrough.World).example()
assert type(found) is ridethrough.World and "ridethrough.testing" in sys.modules
"""


@pytest.mark.parametrize("order", [0, 1])
def test_hypothesis_knows_the_types_whoever_is_imported_first(installed, tmp_path, order):
    imports = ["import ridethrough", "from hypothesis import strategies as st"]
    source = TYPES.format(imports="\n".join(imports[:: 1 - 2 * order]))
    done = ran(installed, "-W", "ignore", "-c", source, cwd=tmp_path)
    assert done.returncode == 0, done


def test_hypothesis_alone_loads_none_of_it(installed, tmp_path):
    source = "import sys, hypothesis\nassert not [m for m in sys.modules if m.split('.')[0] == 'ridethrough']"
    done = ran(installed, "-c", source, cwd=tmp_path)
    assert done.returncode == 0, done


def test_the_plugin_costs_nothing_to_those_who_do_not_use_it(installed, tmp_path):
    (tmp_path / "test_theirs.py").write_text(
        "import sys\n\n\ndef test_nothing():\n"
        "    assert not [m for m in sys.modules if m.split('.')[0] == 'ridethrough']\n"
    )
    done = ran(installed, "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
