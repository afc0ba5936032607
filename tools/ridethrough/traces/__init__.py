"""The trace of a run or a capture, and the files it is written to."""

from ridethrough.traces.intervals import Interval
from ridethrough.traces.segments import Segment, Voltage
from ridethrough.traces.trace import Event, Trace
from ridethrough.traces.truth import Truth

__all__ = ["Event", "Interval", "Segment", "Trace", "Truth", "Voltage"]
