"""Captures as people bring them, each format a stream of changes."""

from ridethrough.traces.readers.formats import open_source
from ridethrough.traces.readers.source import Change, Channel, Source

__all__ = ["Change", "Channel", "Source", "open_source"]
