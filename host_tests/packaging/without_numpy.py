"""Runs pytest with NumPy out of reach, as where it is not installed: `make plain`."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec

import pytest


class Absent(MetaPathFinder):
    """Finds no NumPy, before anybody else finds one."""

    def find_spec(self, name: str, path: object, target: object = None) -> ModuleSpec | None:
        if name.partition(".")[0] == "numpy":
            raise ModuleNotFoundError(f"{name} is out of reach", name=name)
        return None


if __name__ == "__main__":
    sys.meta_path.insert(0, Absent())
    sys.exit(pytest.main(sys.argv[1:]))
