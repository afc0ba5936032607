"""Times and voltages as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ridethrough import BadInput
from ridethrough.support.quantities import parse_time_us, parse_voltage_mv, show_time


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("3 min", 180_000_000),
        ("0 s", 0),
        ("1.5 s", 1_500_000),
        ("250ms", 250_000),
        ("7 us", 7),
        ("7 µs", 7),
        ("1 h", 3_600_000_000),
    ],
)
def test_times(text, us):
    assert parse_time_us(text) == us


@pytest.mark.parametrize(
    "text", ["", "3", "min", "-1 s", "3 mins", "1.5 us", "9e9 s", "1000 days", "99999 h", "1" * 60]
)
def test_what_is_no_time(text):
    with pytest.raises(BadInput):
        parse_time_us(text)


@pytest.mark.parametrize(("text", "mv"), [("90 %", 10_800), ("10.8 V", 10_800), ("9000 mV", 9_000), ("100 %", 12_000)])
def test_voltages(text, mv):
    assert parse_voltage_mv(text) == mv


@pytest.mark.parametrize("text", ["", "90", "90 W", "0.0001 V", "1000 V"])
def test_what_is_no_voltage(text):
    with pytest.raises(BadInput):
        parse_voltage_mv(text)


@pytest.mark.parametrize(
    ("us", "text"),
    [
        (0, "0 us"),
        (999, "999 us"),
        (1500, "1.5 ms"),
        (180_000_000, "3 min"),
        (61_000_000, "61 s"),
        (207_014_104, "3 min 27.014104 s"),
    ],
)
def test_shown(us, text):
    assert show_time(us) == text


@given(st.integers(0, 10**13))
def test_what_is_shown_reads_back(us):
    parts = show_time(us).split()
    total = sum(parse_time_us(f"{n} {unit}") for n, unit in zip(parts[::2], parts[1::2], strict=True))
    assert total == us
