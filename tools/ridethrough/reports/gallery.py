"""One page for whoever has to agree on a requirement: the sentence and what it leaves open, the library in
plain English, the meters, how each rule does on each, and what audits found. Opens without installing anything.
"""

from __future__ import annotations

from collections.abc import Callable

from ridethrough.reports.audit import add_audit, hub_words, ranked
from ridethrough.reports.matrix import add_matrix
from ridethrough.reports.page import Page, Td
from ridethrough.rules import Rule
from ridethrough.rules.explain import KEYS_SAY, explain
from ridethrough.rules.library import LITERAL, literal_first
from ridethrough.scenarios.loader import specimens
from ridethrough.support.quantities import show_time
from ridethrough.workbench.audit import audit
from ridethrough.workbench.harm import useless_us
from ridethrough.workbench.hub_replay import RANGES
from ridethrough.workbench.matrix import HOLE, OVERREACH, Matrix, matrix
from ridethrough.workbench.openness import Openness, openness
from ridethrough.workbench.specimens import run_specimen
from ridethrough.world.hub_params import HubParams

OPEN = "mp102-open"
AUDITED = (LITERAL, "mp102-back-10-min")
_STEPS = 5


def add_gallery(page: Page, progress: Callable[[str, int, int], None] = lambda what, done, total: None) -> None:
    """The whole gallery."""
    rules = [Rule.load(name) for name in literal_first()]
    progress("meters", 0, _STEPS)
    meters = [run_specimen(name) for name in specimens()]
    literal = Rule.load(LITERAL)
    page.add(
        "p",
        "Some electricity meters cut the power of their Communications Hub (CH) for over three minutes when they "
        "reboot. The hub then sends a power outage alert, AD1, which the network operator cannot tell from a real "
        "outage. This is the sentence that was proposed against it, and what follows from the ways to read it.",
    )
    page.add("blockquote", literal.text)
    page.add("p", literal.source, "soft")
    progress("what is open", 1, _STEPS)
    found = openness(Rule.load(OPEN), meters)
    progress("matrix", 2, _STEPS)
    cells = matrix([rule for rule in rules if not rule.open_keys], meters)
    _add_answer(page, cells, found)
    _add_open(page, found)
    page.heading("Each rule on each meter")
    add_matrix(page, cells, links=True)
    _add_assumed(page)
    page.heading("The rules in plain English")
    for rule in rules:
        page.heading(rule.id, 3)
        with page.fold(rule.note or rule.text):
            page.add("blockquote", rule.text)
            page.add("p", rule.source, "soft")
            for paragraph in explain(rule):
                page.add("p", paragraph)
    page.heading("The meters")
    for meter in meters:
        page.heading(meter.scenario.title, 3)
        with page.fold(f"{meter.scenario.sentence} The hub: {meter.harm.words()}."):
            page.add("p", f"{meter.name}; {meter.scenario.tag}", "soft")
            page.timeline(meter.trace, literal.check(meter.trace), sorted(literal.levels_mv), meter.scenario.title)
    for i, name in enumerate(AUDITED):
        progress(f"audit of {name}", 3 + i, _STEPS)
        page.heading(f"What an audit found in {name}")
        page.add("p", "The smallest behaviour of each kind that the rule lets through, or forbids for nothing.")
        rule = Rule.load(name)
        add_audit(page, [rule], ranked(audit(rule)), 3, folded=True)


def add_nation(page: Page, beside: str) -> None:
    """What such meters do to a nation; `beside`: the page of a roll-out in the same folder, "" if there is none."""
    page.heading("From one meter to the nation")
    page.add(
        "p",
        "How many false alerts a day such meters send in a roll-out, beside how many true ones, and who should mend "
        "it: `ridethrough rollout --html rollout.html`.",
    )
    if beside:
        page.add("a", "The roll-out beside this page", href=beside)


def _add_answer(page: Page, cells: Matrix, found: Openness) -> None:
    # What somebody who reads no further has to know.
    at = [rule.id for rule in cells.rules].index(LITERAL)
    column = [row[at] for row in cells.cells]
    broken = sum(cell.verdict.status == "fail" for cell in column)
    holes, over = (sum(cell.flag == name for cell in column) for name in (HOLE, OVERREACH))
    page.add(
        "p",
        f"Of {len(column)} emulated meters the sentence, read literally, breaks {broken}. It lets through {holes} that "
        f"harm their hub, and breaks {over} whose hub noticed nothing.",
        "verdict hole" if holes else "verdict pass",
    )
    key, share = found.settles()[0]
    page.add(
        "p",
        f"Its wording has {found.readings} readings, and the verdict on {len(found.depending)} of the meters depends "
        f"on which is meant. To decide {KEYS_SAY[key]} (`{key}`) first settles most of it: {share:.0%} of the doubt.",
    )
    fewest = min(cells.rules, key=lambda rule: _missed(cells, rule.id))
    through, for_nothing = _missed(cells, fewest.id)
    page.add(
        "p",
        f"Of the rules below, {fewest.id} lets the fewest harmful meters through: {through}, and breaks {for_nothing} "
        "for nothing.",
    )


def _missed(cells: Matrix, rule_id: str) -> tuple[int, int]:
    at = [rule.id for rule in cells.rules].index(rule_id)
    flags = [row[at].flag for row in cells.cells]
    return flags.count(HOLE), flags.count(OVERREACH)


def _add_open(page: Page, found: Openness) -> None:
    rule = found.rule
    page.heading("How much of it is open")
    page.add(
        "p",
        f"The wording leaves {len(rule.open_keys)} questions open, and so has {rule.count} readings. A meeting that "
        "answers them in the order of this table does most with each answer.",
    )
    rows = [(KEYS_SAY[key], key, f"{share:.0%}") for key, share in found.settles()]
    page.table(
        "What to decide first: how much of the disagreement among the readings, over these meters and in bits of "
        "entropy, is gone on average once a question is answered. Answers overlap, so the shares do not add up.",
        ("question", "key", "share of the doubt"),
        rows,
    )
    split = [
        (
            Td(s.name, under=s.scenario.sentence),
            f"{spread.broken[True]} of {len(spread.verdicts)}",
            spread.decided_by()[0],
        )
        for s, spread in found.depending
    ]
    with page.fold(f"The {len(split)} meters whose verdict depends on the reading"):
        page.table(
            "Those first on which readings are most evenly split", ("meter", "broken in", "decided most by"), split
        )


def _add_assumed(page: Page) -> None:
    hub = HubParams()
    page.heading("What this rests on")
    page.add(
        "p",
        f"No figure of a hub has been published. {hub_words(hub)} A hub counts as useless when it is out of service "
        f"for longer than {show_time(useless_us(hub))}, which is longer than one cut just within the limit explains.",
    )
    rows = [(r.words, r.show(getattr(hub, r.key)), f"{r.show(r.least)} to {r.show(r.most)}") for r in RANGES]
    page.table("Each finding is tried on hubs over these ranges", ("figure", "taken to be", "tried"), rows)
