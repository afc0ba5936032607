"""The micropython guest: the same files, executed by the real VM in a process of its own."""

from ridethrough.guests.micropython.guest import MicroPythonGuest, find_vm

__all__ = ["MicroPythonGuest", "find_vm"]
