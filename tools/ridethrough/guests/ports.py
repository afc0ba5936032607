"""What firmware can see of a MicroPython port, for every guest: pins with a converter, timers, names and releases."""

from __future__ import annotations

from ridethrough.boards.releases import PLATFORMS

ADC_PINS = {
    "rp2": (26, 27, 28, 29),
    "esp32": (32, 33, 34, 35, 36, 37, 38, 39),
    "stm32": (*range(8), 16, 17, *range(32, 38)),
}
TIMERS = {"rp2": (-1,), "esp32": (0, 1, 2, 3), "stm32": (-1,)}
TIMER_US_LEAST = 20
"""A timer that is faster would leave the firmware no time at all: the port's own handling takes about as long
[assumed]."""
PLATFORM = {port: platform for platform, port in PLATFORMS.items()}
"""What a port calls itself in sys.platform and os.uname()."""
RELEASE = (1, 29, 0)
"""What the simulated ports say that they are."""
MPY = 0x306
"""Of sys.implementation: which .mpy files it takes; those without native code."""
