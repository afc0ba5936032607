"""Scenarios: what happens to a board, and what must come of it. One TOML file each, in this folder."""

from ridethrough.scenarios.loader import Scenario, names
from ridethrough.scenarios.plan import NONE, ImagePlan, Shows, Step

__all__ = ["NONE", "ImagePlan", "Scenario", "Shows", "Step", "names"]
