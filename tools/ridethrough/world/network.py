"""The network as firmware with one of its own sees it: addresses that answer with files.

An answer takes `FETCH_US` [assumed: a request over Wi-Fi and TLS takes a board about as long].
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

FETCH_US = 300_000


@dataclass
class Network:
    """`answers` by address. The answer number `fails` is 503 instead; 0: none is."""

    answers: Mapping[str, bytes]
    fails: int = 0
    asked: int = 0

    def get(self, address: str) -> tuple[int, bytes]:
        """Status and body."""
        self.asked += 1
        if self.asked == self.fails:
            return 503, b""
        body = self.answers.get(address)
        return (404, b"") if body is None else (200, body)
