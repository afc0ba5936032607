"""What compare and audit have found: in lines for a terminal, and on a page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ridethrough.reports.lines import Line, joined, styled
from ridethrough.reports.page import Page
from ridethrough.reports.timeline import Glyphs, strip
from ridethrough.rules import Rule
from ridethrough.support.quantities import show_time
from ridethrough.workbench.audit import Find
from ridethrough.workbench.behaviour import words
from ridethrough.workbench.compare import Difference
from ridethrough.workbench.hub_replay import RANGES, Valid
from ridethrough.workbench.matrix import HOLE
from ridethrough.world.hub_params import HubParams

_STYLES = {"pass": "green", "fail": "red", "undecided": "yellow", "vacuous": "dim"}


def hub_words(params: HubParams | None = None) -> str:
    """The hub's figures on which a finding rests."""
    hub = params or HubParams()
    parts = [f"{r.words} {r.show(getattr(hub, r.key))}" for r in RANGES]
    return f"Hub figures, all assumed: {', '.join(parts)}; AD1 after {show_time(hub.limit_us)}."


def _holds(valid: Sequence[Valid]) -> str:
    if not valid:
        return "holds for every hub within the ranges that were tried"
    return "holds " + ", and ".join(v.sentence() for v in valid)


def difference_lines(found: Difference, rules: tuple[Rule, Rule], width: int, glyphs: Glyphs) -> Iterator[Line | str]:
    """The behaviour, what each rule says of it, and what the hub did."""
    yield styled("The simplest behaviour found on which they differ:", "bold")
    yield from (f"  {line}" for line in words(found.behaviour))
    yield ""
    yield from strip(found.trace, width, glyphs)
    yield ""
    for rule, verdict in zip(rules, found.verdicts, strict=True):
        yield joined(f"  {rule.id:<24} ", (verdict.sentence(), _STYLES[verdict.status]))
    yield f"  the hub: {found.harm.words()}; the difference {_holds(found.valid)}"
    yield styled(f"  {hub_words()}", "dim")


def audit_head(rule: Rule, found: Sequence[Find]) -> Iterator[Line | str]:
    """How many of each."""
    holes = sum(f.flag == HOLE for f in found)
    yield styled(f"{rule.id}: {holes} kinds of hole, {len(found) - holes} of overreach found", "bold")
    yield f"  {rule.text}"
    yield styled(hub_words(), "dim")
    yield ""


def ranked(found: Iterable[Find]) -> list[Find]:
    """What the rule speaks about and lets through comes first, overreach last."""
    return sorted(found, key=lambda f: (f.flag != HOLE, f.verdict.status == "vacuous"))


def title(find: Find) -> str:
    """What it is in a few words."""
    if find.flag == HOLE:
        kept = "the rule does not speak about it" if find.verdict.status == "vacuous" else "the rule is kept"
        return f"hole: {find.kind}, and {kept}"
    return "overreach: the rule is broken, and the hub noticed nothing"


def blame(find: Find) -> str:
    """The keys that let it through."""
    keys: dict[str, list[str]] = {}
    for key, value in find.cures:
        # to count cuts, or to speak of other reboots, changes the subject
        if key != "times" and (key != "during" or find.flag == HOLE):
            keys.setdefault(key, []).append(value)
    return (
        "; ".join(f"{key} = {' or '.join(values)}" for key, values in keys.items()) or "no single key would change it"
    )


def find_lines(find: Find, number: int, width: int, glyphs: Glyphs) -> Iterator[Line | str]:
    """One find."""
    yield styled(f"{number}. {title(find)}", "bold magenta" if find.flag == HOLE else "bold yellow")
    yield from (f"     {line}" for line in words(find.behaviour))
    yield ""
    yield from strip(find.trace, width, glyphs)
    yield ""
    yield f"  the rule: {find.verdict.sentence()}"
    yield f"  the hub: {find.harm.words()}; {_holds(find.valid)}"
    yield f"  would change it: {blame(find)}"


def add_audit(page: Page, rule: Rule, found: Sequence[Find], level: int = 2) -> None:
    """Every find with its timeline."""
    page.add("blockquote", rule.text)
    page.add("p", hub_words(), "soft")
    for i, find in enumerate(found, 1):
        page.heading(f"{i}. {title(find)}", level)
        page.bullets(words(find.behaviour))
        page.timeline(find.trace, find.verdict, sorted(rule.levels_mv), title(find))
        page.verdict(find.verdict)
        page.add("p", f"The hub: {find.harm.words()}; {_holds(find.valid)}.")
        page.add("p", f"What would change it: {blame(find)}.")
