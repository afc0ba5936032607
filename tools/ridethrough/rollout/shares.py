"""A whole number divided by shares, without losing one."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TypeVar

K = TypeVar("K", bound=Hashable)


def rounded(total: int, weights: Mapping[K, int]) -> dict[K, int]:
    """`total` in parts that are proportional to `weights`, each rounded down or up; the largest remainders go up."""
    whole = sum(weights.values())
    parts = {key: total * weight // whole for key, weight in weights.items()}
    left = total - sum(parts.values())
    for key in sorted(weights, key=lambda k: -(total * weights[k] % whole))[:left]:
        parts[key] += 1
    return parts
