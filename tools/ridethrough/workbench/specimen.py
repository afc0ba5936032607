"""A meter that rules are tried on."""

from __future__ import annotations

from dataclasses import dataclass

from ridethrough.scenarios import Scenario
from ridethrough.traces import Trace
from ridethrough.workbench.harm import Harm
from ridethrough.world.hub_params import HubParams


@dataclass(frozen=True)
class Specimen:
    """A meter, what it showed, and what that did to its hub."""

    scenario: Scenario
    trace: Trace
    harm: Harm

    @property
    def name(self) -> str:
        return self.scenario.name

    @property
    def hub(self) -> HubParams:
        return self.scenario.world.hub
