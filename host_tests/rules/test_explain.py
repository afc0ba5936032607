"""What a rule says of itself in English, and what it is warned of."""

import pytest
from ridethrough import Rule
from ridethrough.rules.explain import explain, warnings
from support import of

WG = Rule.load("mp102-wg-2020-04")


@pytest.mark.parametrize(
    ("reading", "said"),
    [
        ({"times": "2 or more"}, "looks at one at a time"),
        ({"lasting": "20 min or more", "per": "10 min"}, "that can never be"),
        ({"lasting": "3 min or more", "per": "10 min", "ends_when": "back for 20 min"}, "longer than the window"),
        ({"during": "always", "to": "boot"}, "say nothing with"),
        ({"during": "always", "per": "reboot"}, "everything is added up"),
        ({"during": "watchdog", "from": "command"}, "such reboots have none"),
        ({"to": "power back", "per": "reboot"}, "nothing to add up"),
        ({"unless": "CH power below 90 %"}, "can never be broken"),
        ({"lasting": "0 s or more"}, "broken by no cut at all"),
        ({"to": "boot"}, "milliseconds after the reset"),
        ({"forbid": "CH power below 200 %"}, "the nominal 12 V itself"),
    ],
)
def test_keys_that_fight_each_other_are_warned_of(reading, said):
    found = warnings(of(**reading))
    assert len(found) == 1 and said in found[0]
    assert not warnings(WG)


def test_a_rule_says_itself_in_english():
    (text,) = explain(WG)
    assert text.startswith(
        "It is a breach if CH power is below 90 % (10.8 V) for 3 min or more in one piece, during any reboot."
    )
    assert text.endswith("The time during which mains is lost is taken off. Exactly 3 min is a breach.")
    assert "anything more is" in explain(of(lasting="more than 3 min"))[0]
    assert "So it has 16 readings." in explain(of(per="?", unless="?"))
