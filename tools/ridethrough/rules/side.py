"""The two ends between which an amount lies: what a trace shows for certain, and what it may hide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ridethrough.traces import Interval, Truth


@dataclass(frozen=True)
class Side:
    """One end. With the amounts `AT_LEAST` a rule is broken last, with those `AT_MOST` first."""

    most: bool

    def counted(self, truth: Truth) -> Sequence[Interval]:
        """When something holds whose time counts."""
        return truth.may if self.most else truth.sure

    def excused(self, truth: Truth) -> Sequence[Interval]:
        """When something holds whose time is taken off."""
        return truth.sure if self.most else truth.may


AT_LEAST, AT_MOST = Side(most=False), Side(most=True)
