"""Scenarios: what happens to a board, and what must come of it. One TOML file each, in this folder."""

from ridethrough.scenarios.loader import NONE, Scenario, Shows, Step, names

__all__ = ["NONE", "Scenario", "Shows", "Step", "names"]
