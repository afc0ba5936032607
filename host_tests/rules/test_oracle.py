"""The rule engine against rtamt, somebody else's monitor for signal temporal logic, on what both can say.

Two differences are by design. rtamt's intervals are closed, so a cut of exactly D never satisfies
`historically[0, D]`: it knows `more than D` only. And it has no verdict for a cut that is still open when
the trace ends.
"""

import re
from random import Random

import pytest
from ridethrough.rules.conditions import Condition
from ridethrough.traces import Segment, Trace
from support import of

rtamt = pytest.importorskip("rtamt", reason="rtamt, a second opinion on rules, is not made for this Python")
TRACES = 10_500
FORMS = (
    ("CH power below 90 %", "(v <= 0.5)"),
    ("CH power below 90 % and mains on", "((v <= 0.5) and (m >= 0.5))"),
    ("CH power below 90 % for {k} us", "(historically[0,{k}] (v <= 0.5))"),
    ("CH power below 90 % and no mains lost in the last {k} us", "((v <= 0.5) and not (once[0,{k}] (m <= 0.5)))"),
    ("CH power below 90 % in the last {k} us", "(once[0,{k}] (v <= 0.5))"),
)


def monitor(form, k, limit):
    spec = rtamt.StlDenseTimeSpecification()
    spec.declare_var("v", "float")
    spec.declare_var("m", "float")
    spec.spec = f"historically[0,{limit}] {form.format(k=k)}"
    spec.parse()
    return spec


def edges(random):
    at, level, found = 0, 1, []
    while at < 60:
        found.append((at, level))
        at, level = at + random.randint(1, 12), 1 - level
    return found


def as_trace(volts, mains, end):
    trace = Trace(end_us=end)
    for t, level in volts:
        trace.voltages["ch_mv"].add(Segment(t, "flat", 12_000.0 * level))
    for t, level in mains:
        trace.set_wire("mains", t, level)
    return trace


@pytest.mark.parametrize("form", range(len(FORMS)))
def test_rtamt_agrees(form):
    ours, theirs = FORMS[form]
    random = Random(form)
    per_limit = TRACES // len(FORMS) // 7
    at_the_boundary = open_at_the_end = compared = 0
    for limit in range(2, 16, 2):
        k = random.randint(1, 6)
        spec = monitor(theirs, k, limit)
        more_than, or_more = (
            of(forbid=ours.format(k=k), during="always", lasting=words)
            for words in (f"more than {limit} us", f"{limit} us or more")
        )
        for _ in range(per_limit):
            volts, mains = edges(random), edges(random)
            end = max(volts[-1][0], mains[-1][0]) + 4
            samples = [["v", [[float(t), float(x)] for t, x in [*volts, (end, volts[-1][1])]]]]
            samples += [["m", [[float(t), float(x)] for t, x in [*mains, (end, mains[-1][1])]]]]
            # rtamt's last sample closes an interval that ours leaves open: what holds from then on is nothing
            broken = any(value > 0 and t < end for t, value in spec.evaluate(*samples))
            trace = as_trace(volts, mains, end)
            compared += 1
            verdict, inclusive = more_than.check(trace), or_more.check(trace)
            if broken != (verdict.status == "fail"):
                assert verdict.status == "undecided" and "trace ends in a cut" in verdict.cause, (
                    volts,
                    mains,
                    limit,
                    k,
                )
            if verdict.status == "undecided":
                open_at_the_end += 1
            elif broken != (inclusive.status == "fail"):
                longest = max(b - a for a, b in more_than.readings[0].forbid.holds(trace).sure)
                assert longest == limit and inclusive.status == "fail", (volts, mains, limit, k)
                at_the_boundary += 1
    assert compared >= TRACES // len(FORMS) and at_the_boundary > 10 and open_at_the_end > 10


# --- conditions, by the formula that they are shown with ---

_ATOMS = (
    (r"mains == 0", "(m <= 0.5)"),
    (r"mains == 1", "(m >= 0.5)"),
    (r"\breset\b", "(r >= 0.5)"),
    (r"ch_mv (<=|>=|<|>) (\d+)", r"(v \1 \2.0)"),
)
"""What rtamt knows are numbers."""
CONDITIONS = (
    "CH power below 90 % for {k} us",
    "CH power below 90 % for at most {k} us",
    "mains lost for less than {k} us",
    "reset in the last {k} us",
    "no mains lost in the last {k} us",
    "CH power below 90 % within {k} us of reset",
    "no CH power above 90 % within {k} us of reset",
    "no mains lost within {k} us of reset and CH power below 90 %",
    "CH power outside +-10 % and mains on",
)


@pytest.mark.parametrize("words", CONDITIONS)
def test_rtamt_agrees_with_the_formula_of_a_condition(words):
    random, end, margin, held = Random(words), 90, 14, 0
    for k in range(2, 13):
        condition = Condition.parse(words.format(k=k))
        formula = condition.stl
        for ours, theirs in _ATOMS:
            formula = re.sub(ours, theirs, formula)
        spec = rtamt.StlDenseTimeSpecification()
        for name in "vmr":
            spec.declare_var(name, "float")
        spec.spec = formula
        spec.parse()
        for _ in range(40):
            volts, mains, resets = edges(random), edges(random), sorted(random.sample(range(5, 75, 2), 3))
            trace = as_trace(volts, mains, end)
            for t in resets:
                trace.add_event(t, "reset", kind="watchdog")
            pulses = [(0, 0), *((t + i, 1 - i) for t in resets for i in (0, 1))]
            signals = {"v": [(t, 12_000.0 * x) for t, x in volts], "m": mains, "r": pulses}
            samples = [[n, [[float(t), float(x)] for t, x in [*s, (end, s[-1][1])]]] for n, s in signals.items()]
            evaluated = spec.evaluate(*samples)
            truth = condition.holds(trace)
            # not so near to either end that what is outside of the trace has a say
            for t in range(margin, end - margin):
                value = next(v for at, v in reversed(evaluated) if at <= t + 0.5)
                ours = any(a <= t < b for a, b in truth.sure)
                held += ours
                assert ours == (value >= 0), (condition.text, t, volts, mains, resets)
    assert held > 100, "hardly ever true: this compares nothing"
