"""A second opinion on rules, as naive as it can be: a small trace, looked at one microsecond after the other.

Knows nothing of intervals. A trace is a `Small` of drawn.py; a reading is a dict of the rule language's keys, with
times in whole microseconds written `7 us`.
"""

import math
import re
from itertools import pairwise

LIMIT_US = 5
FROM, TO = ("command", "shutdown", "reset"), ("boot", "application", "power back", "outcome")
PLANNED, UNPLANNED = ("activation", "commanded"), ("watchdog", "brown-out", "crash", "rollback")


def _us(text):
    return int(text.split()[0])


def holds(words, small, t):
    """Does a condition hold in microsecond t? The few forms that the test draws."""
    if " and " in words:
        return all(holds(part, small, t) for part in words.split(" and "))
    if m := re.fullmatch(r"no (.+) within (\d+ us) of (.+)", words):
        begun = t - _us(m[2])
        return begun >= 0 and holds(m[3], small, begun) and not any(holds(m[1], small, x) for x in range(begun, t + 1))
    if m := re.fullmatch(r"(.+) within (\d+ us) of (.+)", words):
        return holds(m[1], small, t) and any(holds(m[3], small, x) for x in range(max(0, t - _us(m[2])), t + 1))
    if m := re.fullmatch(r"(.+) for (at most|less than) (\d+ us)", words):
        if not holds(m[1], small, t):
            return False
        first = last = t
        while first > 0 and holds(m[1], small, first - 1):
            first -= 1
        while last + 1 < len(small.ch_mv) and holds(m[1], small, last + 1):
            last += 1
        return last + 1 - first <= _us(m[3]) - (m[2] == "less than")
    if m := re.fullmatch(r"no (.+) in the last (\d+ us)", words):
        return not any(holds(m[1], small, x) for x in range(max(0, t - _us(m[2])), t + 1))
    if m := re.fullmatch(r"(.+) in the last (\d+ us)", words):
        return any(holds(m[1], small, x) for x in range(max(0, t - _us(m[2])), t + 1))
    if m := re.fullmatch(r"(.+) for (\d+ us)", words):
        return t >= _us(m[2]) and all(holds(m[1], small, x) for x in range(t - _us(m[2]), t + 1))
    if m := re.fullmatch(r"CH power (below|at or below|above|at or above) (\d+) mV", words):
        mv, limit = small.ch_mv[t], int(m[2])
        return {"below": mv < limit, "at or below": mv <= limit, "above": mv > limit, "at or above": mv >= limit}[m[1]]
    if m := re.fullmatch(r"CH power outside (\d+) mV..(\d+) mV", words):
        return not int(m[1]) <= small.ch_mv[t] <= int(m[2])
    if words in ("mains lost", "mains on"):
        return small.mains[t] == (words == "mains on")
    if words in ("CH up", "CH down"):
        return (small.hub[t] == "up") == (words == "CH up")
    if words == "false ad1":
        # the limit of these small hubs; mains may come back in the very microsecond
        lost = any(not any(small.mains[x] for x in range(b - LIMIT_US, b)) for b in (t, t + 1) if b >= LIMIT_US)
        return holds("ad1", small, t) and not lost
    events = [e for e in small.events if not _own_start(e, small)]
    if words == "reboot":
        return any(at == t and name == "reset" and kind != "power-up" for at, name, kind in events)
    if words == "start":
        words = "reset"
    if words.endswith(" reset"):
        return any(at == t and name == "reset" and kind == words[: -len(" reset")] for at, name, kind in events)
    return any(at == t and name.replace("_", " ") == words for at, name, _ in events)


def pending(words, small):
    """Does what the condition says hang on what comes after the trace?"""
    end = len(small.ch_mv)
    if m := re.fullmatch(r"(?:no )?(.+) within (\d+ us) of (.+)", words):
        if words.startswith("no "):
            for t in range(max(0, end - _us(m[2])), end):
                if holds(m[3], small, t) and not any(holds(m[1], small, x) for x in range(t, end)):
                    return True
            return False
        # it may come to hold as long as the time is not over
        return any(holds(m[3], small, t) for t in range(max(0, end - _us(m[2])), end))
    if m := re.fullmatch(r"(.+) for (at most|less than) (\d+ us)", words):
        return holds(words, small, end - 1)
    return any(pending(part, small) for part in words.split(" and ")) if " and " in words else False


def _own_start(event, small):
    """Is it of the start with which a simulation begins?"""
    if not small.starts_itself:
        return False
    own = {}
    for e in small.events:
        if e[1] == "reset" and ("reset" in own or e[2] != "power-up"):
            break
        if e[1] in ("reset", "boot", "application") and (e[1] == "reset" or own):
            own.setdefault(e[1], e)
    return own.get(event[1]) == event


def _cuts(reading, small):
    """(from, to, may still go on)."""
    end = len(small.ch_mv)
    ends_when = reading.get("ends_when", "back")
    found, begin, last, quiet = [], None, 0, 0
    # what is there before anything was switched on is no cut
    own = small.starts_itself
    for t in range(end):
        bad = holds(reading["forbid"], small, t)
        own = own and bad
        bad = bad and not own
        if bad:
            begin = t if begin is None else begin
            last, quiet = t + 1, 0
            continue
        if begin is None:
            continue
        quiet += 1
        if ends_when == "back" or (ends_when.startswith("back for") and quiet >= _us(ends_when[9:])):
            found.append((begin, last, False))
            begin = None
        elif not ends_when.startswith("back") and holds(ends_when, small, t):
            found.append((begin, t, False))
            begin = None
    if begin is not None:
        found.append((begin, last if ends_when.startswith("back") else end, True))
    return found


def _speaks(during, kind):
    if during == "any start":
        return True
    if kind == "power-up":
        return during == kind or (isinstance(during, list) and kind in during)
    if during in ("planned", "unplanned"):
        return kind in (PLANNED if during == "planned" else UNPLANNED)
    return during == "any reboot" or kind == during or (isinstance(during, list) and kind in during)


def _spans(reading, small):
    """Sets of microseconds, one for each reboot."""
    end = len(small.ch_mv)
    if reading.get("during") == "always":
        return [set(range(end))]
    spans = []
    resets = [(t, kind) for t, name, kind in small.events if name == "reset"]
    for i, (t, kind) in enumerate(resets):
        if not _speaks(reading.get("during", "any reboot"), kind) or _own_start((t, "reset", kind), small):
            continue
        begin, before = t, resets[i - 1][0] if i else -1
        from_, to = reading.get("from", "reset"), reading.get("to", "outcome")
        for x in range(t, before, -1):
            if from_ in FROM:
                begun = any(at == x and name == from_ for at, name, _ in small.events)
            else:
                begun = holds(from_, small, x) and not (x and holds(from_, small, x - 1))
            if begun:
                begin = x
                break
        if to not in TO:
            stop = next((x for x in range(t + 1, end) if holds(to, small, x)), end)
            spans.append(set(range(begin, max(stop, begin + 1))))
            continue
        stop = _reached("outcome" if to == "power back" else to, t, small)
        if to == "power back":
            bad = [x for x in range(t, stop) if holds(reading["forbid"], small, x)]
            stop = bad[0] if bad else t
            while bad and stop < end and holds(reading["forbid"], small, stop):
                stop += 1
        spans.append(set(range(begin, max(stop, begin + 1))))
    # what overlaps or adjoins is one reboot
    joined = []
    for span in sorted(spans, key=min):
        if joined and min(span) <= max(joined[-1]) + 1:
            joined[-1] |= span
        else:
            joined.append(span)
    return joined


def _reached(to, t, small):
    """When a reboot is over whose reset was at t."""
    for stop in range(t + 1, len(small.ch_mv)):
        names = [name for at, name, _ in small.events if at == stop]
        if to in names or (to == "outcome" and "application" in names and not _activating(small, t)):
            return stop
    return len(small.ch_mv)


def _activating(small, t):
    pending = None
    for at, name, kind in small.events:
        if at > t:
            break
        if name == "reset" and kind == "activation":
            pending = at
        elif name == "outcome" and pending is not None and at >= pending:
            pending = None
    return pending is not None


def _counted(cut, reading, small):
    unless = reading.get("unless", [])
    begin, stop, _ = cut
    unless = [unless] if isinstance(unless, str) else unless
    for x in unless:
        if x.endswith(" when it began") and holds(x[: -len(" when it began")], small, begin):
            return None
        if x.endswith(" at any time in it"):
            x = x[: -len(" at any time in it")]
            if any(holds(x, small, t) for t in range(begin, stop)):
                return None
    plain = [x for x in unless if not x.endswith((" when it began", " at any time in it"))]
    return [t for t in range(begin, stop) if not any(holds(x, small, t) for x in plain)]


def _amount(reading, cuts, midnight):
    """The worst amount over cuts given as (begin, microseconds that count, infinite)."""
    per = reading.get("per", "cut")
    if per == "calendar day":
        if "times" in reading:
            long = [cut for cut in cuts if _over(reading.get("lasting", "more than 0 us"), _size(cut))]
            first = sum(cut[0] < midnight for cut in long)
            return max(first, len(long) - first)
        counted = {t for cut in cuts for t in cut[1]}
        for cut in cuts:
            if cut[2]:
                counted |= set(range(max(cut[1] or [cut[0]]) + 1, 1000))
        first = sum(t < midnight for t in counted)
        return max(first, len(counted) - first)

    if "times" in reading:
        long = [cut for cut in cuts if _over(reading.get("lasting", "more than 0 us"), _size(cut))]
        if per.endswith("us"):
            return max((sum(a[0] <= b[0] < a[0] + _us(per) for b in long) for a in long), default=0)
        return min(len(long), 1) if per == "cut" else len(long)
    if per.endswith("us"):
        counted = {t for cut in cuts for t in cut[1]}
        for cut in cuts:
            if cut[2]:
                counted |= set(range(max(cut[1] or [cut[0]]) + 1, 1000))
        first, last = min(counted, default=0) - _us(per), max(counted, default=0)
        return max(
            (sum(t in counted for t in range(b, b + _us(per))) for b in range(first, min(last + 1, 500))), default=0
        )
    return max(map(_size, cuts), default=0) if per == "cut" else sum(map(_size, cuts))


def _size(cut):
    return math.inf if cut[2] else len(cut[1])


def _over(boundary, amount):
    number = int(re.search(r"\d+", boundary)[0])
    return amount >= number if boundary.endswith("or more") else amount > number


def without_require(reading):
    """What is forbidden where something is demanded."""
    if "require" not in reading:
        return reading
    words = reading["require"]
    words = words.removeprefix("no ") if words.startswith("no ") else f"no {words}"
    return {key: v for key, v in reading.items() if key != "require"} | {"forbid": words, "during": "always"}


def conditions(reading):
    """The words of each."""
    unless = reading.get("unless", [])
    unless = [unless] if isinstance(unless, str) else unless
    given = [reading["forbid"], *(re.sub(" when it began$| at any time in it$", "", x) for x in unless)]
    until, from_, to = reading.get("ends_when", "back"), reading.get("from", "reset"), reading.get("to", "outcome")
    given += [until] if not until.startswith("back") else []
    return given + ([from_] if from_ not in FROM else []) + ([to] if to not in TO else [])


def status(reading, small):
    """The verdict's status."""
    reading = without_require(reading)
    cuts, spans = _cuts(reading, small), _spans(reading, small)
    event = re.search(r" within \d+ us of (.+?)(?: and |$)", reading["forbid"])
    if event and not any(holds(event[1], small, t) for t in range(len(small.ch_mv))):
        return "vacuous"
    if not spans:
        at = {name: t for t, name, _ in small.events}
        announced = max(at.get("command", -1), at.get("shutdown", -1)) > at.get("reset", -1)
        return "undecided" if announced and holds(reading["forbid"], small, len(small.ch_mv) - 1) else "vacuous"
    per = reading.get("per", "cut")
    if per == "reboot" and reading.get("during") != "always":
        groups = [[span] for span in spans]
    elif per == "update" and reading.get("during") != "always":
        commands = [t for t, name, _ in small.events if name == "command"]
        groups = [[s] for s in spans if not commands or min(s) < commands[0]]
        for a, b in pairwise([*commands, math.inf]):
            groups.append([s for s in spans if a <= min(s) < b])
    else:
        groups = [spans]
    least = most = 0
    for group in groups:
        touched = [cut for cut in cuts if any(t in span for span in group for t in range(cut[0], cut[1]))]
        counted = [(cut, _counted(cut, reading, small)) for cut in touched]
        counted = [(cut, times) for cut, times in counted if times is not None]
        least = max(least, _amount(reading, [(cut[0], times, False) for cut, times in counted], small.midnight))
        most = max(most, _amount(reading, [(cut[0], times, cut[2]) for cut, times in counted], small.midnight))
    limit = reading.get("times") or reading.get("lasting", "more than 0 us")
    slack = _us(reading.get("tolerance", "0 us")) if "times" not in reading else 0
    if _over(limit, max(0, least - slack)):
        return "fail"
    return "undecided" if _over(limit, most + slack) else "pass"
