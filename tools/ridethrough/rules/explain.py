"""A rule said back in plain English, and a warning wherever two of its keys fight each other."""

from __future__ import annotations

from collections.abc import Iterator

from ridethrough.rules.keys import CHOICES, DEFAULTS, KEYS, PLANNED, UNPLANNED
from ridethrough.rules.reading import Reading
from ridethrough.rules.rule import Limit, Rule
from ridethrough.rules.words import show_span
from ridethrough.support.quantities import NOMINAL_MV, show_time

_FROM = {"command": "the command", "shutdown": "the beginning of the shutdown", "reset": "the reset"}
_TO = {
    "boot": "boot code runs",
    "application": "the application runs",
    "power back": "CH power is back",
    "outcome": "the outcome is reported (or, where no activation is behind it, the application runs)",
}
_WANTED = ("CH up", "CH in service", "mains on", "converter on", "CH fitted", "meter up", "CH power above")
"""What is wanted rather than forbidden."""
LEFT_OUT = {
    "times": "they are not counted",
    "unless": "nothing is",
    "lasting": "any time at all",
    "require": "nothing; `forbid` says what must not be",
}
KEYS_SAY = {
    "forbid": "what the cut or drop is",
    "require": "what has to happen",
    "lasting": "how long is too long",
    "times": "whether cuts are counted",
    "per": "what is added up",
    "ends_when": "when a cut is over",
    "during": "which reboots it speaks of",
    "from": "when a reboot begins",
    "to": "when a reboot ends",
    "unless": "what is exempt",
    "tolerance": "how near the limit is undecided",
}


def explain(rule: Rule) -> list[str]:
    """Paragraphs: what the rule says, each limit by itself, and how much of it is open."""
    found: list[str] = []
    several = len(rule.limits) > 1
    if several:
        found.append(f"It is broken if any of its {len(rule.limits)} limits is:")
    for i, limit in enumerate(rule.limits, 1):
        title = f"{i}. {limit.name}: " if several and limit.name else f"{i}. " if several else ""
        text = " ".join(explain_reading(limit.reading)) if limit.reading else " ".join(_open_limit(limit))
        found.append(title + text)
    if rule.open_keys:
        found.append(f"So it has {rule.count} readings.")
    return found


def keys(limit: Limit) -> str:
    """Its keys and their values, and which of them are not written but taken for granted."""
    written = ", ".join(f"`{key} = {limit.raw[key]}`" for key in KEYS if key in limit.raw)
    granted = ", ".join(f"`{key}`: {DEFAULTS.get(key) or LEFT_OUT[key]}" for key in granted_keys(limit))
    return f"In keys: {written or 'none is written'}." + (f" Not written, so taken as: {granted}." if granted else "")


def granted_keys(limit: Limit) -> list[str]:
    """The keys that are not written but have a say."""
    silent = {"require"} if "require" not in limit.raw else {"forbid", "during", "from", "to"}
    if limit.raw.get("during") == "always":
        silent |= {"from", "to"}
    return [key for key in KEYS if key not in limit.raw and key not in silent]


def warnings(rule: Rule) -> list[str]:
    """Where keys fight each other."""
    found = []
    for limit in rule.limits:
        if limit.reading:
            name = f"{limit.name}: " if limit.name else ""
            found += [name + text for text in conflicts(limit.reading)]
    return found


def first_reading(limit: Limit) -> Reading:
    """With the first choice for each key that is open."""
    return limit.decided({key: CHOICES[key][0] for key in limit.open_keys})


def _open_limit(limit: Limit) -> Iterator[str]:
    yield f"If it is read in the first of its ways: {' '.join(explain_reading(first_reading(limit)))}"
    yield from open_questions(limit)


def open_questions(limit: Limit) -> Iterator[str]:
    """What is not decided, and the answers that there are."""
    for key in limit.open_keys:
        choices = ", or ".join(LEFT_OUT.get(key, "none") if c is None else str(c) for c in CHOICES[key])
        yield f"It is open {KEYS_SAY[key]} (`{key}`): {choices}."


def explain_reading(reading: Reading) -> Iterator[str]:
    """Its sentences."""
    yield f"It is a breach if {reading.forbid.says}{_how_much(reading)}, {_when(reading)}."
    if not reading.forbid.momentary or reading.until is not None or reading.back_us:
        yield _ending(reading)
    if not reading.always:
        begins, ends = _reboot_sides(reading)
        yield (
            f"A reboot runs from {begins} until {ends}, through further resets on the way; a cut that touches it "
            "counts whole."
        )
        yield _power_ups(reading)
    yield from _exempt(reading)
    if reading.lasting:
        limit = show_span(reading.lasting.limit)
        if reading.tolerance_us:
            yield f"Within {show_time(reading.tolerance_us)} of {limit} either way it is undecided, at {limit} too."
        elif reading.lasting.inclusive:
            yield f"Exactly {limit} is a breach." if not reading.times else f"Exactly {limit} counts."
        else:
            verb = "counts" if reading.times else "is"
            yield f"Exactly {limit} {'does not count' if reading.times else 'is not a breach'}; anything more {verb}."


def _reboot_sides(reading: Reading) -> tuple[str, str]:
    begins, ends = _FROM.get(reading.from_, ""), _TO.get(reading.to, "")
    if reading.begins is not None:
        begins = f"the last moment before its reset at which this begins: {reading.begins.says},"
    if reading.ends is not None:
        ends = f"the first moment after its reset at which {reading.ends.says}"
    return begins, ends


def _power_ups(reading: Reading) -> str:
    if reading.any_start:
        return "The start after a power-up is a reboot like any other."
    if "power-up" in reading.during:
        return "A power-up is one of them."
    return "A power-up is no reboot: a start after an outage is not spoken of (`any start` speaks of it)."


def _exempt(reading: Reading) -> Iterator[str]:
    if not reading.unless:
        yield "Nothing is exempt: not the time without mains either."
    for x in reading.unless:
        if x.scope == "when it began":
            yield f"A cut does not count if, when it began, {x.condition.says}."
        elif x.scope:
            yield f"A cut does not count at all if at any time in it {x.condition.says}."
        elif reading.forbid.momentary and reading.until is None and not reading.back_us:
            yield f"It is no breach while {x.condition.says}."
        else:
            yield f"The time during which {x.condition.says} is taken off."


def _how_much(reading: Reading) -> str:
    long = f" for {reading.lasting.show(show_span(reading.lasting.limit))}" if reading.lasting else ""
    if reading.times:
        what = {"cut": "in one cut", "reboot": "in one reboot", "update": "in one update"}.get(
            reading.per, f"within {_window(reading)}"
        )
        return f"{long}, {reading.times.show_times()} {what}"
    if not reading.lasting:
        return "" if reading.forbid.momentary else ", for any time at all"
    return long + {
        "cut": " in one piece",
        "reboot": ", all cuts of one reboot added up",
        "update": ", all cuts of one update (from one command to the next) added up",
    }.get(reading.per, f", added up over {_window(reading)}")


def _window(reading: Reading) -> str:
    return f"one {reading.per}, midnight to midnight" if reading.calendar else f"any {reading.per}"


def _when(reading: Reading) -> str:
    if reading.always:
        return "at any time"
    if reading.any_reboot or reading.any_start:
        return f"during {reading.during[0]}"
    if reading.during == PLANNED:
        return "during a planned reboot (activation, commanded)"
    if reading.during == UNPLANNED:
        return f"during an unplanned reboot ({', '.join(UNPLANNED)})"
    return f"during a reboot of this kind: {', '.join(reading.during)}"


def _ending(reading: Reading) -> str:
    if reading.until is not None:
        return f"A cut ends when {reading.until.says}; whatever happens before is part of it."
    if reading.back_us:
        span = show_span(reading.back_us)
        return (
            f"A cut ends when CH power comes back and stays for {span}, and is then counted up to its coming back. "
            f"A return shorter than {span} counts as part of the cut, time with power included."
            if reading.forbid.about_power
            else f"A cut ends when that is over and stays so for {span}, and is then counted up to there. "
            "Shorter breaks count as part of it."
        )
    if not reading.forbid.about_power:
        return "It ends as soon as that is over, however short the break: what comes after is counted anew."
    return "A cut ends as soon as power is back, however briefly: two cuts with a blip of power between are two."


def conflicts(reading: Reading) -> Iterator[str]:
    """Which of its keys contradict each other, or do nothing."""
    limit = reading.lasting.limit if reading.lasting else 0
    window = reading.window_us
    until = reading.until
    if until is not None and until.lasts_us:
        span = show_span(until.lasts_us)
        yield (
            f"`ends_when = {until.text}` counts those {span} into the cut; for one that ends when power came back and "
            f"then stayed, write `ends_when = back for {span}`"
        )
    if reading.forbid.speaks_of is not None and not reading.always:
        yield (
            "`forbid` names the event that it is about: write `during = always`, or what happens outside every reboot "
            "is passed over"
        )
    if "forbid" in reading.raw and reading.forbid.speaks_of is not None and reading.forbid.text.startswith(_WANTED):
        yield f"this forbids that {reading.forbid.says}; to demand it, write `require` in the place of `forbid`"
    if reading.forbid.momentary and limit and until is None and not reading.back_us:
        yield "`lasting` asks for a time, and what is forbidden takes none: this is never broken"
    if reading.times and reading.per == "cut" and not window:
        yield "`times` counts cuts, but `per = cut` looks at one at a time: name what is counted over, such as `reboot`"
    if window and not reading.times and limit > window:
        yield f"`lasting` asks for {show_span(limit)} within {reading.per}: that can never be"
    if window and reading.back_us > window:
        yield f"`ends_when` joins cuts up to {show_span(reading.back_us)} apart, longer than the window of `per`"
    if reading.always and ({"from", "to"} & reading.raw.keys()):
        yield "`from` and `to` say nothing with `during = always`"
    if reading.always and reading.per == "reboot":
        yield "`per = reboot` says nothing with `during = always`: everything is added up"
    if (
        not reading.always
        and not reading.any_reboot
        and reading.from_ != "reset"
        and not reading.any_start
        and "activation" not in reading.during
        and reading.begins is None
    ):
        yield f"`from = {reading.from_}`: such reboots have none, and begin with the reset"
    if reading.to == "boot" and not reading.always and not reading.forbid.momentary:
        yield (
            "`to = boot` ends a reboot before CH power has fallen: boot code may run milliseconds after the reset, "
            "and a cut that the reset causes begins after that"
        )
    if reading.ends is not None and not reading.ends.momentary:
        yield (
            f"`to = {reading.ends.text}` ends a reboot at once where it holds at the reset already: a cut that begins "
            "after it is passed over"
        )
    if reading.to == "power back" and reading.from_ == "reset" and reading.per == "reboot":
        yield "`to = power back` ends a reboot with its first cut, so `per = reboot` has nothing to add up"
    if reading.forbid.about_power and max(reading.forbid.levels_mv) > NOMINAL_MV:
        yield "`forbid` forbids the nominal 12 V itself: this is broken all the time"
    for x in reading.unless:
        if x.condition.text == reading.forbid.text:
            yield "`unless` exempts exactly what `forbid` forbids: this can never be broken"
    if reading.lasting and reading.lasting.inclusive and limit == 0:
        yield "`lasting = 0 or more` is broken by no cut at all: write `more than 0 s`, or leave it out"
