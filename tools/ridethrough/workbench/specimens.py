"""Specimens, run in the emulator. Apart from the rest of the workbench, which needs no firmware to judge a trace."""

from __future__ import annotations

from ridethrough.runner import run_scenario
from ridethrough.scenarios import Scenario
from ridethrough.workbench.harm import harm
from ridethrough.workbench.specimen import Specimen


def run_specimen(name: str) -> Specimen:
    """A specimen or scenario by name, run on the cpython guest."""
    scenario = Scenario.load(name)
    trace = run_scenario(scenario)
    return Specimen(scenario, trace, harm(trace, scenario.world.hub))
