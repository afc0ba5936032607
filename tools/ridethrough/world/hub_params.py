"""A hub's figures. Every one is [assumed]: no source for a hub's has been seen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HubLoad:
    """What the power path needs to know of the hub: capacitance, thresholds, and its dying resistance."""

    capacitance_uf: int
    lost_mv: int
    back_mv: int
    dead_ohm: int
    most_mw: int = 0
    """The greatest load that it ever draws."""

    def power_rate(self, load_mw: int) -> float:
        """d(V^2)/dt under constant power, in mV^2/us: 2 P / C."""
        return 2000.0 * load_mw / self.capacitance_uf

    @property
    def dead_us(self) -> float:
        """Time constant below `lost_mv`, in us."""
        return float(self.dead_ohm * self.capacitance_uf)


@dataclass(frozen=True)
class HubParams:
    """[assumed], all of it; times in us, powers in mW."""

    capacitance_uf: int = 1000
    average_mw: int = 1000
    burst_mw: int = 5000
    burst_every_us: int = 10_000_000
    burst_us: int = 2_000_000
    lost_mv: int = 9_000
    back_mv: int = 10_000
    dead_ohm: int = 20
    limit_us: int = 180_000_000
    boundary: str = ">="
    store_us: int = 240_000_000
    store_charge_us: int = 120_000_000
    boot_us: int = 15_000_000
    join_us: int = 20_000_000
    ad1_needs_ac_lost: bool = False

    @property
    def load(self) -> HubLoad:
        return HubLoad(
            self.capacitance_uf, self.lost_mv, self.back_mv, self.dead_ohm, max(self.average_mw, self.burst_mw)
        )
