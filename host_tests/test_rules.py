"""The rule language's semantics for the keys that the library uses, and its errors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ridethrough import BadInput, Rule
from ridethrough.traces import Segment, Trace
from ridethrough.traces.intervals import merged, overlap_us, touches
from support import S

MIN3 = 180 * S
WG = Rule.load("mp102-wg-2020-04")


def rule(tmp_path, **reading):
    text = '[rule]\nid = "t"\ntext = "t"\nsource = "t"\n[reading]\n'
    reading = {"lasting": "3 min or more"} | reading
    path = tmp_path / "t.toml"
    path.write_text(text + "".join(f'{k} = "{v}"\n' for k, v in reading.items()))
    return Rule.load(path)


def trace(cuts=(), resets=((100 * S, "activation"),), outcomes=(), mains_lost=(), end_us=1000 * S, commands=()):
    t = Trace(end_us=end_us)
    ch = t.voltages["ch_mv"]
    ch.add(Segment(0, "flat", 12_000))
    for a, b in cuts:
        ch.add(Segment(a, "flat", 0))
        if b is not None:
            ch.add(Segment(b, "flat", 12_000))
    t.set_wire("mains", 0, 1)
    for a, b in mains_lost:
        t.set_wire("mains", a, 0)
        t.set_wire("mains", b, 1)
    events = [(at, "reset", {"kind": kind}) for at, kind in resets]
    events += [(at, "outcome", {}) for at in outcomes] + [(at, "command", {}) for at in commands]
    for at, name, data in sorted(events, key=lambda e: e[0]):
        t.add_event(at, name, **data)
    return t


@pytest.mark.parametrize(("length", "status"), [(MIN3 - 1, "pass"), (MIN3, "fail"), (MIN3 + 1, "fail")])
def test_three_minutes_or_more(length, status):
    verdict = WG.check(trace([(100 * S, 100 * S + length)], outcomes=[400 * S]))
    assert verdict.status == status
    assert verdict.margin_us == abs(MIN3 - length)
    assert verdict.witness.amount_us == length


@pytest.mark.parametrize(("length", "status"), [(MIN3 - 1, "pass"), (MIN3, "pass"), (MIN3 + 1, "fail")])
def test_more_than_three_minutes(tmp_path, length, status):
    r = rule(tmp_path, lasting="more than 3 min")
    assert r.check(trace([(100 * S, 100 * S + length)], outcomes=[400 * S])).status == status


def test_no_reboot_is_vacuous_and_power_up_is_none():
    assert WG.check(trace(resets=())).status == "vacuous"
    assert WG.check(trace(resets=((5, "power-up"),))).status == "vacuous"


def test_a_cut_outside_every_reboot_does_not_count():
    assert WG.check(trace([(500 * S, 900 * S)], outcomes=[400 * S])).status == "pass"


def test_a_cut_that_touches_the_reboot_counts_whole():
    before = trace([(50 * S, 230 * S)], outcomes=[400 * S])
    after = trace([(399 * S, 580 * S)], outcomes=[400 * S])
    assert WG.check(before).status == WG.check(after).status == "fail"


def test_a_boot_loop_is_one_reboot_and_two_short_cuts_are_two():
    t = trace(
        [(150 * S, 300 * S), (301 * S, 450 * S)], resets=((100 * S, "crash"), (300 * S, "crash")), outcomes=[460 * S]
    )
    assert WG.spans(t) == [(100 * S, 460 * S)]
    assert WG.check(t).status == "pass"


def test_time_without_mains_is_taken_off():
    cut = [(100 * S, 310 * S)]
    assert WG.check(trace(cut, outcomes=[400 * S])).status == "fail"
    verdict = WG.check(trace(cut, outcomes=[400 * S], mains_lost=[(120 * S, 180 * S)]))
    assert verdict.status == "pass" and verdict.witness.amount_us == 150 * S


def test_a_trace_that_ends_in_a_cut_is_undecided_unless_it_is_long_enough():
    short = WG.check(trace([(100 * S, None)], end_us=200 * S))
    assert short.status == "undecided" and short.exit_status == 3 and "ends in a cut" in short.cause
    assert WG.check(trace([(100 * S, None)], end_us=280 * S)).status == "fail"


def test_a_reset_of_a_kind_that_nobody_knows_counts():
    t = trace([(100 * S, 300 * S)], resets=((100 * S, "upgrade"),), outcomes=[400 * S])
    assert WG.check(t).status == "fail"


def test_a_reboot_without_an_outcome_is_over_when_an_application_runs():
    t = trace([(200 * S, 400 * S)], resets=((100 * S, "watchdog"),))
    t.add_event(101 * S, "application", version="1")
    assert WG.spans(t) == [(100 * S, 101 * S)] and WG.check(t).status == "pass"
    pending = trace([(200 * S, 400 * S)], resets=((100 * S, "activation"), (150 * S, "watchdog")))
    pending.add_event(160 * S, "application", version="2")
    assert WG.spans(pending) == [(100 * S, 1000 * S)]


def test_a_start_belongs_to_the_first_reset_after_it(tmp_path):
    t = trace(resets=((11 * S, "commanded"), (900 * S, "watchdog")), commands=[10 * S], outcomes=[901 * S])
    r = rule(tmp_path, **{"from": "command"}, during="watchdog")
    assert r.spans(t) == [(900 * S, 901 * S)]


def test_a_trace_that_ends_between_command_and_reset_is_undecided():
    t = trace([(100 * S, None)], resets=(), commands=[99 * S], end_us=150 * S)
    assert WG.check(t).status == "undecided"


def test_during_and_from(tmp_path):
    t = trace([(60 * S, 90 * S)], resets=((100 * S, "watchdog"),), outcomes=[400 * S], commands=[50 * S])
    assert rule(tmp_path, lasting="10 s or more").check(t).status == "pass"
    assert rule(tmp_path, lasting="10 s or more", **{"from": "command"}).check(t).status == "fail"
    assert rule(tmp_path, during="activation").check(t).status == "vacuous"
    assert rule(tmp_path, during="unplanned").check(t).status == "pass"


def test_every_status_has_its_exit_status():
    assert WG.check(trace()).exit_status == 0 and WG.check(trace(resets=())).exit_status == 0
    assert WG.check(trace([(100 * S, 300 * S)])).exit_status == 1


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('lastng = "1 s"', "unknown key; did you mean 'lasting'?"),
        ('forbid = "CH powr below 90 %"', "did you mean 'CH power below 90 %'?"),
        ('forbid = "CH power below 90 furlongs"', "unknown unit of voltage"),
        ('lasting = "3 min"', "has no boundary"),
        ('lasting = "3 fortnights or more"', "unknown unit of time"),
        ('during = "any reboots"', "did you mean 'any reboot'?"),
        ('times = "3 or more"', "not evaluated yet"),
        ('per = "update"', "not known"),
        ("unless = 3", "a text expected"),
    ],
)
def test_errors_say_what_where_and_how(tmp_path, line, said):
    path = tmp_path / "r.toml"
    path.write_text('[rule]\nid="a"\ntext="b"\nsource="c"\n[reading]\n' + line + "\n")
    with pytest.raises(BadInput, match=r"r\.toml:6") as error:
        Rule.load(path)
    assert said in str(error.value) and "\n" not in str(error.value)


def test_no_such_rule():
    with pytest.raises(BadInput, match="did you mean 'mp102-wg-2020-04'"):
        Rule.load("mp102-wg-2020")


pieces = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)).map(sorted).map(tuple), max_size=6)


@given(pieces, st.tuples(st.integers(0, 40), st.integers(0, 40)).map(sorted).map(tuple))
def test_intervals_against_sets(many, one):
    whole = {t for a, b in many for t in range(a, b)}
    made = merged([m for m in many if m[0] < m[1]])
    assert {t for a, b in made for t in range(a, b)} == whole
    assert overlap_us(one, made) == len(whole & set(range(*one)))
    if one[0] < one[1]:
        assert touches(one, made) == bool(whole & set(range(*one)))


@given(
    st.lists(st.integers(1, 30), min_size=2, max_size=8),
    st.integers(0, 60),
    st.integers(1, 60),
    st.integers(1, 20),
    st.booleans(),
)
def test_against_a_naive_evaluation(lengths, reset, rest, limit, inclusive):
    """Every microsecond of a small trace looked at, one after the other."""
    edges, at = [], 0
    for length in lengths:
        at += length
        edges.append(at)
    cuts = list(zip(edges[::2], edges[1::2], strict=False))
    t = trace(cuts, resets=((reset, "activation"),), outcomes=[reset + rest], end_us=400)
    words = f"{limit} us or more" if inclusive else f"more than {limit} us"
    from ridethrough.rules.rule import Lasting

    verdict = type(WG)(**{**WG.__dict__, "lasting": Lasting.parse(words)}).check(t)
    counted, broken = 0, False
    for a, b in cuts:
        if any(reset <= x < reset + rest for x in range(a, b)):
            counted = b - a
            broken = broken or counted >= limit + (not inclusive)
    assert verdict.status == ("fail" if broken else "pass")
