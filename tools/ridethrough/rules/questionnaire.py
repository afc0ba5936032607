"""Write a rule file by asking: the choices that the wording leaves, in plain words, each of which may stay open."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ridethrough.rules.decisions import NOTHING, Decision, date_of, who, written
from ridethrough.rules.keys import OPEN
from ridethrough.rules.reading import parse_reading
from ridethrough.rules.words import WORD_PROCESSOR
from ridethrough.support.errors import BadInput
from ridethrough.support.text import shown
from ridethrough.support.toml import Table

T = TypeVar("T")


@dataclass(frozen=True)
class Question:
    """`choices`: (plain words, value for `key`); None leaves the key out. Anything else may be typed in the
    rule language."""

    key: str
    text: str
    choices: tuple[tuple[str, str | None], ...]


QUESTIONS = (
    Question(
        "forbid",
        "What is the cut or drop?",
        (
            ("CH power out of its window: below 90 % of 12 V", "CH power below 90 %"),
            ("CH power too low for the hub to live on (9 V, assumed)", "CH power below 9 V"),
            ("CH power gone altogether", "CH power off"),
            ("the hub out of service, whatever its power does", "CH down"),
        ),
    ),
    Question(
        "lasting",
        "How long is too long?",
        (
            ("three minutes or more: exactly three minutes is a breach", "3 min or more"),
            ("more than three minutes: exactly three minutes is none", "more than 3 min"),
            ("any time at all", None),
        ),
    ),
    Question(
        "per",
        "What is added up?",
        (
            ("nothing: each cut by itself", "cut"),
            ("all cuts of one reboot", "reboot"),
            ("all cuts of one update, however many reboots it takes", "update"),
            ("all cuts within any ten minutes", "10 min"),
        ),
    ),
    Question(
        "ends_when",
        "When is a cut over?",
        (
            ("as soon as power is back, even for a millisecond", "back"),
            ("when power has been back for a second", "back for 1 s"),
            ("when power has been back for ten minutes", "back for 10 min"),
            ("when the hub is back in service", "CH up"),
        ),
    ),
    Question(
        "during",
        "Which reboots does it speak of?",
        (
            ("any reboot, wanted or not; a start after a power-up is none", "any reboot"),
            ("only the one that activates new firmware", "activation"),
            ("those that somebody asked for", "planned"),
            ("those that nobody asked for: watchdog, brown-out, crash, rollback", "unplanned"),
            ("it does not matter whether there is a reboot", "always"),
            ("any reboot, and the start after a power-up too", "any start"),
        ),
    ),
    Question(
        "from",
        "When does a reboot begin?",
        (
            ("at the reset", "reset"),
            ("when the shutdown begins", "shutdown"),
            ("when the command is accepted", "command"),
        ),
    ),
    Question(
        "to",
        "When does it end?",
        (
            ("when the result is reported", "outcome"),
            ("when the application runs", "application"),
            ("when CH power is back after its first cut", "power back"),
            ("when boot code runs, milliseconds after the reset", "boot"),
        ),
    ),
    Question(
        "unless",
        "What if the mains fails meanwhile?",
        (
            ("the meter answers for the darkness all the same", None),
            ("the time without mains does not count", "mains lost"),
            ("the whole cut does not count if the mains was lost when it began", "mains lost when it began"),
            ("the whole cut does not count if the mains fails at any time in it", "mains lost at any time in it"),
        ),
    ),
    Question(
        "tolerance",
        "How exactly is it measured?",
        (("to the microsecond", None), ("a second either way is undecided", "1 s")),
    ),
)


def ask_rule(rule_id: str, ask: Callable[[str], str], tell: Callable[[str], None]) -> str:
    """The text of a rule file, from the answers to QUESTIONS. `ask(prompt)` returns a line; an answer that is
    no choice and no phrase of the language is asked for again. What `ask` raises ends it."""
    tell("Answer with a number, with words of the rule language, or with ? for: not decided. Enter alone takes 1.")
    text = _bare(ask("\nThe sentence, as it was proposed:\n> ")) or "?"
    source = _bare(ask("Where it comes from:\n> ")) or "?"
    reading: dict[str, Any] = {}
    asked: list[str] = []
    for question in QUESTIONS:
        if question.key in ("from", "to") and reading.get("during") == "always":
            continue
        asked.append(question.key)
        tell("\n" + question.text)
        for i, (words, _) in enumerate(question.choices, 1):
            tell(f"  {i}  {words}")

        def answered(said: str, question: Question = question) -> str | None:
            return _value(question, _bare(said.translate(WORD_PROCESSOR)), reading)

        value = _until_good(ask, "> ", tell, answered)
        if value is not None:
            reading[question.key] = value
    decisions = _decisions(ask, tell, {key: reading.get(key) or NOTHING for key in asked if reading.get(key) != OPEN})
    lines = ["[rule]", f"id     = {_quoted(rule_id)}", f"text   = {_quoted(text)}", f"source = {_quoted(source)}", ""]
    lines += ["[reading]", *(_line(question, reading) for question in QUESTIONS if question.key in asked)]
    return "\n".join(lines) + "\n" + "".join(f"\n{written(decision)}" for decision in decisions)


def _decisions(ask: Callable[[str], str], tell: Callable[[str], None], values: Mapping[str, str]) -> Sequence[Decision]:
    if not values:
        return []
    prompt = "\nWho has decided this? Enter alone: nobody yet, these are proposals.\n> "
    by = _until_good(ask, prompt, tell, lambda said: who(said) if said.strip() else "")
    if not by:
        return []
    on = _until_good(ask, "When? (2026-11-26)\n> ", tell, lambda said: date_of(said.strip()))
    return [Decision(key, value, by, on) for key, value in values.items()]


def _until_good(ask: Callable[[str], str], prompt: str, tell: Callable[[str], None], parse: Callable[[str], T]) -> T:
    while True:
        said = ask(prompt)
        try:
            return parse(said)
        except BadInput as e:
            tell(f"  {e}")


def _value(question: Question, answer: str, before: dict[str, Any]) -> str | None:
    if answer == OPEN:
        return OPEN
    if answer.isdecimal() or not answer:
        n = int(answer or 1)
        if not 1 <= n <= len(question.choices):
            raise BadInput(f"1 to {len(question.choices)}, words, or ?")
        return question.choices[n - 1][1]
    decided = {key: value for key, value in before.items() if value != OPEN}
    table = Table(Path("answer"), {})
    try:
        parse_reading(table, {**decided, question.key: answer})
    except BadInput as e:
        raise BadInput(str(e).partition(f"{question.key}: ")[2] or str(e)) from e
    return answer


def _line(question: Question, reading: dict[str, Any]) -> str:
    if question.key in reading:
        return f"{question.key:<9} = {_quoted(reading[question.key])}"
    # what was answered by leaving a key out is an answer too
    return f"# {question.key}: {next(words for words, value in question.choices if value is None)}"


def _bare(answer: str) -> str:
    return answer.strip().strip("\"'\u201c\u201d\u2018\u2019").strip()


def _quoted(text: str) -> str:
    # a TOML basic string is a JSON string
    return json.dumps(shown(text, keep=""), ensure_ascii=False)
