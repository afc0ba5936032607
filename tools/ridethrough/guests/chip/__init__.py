"""A stock build of MicroPython on an emulated RP2040."""

from ridethrough.guests.chip.guest import ChipGuest

__all__ = ["ChipGuest"]
