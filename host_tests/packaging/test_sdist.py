"""What a source distribution carries, and what an installation is held to."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
from importlib.metadata import PackageNotFoundError, version

from support import ROOT

CONSTRAINTS = ROOT / "tools" / "constraints.txt"


def test_a_source_distribution_has_pages_tests_and_firmware(tmp_path):
    source = tmp_path / "src"
    skipped = shutil.ignore_patterns(".*", "build", "*.egg-info", "__pycache__")
    shutil.copytree(ROOT, source, ignore=skipped)
    tools = tmp_path / "setuptools"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", str(tools)]
    subprocess.run([*pip, "setuptools"], check=True, timeout=300)
    script = "from setuptools.build_meta import build_sdist; build_sdist('out')"
    environment = os.environ | {"PYTHONPATH": str(tools)}
    made = subprocess.run(
        [sys.executable, "-c", script], cwd=source, env=environment, capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr[-500:]
    with tarfile.open(next((source / "out").glob("*.tar.gz"))) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    for path in (
        "README.md", "CHANGELOG.md", "LICENSE", "Makefile", "docs/README.md", "docs/pictures/legacy.svg",
        "host_tests/conftest.py", "host_tests/sweep/defects/rename_left_out.toml", "firmware/esme/start.py",
        "boards/rpi_pico/board.toml", "boards/rpi_pico/boot.py", "tools/constraints.txt", "tools/setup.py",
    ):  # fmt: skip
        assert path in held, path
    assert not any(part in name for name in held for part in ("__pycache__", ".venv", ".stubs"))


def test_what_is_installed_is_what_the_constraints_say():
    """On the Python that CI tests with; another may lack a package."""
    pinned = dict(line.split("==") for line in CONSTRAINTS.read_text().splitlines() if line and line[0] != "#")
    wanted = set(re.findall(r'^  "([A-Za-z0-9-]+)[>=<]', (ROOT / "pyproject.toml").read_text(), re.MULTILINE))
    names = {name.replace("_", "-").lower() for name in pinned}
    assert wanted - {"atheris", "setuptools"} <= names, wanted - names
    for name, release in pinned.items():
        try:
            found = version(name)
        except PackageNotFoundError:
            continue
        assert found == release, f"{name} {found} is installed, tools/constraints.txt says {release}"
