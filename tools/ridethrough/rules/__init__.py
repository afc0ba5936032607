"""Rules over traces. Knows neither worlds nor guests, so it judges a capture of a real meter as well."""

from ridethrough.rules.evidence import Evidence
from ridethrough.rules.rule import Rule
from ridethrough.rules.verdict import Verdict, Worst

__all__ = ["Evidence", "Rule", "Verdict", "Worst"]
