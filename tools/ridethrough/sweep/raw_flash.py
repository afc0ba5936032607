"""The flash of a program that keeps no files there that anybody else knows of."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ridethrough.sweep.flash import Contents, Reader
from ridethrough.sweep.littlefs_layout import Layout, LayoutReader


class RawReader(Reader):
    """Takes every byte for one that the program reads: states count as one if the whole flash is equal."""

    def layouts(self) -> LayoutReader:
        return _EveryBlock(self._block_bytes)

    def contents(
        self, data: bytearray, unstable: frozenset[int] = frozenset(), touched: Collection[int] | None = None
    ) -> Contents:
        """All of it, as if it were one file; what is unstable is another."""
        return Contents(True, files={"flash": bytes(data), "unstable": repr(sorted(unstable)).encode()})


class _EveryBlock(LayoutReader):
    def read(self, data: bytes | bytearray, changed: Iterable[int] | None = None) -> Layout:
        return Layout((), frozenset(range(len(data) // self._block_bytes)))
