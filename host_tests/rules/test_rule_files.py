"""Rules as people write them: what is understood, and what is said where it is not."""

import pytest
from ridethrough import BadInput, Rule
from ridethrough.rules.words import Boundary, lasting
from support import S, of

MIN3 = 180 * S


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('lastng = "1 s"', "unknown key; did you mean 'lasting'?"),
        ('forbid = "CH powr below 90 %"', "did you mean 'CH power below 90 %'?"),
        ('forbid = "CH power below 90 furlongs"', "unknown unit of voltage"),
        ('lasting = "3 min"', "has no boundary"),
        ('lasting = "3 fortnights or more"', "unknown unit of time"),
        ('during = "any reboots"', "did you mean 'any reboot'"),
        ('times = "3"', "write '3 or more' or 'more than 3'"),
        ('per = "updates"', "did you mean 'update'?"),
        ("unless = 3", "a condition, or a list of conditions, expected"),
    ],
)
def test_errors_say_what_where_and_how(tmp_path, line, said):
    path = tmp_path / "r.toml"
    path.write_text('[rule]\nid="a"\ntext="b"\nsource="c"\n[reading]\n' + line + "\n")
    with pytest.raises(BadInput, match=r"r\.toml:6") as error:
        Rule.load(path)
    message, shown, caret = str(error.value).split("\n")
    assert said in message and shown == "    " + line and caret.index("^") == 4 + line.index("= ") + 2


def test_no_such_rule():
    with pytest.raises(BadInput, match="did you mean 'mp102-wg-2020-04'"):
        Rule.load("mp102-wg-2020")


@pytest.mark.parametrize(
    ("written", "limit", "inclusive"),
    [
        ("3 min or more", MIN3, True),
        ("three minutes or more", MIN3, True),
        ("three (3) minutes or longer", MIN3, True),
        ("at least 180 seconds", MIN3, True),
        (">= 3 min", MIN3, True),
        ("\u2265\u00a03\u202fmin", MIN3, True),
        ("more than 3\u00a0minutes.", MIN3, False),
        ("longer than 3 mins", MIN3, False),
        ("> 180 s", MIN3, False),
        ("more than 1 min 30 s", 90 * S, False),
        ("half an hour or more", 1800 * S, True),
        ("30 d or more", 30 * 86_400 * S, True),
    ],
)
def test_limits_as_people_write_them(written, limit, inclusive):
    assert lasting(written) == Boundary(limit, inclusive)


def test_numbers_in_words_and_boundaries_by_denial():
    assert lasting("not less than twenty-five minutes") == Boundary(25 * 60 * S, True)
    assert lasting("more than forty-five seconds") == Boundary(45 * S, False)
    assert of(during="planned reboots").readings[0].during == ("activation", "commanded")


@pytest.mark.parametrize(
    ("key", "value", "hint"),
    [
        ("forbid", "no hub fitted", "no CH"),
        ("unless", "not mains on", "mains lost"),
        ("unless", "mains lost or no CH", "takes a list"),
        ("lasting", "any time at all", "leave the key out"),
    ],
)
def test_a_hint_never_says_the_reverse(key, value, hint):
    with pytest.raises(BadInput, match=hint) as error:
        of(**{key: value})
    assert "did you mean" not in str(error.value)


@pytest.mark.parametrize(
    ("line", "hint"),
    [("per = ?", "in quotes"), ('per = "cut"\nper = "reboot"', "twice"), ('per = "cut', "one line")],
)
def test_a_slip_in_the_file_is_named(tmp_path, line, hint):
    path = tmp_path / "s.toml"
    path.write_text(f'[rule]\nid = "a"\ntext = "b"\nsource = "c"\n[reading]\n{line}\n')
    with pytest.raises(BadInput, match=hint):
        Rule.load(path)


def test_a_rule_without_a_reading_is_none(tmp_path):
    path = tmp_path / "s.toml"
    path.write_text('[rule]\nid = "a"\ntext = "b"\nsource = "c"\n')
    with pytest.raises(BadInput, match=r"\[reading\] is missing"):
        Rule.load(path)


def test_a_number_of_thousands_of_digits_is_none():
    for key, value in (("times", "9" * 5000 + " or more"), ("lasting", "9" * 5000 + " d or more")):
        with pytest.raises(BadInput):
            of(**{key: value})


@pytest.mark.parametrize("written", ["3 min", "up to 3 min", "3 or more", "some time or more", "", "min or more"])
def test_limits_that_say_nothing(written):
    with pytest.raises(BadInput):
        lasting(written)


def test_a_rule_pasted_from_a_word_processor(tmp_path):
    path = tmp_path / "w.toml"
    path.write_text(
        "\ufeff[rule]\r\nid = \u201cw\u201d\r\ntext = \u201cno cut\u201d\r\nsource = \u201cme\u201d\r\n[reading]\r\n"
        "forbid = \u201cCH\u00a0power outside 10.8\u00a0V \u2013 13.2 V\u201d\r\n"
        "lasting = \u201cthree minutes or more\u201d\r\n",
        encoding="utf-8",
    )
    rule = Rule.load(path)
    assert rule.readings[0].lasting == Boundary(MIN3, True) and len(rule.readings[0].forbid.levels_mv) == 2


def test_a_file_that_is_no_toml_shows_the_line(tmp_path):
    path = tmp_path / "n.toml"
    path.write_text('[rule]\nid = "a"\ntext = no quotes\n')
    with pytest.raises(BadInput) as error:
        Rule.load(path)
    message, line, caret = str(error.value).split("\n")
    assert "n.toml:3:" in message and "straight quotes" in message and line.strip() == "text = no quotes"
    assert caret.index("^") == line.index("no quotes")


def test_a_wrong_key_in_the_second_limit_is_pointed_at_there(tmp_path):
    path = tmp_path / "l.toml"
    head = '[rule]\nid="a"\ntext="b"\nsource="c"\n[reading]\n[[limit]]\nlasting = "1 s or more"\n'
    path.write_text(head + '[[limit]]\nname = "x"\nlasting = "1 s"\n')
    with pytest.raises(BadInput, match=r"l\.toml:10: limit\[1\]\.lasting"):
        Rule.load(path)
