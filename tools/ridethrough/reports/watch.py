"""Firmware that was only watched, on the terminal: what it raised, what happened, its console and its pins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from ridethrough.boards import Board
from ridethrough.reports.lines import Line, joined, styled
from ridethrough.reports.show import figures, verdict
from ridethrough.reports.summary import Summary
from ridethrough.reports.timeline import Glyphs, happenings, strip
from ridethrough.scenarios import Scenario
from ridethrough.support.quantities import show_time
from ridethrough.traces import Trace

CONSOLE_LINES_MAX = 200
_TRACEBACK = "Traceback (most recent call last):"
_BUSES = ("pwm", "uart", "spi")


def watched(
    scenario: Scenario, board: Board, trace: Trace, summary: Summary, width: int, glyphs: Glyphs
) -> Iterator[Line | str]:
    """Everything; what the firmware raised comes first."""
    yield styled(scenario.title, "bold")
    lost: list[tuple[int, str]] = trace.notes["lost"]
    for raised in tracebacks(lost + trace.notes["console"])[:1]:
        yield ""
        yield styled(f"The firmware ended with an exception at {show_time(raised[0][0])}:", "bold red")
        yield from (styled(f"  {text}", "red") for _, text in raised)
    missing = [str(e.data["what"]) for e in trace.events("fault") if e.data["kind"] == "not simulated"]
    if missing:
        yield ""
        yield styled(f"Not simulated, and asked for: {', '.join(missing)} (docs/simulated.md)", "bold yellow")
    yield ""
    yield from strip(trace, width, glyphs)
    yield ""
    yield from happenings(trace)
    yield ""
    yield from _console(trace.notes["console"])
    if lost:
        yield styled("  lost: printed in boot.py, and this board's port starts USB after it", "bold")
        yield from (joined((f"{t_us / 1e6:14.6f} s  ", "dim"), text) for t_us, text in lost[:CONSOLE_LINES_MAX])
    yield from _pins(board, trace)
    yield ""
    yield from figures(summary)
    yield from verdict(summary)


def tracebacks(console: Sequence[tuple[int, str]]) -> list[list[tuple[int, str]]]:
    """The tracebacks on a console, each as its lines: from the head to the first line that is not indented."""
    found: list[list[tuple[int, str]]] = []
    inside = False
    for t_us, text in console:
        if text == _TRACEBACK:
            found.append([])
            inside = True
        if inside:
            found[-1].append((t_us, text))
            inside = text == _TRACEBACK or text.startswith(" ")
    return found


def _console(console: Sequence[tuple[int, str]]) -> Iterator[Line | str]:
    if not console:
        yield "  console            nothing"
        return
    yield styled("  console", "bold")
    half = CONSOLE_LINES_MAX // 2
    short = len(console) <= CONSOLE_LINES_MAX
    for part in (console,) if short else (console[:half], console[-half:]):
        if part is not console and part[-1] is console[-1]:
            yield styled(f"    ... {len(console) - 2 * half} lines more (--json has all)", "dim")
        for t_us, text in part:
            yield joined((f"{t_us / 1e6:14.6f} s  ", "dim"), text)


def pins(board: Board, trace: Trace) -> list[dict[str, Any]]:
    """The pins that moved, by GPIO: `role` in board.toml or "", how often, when first and last (us), level now."""
    roles = {facts.gpio: role for role, facts in board.pins.items()}
    return [
        {"gpio": gpio, "role": roles.get(gpio, "LED" if gpio == board.led_gpio else "")} | vars(moves)
        for gpio, moves in sorted(trace.notes["pins"].items())
        if moves.count
    ]


def watched_json(board: Board, trace: Trace) -> dict[str, Any]:
    """What a run that is only watched adds for programs."""
    console, lost = trace.notes["console"], trace.notes["lost"]
    return {
        "console": [{"t_us": t_us, "text": text} for t_us, text in console],
        "lost": [{"t_us": t_us, "text": text} for t_us, text in lost],
        "tracebacks": [
            {"t_us": raised[0][0], "text": [text for _, text in raised]} for raised in tracebacks(lost + console)
        ],
        "resets": [{"t_us": e.t_us, "kind": e.data["kind"]} for e in trace.events("reset")],
        "pins": pins(board, trace),
        "not_simulated": [e.data["what"] for e in trace.events("fault") if e.data["kind"] == "not simulated"],
    }


def _pins(board: Board, trace: Trace) -> Iterator[Line | str]:
    moved = pins(board, trace)
    yield ""
    if moved:
        yield styled("  pins that moved", "bold")
    else:
        yield "  pins that moved    none"
    for pin in moved:
        times = f"{pin['count']} times" if pin["count"] > 1 else "once"
        at = show_time(pin["first_us"]) + (f" to {show_time(pin['last_us'])}" if pin["count"] > 1 else "")
        name = pin["role"] if pin["role"] == "LED" else f"GPIO{pin['gpio']} {pin['role']}".rstrip()
        yield f"    {name:<22} {times:<12} {at}; now {'high' if pin['level'] else 'low'}"
    used = Counter(e.name for e in trace.log if e.name in _BUSES)
    for name, count in sorted(used.items()):
        yield f"    {name:<22} {count} {'requests' if count > 1 else 'request'}"
