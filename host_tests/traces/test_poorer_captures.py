"""What a capture lacks makes a verdict undecided, and never the opposite."""

from itertools import groupby

from drawn import READINGS, small_traces
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from ridethrough.traces.load import ProbeMap, load_capture
from support import of

SIMPLE = READINGS.filter(lambda r: "CH up" not in str(r) and "CH down" not in str(r))


def written(small, path, every_us=1, threshold_mv=None, drop=()):
    """A small trace as a table: a row every so many microseconds, the rail as volts or above a threshold."""
    signals = {"rail": small.ch_mv, "mains": small.mains}
    if threshold_mv:
        signals["rail"] = [int(mv >= threshold_mv) for mv in small.ch_mv]
    names = [name for name in signals if name not in drop]
    head = ["rail_mv" if name == "rail" and not threshold_mv else name for name in names]
    rows = [[str(t), *(str(signals[name][t]) for name in names)] for t in range(0, len(small.ch_mv), every_us)]
    path.write_text("time [us]," + ",".join(head) + "\n" + "\n".join(map(",".join, rows)) + "\n")
    return ProbeMap({"ch_mv": head[0]}, 1.0, threshold_mv)


@settings(max_examples=250)
@given(
    SIMPLE,
    small_traces(),
    st.sampled_from([1, 2, 5]),
    st.sampled_from([None, 2_000, 10_000, 10_800, 11_000]),
    st.sets(st.just("mains")),
    st.sets(st.sampled_from(["command", "shutdown", "boot", "application", "outcome"])),
    st.booleans(),
)
def test_a_poorer_capture_never_contradicts_the_trace(
    tmp_path_factory, reading, small, every_us, mv, drop, unseen, kinds
):
    """Sampled, behind a probe's threshold, without mains, without some events: undecided, or as it was."""
    # between two samples that agree nothing happened: what is shorter than a period nobody can see
    runs = [len(list(same)) for signal in (small.ch_mv, small.mains) for _, same in groupby(signal)]
    assume(min(runs) >= every_us)
    # whoever captures a meter has not switched it on, and the small hub alerts after microseconds
    small.starts_itself = False
    small_file = tmp_path_factory.getbasetemp() / "small.csv"
    rule = of(**reading)
    exact = rule.check(small.trace()).status
    capture = load_capture(small_file, written(small, small_file, every_us, mv, drop), rule.levels_mv)
    capture.ad1_limit_us = small.trace().ad1_limit_us
    for at, name, kind in small.events:
        if name == "reset" or name not in unseen:
            # a reset that is stated without its kind is said not to have been a power-up
            capture.state(name, at, kind if kinds or kind == "power-up" else "")
    capture.known |= {"reset", "ad1"} | ({"command", "shutdown", "boot", "application", "outcome"} - unseen)
    capture.log.sort(key=lambda e: e.t_us)
    poorer = rule.check(capture)
    opposites = [{"pass", "fail"}, {"vacuous", "fail"}]
    assert {exact, poorer.status} not in opposites, (exact, poorer)
