"""Scenarios: what happens to a board, and what must come of it. One TOML file each, in this folder."""

from ridethrough.scenarios.loader import Scenario, Shows, Step, names

__all__ = ["Scenario", "Shows", "Step", "names"]
