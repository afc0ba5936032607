"""Readings, and small traces to judge by them, as Hypothesis draws them."""

from itertools import groupby

from hypothesis import strategies as st
from ridethrough.rules.forms import KINDS
from ridethrough.traces import Segment, Trace
from ridethrough.workbench.behaviour import MARKS, Step

DAY_US = 86_400 * 10**6
TIMES = st.integers(1, 12).map(lambda n: f"{n} us")
POWER = st.sampled_from(
    ["CH power below 10800 mV", "CH power at or below 9000 mV", "CH power outside 9000 mV..12000 mV"]
)
EVENT = st.sampled_from(["ad1", "reset", "command", "outcome", "reboot", "start", "watchdog reset"])
STEADY = POWER | st.sampled_from(["mains lost", "mains on", "CH up", "CH down", "CH power above 9000 mV"])
PLAIN = STEADY | st.sampled_from(["ad1", "reset", "reboot", "false ad1"])
_SELF = {("ad1", "ad1"), ("reset", "reset"), ("reset", "start"), ("reboot", "reboot")}
"""An event that would count against itself."""
WITHIN = (
    st.tuples(st.sampled_from(["", "no "]), PLAIN, TIMES, EVENT)
    .filter(lambda p: (p[1], p[3]) not in _SELF)
    .map("{0[0]}{0[1]} within {0[2]} of {0[3]}".format)
)
ANY = st.one_of(
    PLAIN,
    st.tuples(STEADY, TIMES).map("{0[0]} for {0[1]}".format),
    st.tuples(PLAIN, TIMES).map("{0[0]} in the last {0[1]}".format),
    st.tuples(PLAIN, TIMES).map("no {0[0]} in the last {0[1]}".format),
    st.tuples(PLAIN, PLAIN).map(" and ".join),
    st.tuples(PLAIN, st.sampled_from(["at most", "less than"]), st.integers(2, 12)).map(
        "{0[0]} for {0[1]} {0[2]} us".format
    ),
    WITHIN,
)
BOUND = st.sampled_from(["{} or more", "more than {}"])
EXEMPT = st.tuples(ANY, st.sampled_from(["", " when it began", " at any time in it"])).map("".join)
KIND = st.sampled_from(["activation", "commanded", "watchdog", "crash", "rollback", "power-up"])
_OPTIONAL = {
    "lasting": st.tuples(BOUND, TIMES).map(lambda p: p[0].format(p[1])),
    "times": st.tuples(BOUND, st.integers(1, 3)).map(lambda p: p[0].format(p[1])),
    "per": st.sampled_from(["cut", "reboot", "update", "calendar day"]) | TIMES,
    "ends_when": st.just("back") | TIMES.map("back for {}".format) | PLAIN,
    "during": st.sampled_from(["any reboot", "any start", "planned", "unplanned", "always"])
    | KIND
    | st.lists(KIND, min_size=1),
    "from": st.sampled_from(["command", "shutdown", "reset"]) | PLAIN | ANY,
    "to": st.sampled_from(["boot", "application", "power back", "outcome"]) | PLAIN | ANY,
    "unless": EXEMPT | st.lists(EXEMPT, min_size=1, max_size=2),
}
READINGS = st.fixed_dictionaries({"forbid": ANY}, optional=_OPTIONAL) | st.fixed_dictionaries(
    {"require": WITHIN}, optional={"unless": _OPTIONAL["unless"]}
)
EVENTS = st.sampled_from(["command", "shutdown", "boot", "application", "outcome", "ad1"]).map(lambda name: (name, ""))


class Small:
    """What holds in each microsecond; events as (t, name, kind)."""

    def __init__(self, ch_mv, mains, hub, events, starts_itself=False, midnight=20):
        self.ch_mv, self.mains, self.hub, self.events, self.starts_itself = ch_mv, mains, hub, events, starts_itself
        self.midnight = midnight

    def __repr__(self):
        runs = [[(value, len(list(same))) for value, same in groupby(x)] for x in (self.ch_mv, self.mains, self.hub)]
        return f"Small({runs}, {self.events}, {self.starts_itself}, {self.midnight})"

    def trace(self) -> Trace:
        t = Trace(end_us=len(self.ch_mv), starts_itself=self.starts_itself, ad1_limit_us=5)
        t.epoch_us, t.zone = DAY_US - self.midnight, "UTC"
        for at, (mv, mains, hub) in enumerate(zip(self.ch_mv, self.mains, self.hub, strict=True)):
            t.voltages["ch_mv"].add(Segment(at, "flat", mv))
            t.set_wire("mains", at, mains)
            t.set_text("hub", at, hub)
        for at, name, kind in self.events:
            t.add_event(at, name, **({"kind": kind} if kind else {}))
        return t


@st.composite
def small_traces(draw):
    def signal(values):
        runs = draw(st.lists(st.tuples(st.sampled_from(values), st.integers(1, 9)), min_size=1, max_size=7))
        return ([v for v, n in runs for _ in range(n)] + [runs[-1][0]] * 40)[:40]

    events = draw(st.lists(st.tuples(st.integers(0, 39), EVENTS | KIND.map(lambda kind: ("reset", kind))), max_size=9))
    # two resets in one microsecond are one
    events = {(t, name): (t, name, kind) for t, (name, kind) in events}
    return Small(
        signal([12_000, 9_000, 10_800, 0]),
        signal([1, 0]),
        signal(["up", "store", "boot"]),
        sorted(events.values()),
        draw(st.booleans()),
        draw(st.integers(0, 40)),
    )


def behaviours():
    """Behaviours of the workbench: up to eight steps of any kind."""
    step = st.builds(
        Step,
        for_us=st.sampled_from([1, 10_000, 1_000_000, 59_000_000, 179_000_000, 181_000_000, 700_000_000]),
        ch_mv=st.sampled_from([0, 8_000, 9_000, 10_800, 12_000, 14_000]),
        event=st.sampled_from(["", *KINDS, *MARKS]),
        mains=st.booleans(),
        fitted=st.booleans(),
    )
    return st.lists(step, max_size=8).map(tuple)
