"""What pyproject.toml cannot say: a wheel carries firmware/ and boards/, which stand beside tools/ in a clone, and the
workbench's page if it was built before."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class WithBoards(build_py):
    """Copies them into the package."""

    def run(self):
        """After everything else."""
        super().run()
        if self.editable_mode:
            return
        for name in ("firmware", "boards"):
            target = Path(self.build_lib) / "ridethrough" / "installed" / name
            shutil.copytree(name, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        page = Path("build") / "workbench" / "ridethrough-workbench.html"
        if page.is_file():
            shutil.copy(page, Path(self.build_lib) / "ridethrough" / "installed")


setup(cmdclass={"build_py": WithBoards})
