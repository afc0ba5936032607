"""What tells Hypothesis of Ridethrough's types, so that `World`, `ClockError` and `Trace` as annotations are enough.

Hypothesis loads this module wherever Ridethrough is installed, so it imports nothing of it; Ridethrough calls it as
well, for whoever imports it second. The strategies themselves are imported when somebody asks for one.
"""

import sys
from collections.abc import Callable
from typing import Any


def register() -> None:
    """Registers the types, if both are there."""
    if "hypothesis" not in sys.modules or "ridethrough" not in sys.modules:
        return
    from hypothesis import strategies as st
    from ridethrough.traces import Trace
    from ridethrough.world.world import ClockError, World

    for kind, name in ((World, "worlds"), (ClockError, "clock_errors"), (Trace, "power_traces")):
        st.register_type_strategy(kind, _lazily(name))


def _lazily(name: str) -> Callable[[type], Any]:
    def strategy(_kind: type) -> Any:
        from ridethrough.testing import strategies

        return getattr(strategies, name)()

    return strategy
