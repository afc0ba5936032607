"""The cpython guest: the firmware's own files, from the emulated flash, executed by CPython.

Nothing global is patched. Every firmware module gets its own `__builtins__`, in which `__import__`,
`open` and `print` are this board's, so any number of boards run in one process. It is not a sandbox:
firmware that wants to get out of it can.
"""

from ridethrough.guests.cpython.guest import CPythonGuest

__all__ = ["CPythonGuest"]
