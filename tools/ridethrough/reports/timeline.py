"""A run as a strip of text that can be read at a glance, with the events that matter below it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ridethrough.reports.lines import Line, joined
from ridethrough.support.quantities import show_time
from ridethrough.traces import Event, Interval, Trace
from ridethrough.traces.alerts import alerts
from ridethrough.traces.intervals import outside

_LABEL = 11
_WINDOW_LOW_MV = 10_800
_WIDTH_MIN, _WIDTH_MAX = 48, 140
_RULER_S = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 3600, 7200, 21_600, 86_400, 864_000, 10**9)
_BORING = {"boot", "application", "shutdown", "refused", "answer", "register", "pwm", "uart", "spi"}


@dataclass(frozen=True)
class Glyphs:
    """What the strip is drawn with; `ascii` for outputs that know no more."""

    full: str
    half: str
    none: str
    mark: str

    @classmethod
    def for_encoding(cls, encoding: str | None) -> Glyphs:
        unicode = (encoding or "").lower().replace("-", "") == "utf8"
        return cls("█", "▒", "·", "▲") if unicode else cls("#", "-", ".", "^")


def strip(trace: Trace, width: int, glyphs: Glyphs) -> Iterator[Line]:
    """The lines of the strip: `width` characters each, but not fewer than 48 nor more than 140."""
    columns = max(_WIDTH_MIN, min(width, _WIDTH_MAX)) - _LABEL
    scale = _Scale(trace.end_us, columns)
    yield _row("", _ruler(scale), "dim")
    yield _row("mains", _wire(scale, trace, "mains", 0, glyphs), "green")
    low = trace.voltages["ch_mv"].below(_WINDOW_LOW_MV, trace.end_us)
    off = trace.voltages["ch_mv"].below(1_000, trace.end_us)
    yield _row("CH power", _levels(scale, off, low, glyphs, trace.unseen("ch_mv")), "green")
    yield _row("hub", _names(scale, trace.texts["hub"], glyphs), "cyan")
    yield _row("AC lost", _wire(scale, trace, "ac_lost", 0, glyphs), "yellow")
    if trace.texts["mcu"]:
        stopped = outside(trace.application_runs(), trace.end_us)
        yield _row("meter", _levels(scale, stopped, [], glyphs), "green")
    else:
        yield _row("meter", _wire(scale, trace, "running_n", 1, glyphs), "green")
    yield _row("phase", _names(scale, trace.texts["phase"], glyphs), "magenta")
    yield _row("resets", _marks(scale, [e.t_us for e in trace.events("reset")], glyphs.mark), "bold yellow")
    yield _row("alerts", _marks(scale, [e.t_us for e in trace.events("ad1")], "!"), "bold red")


def _wire(scale: _Scale, trace: Trace, name: str, off: int, glyphs: Glyphs) -> str:
    # nothing where a capture does not have it
    return _levels(scale, trace.when(name, off), [], glyphs, trace.unseen(name)) if trace.knows(name) else ""


def happenings(trace: Trace) -> Iterator[Line]:
    """One line for each thing that happened: when, and what."""
    judged = {a.t_us: a for a in alerts(trace)}
    lines: list[tuple[int, str, str]] = []
    for t_us, level in trace.wires["mains"][1:]:
        lines.append((t_us, "mains on" if level else "mains lost", "yellow"))
    for t_us, phase in trace.texts["phase"]:
        lines.append((t_us, f"update: {phase}", ""))
    for a, b in trace.dark():
        lines.append((a, f"hub loses its supply for {show_time(b - a)}", "red"))
    for event in trace.log:
        if event.name == "ad1":
            alert = judged[event.t_us]
            verdict = "legitimate" if alert.legitimate else "false"
            lines.append((event.t_us, f"AD1 (power outage) sent: {verdict}, {alert.doing}'s doing", "bold red"))
        elif event.name not in _BORING:
            lines.append((event.t_us, _describe(event), ""))
    for t_us, text, style in sorted(lines, key=lambda line: line[0]):
        yield joined((f"{t_us / 1e6:14.6f} s  ", "dim"), (text, style))


def _describe(event: Event) -> str:
    data = event.data
    if event.name == "gbcs":
        return f"log 0x{data.get('code', '')} {str(data.get('text', ''))[:60]}".rstrip()
    if event.name == "reset":
        return f"reset: {data.get('kind', '')}"
    if event.name == "outcome":
        runs = f", version {data['version']} runs" if "version" in data else ""
        return f"outcome {data.get('outcome', '')}{runs}".rstrip()
    if event.name == "missed_ad1":
        lost_s = (event.number("since_us") or 0) / 1e6
        return f"AD1 due, but not sent: the store was used up (supply lost at {lost_s:.0f} s)"
    if event.name == "command":
        return " ".join(["command accepted", *(str(v) for v in data.values())])
    return " ".join([event.name.replace("_", " "), *(str(v) for v in data.values())])


class _Scale:
    def __init__(self, end_us: int, columns: int) -> None:
        self.end_us = max(1, end_us)
        self.columns = columns

    def column(self, t_us: int) -> int:
        return min(self.columns - 1, t_us * self.columns // self.end_us)


def _row(label: str, body: str, style: str) -> Line:
    return joined((f"{label:<{_LABEL}}", "bold"), (body, style))


def _ruler(scale: _Scale) -> str:
    step = next(s for s in _RULER_S if scale.end_us / s / 1e6 <= 8)
    line = [" "] * scale.columns
    for t_s in range(0, int(scale.end_us / 1e6) + 1, step):
        text, at = f"|{t_s} s", scale.column(t_s * 10**6)
        line[at : at + len(text)] = text
    return "".join(line[: scale.columns])


def _levels(
    scale: _Scale, none: Sequence[Interval], half: Sequence[Interval], glyphs: Glyphs, unseen: Sequence[Interval] = ()
) -> str:
    # Whatever is bad for any moment of a column shows in it; what was not seen is neither good nor bad.
    line = [glyphs.full] * scale.columns
    for intervals, glyph in ((half, glyphs.half), (none, glyphs.none), (unseen, "?")):
        for a, b in intervals:
            for i in range(scale.column(a), scale.column(max(a, b - 1)) + 1):
                line[i] = glyph
    return "".join(line)


def _names(scale: _Scale, changes: list[tuple[int, str]], glyphs: Glyphs) -> str:
    line = [" "] * scale.columns
    for i, (t_us, name) in enumerate(changes):
        stop_us = changes[i + 1][0] if i + 1 < len(changes) else scale.end_us
        a, b = scale.column(t_us), max(scale.column(t_us), scale.column(stop_us - 1)) + 1
        line[a:b] = f"|{name}"[: b - a].ljust(b - a, glyphs.none)
    return "".join(line[: scale.columns])


def _marks(scale: _Scale, times_us: list[int], mark: str) -> str:
    line = [" "] * scale.columns
    for t_us in times_us:
        line[scale.column(t_us)] = mark
    return "".join(line)
