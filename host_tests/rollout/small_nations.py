"""Small nations that are rich in what is rare: outages every few days, stores that are empty, activations that meet
outages."""

import re

from ridethrough.rollout.curves import thresholds
from ridethrough.rollout.tables import observed

HEAD = """
title    = "A small nation"
combined = [["list", "suppress", "match"]]

[nation]
meters            = 6_000
days              = 6
premises_a_feeder = 8
retry             = "10 min"

[nation.areas]
London    = "70 %"
Yorkshire = "30 %"

[hub]
store        = [["1 s", "10 %"], ["200 s", "60 %"], ["240 s", "30 %"]]
store_charge = [["2 min", "50 %"], ["30 min", "50 %"]]
lost         = [["7 V", "50 %"], ["9 V", "50 %"]]

[[outage]]
name              = "short"
per_100_customers = 9000
premises          = 6
at_least          = "1 s"
mean              = "100 s"

[[outage]]
name     = "long"
share    = "100 %"
premises = 20
at_least = "3 min"
mean     = "40 min"

[[storm]]
name   = "a gale"
areas  = ["London"]
day    = 2
times  = 80
longer = 2

[[population]]
name      = "legacy"
behaviour = "BEHAVIOUR"
meters    = 2_000
suppliers = ["60 %", "40 %"]

[population.activation]
per_day         = 500
batch           = 300
hour            = "2 h"
spread          = "20 h"
dated           = "50 %"
acted_on_within = "3 h"
rolls_back      = "30 %"
rolled_back     = "rollback"
again_after     = "AGAIN"
again_at_most   = 2

[[population]]
name      = "others"
behaviour = "cut_179"
meters    = "rest"

[[remedy]]
kind       = "mended"
population = "legacy"
as         = "blips"
shares     = ["25 %", "50 %"]

[[remedy]]
kind   = "list"
covers = "80 %"
late   = "12 h"

[[remedy]]
kind   = "ac lost"
covers = "60 %"

[[remedy]]
kind   = "suppress"
window = "30 min"

[[remedy]]
kind   = "match"
window = "2 h"

[[remedy]]
kind       = "cluster"
neighbours = 2
within     = "5 min"

[[remedy]]
kind  = "limit"
limit = "4 min"
"""


def small(behaviour="believes_its_reboot", again="1 h", meters="6_000", legacy="2_000", storms=True, **keys):
    """The text of a plan; `keys`: keys of it, and what each is instead."""
    text = HEAD.replace("BEHAVIOUR", behaviour).replace("AGAIN", again)
    text = text.replace("6_000", meters).replace("2_000", legacy)
    if not storms:
        text = re.sub(r"\[\[storm\]\].*?\n\n", "", text, flags=re.DOTALL)
    for key, value in keys.items():
        text, n = re.subn(rf"^{key}( *)=.*$", rf"{key}\1= {value}", text, flags=re.MULTILINE)
        assert n, key
    return text


_SEEN = {}


def behaviours(plan):
    """What the emulator sees of a plan's meters; once for plans that have the same ones."""
    whose = tuple((p.meter, p.outages, p.activation and p.activation.rolled_back) for p in plan.populations)
    key = whose, tuple(r.meter for r in plan.remedies), thresholds(plan), tuple(plan.hubs.lost_mv)
    if key not in _SEEN:
        _SEEN[key] = observed(plan, lambda *told: None)
    return _SEEN[key]
