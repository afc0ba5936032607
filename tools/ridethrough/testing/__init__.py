"""For tests of one's own firmware: a bench to put a board on, strategies, and a hostile world. See docs/testing.md.

Needs Hypothesis; pytest only for the plugin (pytest_ridethrough.py), which offers the fixtures. To import it
registers the profile `ridethrough` and the strategies for `World`, `Trace` and `ClockError`.
"""

from hypothesis import settings
from hypothesis import strategies as _st

from ridethrough.testing import strategies
from ridethrough.testing.bench import INVARIANTS, Bench
from ridethrough.testing.stateful import HostileWorld
from ridethrough.traces import Trace
from ridethrough.world.surroundings import ClockError, World

# how many runs a test takes does not depend on the machine, but how long they take does
settings.register_profile("ridethrough", deadline=None, print_blob=True)
_st.register_type_strategy(World, lambda _: strategies.worlds())
_st.register_type_strategy(ClockError, lambda _: strategies.clock_errors())
_st.register_type_strategy(Trace, lambda _: strategies.power_traces())

__all__ = ["INVARIANTS", "Bench", "HostileWorld", "strategies"]
