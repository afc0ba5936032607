"""Captures as people bring them, each format a stream of changes."""

from ridethrough.traces.readers.formats import open_source
from ridethrough.traces.readers.source import Channel, Sink, Source

__all__ = ["Channel", "Sink", "Source", "open_source"]
