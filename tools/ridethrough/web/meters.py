"""The gallery's meters as the emulator ran them when the page was built: no firmware runs in a browser."""

from __future__ import annotations

import pickle
from functools import cached_property
from pathlib import Path

from ridethrough.support.errors import BadInput, suggestion
from ridethrough.workbench.specimen import Specimen

FILE = Path(__file__).with_name("meters.pickle")
"""Written by tools/web/build.py beside this module, in the page alone."""


class Meters:
    """All of them, read when they are first asked for."""

    @cached_property
    def all(self) -> list[Specimen]:
        """In the order of their names."""
        # our own build's, from inside the page that this runs in
        found: list[Specimen] = pickle.loads(FILE.read_bytes())
        return found

    def named(self, name: str) -> Specimen:
        """One of them. BadInput if there is none."""
        found = next((m for m in self.all if m.name == name), None)
        if found is None:
            raise BadInput(f"no meter '{name[:40]}'{suggestion(name[:40], [m.name for m in self.all])}")
        return found


def pickled(meters: list[Specimen]) -> bytes:
    """What `Meters` reads. Notes are left out: a chip's whole flash is among them."""
    for meter in meters:
        meter.trace.notes = {}
    return pickle.dumps(meters, protocol=4)
