"""Firmware functions that take a real board a long time, and what the emulator charges for them.

The charge comes in slices, one for each call of the function's `feed`, so that a watchdog can bite
inside. What a verification answers is remembered by key, digest and signature: it depends on nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from ridethrough.world.mcu import Mcu

VERIFY_STEPS = 256
_MEMORY_MAX = 4096
_verified: dict[tuple[bytes, bytes, bytes, Any], tuple[bool, int]] = {}


def _charge_verify(module: ModuleType, mcu: Mcu) -> None:
    real: Callable[..., bool] = module.verify
    slice_us = mcu.board.cost.ecdsa_verify_us // VERIFY_STEPS

    def verify(key: Any, digest: Any, signature: Any, feed: Callable[[], None]) -> bool:
        steps = 0

        def fed() -> None:
            nonlocal steps
            steps += 1
            mcu.spend(slice_us)
            feed()

        # The code is part of the key: another firmware's verify() is another function.
        what = (bytes(key), bytes(digest), bytes(signature), real.__code__)
        if what in _verified:
            answer, steps_then = _verified[what]
            for _ in range(steps_then):
                fed()
            return answer
        answer = real(key, digest, signature, fed)
        if len(_verified) >= _MEMORY_MAX:
            _verified.clear()
        _verified[what] = (answer, steps)
        return answer

    module.verify = verify  # type: ignore[attr-defined]


charged: dict[str, Callable[[ModuleType, Mcu], None]] = {"esme.p256": _charge_verify}
"""By module name: what to do to a module once it is loaded."""
