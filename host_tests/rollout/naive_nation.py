"""A nation meter by meter and event by event, in Python's own numbers: what the columns are held to. It takes the same
draws and the same courses, and knows nothing of how they are put into arrays."""

from dataclasses import dataclass, field

from ridethrough.rollout.behaviour import MET_US
from ridethrough.rollout.tables import NEVER, rail_trace
from ridethrough.traces.alerts import DEFINITIONS
from ridethrough.workbench.hub_replay import with_hub

CALM_US = 3 * 24 * 3600 * 10**6


@dataclass
class Told:
    """What one meter's hub and meter said. `alerts`: since, sent, network, legitimate, AC lost, next 0x8F36."""

    alerts: list = field(default_factory=list)
    outages: list = field(default_factory=list)
    missed: list = field(default_factory=list)


def meter(behaviour_at_outage, rows, mains, hub, limits_us, definition, retry_us):
    """One meter. `rows`: date, moment, dated, behaviour of each activation; `mains`: disjoint outages in order."""
    played = []
    used = set()
    for at, dated, behaviour in rows:
        at = _put_off(at, dated, behaviour_at_outage, mains, retry_us)
        span = behaviour.alone.busy_us
        inside = [i for i, (lost, _) in enumerate(mains) if at < lost < at + span]
        if inside and behaviour.met:
            lost, back = mains[inside[0]]
            used.add(inside[0])
            slices = behaviour.met[(lost - at) * len(behaviour.met) // span]
            which = max([0, *(k for k, length in enumerate(MET_US) if length <= back - lost)])
            length, course = slices[which]
            assert length == MET_US[which]
            played.append((at, course, back - lost - length))
        else:
            played.append((at, behaviour.alone, 0))
    for i, (lost, back) in enumerate(mains):
        if i not in used:
            length, course = _course(behaviour_at_outage, back - lost)
            played.append((lost, course, back - lost - length))
    return _said(played, mains, hub, limits_us, definition)


def _course(behaviour, length_us):
    found = behaviour.outages[0]
    for one in behaviour.outages:
        if one[0] <= length_us:
            found = one
    return found


def _put_off(at, dated, behaviour, mains, retry_us):
    moved = True
    while moved:
        moved = False
        for lost, back in _busy(behaviour, mains):
            if lost <= at < back:
                at = back if dated else max(back, at + retry_us)
                moved = True
    return at


def _busy(behaviour, mains):
    found = []
    for lost, back in mains:
        _, course = _course(behaviour, back - lost)
        until = back + course.busy_us - course.mains_back_us
        if found and lost <= found[-1][1]:
            found[-1] = (found[-1][0], max(until, found[-1][1]))
        else:
            found.append((lost, until))
    return found


def _said(played, mains, hub, limits_us, definition):
    limit_us, real_us = limits_us
    losses, ac, restored = [], [], []
    for origin, course, stretch in played:

        def when(t, course=course, origin=origin, stretch=stretch):
            later = course.mains_back_us is not None and t > course.mains_back_us
            return origin + t + (stretch if later else 0)

        losses += [(when(a), when(b)) for a, b in course.losses[hub.threshold]]
        ac += [(when(a), when(b)) for a, b in course.ac_lost]
        if course.restored_long_us is not None:
            restored.append(when(course.restored_long_us))
    trace = with_hub(rail_trace(_union(losses), _union(ac), CALM_US), hub.params)
    told = Told()
    outside = street(mains, limit_us)
    for event in trace.events("ad1"):
        since, sent = event.data["since_us"] - CALM_US, event.t_us - CALM_US
        judge = DEFINITIONS[definition]
        legitimate = judge(outside, since + CALM_US, event.t_us)
        network = any(lost <= since < back for lost, back in mains)
        after = min((t for t in restored if t > since), default=NEVER)
        told.alerts.append((since, sent, network, legitimate, trace.wire_at("ac_lost", event.t_us), after))
    told.missed = sorted(e.data["since_us"] - CALM_US for e in trace.events("missed_ad1"))
    for lost, back in mains:
        if back - lost >= real_us:
            told.outages.append((lost, back, any(since <= back and sent >= lost for since, sent, *_ in told.alerts)))
    return told


def street(mains, limit_us):
    # mains alone, for the definitions of a legitimate alert
    trace = rail_trace([], [], CALM_US + 200 * 24 * 3600 * 10**6)
    trace.wires["mains"] = [(0, 1)]
    for lost, back in mains:
        trace.set_wire("mains", CALM_US + lost, 0)
        trace.set_wire("mains", CALM_US + back, 1)
    trace.ad1_limit_us = limit_us
    return trace


def _union(intervals):
    found = []
    for a, b in sorted(intervals):
        if found and a <= found[-1][1]:
            found[-1] = (found[-1][0], max(b, found[-1][1]))
        else:
            found.append((a, b))
    return found
