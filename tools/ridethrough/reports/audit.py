"""What compare and audit have found: in lines for a terminal, and on a page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext

from ridethrough.reports.lines import Line, joined, styled
from ridethrough.reports.page import Page, Td, anchor_of
from ridethrough.reports.timeline import Glyphs, strip
from ridethrough.rules import Rule
from ridethrough.support.quantities import show_time
from ridethrough.workbench.audit import Find
from ridethrough.workbench.behaviour import words
from ridethrough.workbench.compare import Difference
from ridethrough.workbench.hub_replay import RANGES, Valid
from ridethrough.workbench.matrix import HOLE
from ridethrough.workbench.sets import TRIES, Adds, Conflict
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


def audit_head(rules: Sequence[Rule], found: Sequence[Find]) -> Iterator[Line | str]:
    """What was found, at a glance, before any of it is shown."""
    holes = sum(f.flag == HOLE for f in found)
    name = " + ".join(rule.id for rule in rules)
    yield styled(f"{name}: {holes} kinds of hole, {len(found) - holes} of overreach found", "bold")
    yield from (f"  {rule.text}" for rule in rules)
    yield styled(hub_words(), "dim")
    yield ""
    for number, twins in numbered(found):
        more = f" ({len(twins)} ways)" if len(twins) > 1 else ""
        yield styled(f"  {number}. {title(twins[0])}{more}", _tint(twins[0]))
    yield ""


def set_lines(what_they_add: Sequence[Adds], apart: Sequence[Conflict]) -> Iterator[Line | str]:
    """Of several rules: what each adds to the others, and which cannot be kept together."""
    yield styled("As one requirement:", "bold")
    for line in set_words(what_they_add, apart):
        yield f"  {line}"
    yield ""


def set_words(what_they_add: Sequence[Adds], apart: Sequence[Conflict]) -> Iterator[str]:
    """A sentence for each."""
    for one in what_they_add:
        if one.shown is None:
            yield f"{one.rule} adds nothing to the others: in {TRIES} tries it forbade nothing that they allow"
        else:
            yield f"{one.rule} adds something: it alone forbids this: {'; '.join(words(one.shown))}"
    for conflict in apart:
        if not conflict.shown:
            yield f"{conflict.rules[0]} cannot be kept by any meter that powers its hub, as far as {TRIES} tries show"
            continue
        both = " and ".join(conflict.rules)
        yield f"{both} cannot both be kept by a meter that powers its hub, as far as {TRIES} tries show"
        for kept, behaviour in conflict.shown:
            broken = next(rule for rule in conflict.rules if rule != kept)
            yield f"  {kept} is kept and {broken} broken when: {'; '.join(words(behaviour)) or 'nothing happens'}"
    if not apart:
        yield f"no two of them were found to fight each other in {TRIES} tries"


def _tint(find: Find) -> str:
    return "bold magenta" if find.flag == HOLE else "bold yellow"


def numbered(found: Sequence[Find]) -> list[tuple[int, list[Find]]]:
    """Finds that a reader would take for twins (the same harm, let through in the same way) as one, with its number."""
    groups: dict[str, list[Find]] = {}
    for find in found:
        groups.setdefault(title(find), []).append(find)
    return list(enumerate(groups.values(), 1))


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


def find_lines(twins: Sequence[Find], number: int, width: int, glyphs: Glyphs) -> Iterator[Line | str]:
    """Finds of one kind: the first of them drawn, of the others what is different."""
    find = twins[0]
    yield styled(f"{number}. {title(find)}", _tint(find))
    yield from (f"     {line}" for line in words(find.behaviour))
    yield ""
    yield from strip(find.trace, width, glyphs)
    yield ""
    yield f"  the rule: {find.verdict.sentence()}"
    yield f"  the hub: {find.harm.words()}; {_holds(find.valid)}"
    yield f"  would change it: {blame(find)}"
    for other in twins[1:]:
        yield f"  also: {'; '.join(words(other.behaviour))}"
        yield f"    would change it: {blame(other)}"


def add_audit(page: Page, rules: Sequence[Rule], found: Sequence[Find], level: int = 2, folded: bool = False) -> None:
    """A summary, and every kind of find with its timeline, if asked for `folded`; of twins the first is drawn."""
    for rule in rules:
        page.add("blockquote", rule.text)
    page.add("p", hub_words(), "soft")
    groups = numbered(found)
    headings = [f"{number}. {title(twins[0])}" for number, twins in groups]
    rows = [
        (Td(heading, _style(twins[0]), link=anchor_of(heading)), str(len(twins)), "; ".join(words(twins[0].behaviour)))
        for heading, (_, twins) in zip(headings, groups, strict=True)
    ]
    page.table("What was found: holes first", ("kind", "ways", "the simplest"), rows)
    levels_mv = sorted({level_mv for rule in rules for level_mv in rule.levels_mv})
    for heading, (_, twins) in zip(headings, groups, strict=True):
        page.heading(heading, level)
        with page.fold("; ".join(words(twins[0].behaviour))) if folded else nullcontext():
            _add_kind(page, twins, levels_mv)


def _add_kind(page: Page, twins: Sequence[Find], levels_mv: Sequence[float]) -> None:
    find = twins[0]
    page.add("p", f"{find.harm.words()[:1].upper()}{find.harm.words()[1:]}.", f"verdict {_style(find)}")
    page.bullets(words(find.behaviour))
    page.timeline(find.trace, find.verdict, levels_mv, title(find))
    page.add("p", f"The rule: {find.verdict.sentence()}")
    page.add("p", f"The hub: {find.harm.words()}; {_holds(find.valid)}.")
    page.add("p", f"What would change it: {blame(find)}.")
    if twins[1:]:
        ways = [f"{'; '.join(words(other.behaviour))} (would change it: {blame(other)})" for other in twins[1:]]
        page.folded(f"{len(ways)} more of the same kind", ways)


def _style(find: Find) -> str:
    # by what happened to the hub, not by the verdict: a hole under a green PASS reads as well done
    return "hole" if find.flag == HOLE else "overreach"
