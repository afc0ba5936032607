"""For tests of one's own firmware: a bench to put a board on, strategies, and a hostile world. See docs/testing.md.

Needs Hypothesis; pytest only for the plugin (pytest_ridethrough.py), which offers the fixtures. To import it
registers the profile `ridethrough`. `World`, `Trace` and `ClockError` as annotations need no import of it.
"""

from hypothesis import settings

from ridethrough.invariants.table import INVARIANTS
from ridethrough.testing import strategies
from ridethrough.testing.asked import Asked, Effect
from ridethrough.testing.bench import Bench
from ridethrough.testing.stateful import HostileWorld

# how many runs a test takes does not depend on the machine, but how long they take does
settings.register_profile("ridethrough", deadline=None, print_blob=True)

__all__ = ["INVARIANTS", "Asked", "Bench", "Effect", "HostileWorld", "strategies"]
