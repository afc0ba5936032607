"""One block of premises: from what chance decides to the stream of its alerts.

A meter whose activation meets no outage does what the emulator's hub did on its rail (tables.Answers). Everything else
is put together from courses: losses of supply by premise, in order, and what the hubs do about them (reaction.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ridethrough.rollout.draws import Activations, Mains, Premises, Small, disjoint, key
from ridethrough.rollout.reaction import Hubs, react
from ridethrough.rollout.tables import NEVER, UNKNOWN, Answers, Ints, Tables
from ridethrough.traces.alerts import DEFINITIONS

Flags = NDArray[np.bool_]
_PUT_OFF_MOST = 50
_THROUGHOUT, _WHEN_SENT, _BEGAN = DEFINITIONS


@dataclass(frozen=True)
class Behaviours:
    """Which row of the tables each premise's meter has: for its activation, for one that rolls back (-1: none), and
    for an outage."""

    activation: Small
    rolled_back: Small
    outage: Small


@dataclass(frozen=True)
class Stream:
    """Every alert of a block, sorted by premise and time: whose; since when the hub was without supply; when it was
    sent; whether mains was lost then by a premise's own outage (`network`), whether it is `legitimate`, whether AC lost
    said so when it was sent (1, 0, UNKNOWN), and when an 0x8F36 of the same meter comes next (NEVER).

    Then every outage of mains that somebody should be told of: whose, from and to, and whether an alert was sent in it.
    `down_at`, `down_us`, `down_network`: each time that a hub was out of service. `missed`: since when alerts were owed
    that no store was left for."""

    premise: Small
    since: Ints
    sent: Ints
    network: Flags
    legitimate: Flags
    ac: NDArray[np.int8]
    restored: Ints
    outage_premise: Small
    outage_lost: Ints
    outage_back: Ints
    outage_alerted: Flags
    down_at: Ints
    down_us: Ints
    down_network: Flags
    missed: Ints


@dataclass(frozen=True)
class Instances:
    """Courses that happen: whose, which, from when on, and by how much what follows mains' return is later."""

    premise: Small
    course: Ints
    origin: Ints
    stretch: Ints
    mains_back: Ints

    def at(self, offset: Ints) -> Ints:
        """When something is that the course has at `offset` [instances, any]."""
        later = offset + np.where(offset > self.mains_back[:, None], self.stretch[:, None], 0)
        return np.where(offset == NEVER, NEVER, self.origin[:, None] + later)


def _put_off(activations: Activations, busy: Mains, retry_us: int) -> Ints:
    # When each activation really happens: a meter that is without mains, or just starts again, is activated when it
    # runs; one that has no date of its own, when the command comes again.
    at = activations.at.copy()
    for _ in range(_PUT_OFF_MOST):
        found, last = _last(busy, activations.premise, at)
        found[found] = at[found] < busy.back[last[found]]
        if not found.any():
            break
        back = busy.back[last[found]]
        at[found] = np.where(activations.dated[found], back, np.maximum(back, at[found] + retry_us))
    return at


def _busy(tables: Tables, whose: Behaviours, mains: Mains) -> Mains:
    course, length = _course_of(tables, whose, mains)
    ready = tables.busy[course] - tables.mains_back[course]
    return disjoint(mains.premise, mains.lost, mains.lost + length + ready)


def _course_of(tables: Tables, whose: Behaviours, mains: Mains) -> tuple[Ints, Ints]:
    # the course of each outage by itself, and the outage's length
    length = mains.back - mains.lost
    row = whose.outage[mains.premise]
    which = (length[:, None] >= tables.outage_from[row]).sum(axis=1) - 1
    return tables.outage[row, which], length


def block_stream(
    tables: Tables,
    answers: Answers,
    hubs: Hubs,
    whose: Behaviours,
    premises: Premises,
    activations: Activations,
    mains: Mains,
    retry_us: int,
    limit_us: int,
    legitimate: str,
    real_us: int,
) -> Stream:
    """The stream. `retry_us`: when a command comes again. `limit_us`: the hubs' own. `real_us`: from which length on
    somebody should be told of an outage."""
    mine = activations.premise
    row = np.where(activations.rolls_back, whose.rolled_back[mine], whose.activation[mine])
    busy = _busy(tables, whose, mains)
    at = _put_off(activations, busy, retry_us)
    met, outage = _meetings(tables, row, mine, at, mains)
    near = met | _near(tables, hubs, row, mine, at, busy)
    singles = _singles(tables, answers, premises, mine[~near], at[~near], row[~near])
    some = _instances(tables, whose, row, activations, at, mains, near, met, outage)
    both = _joined(singles, _together(tables, hubs, premises, some))
    order = np.argsort(key(both.premise, both.sent), kind="stable")
    premise, since, sent = both.premise[order], both.since[order], both.sent[order]
    network, true = _judged(premise, since, sent, mains, limit_us, legitimate)
    long = np.flatnonzero(mains.back - mains.lost >= real_us)
    owner, lost, back = mains.premise[long], mains.lost[long], mains.back[long]
    return Stream(
        premise=premise,
        since=since,
        sent=sent,
        network=network,
        legitimate=true,
        ac=both.ac[order],
        restored=_next(premise, since, both.told_by, both.told_at),
        outage_premise=owner,
        outage_lost=lost,
        outage_back=back,
        outage_alerted=_alerted(owner, lost, back, premise, since, sent),
        down_at=both.down_at,
        down_us=both.down_us,
        down_network=_covered(mains, both.down_premise, both.down_at),
        missed=both.missed,
    )


@dataclass(frozen=True)
class _Part:
    # alerts; who told an 0x8F36 and when; hubs out of service, from when and how long; alerts without a store
    premise: Small
    since: Ints
    sent: Ints
    ac: NDArray[np.int8]
    told_by: Small
    told_at: Ints
    down_premise: Small
    down_at: Ints
    down_us: Ints
    missed: Ints


def _joined(one: _Part, other: _Part) -> _Part:
    return _Part(*(np.concatenate((a, vars(other)[name])) for name, a in vars(one).items()))


def _meetings(tables: Tables, row: Small, premise: Small, at: Ints, mains: Mains) -> tuple[Flags, Ints]:
    # Which activations an outage begins in, and the first such outage.
    found, inside = _first(mains.premise, mains.lost, premise, at + 1)
    found[found] = mains.lost[inside[found]] < (at + tables.span[row])[found]
    return found & (tables.slices[row] > 0), inside


def _near(tables: Tables, hubs: Hubs, row: Small, premise: Small, at: Ints, busy: Mains) -> Flags:
    # Which activations have anything so near that a store may remember it.
    memory_us = int(hubs.charge.max())
    near = np.zeros(len(premise), dtype=bool)
    if len(busy.premise):
        begins = key(busy.premise, busy.lost)
        upto = np.searchsorted(begins, key(premise, at + tables.span[row] + memory_us), side="left") - 1
        found = upto >= 0
        last = upto[found]
        near[found] = (busy.premise[last] == premise[found]) & (busy.back[last] > at[found] - memory_us)
    order = np.argsort(key(premise, at), kind="stable")
    p, t, end = premise[order], at[order], (at + tables.span[row])[order]
    close = (p[1:] == p[:-1]) & (t[1:] - end[:-1] < memory_us)
    near[order[1:][close]] = True
    near[order[:-1][close]] = True
    return near


def _singles(tables: Tables, answers: Answers, premises: Premises, premise: Small, at: Ints, row: Small) -> _Part:
    course = tables.alone[row]
    hub = premises.hub[premise]
    since, sent = answers.since[hub, course], answers.sent[hub, course]
    which, alert = np.nonzero(sent < NEVER)
    owner, begin = premise[which], at[which]
    told = tables.restored_long[course]
    says = np.flatnonzero(told < NEVER)
    dark = np.flatnonzero(answers.down[hub, course] > 0)
    missed = answers.missed[hub, course]
    first = tables.loss_from[tables.hub_threshold[premises.hub[premise[dark]]], course[dark], 0]
    return _Part(
        premise=owner,
        since=begin + since[which, alert],
        sent=begin + sent[which, alert],
        ac=answers.ac[hub[which], course[which], alert],
        told_by=premise[says],
        told_at=at[says] + told[says],
        down_premise=premise[dark],
        down_at=at[dark] + first,
        down_us=answers.down[hub[dark], course[dark]],
        missed=np.repeat(at, missed),
    )


def _instances(
    tables: Tables,
    whose: Behaviours,
    row: Small,
    activations: Activations,
    at: Ints,
    mains: Mains,
    near: Flags,
    met: Flags,
    outage: Ints,
) -> Instances:
    course, length = _course_of(tables, whose, mains)
    # an outage's own course was run with another length
    stretch = length - tables.mains_back[course]
    ordinary = np.ones(len(mains.premise), dtype=bool)
    ordinary[outage[met]] = False
    one = near & ~met
    # where both meet, the slice of the activation in which the outage begins, and its length
    o = outage[met]
    span = tables.span[row[met]]
    offset = mains.lost[o] - at[met]
    slices = tables.slices[row[met]]
    which = np.minimum(offset * slices // np.maximum(1, span), slices - 1)
    long = length[o]
    k = np.searchsorted(tables.met_us, long, side="right") - 1
    both = tables.met[row[met], which, k]
    return Instances(
        np.concatenate((mains.premise[ordinary], activations.premise[one], activations.premise[met])),
        np.concatenate((course[ordinary], tables.alone[row[one]], both)),
        np.concatenate((mains.lost[ordinary], at[one], at[met])),
        np.concatenate((stretch[ordinary], np.zeros(int(one.sum()), dtype=np.int64), long - tables.met_us[k])),
        np.concatenate(
            (tables.mains_back[course[ordinary]], tables.mains_back[tables.alone[row[one]]], tables.mains_back[both])
        ),
    )


def _together(tables: Tables, hubs: Hubs, premises: Premises, some: Instances) -> _Part:
    threshold = tables.hub_threshold[premises.hub[some.premise]]
    lost = some.at(tables.loss_from[threshold, some.course])
    back = some.at(tables.loss_to[threshold, some.course])
    which, loss = np.nonzero(lost < NEVER)
    dark = disjoint(some.premise[which], lost[which, loss], back[which, loss])
    hub = premises.hub[dark.premise]
    alerted = react(dark.premise, dark.lost, dark.back, hub, hubs)
    sent = alerted.sent
    owner, since = dark.premise[sent], dark.lost[sent]
    at = since + hubs.wait_us
    told = some.at(tables.restored_long[some.course][:, None])[:, 0]
    says = told < NEVER
    # a hub that loses its supply again before it is back is out of service once
    out = disjoint(dark.premise, dark.lost, dark.back + hubs.service[hub])
    return _Part(
        premise=owner,
        since=since,
        sent=at,
        ac=_ac_at(tables, some, owner, at),
        told_by=some.premise[says],
        told_at=told[says],
        down_premise=out.premise,
        down_at=out.lost,
        down_us=out.back - out.lost,
        missed=dark.lost[alerted.due & ~sent],
    )


def _ac_at(tables: Tables, some: Instances, premise: Small, at: Ints) -> NDArray[np.int8]:
    begin, end = some.at(tables.ac_from[some.course]), some.at(tables.ac_to[some.course])
    which, k = np.nonzero(begin < NEVER)
    said = _covered(disjoint(some.premise[which], begin[which, k], end[which, k]), premise, at).astype(np.int8)
    unseen = np.unique(some.premise[~tables.ac_known[some.course]])
    said[(said == 0) & np.isin(premise, unseen)] = UNKNOWN
    return said


def _last(mains: Mains, premise: Small, at: Ints) -> tuple[Flags, Ints]:
    # the last interval of each premise that has begun by then, if there is one
    last = np.searchsorted(key(mains.premise, mains.lost), key(premise, at), side="right") - 1
    found = last >= 0
    last = np.maximum(last, 0)
    if len(mains.premise):
        found &= mains.premise[last] == premise
    return found, last


def _first(premise: Small, times: Ints, whose: Small, at: Ints) -> tuple[Flags, Ints]:
    # of moments by premise, sorted, the first at that time or later of each premise, if there is one
    following = np.searchsorted(key(premise, times), key(whose, at), side="left")
    found = following < len(premise)
    inside = np.minimum(following, max(0, len(premise) - 1))
    if len(premise):
        found &= premise[inside] == whose
    return found, inside


def _covered(mains: Mains, premise: Small, at: Ints, until: Ints | None = None) -> Flags:
    # is each moment in an interval [from, to)? With `until`: does one reach from it to there?
    found, last = _last(mains, premise, at)
    if len(mains.premise):
        found &= at < mains.back[last] if until is None else until <= mains.back[last]
    return found


def _judged(
    premise: Small, since: Ints, sent: Ints, mains: Mains, limit_us: int, legitimate: str
) -> tuple[Flags, Flags]:
    network = _covered(mains, premise, since)
    if legitimate == _BEGAN:
        return network, network
    if legitimate == _WHEN_SENT:
        return network, _covered(mains, premise, sent)
    assert legitimate == _THROUGHOUT
    return network, _covered(mains, premise, sent - limit_us, sent)


def _next(premise: Small, since: Ints, owner: Small, told: Ints) -> Ints:
    # the first of what meters told after each alert's beginning
    order = np.argsort(key(owner, told), kind="stable")
    found, inside = _first(owner[order], told[order], premise, since + 1)
    after = np.full(len(premise), NEVER, dtype=np.int64)
    after[found] = told[order][inside[found]]
    return after


def _alerted(owner: Small, lost: Ints, back: Ints, premise: Small, since: Ints, sent: Ints) -> Flags:
    # was an alert sent while, or because, this outage lasted?
    found, inside = _first(premise, sent, owner, lost)
    found[found] = since[inside[found]] <= back[found]
    return found
