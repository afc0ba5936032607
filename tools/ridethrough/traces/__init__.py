"""The trace of a run or a capture, and the files it is written to."""

from ridethrough.traces.holds import Holds
from ridethrough.traces.intervals import Interval
from ridethrough.traces.segments import Segment, Voltage
from ridethrough.traces.trace import Event, Trace

__all__ = ["Event", "Holds", "Interval", "Segment", "Trace", "Voltage"]
