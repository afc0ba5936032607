"""The page's questions, each a function of JSON: `answer(name, arguments)`.

What a user did that cannot be done comes back as `{"bad": {...}}` with its one line; everything else that is raised is
a defect of ours, and the page says so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from ridethrough.reports.audit import blame, numbered, ranked, title
from ridethrough.reports.matrix import rows
from ridethrough.rules import Evidence, Rule, Verdict
from ridethrough.rules.decisions import NOTHING, with_key
from ridethrough.rules.explain import KEYS_SAY, explain, first_reading, warnings
from ridethrough.rules.formula import NOTE, formula
from ridethrough.rules.keys import CHOICES, DEFAULTS, KEYS
from ridethrough.rules.library import literal_first, names
from ridethrough.rules.questionnaire import QUESTIONS
from ridethrough.rules.words import WORD_PROCESSOR
from ridethrough.support.errors import BadInput, suggestion
from ridethrough.support.toml import Table
from ridethrough.traces.alerts import alerts
from ridethrough.version import VERSION
from ridethrough.web.meters import Meters
from ridethrough.web.spelling import message, sentence
from ridethrough.web.timeline import Timeline
from ridethrough.workbench.audit import AUDIT_MOST, Find, audit
from ridethrough.workbench.behaviour import words
from ridethrough.workbench.compare import compare
from ridethrough.workbench.criteria import either_side, why_none
from ridethrough.workbench.harm import Harm, harm
from ridethrough.workbench.hub_replay import RANGES, Range, holds_for
from ridethrough.workbench.matrix import flag, matrix
from ridethrough.workbench.openness import openness
from ridethrough.world.hub_params import HubParams

RULE_FILE = Path("rule.toml")
"""What errors call the rule that is edited."""
RULE_CHARACTERS_MAX = 100_000
_DRAWN_TRIES = 300
_LIMIT = Range("limit_us", 30 * 10**6, 1800 * 10**6, "a hub that alerts after")
_FIGURES = (_LIMIT, *RANGES)
_WHERE = re.compile(r":(\d+): ")
Progress = Callable[[str, int, int], None]
_METERS = Meters()


def answer(name: str, arguments: str, progress: Progress = lambda what, done, total: None) -> str:
    """The answer to one question, as JSON."""
    try:
        found = _QUESTIONS[name](json.loads(arguments), progress)
    except BadInput as e:
        return json.dumps({"bad": _bad(e)})
    return json.dumps({"good": found})


def _bad(e: BadInput) -> dict[str, Any]:
    # the line and the column at which an editor can point
    said = message(e)
    first, _, rest = said.partition("\n")
    where = _WHERE.search(first)
    caret = rest.rpartition("\n")[2]
    return {
        "says": first.removeprefix(f"{RULE_FILE}:"),
        "line": int(where[1]) if where else 0,
        "column": max(0, len(caret) - 5) if caret.strip() == "^" else 0,
    }


@lru_cache(maxsize=64)
def rule_of(written: str) -> Rule:
    """The rule that is written there."""
    if len(written) > RULE_CHARACTERS_MAX:
        raise BadInput(f"a rule of more than {RULE_CHARACTERS_MAX} characters: nobody reads it")
    return Rule.of(Table.of_text(RULE_FILE, written, WORD_PROCESSOR, carets=True))


@lru_cache(maxsize=64)
def _library(name: str) -> Rule:
    if name not in names():
        raise BadInput(f"the library has no rule '{name[:40]}'{suggestion(name[:40], names())}")
    return Rule.load(name)


def rules_of(given: Any) -> list[Rule]:
    """Those of the library (`{"library": id}`), and what is written on the page (`{"written": text}`)."""
    if not isinstance(given, list) or not all(isinstance(one, dict) and len(one) == 1 for one in given):
        raise BadInput("rules: a list of rules expected")
    return [
        _library(str(one["library"])) if "library" in one else rule_of(str(one.get("written", ""))) for one in given
    ]


def hub_of(figures: Any) -> HubParams:
    """The hub that the sliders say."""
    if not isinstance(figures, dict):
        raise BadInput("hub: an object of figures expected")
    given: dict[str, Any] = {}
    for figure in _FIGURES:
        value = figures.get(figure.key)
        if value is None:
            continue
        if not isinstance(value, int) or not figure.least <= value <= figure.most:
            least, most = figure.show(figure.least), figure.show(figure.most)
            raise BadInput(f"{figure.words}: {least} to {most} expected")
        given[figure.key] = value
    if "lost_mv" in given:
        given["back_mv"] = max(HubParams().back_mv, given["lost_mv"])
    return HubParams(**given)


def _start(_: Any, progress: Progress) -> dict[str, Any]:
    hub = HubParams()
    return {
        "version": VERSION,
        "rules": [
            {"id": r.id, "text": r.text, "written": r.written, "open": r.count > 1}
            for r in map(_library, literal_first())
        ],
        "meters": [
            {"name": m.name, "title": m.scenario.title, "sentence": m.scenario.sentence} for m in _METERS.all
        ],
        "figures": [
            {
                "key": f.key, "words": f.words.removeprefix("a "), "value": getattr(hub, f.key), "least": f.least,
                "most": f.most,
            }
            for f in _FIGURES
        ],
        "keys": [
            {
                "key": key, "says": KEYS_SAY[key], "default": str(DEFAULTS.get(key, "")),
                "choices": [NOTHING if c is None else str(c) for c in CHOICES.get(key, ())],
            }
            for key in KEYS
        ],
        "questions": [
            {
                "key": q.key, "text": q.text,
                "choices": [{"words": said, "value": NOTHING if value is None else value} for said, value in q.choices],
            }
            for q in QUESTIONS
        ],
    }  # fmt: skip


def _rule(given: Any, progress: Progress) -> dict[str, Any]:
    rule = rule_of(given["written"])
    reading = (
        {} if len(rule.limits) > 1 else {k: NOTHING if v is None else str(v) for k, v in rule.limits[0].raw.items()}
    )
    return {
        "id": rule.id, "english": explain(rule), "warnings": list(warnings(rule)), "count": rule.count,
        "open": list(rule.open_keys), "reading": reading, "limits": len(rule.limits),
    }  # fmt: skip


def _drawn(given: Any, progress: Progress) -> list[dict[str, Any]]:
    # formula and diagram of each limit: some hundred milliseconds, so they follow when the hand rests
    from ridethrough.reports.diagram import SCREEN_STYLE, diagrams, legend, svg_of

    rule, found = rule_of(given["written"]), []
    for limit in rule.limits:
        reading = limit.reading or first_reading(limit)
        pair = either_side(rule, reading, tries=_DRAWN_TRIES)
        drawn = diagrams(rule, reading, pair) if pair else []
        found.append(
            {
                "name": limit.name,
                "formula": list(formula(reading)),
                "note": NOTE,
                "svg": svg_of(drawn, limit.name or rule.id, legend(reading), SCREEN_STYLE).decode() if drawn else "",
                "said": "; ".join(f"{one.title}: {one.said}" for one in drawn) or why_none(reading, _DRAWN_TRIES),
            }
        )
    return found


def _set_key(given: Any, progress: Progress) -> dict[str, str]:
    key, value = str(given["key"]), str(given["value"])
    if key not in CHOICES:
        raise BadInput(f"'{key[:40]}' is no key that a question asks for")
    new, _ = with_key(given["written"], RULE_FILE, key, value)
    return {"written": new}


def _judge(given: Any, progress: Progress) -> dict[str, Any]:
    timeline, hub = Timeline.of_json(given["timeline"]), hub_of(given["hub"])
    trace = timeline.trace(hub)
    evidence, hurt = Evidence(trace), harm(trace, hub)
    verdicts = [_verdict(rule, rule.check(evidence), hurt) for rule in rules_of(given["rules"])]
    return {
        "hub": [list(c) for c in trace.texts["hub"]],
        "alerts": [
            {"t_us": a.t_us, "since_us": a.since_us, "doing": a.doing, "legitimate": a.legitimate}
            for a in alerts(trace)
        ],
        "missed": [e.t_us for e in trace.events("missed_ad1")],
        "harm": hurt.words(),
        "kinds": list(hurt.kinds),
        "verdicts": verdicts,
    }


def _verdict(rule: Rule, verdict: Verdict, hurt: Harm) -> dict[str, Any]:
    w = verdict.witness
    return {
        "id": rule.id, "status": verdict.status, "sentence": sentence(verdict), "flag": flag(verdict, hurt),
        "from_us": w.from_us if w else None, "to_us": w.to_us if w else None,
        "ran_out_us": verdict.limit_ran_out_us,
    }  # fmt: skip


def _ranges(given: Any, progress: Progress) -> list[dict[str, Any]]:
    # for each figure of the hub: how far all verdicts and the harm stay as they are
    timeline, hub, rules = Timeline.of_json(given["timeline"]), hub_of(given["hub"]), rules_of(given["rules"])
    closed = [rule for rule in rules if not rule.open_keys]

    def seen(params: HubParams) -> tuple[Any, ...]:
        trace = timeline.trace(params)
        evidence, hurt = Evidence(trace), harm(trace, params)
        return tuple(rule.check(evidence).status for rule in closed), hurt.kinds, hurt.ad1

    now = seen(hub)
    holds = {v.range.key: v for v in holds_for(lambda params: seen(params) == now, hub, _FIGURES)}
    return [
        {"key": f.key, "least": v.least if (v := holds.get(f.key)) else None, "most": v.most if v else None}
        for f in _FIGURES
    ]


def _preset(given: Any, progress: Progress) -> dict[str, Any]:
    meter = _METERS.named(given["name"])
    timeline = Timeline.of_trace(meter.trace)
    if timeline is None:
        raise BadInput(f"{meter.name}: it has too many edges to be dragged; its row in the matrix is judged as it is")
    return {"timeline": timeline.as_json(), "title": meter.scenario.title, "sentence": meter.scenario.sentence}


def _matrix(given: Any, progress: Progress) -> dict[str, Any]:
    rules = rules_of(given["rules"])
    found = matrix(rules, _METERS.all, lambda done, total: progress("meters", done, total))
    return {"rules": [rule.id for rule in rules], "rows": list(rows(found))}


def _open(given: Any, progress: Progress) -> dict[str, Any]:
    rule, meters = rule_of(given["written"]), _METERS.all
    found = openness(rule, meters, lambda done: progress("meters", done, len(meters)))
    return {
        "readings": found.readings,
        "settles": [{"key": key, "says": KEYS_SAY[key], "share": share} for key, share in found.settles()],
        "depending": len(found.depending),
        "meters": len(meters),
    }


def _compare(given: Any, progress: Progress) -> dict[str, Any]:
    one, other = rules_of(given["rules"])
    progress("searching", 0, 1)
    found = compare(one, other)
    if found is None:
        return {"found": []}
    said = [f"{rule.id}: {sentence(v)}" for rule, v in zip((one, other), found.verdicts, strict=True)]
    return {"found": [_find(f"{one.id} and {other.id} differ", "", found.behaviour, said, found.harm.words(), [])]}


def _audit(given: Any, progress: Progress) -> dict[str, Any]:
    rules = rules_of(given["rules"])
    found: list[Find] = []
    for find in audit(rules, progress=lambda flag, kind: progress(f"{flag} {kind}".strip(), len(found), AUDIT_MOST)):
        found.append(find)
    shown = []
    for number, twins in numbered(ranked(found)):
        first = twins[0]
        said = [f"The rule: {sentence(first.verdict)}", f"What would change it: {blame(first)}"]
        others = [words(other.behaviour) for other in twins[1:]]
        shown.append(_find(f"{number}. {title(first)}", first.flag, first.behaviour, said, first.harm.words(), others))
    return {"found": shown}


def _find(
    heading: str, flagged: str, behaviour: Any, said: Sequence[str], hurt: str, others: Sequence[Sequence[str]]
) -> dict[str, Any]:
    return {
        "title": heading,
        "flag": flagged,
        "steps": words(behaviour) or ["nothing happens"],
        "said": list(said),
        "harm": hurt,
        "timeline": Timeline.of_behaviour(behaviour).as_json(),
        "others": [list(other) for other in others],
    }


def _vcd(given: Any, progress: Progress) -> dict[str, str]:
    from ridethrough.traces.vcd_out import vcd_of

    return {"text": vcd_of(Timeline.of_json(given["timeline"]).trace(hub_of(given["hub"])))}


def _svg(given: Any, progress: Progress) -> dict[str, str]:
    from ridethrough.reports.picture import picture_of

    trace, rule = Timeline.of_json(given["timeline"]).trace(hub_of(given["hub"])), rule_of(given["written"])
    return {"text": picture_of(trace, rule.check(trace), rule.id).decode()}


def _draft(given: Any, progress: Progress) -> dict[str, str]:
    from ridethrough.reports.draft import add_draft
    from ridethrough.reports.page import Page

    rule = rule_of(given["written"])
    page = Page(f"Requirement {rule.id}")
    add_draft(page, rule)
    return {"text": page.html()}


def _cases(given: Any, progress: Progress) -> dict[str, str]:
    from ridethrough.web.files import cases_zip

    return cases_zip(rule_of(given["written"]), progress)


def _capture(given: Any, progress: Progress) -> dict[str, Any]:
    from ridethrough.web.brought import judged

    return judged(Path(given["path"]), given["fields"], rules_of(given["rules"]), progress)


_QUESTIONS: dict[str, Callable[[Any, Progress], Any]] = {
    "start": _start, "rule": _rule, "drawn": _drawn, "set_key": _set_key, "judge": _judge, "ranges": _ranges,
    "preset": _preset, "matrix": _matrix, "open": _open, "compare": _compare, "audit": _audit, "vcd": _vcd,
    "svg": _svg, "draft": _draft, "cases": _cases, "capture": _capture,
}  # fmt: skip
