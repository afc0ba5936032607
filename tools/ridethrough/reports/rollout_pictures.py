"""A roll-out's pictures, drawn by Matplotlib as SVG that follows the reader's light or dark scheme."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from ridethrough.reports.rollout import Row, Spread
from ridethrough.rollout.nation import Result
from ridethrough.rollout.totals import KINDS, METER, NETWORK, TRUE
from ridethrough.rollout.worker import CURVE_DOWN_S, CURVE_FALSE, CURVE_UNTOLD

_PX = 96
_LIGHT = {
    "ink": "#1d1f23", "soft": "#5c626d", "paper": "#fefefe", "line": "#d9dce2", "false": "#b3141b", "true": "#1a6b3c",
    "odd": "#8a5a00",
}  # fmt: skip
"""As reports/page.css has them; each stands for a variable, which is another colour in the dark."""
_DARK = {
    "ink": "#e8e9ec", "soft": "#a3a9b5", "paper": "#16181d", "line": "#343842", "false": "#ff8a80", "true": "#7fdba5",
    "odd": "#ffcf70",
}  # fmt: skip
_COLOURS = {TRUE: "true", NETWORK: "odd", METER: "false"}
_RC: Any = {
    "svg.fonttype": "none", "svg.hashsalt": "ridethrough", "font.size": 10, "text.color": _LIGHT["ink"],
    "axes.edgecolor": _LIGHT["line"], "axes.labelcolor": _LIGHT["soft"], "xtick.color": _LIGHT["soft"],
    "ytick.color": _LIGHT["soft"], "axes.facecolor": "none", "figure.facecolor": _LIGHT["paper"],
    "savefig.facecolor": _LIGHT["paper"], "axes.spines.top": False, "axes.spines.right": False,
    "legend.frameon": False, "grid.color": _LIGHT["line"], "axes.axisbelow": True,
}  # fmt: skip
_FIGURES = {
    "limit": "the alert's limit", "store": "a hub's store lasts", "store_charge": "a store charges in",
    "lost": "a hub loses its supply below", "boot": "a hub boots in", "join": "a hub joins its network in",
}  # fmt: skip


def days(result: Result) -> bytes:
    """Alerts a day, legitimate and false, on average over the draws."""
    return _stacked(_hourly(result).sum(axis=1), np.arange(result.plan.days), "day of the plan, from 0", "alerts a day")


def hours(result: Result) -> bytes:
    """Alerts by the hour of the day, on an average day."""
    return _stacked(_hourly(result).mean(axis=0), np.arange(24), "hour of the day", "alerts an hour, on average")


def _hourly(result: Result) -> NDArray[Any]:
    # [day, hour, kind], the mean of the draws
    alerts: NDArray[Any] = np.mean([d.alerts.sum(axis=0) for d in result.draws], axis=0)
    return alerts.reshape(result.plan.days, 24, len(KINDS))


def _stacked(alerts: NDArray[Any], at: NDArray[Any], xlabel: str, ylabel: str) -> bytes:
    with rc_context(_RC):
        figure, (axes,) = _figure(760, 280, 1, 1)
        below = np.zeros(len(at))
        for kind in (TRUE, NETWORK, METER):
            axes.bar(at, alerts[:, kind], bottom=below, color=_LIGHT[_COLOURS[kind]], label=KINDS[kind], width=0.8)
            below += alerts[:, kind]
        axes.set_xlabel(xlabel)
        axes.set_ylabel(ylabel)
        axes.yaxis.set_major_formatter(_thousands())
        axes.grid(axis="y")
        axes.set_ylim(0, max(1.0, float(below.max()) * 1.22))
        axes.legend(ncols=3, loc="upper left", fontsize=9)
        return _svg(figure)


def tiles(result: Result) -> bytes:
    """The areas that have meters: false and legitimate alerts a day, more red where more of them are false."""
    with rc_context(_RC):
        figure, (axes,) = _figure(560, 720, 1, 1)
        for a, area in enumerate(result.plan.areas):
            if not result.plan.area_meters[area.name]:
                continue
            counted = [d.alerts[a].sum(axis=0) for d in result.draws]
            true = Spread(tuple(int(c[TRUE]) for c in counted)).mean / result.plan.days
            false = Spread(tuple(int(c[NETWORK:].sum()) for c in counted)).mean / result.plan.days
            share = false / (true + false) if true + false else 0.0
            x, y = area.place
            axes.add_patch(
                Rectangle((x, y), 0.94, 0.94, facecolor=_LIGHT["false"], alpha=0.04 + 0.5 * share, linewidth=0)
            )
            axes.add_patch(Rectangle((x, y), 0.94, 0.94, facecolor="none", edgecolor=_LIGHT["line"]))
            axes.text(x + 0.06, y + 0.08, _broken(area.name), fontsize=8.5, va="top", fontweight="bold")
            axes.text(x + 0.06, y + 0.88, f"{false:,.0f} false\n{true:,.0f} true", fontsize=8.5, va="bottom")
        axes.set_xlim(0.9, 5.1)
        axes.set_ylim(8.05, -0.1)
        axes.set_axis_off()
        return _svg(figure)


def _broken(name: str) -> str:
    return name.replace(" and ", " and\n").replace(" ", "\n", 1) if len(name) > 10 else name


def frontier(found: Sequence[Row], best: Sequence[Row]) -> bytes:
    """Each choice of remedies: false alerts left against true ones lost; numbers on those that nothing beats."""
    with rc_context(_RC):
        figure, (axes,) = _figure(760, 420, 1, 1)
        for late, marker, words in ((False, "o", "true alerts come at once"), (True, "^", "true alerts come later")):
            mine = [row for row in found if bool(row.late.mean) == late]
            axes.scatter(
                [_lost(row) for row in mine],
                [row.false.mean for row in mine],
                marker=marker,
                s=34,
                facecolors="none",
                edgecolors=_LIGHT["soft"],
                label=words,
            )
        axes.scatter(
            [_lost(row) for row in best], [row.false.mean for row in best], marker=".", s=30, color=_LIGHT["false"],
            label="worth having",
        )  # fmt: skip
        for i, row in enumerate(best, 1):
            axes.annotate(
                str(i), (_lost(row), row.false.mean), xytext=(5 + 9 * (i % 2), 3), textcoords="offset points",
                fontsize=9, fontweight="bold",
            )  # fmt: skip
        axes.set_xscale("symlog", linthresh=10)
        axes.set_yscale("symlog", linthresh=10)
        axes.set_xlim(left=-1)
        axes.set_ylim(bottom=-1)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(_thousands())
        axes.set_xlabel("legitimate alerts lost")
        axes.set_ylabel("false alerts left")
        axes.grid()
        figure.legend(fontsize=9, loc="outside upper left", ncols=3)
        return _svg(figure)


def _lost(row: Row) -> float:
    # what is gained is drawn as none lost
    return max(0.0, row.lost.mean)


def curves(result: Result) -> bytes:
    """False alerts and real outages that nobody is told of, against each figure of the hubs."""
    names = list(dict.fromkeys(p.figure for p in result.points))
    with rc_context(_RC):
        figure, panels = _figure(760, 560, 2, 3)
        for axes, name in zip(panels, names, strict=True):
            rows = [i for i, p in enumerate(result.points) if p.figure == name]
            shown = [result.points[i].shown for i in rows]
            at = range(len(rows))
            for column, colour, words in (
                (CURVE_FALSE, "false", "false alerts"),
                (CURVE_UNTOLD, "odd", "outages not told"),
            ):
                axes.plot(at, result.curve[rows, column], color=_LIGHT[colour], marker=".", label=words)
            axes.set_title(_FIGURES[name], fontsize=9, loc="left")
            axes.set_xticks(list(at), shown, rotation=35, ha="right", fontsize=8)
            axes.set_ylim(0, 1.08 * max(1.0, axes.get_ylim()[1]))
            axes.yaxis.set_major_formatter(_thousands())
            axes.grid(axis="y")
        figure.legend(*panels[0].get_legend_handles_labels(), fontsize=9, loc="outside upper left", ncols=2)
        return _svg(figure)


def out_of_service(result: Result) -> bytes:
    """Hub hours out of service against the figures that they depend on."""
    names = ("boot", "join")
    with rc_context(_RC):
        figure, panels = _figure(760, 240, 1, 2)
        for axes, name in zip(panels, names, strict=True):
            rows = [i for i, p in enumerate(result.points) if p.figure == name]
            at = range(len(rows))
            axes.plot(at, result.curve[rows, CURVE_DOWN_S] / 3600, color=_LIGHT["ink"], marker=".")
            axes.set_title(f"hub hours out of service; {_FIGURES[name]}", fontsize=8, loc="left")
            axes.set_xticks(list(at), [result.points[i].shown for i in rows], fontsize=8)
            axes.set_ylim(0, 1.08 * max(1.0, axes.get_ylim()[1]))
            axes.yaxis.set_major_formatter(_thousands())
            axes.grid(axis="y")
        return _svg(figure)


def _thousands() -> FuncFormatter:
    return FuncFormatter(lambda value, _: f"{value:,.0f}")


def _figure(width_px: int, height_px: int, rows: int, columns: int) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(width_px / _PX, height_px / _PX), layout="constrained")
    FigureCanvasSVG(figure)
    return figure, [figure.add_subplot(rows, columns, i + 1) for i in range(rows * columns)]


def _svg(figure: Figure) -> bytes:
    out = io.BytesIO()
    figure.savefig(out, format="svg", metadata={"Date": None})
    text = out.getvalue().decode()
    for name, colour in _LIGHT.items():
        text = text.replace(colour, f"var(--{name})")
    # the reader's own font, and pixels: what a page and a word processor take the size from
    text = re.sub(r"font: ([^;\"]*?px) [^;\"]*", r"font: \1 system-ui, sans-serif", text)
    for attribute in ("width", "height"):
        text = re.sub(
            rf'(<svg [^>]*?{attribute}=")([\d.]+)pt"',
            lambda m: f'{m[1]}{round(float(m[2]) * _PX / 72)}"',
            text,
            count=1,
        )
    style = f"<style>:root {{ {_variables(_LIGHT)} }} @media (prefers-color-scheme: dark) {{ @media screen {{ :root {{ "
    style += f"{_variables(_DARK)} }} }} }}</style>"
    return re.sub(r"(<svg [^>]*>)", lambda m: m[1] + style, text, count=1).encode()


def _pixels(points: str) -> int:
    return round(float(points) * _PX / 72)


def _variables(colours: dict[str, str]) -> str:
    return " ".join(f"--{name}: {colour};" for name, colour in colours.items())
