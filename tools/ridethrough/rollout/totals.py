"""What everybody sees, as counts that add up: of a block, of an area, of the nation. Whole numbers, so that the order
in which they are added makes no difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from ridethrough.rollout.plan import DAY_US, Plan
from ridethrough.rollout.remedies import Around, neighbours
from ridethrough.rollout.stream import Flags, Stream
from ridethrough.rollout.tables import Ints

HOUR_US = 3600 * 10**6
WINDOW_US = 180 * 10**6
SPLIT = 50
"""The DCC's performance measure groups alerts by fixed windows of three minutes, and splits groups at so many."""
TRUE, NETWORK, METER = range(3)
KINDS = ("legitimate", "false, the network's doing", "false, the meter's doing")
NEAR_US = 300 * 10**6
BINS = (0, 1, 3, 10, 30)
BIN_WORDS = ("none", "1 or 2", "3 to 9", "10 to 29", "30 or more")
FALSE, ALERTED, LATE, LATE_S, COLUMNS = range(5)
"""Of each choice of remedies: false alerts and legitimate ones that come through, how many of these late, and by how
many seconds in all."""


@dataclass
class Totals:
    """Counts. `alerts` [area, hour, kind]; `windows` [window, all or false]; `lie` [false or not, BINS: how many others
    began on the same feeder within NEAR_US]; `outages` [area, day, all or told]: real ones, as long as the limit;
    `no_store`: alerts that a hub owed and had no store for; `down` [area, day, meter's or network's doing, hubs or hub
    seconds]; `by` [population, false or all, alerts]; `activated` [population, activations or roll-backs]; `choices`
    [choice, column]."""

    alerts: Ints
    windows: Ints
    lie: Ints
    outages: Ints
    no_store: Ints
    down: Ints
    by: Ints
    activated: Ints
    choices: Ints

    @classmethod
    def none(cls, plan: Plan, n_choices: int) -> Totals:
        """Nothing yet."""
        areas, days, populations = len(plan.areas), plan.days, len(plan.populations)

        def zeros(*shape: int) -> Ints:
            return np.zeros(shape, dtype=np.int64)

        return cls(
            zeros(areas, days * 24, len(KINDS)),
            zeros(plan.end_us // WINDOW_US, 2),
            zeros(2, len(BINS)),
            zeros(areas, days, 2),
            zeros(1),
            zeros(areas, days, 2, 2),
            zeros(populations, 2),
            zeros(populations, 2),
            zeros(n_choices, COLUMNS),
        )

    def add(self, other: Totals) -> None:
        """Adds those of other premises."""
        for one in fields(self):
            getattr(self, one.name).__iadd__(getattr(other, one.name))

    @property
    def false(self) -> int:
        return int(self.alerts[:, :, NETWORK:].sum())

    @property
    def true(self) -> int:
        return int(self.alerts[:, :, TRUE].sum())


def count(totals: Totals, plan: Plan, area: int, stream: Stream, around: Around) -> None:
    """Adds the stream of a block in which nothing is done."""
    seen = in_time(plan, stream)
    false = ~stream.legitimate
    kind = np.where(stream.legitimate, TRUE, np.where(stream.network, NETWORK, METER))[seen]
    np.add.at(totals.alerts[area], (stream.sent[seen] // HOUR_US, kind), 1)
    window = stream.sent[seen] // WINDOW_US
    np.add.at(totals.windows[:, 0], window, 1)
    np.add.at(totals.windows[:, 1], window[false[seen]], 1)
    others = neighbours(stream, around, NEAR_US, np.ones(len(seen), dtype=bool))[seen]
    np.add.at(totals.lie, (false[seen].astype(int), np.searchsorted(BINS, others, side="right") - 1), 1)
    due = due_outages(plan, stream)
    day = stream.outage_lost[due] // DAY_US
    # an outage of the evening before that is due after midnight is the first day's
    day = np.maximum(day, 0)
    np.add.at(totals.outages[area, :, 0], day, 1)
    np.add.at(totals.outages[area, :, 1], day[stream.outage_alerted[due]], 1)
    totals.no_store += int(((stream.missed >= 0) & (stream.missed < plan.end_us)).sum())
    down = (stream.down_at >= 0) & (stream.down_at < plan.end_us)
    where = (stream.down_at[down] // DAY_US, stream.down_network[down].astype(int))
    np.add.at(totals.down[area, :, :, 0], where, 1)
    np.add.at(totals.down[area, :, :, 1], where, down_within(plan, stream)[down] // 10**6)
    population = around.premises.population[stream.premise[seen]]
    np.add.at(totals.by[:, 0], population[false[seen]], 1)
    np.add.at(totals.by[:, 1], population, 1)


def down_within(plan: Plan, stream: Stream) -> Ints:
    """For how long each hub was out of service, within the plan's days."""
    return np.minimum(stream.down_us, plan.end_us - stream.down_at)


def in_time(plan: Plan, stream: Stream) -> Flags:
    """Which alerts are sent within the plan's days."""
    return (stream.sent >= 0) & (stream.sent < plan.end_us)


def due_outages(plan: Plan, stream: Stream) -> Flags:
    # the same for outages: an alert of each is due when it has lasted for the limit
    due = stream.outage_lost + plan.hubs.limit_us
    long = stream.outage_back - stream.outage_lost >= plan.hubs.limit_us
    return (due >= 0) & (due < plan.end_us) & long


def outcome(plan: Plan, stream: Stream, keep: Flags, delay: Ints) -> Sequence[int]:
    """The row of one choice: COLUMNS."""
    seen = in_time(plan, stream) & keep
    true = seen & stream.legitimate
    late = true & (delay > 0)
    return (
        int((seen & ~stream.legitimate).sum()),
        int(true.sum()),
        int(late.sum()),
        int((delay[late] // 10**6).sum()),
    )
